/* SPDX-License-Identifier: Apache-2.0 */
/** The statement of a source that speaks SQL. */
#ifndef TROUPE_PLUGINS_TRANSFER_SOURCE_SQL_H
#define TROUPE_PLUGINS_TRANSFER_SOURCE_SQL_H

#include "plugins/actions/transfer/job.h"

#include <sys/stat.h>

/** The SELECT of `table` (put_table writes its name), else the one statement that the spec has; `params` are looked at.
 * Fresh text in *sql; absent, or an outcome. */
tr_value source_sql(const transfer *t, void (*put_table)(tr_buf *, tr_str), tr_value *sql);

typedef struct source_file {
	const char *path, *name; /* the name is its last part */
	struct stat file, folder;
} source_file;

/** Is this file named in the SQL's texts, or in the params of the spec, also by a pattern? Absent SQL names none. Looks
 * at the disk. */
bool source_sql_names(tr_value sql, tr_value spec, source_file *file);

#endif
