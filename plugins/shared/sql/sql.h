/* SPDX-License-Identifier: Apache-2.0 */
/**
 * SQL scripts as the database plugins get them: cut into statements, with parameters by name turned into numbered ones.
 * Knows just enough of the lexical rules of PostgreSQL (which DuckDB and Snowflake share) to tell code from text:
 * '…' with '' inside, E'…' with backslashes, "…", $tag$…$tag$, -- comments and nested block comments, and bodies of
 * functions between BEGIN ATOMIC and END. Pure functions, but for the one that may read a file.
 */
#ifndef TROUPE_PLUGINS_SHARED_SQL_H
#define TROUPE_PLUGINS_SHARED_SQL_H

#include <troupe/value.h>

/** The statements of a script without the semicolons between them and without white space and comments around them;
 * empty ones are left out. Fresh array of texts. */
tr_value sql_split(tr_str script);

/**
 * One statement with its parameters. `params`: a list is taken by position ($1, $2, …), a map by name (:name; `::` is
 * a cast, and a name in brackets or braces that the map lacks is a slice or a struct's field), absent or nil: the
 * statement is as it is. Writes the statement to `out` and gives the values it uses, in order (fresh array); invalid
 * with a text in *why when one is missing.
 */
tr_value sql_bind(tr_str statement, tr_value params, tr_buf *out, tr_value *why);

/**
 * The script of a task: `command` or `commands` (text or list of texts), `query`, `sql`, `statement`, `script` (text,
 * {content}, or {path}), `file`. Paths are meant from the playbook's folder, which the command's `context` tells; files
 * are read inside an actor only. Fresh array of statements; invalid with a text in *why when there is none, it is no
 * text or cannot be read.
 */
tr_value sql_of_task(tr_value input, tr_value context, const char *kind, tr_value *why);

#endif
