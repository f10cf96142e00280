/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases. Giving a step run out (step.scheduled, with its attempt) is the grant; every report renews it. Who has given
 * no sign for a third of the time to live is asked for one, first its actor, else the pool; who has given none for all
 * of it has lost the step run, which is given out again with the next attempt, and what the old owner still says is
 * stale.
 */
#include "actors/engine/execution_state.h"

#include <inttypes.h>
#include <stdio.h>

#define HURRY_NS (50 * TR_MS) /* while a pool is to come back */

void lease_arm(execution *x, int64_t due)
{
	if (x->lease_timer.bits != 0 && x->lease_due <= due)
		return;
	if (x->lease_timer.bits != 0)
		(void)tr_cancel_timer(x->lease_timer);
	x->lease_due = due;
	x->lease_timer = tr_send_at(tr_self(), tr_atom("lease"), due);
}

void lease_lose(execution *x, uint64_t run, uint32_t attempt, const char *reason)
{
	machine_world w = outlet_world(x);
	tr_err err = machine_lose_run(x->machine, &w, OUTLET_SINK(x), run, attempt, reason);
	const dispatch *d = dispatch_of(&x->dispatches, run);

	if (err == TR_ENOENT && d != NULL && d->attempt == attempt)
		dispatch_end(&x->dispatches, run);
	else if (err == TR_ENOMEM || err == TR_ECORRUPT)
		x->err = err;
}

/* Ask for a sign. */
static void ask(const execution *x, const dispatch *d)
{
	tr_pid to = d->worker.bits != 0 ? d->worker : x->dispatches.pools[d->pool].pid;

	if (to.bits != 0)
		(void)tr_send(to, TR_LIST(tr_atom("heartbeat"), tr_pid_value(tr_self()), tr_int(x->id),
					  tr_int((int64_t)d->step_run_id), tr_int((int64_t)d->attempt)));
}

/* Pools that are back get what they were to get, and are asked for what their predecessors had. True: some are not. */
static bool pools_return(execution *x)
{
	bool missing = false;

	for (uint32_t i = 0; i < x->dispatches.pool_count; i++) {
		uint32_t place = 0;
		bool was_gone = x->dispatches.pools[i].pid.bits == 0, there = dispatch_pool_there(&x->dispatches, i);

		for (dispatch *d; was_gone && (d = dispatch_next(&x->dispatches, &place)) != NULL;) {
			if (d->pool != i)
				continue;
			missing = missing || !there;
			if (there && d->unsent)
				perform_send(x, d);
			else if (there && d->worker.bits == 0)
				ask(x, d);
		}
	}
	return missing;
}

struct expired {
	uint64_t run;
	uint32_t attempt;
};

/* Those whose time is over; the others that were silent for long are asked. *count of them, tr_free. */
static struct expired *collect(execution *x, size_t *count)
{
	int64_t now = tr_now();
	uint32_t place = 0;
	struct expired *all = tr_alloc((idmap_count(&x->dispatches.by_run) + 1) * sizeof *all);

	*count = 0;
	if (all == NULL)
		return NULL;
	for (const dispatch *d; (d = dispatch_next(&x->dispatches, &place)) != NULL;) {
		if (now - d->seen >= x->lease_ns)
			all[(*count)++] = (struct expired){d->step_run_id, d->attempt};
		else if (now - d->seen >= x->lease_ns / 3 - TR_MS)
			ask(x, d);
	}
	return all;
}

void lease_look(execution *x)
{
	size_t count;
	struct expired *expired;
	char reason[80];
	bool hurry;

	x->lease_timer = (tr_ref){0};
	hurry = pools_return(x);
	expired = collect(x, &count);
	(void)snprintf(reason, sizeof reason, "its worker gave no sign for %.3g s", (double)x->lease_ns / 1e9);
	for (size_t i = 0; i < count; i++)
		lease_lose(x, expired[i].run, expired[i].attempt, reason);
	tr_free(expired);
	if (idmap_count(&x->dispatches.by_run) > 0)
		lease_arm(x, tr_in(hurry ? HURRY_NS : x->lease_ns / 3));
}

void lease_beat(execution *x, tr_value message)
{
	dispatch *d = dispatch_of(&x->dispatches, (uint64_t)tr_as_int(tr_array_at(message, 1), 0));

	if (d != NULL && d->attempt == (uint32_t)tr_as_int(tr_array_at(message, 2), 0))
		d->seen = tr_now();
}

void lease_lost(execution *x, tr_value message)
{
	lease_lose(x, (uint64_t)tr_as_int(tr_array_at(message, 1), 0), (uint32_t)tr_as_int(tr_array_at(message, 2), 0),
		   tr_as_cstr(tr_array_at(message, 3), "its pool does not know it"));
}

void lease_pool_gone(execution *x)
{
	if (idmap_count(&x->dispatches.by_run) > 0)
		lease_arm(x, tr_in(HURRY_NS));
}
