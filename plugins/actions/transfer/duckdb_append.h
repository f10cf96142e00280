/* SPDX-License-Identifier: Apache-2.0 */
/** Rows of a batch into one of DuckDB's appenders, a chunk of its own at a time. Blocks. */
#ifndef TROUPE_PLUGINS_TRANSFER_DUCKDB_APPEND_H
#define TROUPE_PLUGINS_TRANSFER_DUCKDB_APPEND_H

#include "plugins/actions/transfer/job.h"
#include "plugins/shared/duckdb/session.h"

typedef struct duck_appender {
	const duck_api *api;
	const transfer *t;
	duckdb_appender appender;
	duckdb_data_chunk chunk;
	duckdb_type *types; /* of the chunk's vectors */
	tr_buf text;
} duck_appender;

/** Open it on a table with the transfer's columns. Absent or an outcome. */
tr_value duck_append_open(duck_appender *a, duck_session *s, const transfer *t, tr_str table);
/** All rows of the batch. A fault names the row. */
tr_value duck_append_batch(duck_appender *a, const batch *b);
/** Everything to the table, and close. */
tr_value duck_append_close(duck_appender *a);
void duck_append_fini(duck_appender *a);

#endif
