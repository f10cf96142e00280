/* SPDX-License-Identifier: Apache-2.0 */
/* Step runs that are in a worker's hands: who has them, who watches, when their time is over. Part of an execution's
 * actor. */
#ifndef TROUPE_ENGINE_DISPATCH_H
#define TROUPE_ENGINE_DISPATCH_H

#include "actors/engine/idmap.h"
#include <troupe/actor.h>

typedef struct dispatch {
	uint64_t step_run_id;
	uint32_t attempt;
	tr_pid pool;
	tr_pid worker;  /* once it has reported; 0 before */
	tr_ref monitor; /* of the worker */
	tr_ref timer;
	int64_t token; /* of the last batch that was taken, to know one that is sent again */
} dispatch;

/* A pool that was given something. */
typedef struct dispatch_pool {
	tr_pid pid;
	tr_ref monitor;
	char *subject;
} dispatch_pool;

typedef struct dispatches {
	idmap by_run;
	idmap by_monitor;
	dispatch_pool *pools;
	size_t pool_count;
} dispatches;

void dispatches_fini(dispatches *d); /* timers and monitors end with the actor */
dispatch *dispatch_of(const dispatches *d, uint64_t step_run_id);
/* The step run goes to the pool; with timeout_us > 0 the actor gets [step_timeout, run, attempt] then. NULL: no memory.
 */
dispatch *dispatch_new(dispatches *d, uint64_t step_run_id, uint32_t attempt, tr_pid pool, int64_t timeout_us);
/* Watch the actor that reports for it. */
tr_err dispatch_watch(dispatches *d, dispatch *x, tr_pid worker);
/* It is over: forget, no more watching. Harmless when there is none. */
void dispatch_end(dispatches *d, uint64_t step_run_id);
/* The pool behind a subject, watched; {0} when nobody is there. */
tr_pid dispatch_pool_find(dispatches *d, const char *subject, tr_err *err);
/* Whose monitor is it? The step run's id, or 0 and the pool's pid (0 when it is nobody's). Forgets the pool. */
uint64_t dispatch_down(dispatches *d, tr_ref monitor, tr_pid *pool);
/* Some step run in this pool's hands, 0 when there is none. */
uint64_t dispatch_in_pool(const dispatches *d, tr_pid pool, uint32_t *attempt);

#endif
