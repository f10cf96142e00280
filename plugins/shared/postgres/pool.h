/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Sessions that wait for the next task, in the plugin's own actor. An actor borrows one; if it ends before it gives it
 * back (cancelled, out of time, crashed), the statement that still runs is cancelled at the server.
 */
#ifndef TROUPE_PLUGINS_SHARED_POSTGRES_POOL_H
#define TROUPE_PLUGINS_SHARED_POSTGRES_POOL_H

#include "plugins/shared/postgres/session.h"

typedef struct pg_pool {
	tr_value idle; /* array of objects, oldest first */
	size_t max;
	int64_t keep_ns;
	bool sweeping;
} pg_pool;

tr_err pg_pool_init(void *state, tr_value config, tr_value *reason);
void pg_pool_stop(void *state);
tr_value pg_pool_call(void *state, tr_value request, tr_from from);
void pg_pool_cast(void *state, tr_value request);
void pg_pool_info(void *state, tr_value message);

/* ---- in the actor of a command; `plugin` is the pool's ---- */

typedef struct pg_lease {
	pg_session *session;
	tr_value object; /* keeps it */
	tr_node *node;
	tr_pid pool;
} pg_lease;

/** A session for this target, from the pool or a new one, owned by the calling actor. NULL with an outcome in *fault.
 */
pg_lease *pg_pool_borrow(tr_pid plugin, const pg_target *t, int64_t deadline, tr_value *fault);
/** Back to the pool; with `spoiled` it is cancelled and closed. */
void pg_pool_return(pg_lease *l, bool spoiled);

#endif
