/* SPDX-License-Identifier: Apache-2.0 */
/** One statement on a session, its result read a chunk at a time. All of it blocks: within work for duck_do. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_STATEMENT_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_STATEMENT_H

#include "plugins/shared/duckdb/session.h"
#include "plugins/shared/duckdb/type.h"

typedef struct duck_statement {
	duck_session *session;
	const duck_api *api;
	size_t number; /* for messages: from 1 */
	tr_buf sql;
	tr_value values;
	duckdb_prepared_statement prepared;
	duckdb_pending_result pending;
	duckdb_result result;
	duck_type *types;
	size_t columns;
} duck_statement;

void duck_statement_init(duck_statement *r, duck_session *session, size_t number);
void duck_statement_fini(duck_statement *r);
/** Plan it, bind `params` (list or map) and begin. Absent, or an outcome. */
tr_value duck_statement_begin(duck_statement *r, tr_str sql, tr_value params);
/** Read names (pushed to *names) and types of the result's columns. */
tr_value duck_statement_columns(duck_statement *r, tr_value *names);
/** Behind the last chunk: did it end well? */
tr_value duck_statement_fault(duck_statement *r);

#endif
