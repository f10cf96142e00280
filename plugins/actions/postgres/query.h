/* SPDX-License-Identifier: Apache-2.0 */
/** The statements of one task on one session. */
#ifndef TROUPE_PLUGINS_POSTGRES_QUERY_H
#define TROUPE_PLUGINS_POSTGRES_QUERY_H

#include "plugins/shared/postgres/session.h"
#include "plugins/shared/sql/answer.h"

/** On the heap and owned by the actor, since the actor may be ended wherever it parks. */
typedef struct pg_query {
	pg_session *session;
	tr_value statements; /* borrowed, like params */
	tr_value params;
	int64_t deadline;
	bool transaction; /* all of them or none */
	size_t max_bytes; /* of all rows */
	size_t bytes;     /* so far */
	bool spoiled;     /* the session is of no use any more */

	/* The statement that is under way. */
	size_t number;
	tr_buf sql;
	tr_value values;        /* of its parameters */
	tr_value texts;         /* the same as the server reads them */
	const char **argv;      /* into texts; NULL is NULL */
	pg_statement *prepared; /* what is executed by its name; NULL: the text is sent */
	bool stale;             /* that did not go well, and the text may */
	PGresult *types;        /* of its parameters, when they were asked for */
	PGresult *result;
	sql_answer answer;

	sql_total total; /* of all */
} pg_query;

/** A query owned by the calling actor; NULL without memory. */
pg_query *pg_query_new(void);
/** Run the statements. The outcome (fresh). Parks; the session is to be owned by the caller as well, so that it is
 * cancelled when the caller is ended. */
tr_value pg_query_run(pg_query *q);

#endif
