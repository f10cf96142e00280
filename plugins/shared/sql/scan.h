/* SPDX-License-Identifier: Apache-2.0 */
/** One lexical unit of SQL after the other. */
#ifndef TROUPE_PLUGINS_SHARED_SQL_SCAN_H
#define TROUPE_PLUGINS_SHARED_SQL_SCAN_H

#include <troupe/base.h>

typedef enum sql_unit {
	SQL_END,
	SQL_SPACE,    /* white space */
	SQL_COMMENT,  /* to the end of the line, or a block */
	SQL_TEXT,     /* a string of any kind, or a quoted name */
	SQL_WORD,     /* a name or keyword */
	SQL_NUMBERED, /* $1 */
	SQL_NAMED,    /* :name */
	SQL_CAST,     /* :: */
	SQL_OTHER     /* one character of anything else */
} sql_unit;

#define SQL_UNCLOSED SIZE_MAX

/** How long the comment is that begins at `at`: 0 when none does, SQL_UNCLOSED for a block without its end. A line ends
 * with a line feed or a carriage return, which is part of the comment; blocks nest. */
size_t sql_comment(tr_str sql, size_t at);
/** The unit at *at; *at goes behind it. What is not closed reaches to the end. */
sql_unit sql_next(tr_str sql, size_t *at);

#endif
