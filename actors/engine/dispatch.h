/* SPDX-License-Identifier: Apache-2.0 */
/* Step runs that are in a worker's hands: who has them, who watches, when their time is over. Part of an execution's
 * actor. */
#ifndef TROUPE_ENGINE_DISPATCH_H
#define TROUPE_ENGINE_DISPATCH_H

#include "runtime/value/idmap.h"
#include <troupe/actor.h>

typedef struct dispatch {
	uint64_t step_run_id;
	uint32_t attempt;
	uint32_t pool;  /* index */
	bool unsent;    /* its pool was not there: it is sent when that is back */
	tr_pid worker;  /* once it has reported; 0 before */
	tr_ref monitor; /* of the worker */
	tr_ref timer;
	int64_t token; /* of the last batch that was taken, to know one that is sent again */
	int64_t seen;  /* node clock: the last sign of whoever has it */
} dispatch;

/* A pool that was given something. */
typedef struct dispatch_pool {
	tr_pid pid; /* 0: it has ended, and no other has come in its place yet */
	tr_ref monitor;
	char *subject;
} dispatch_pool;

#define NO_POOL UINT32_MAX

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
dispatch *dispatch_new(dispatches *d, uint64_t step_run_id, uint32_t attempt, uint32_t pool, int64_t timeout_us);
/* Watch the actor that reports for it. */
tr_err dispatch_watch(dispatches *d, dispatch *x, tr_pid worker);
/* It is over: forget, no more watching. Harmless when there is none. */
void dispatch_end(dispatches *d, uint64_t step_run_id);
/* The index of the pool behind a subject, watched; NO_POOL when nobody is there and nobody was. One that was there and
 * has ended is looked for again; without a successor its pid is 0. */
uint32_t dispatch_pool_find(dispatches *d, const char *subject, tr_err *err);
/* Is somebody at the pool's subject (again)? Watched from then on. */
bool dispatch_pool_there(dispatches *d, uint32_t pool);
/* Whose monitor is it? The step run's id, or 0; *pool: it was a pool's, which is gone. */
uint64_t dispatch_down(dispatches *d, tr_ref monitor, bool *pool);
/* The next dispatch behind this place in the table, NULL at the end. While they are walked nothing is put or taken. */
dispatch *dispatch_next(const dispatches *d, uint32_t *place);

#endif
