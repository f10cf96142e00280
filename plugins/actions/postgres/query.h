/* SPDX-License-Identifier: Apache-2.0 */
/** The statements of one task on one session. */
#ifndef TROUPE_PLUGINS_POSTGRES_QUERY_H
#define TROUPE_PLUGINS_POSTGRES_QUERY_H

#include "plugins/actions/postgres/session.h"

typedef struct pg_query {
	pg_session *session;
	tr_value statements; /* borrowed, like params */
	tr_value params;
	int64_t deadline;
	bool transaction; /* all of them or none */
	size_t max_bytes; /* of all rows */
	size_t bytes;     /* so far */
	bool spoiled;     /* the session is of no use any more */
} pg_query;

/** Run them. The outcome (fresh). Parks; the caller owns the session (tr_own) so that it is cancelled when the caller
 * is ended. */
tr_value pg_query_run(pg_query *q);

#endif
