/* SPDX-License-Identifier: Apache-2.0 */
/** The statements of one task on one session. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_QUERY_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_QUERY_H

#include "plugins/shared/duckdb/session.h"
#include "plugins/shared/sql/answer.h"

/** What is to be done and what came of it: an object, since both the task's actor and who works for it hold it. */
typedef struct duck_query {
	duck_session *session; /* kept by the one who works */
	tr_value path;         /* of the database, absolute, or ":memory:" */
	tr_value attach;       /* array of statements to run first */
	tr_value statements;   /* array of texts */
	tr_value params;
	bool transaction; /* all statements or none */
	int64_t keep_ns;  /* the database stays open for so long behind them; 0: it does not */
	size_t max_bytes; /* of all rows */

	size_t bytes;
	_Atomic size_t number; /* of the statement that runs, from 1 */
	sql_answer answer;
	sql_total total;
	tr_value fault; /* an outcome; absent when all went well */
} duck_query;

tr_value duck_query_new(void);
duck_query *duck_query_of(tr_value object);
/** Connect and run them all: work for duck_do. */
void duck_query_work(void *query);
/** The outcome after it (fresh). */
tr_value duck_query_outcome(const duck_query *q);

/** Run one statement without rows, such as BEGIN. Absent, or an outcome; `what` says what it is for. Blocks. */
tr_value duck_run(duck_session *s, const char *sql, const char *what);

#endif
