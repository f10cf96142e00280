/* SPDX-License-Identifier: Apache-2.0 */
/* The same step run in other hands: its worker lost it, or the process that had it ended. */
#include "actors/engine/decide.h"

#include <inttypes.h>
#include <stdio.h>

/* A step's time counts from when it was scheduled first, whoever has it; at least a moment, so that it is not none. */
static int64_t time_left(const decision *d, const step_run *r)
{
	int64_t over;

	if (r->timeout_us <= 0)
		return 0;
	if (__builtin_add_overflow(r->scheduled_us, r->timeout_us, &over))
		over = INT64_MAX;
	return over > d->w->now_us ? over - d->w->now_us : 1;
}

typedef struct cause {
	const char *lost; /* its worker lost it, and how; NULL: the process that had it ended */
	uint32_t deaths;  /* with it, in a row */
	int64_t died_us;  /* the last one; 0: it did not count */
} cause;

/* What the old hands still report is refused from here on. */
static tr_err schedule_again(decision *d, step_run *r, const cause *c)
{
	machine *m = d->m;
	uint64_t id = r->id;
	tr_err err;
	event e;

	event_init(&e, EVENT_STEP_SCHEDULED);
	e.step_run_id = id;
	e.attempt = r->attempt + 1;
	e.parent_id = r->scheduled_event;
	e.status = "scheduled";
	event_set(&e, SCHEDULED_STEP, m->routes->names[r->step]);
	event_set(&e, SCHEDULED_TOKENS, tr_array());
	event_set(&e, SCHEDULED_ARGS, r->args);
	event_set(&e, SCHEDULED_POOL, routes_pool(m->routes, r->step));
	if (c->lost != NULL)
		event_put(&e, "lost", tr_string_lossy(c->lost, tr_s(c->lost).n));
	if (c->deaths > 0)
		event_put(&e, "died", TR_DICT("times", tr_int(c->deaths), "at_us", tr_int(c->died_us)));
	err = decide_emit(d, &e);
	if (err == TR_OK)
		decide_effect(d, &(machine_effect){.kind = MACHINE_RUN,
						   .step_run_id = id,
						   .attempt = r->attempt,
						   .step = r->step,
						   .timeout_us = time_left(d, r),
						   .lost = c->lost != NULL});
	return err;
}

tr_err machine_lose_run(machine *m, const machine_world *w, const machine_sink *out, uint64_t step_run_id,
			uint32_t attempt, const char *reason)
{
	decision d = decide_for(m, w, out);
	step_run *r = run_of(m, step_run_id);
	char text[400];
	tr_err err;

	if (r == NULL || r->phase != RUN_RUNNING || r->attempt != attempt)
		return TR_ENOENT;
	if (r->lost < MACHINE_MOST_LOST) {
		err = schedule_again(&d, r, &(cause){.lost = reason});
	} else {
		(void)snprintf(text, sizeof text, "the step run was lost %u times, the last time because %s",
			       r->lost + 1, reason);
		err = decide_run_ended(&d, r, "worker_lost", text);
	}
	return err != TR_OK ? err : decide_settle(&d);
}

/* ---- taken up from the log -------------------------------------------------------------------------------------- */

static bool waits_for_child(const machine *m, const step_run *r)
{
	LINK_EACH(l, &m->children)
	{
		const child *c = LINK_OF(l, child, in_children);

		if (c->step_run_id == r->id && c->waited && !c->done)
			return true;
	}
	return false;
}

/* Did the process die soon after it was given this step run, which has got nowhere since? Clocks of file systems are
 * a little behind. */
static bool died_with(const machine *m, const step_run *r, int64_t died_us)
{
	return died_us > 0 && !r->moved && died_us > r->given_us - 1000000 &&
	       died_us - r->given_us < MACHINE_DEATH_US && !waits_for_child(m, r);
}

static uint32_t deaths_of(const machine *m, const step_run *r, int64_t died_us)
{
	return r->moved ? 0 : r->deaths + died_with(m, r, died_us);
}

uint32_t machine_deaths(const machine *m, int64_t died_us)
{
	uint32_t most = 0;

	LINK_EACH(l, &m->runs)
	{
		const step_run *r = LINK_OF(l, step_run, in_runs);
		uint32_t n = r->phase == RUN_RUNNING && !machine_stopping(m) ? deaths_of(m, r, died_us) : 0;

		most = n > most ? n : most;
	}
	return most;
}

/* Of several that were under way when the process died each may be the cause, and none is to be blamed soon for what
 * another has done: the more there were, the more deaths it takes. 0: never. */
static uint32_t deaths_limit(const machine *m, const machine_world *w)
{
	uint64_t out = w->beside;
	uint32_t limit = w->most_deaths;

	if (limit == 0 || w->died_us == 0)
		return limit;
	LINK_EACH(l, &m->runs)
	{
		const step_run *r = LINK_OF(l, step_run, in_runs);

		out += r->phase == RUN_RUNNING && !waits_for_child(m, r);
	}
	if (out > 1)
		limit += 4;
	for (uint64_t others = out - (out > 0); others > 0; others /= 2)
		limit += 2;
	return limit;
}

static tr_err take_up(decision *d, step_run *r, uint32_t limit)
{
	bool counts = died_with(d->m, r, d->w->died_us);
	uint32_t deaths = deaths_of(d->m, r, d->w->died_us);
	tr_value error = tr_map_get(d->w->died, tr_int((int64_t)r->id));
	char text[500];

	if (tr_is_valid(error))
		return decide_run_died(d, r, error);
	if (tr_is_valid(d->w->died) || !counts || limit == 0 || deaths < limit)
		return schedule_again(d, r, &(cause){.deaths = deaths, .died_us = counts ? d->w->died_us : 0});
	(void)snprintf(
	    text, sizeof text,
	    "the process ended %" PRIu32 " times in a row soon after this step was begun, which got nowhere; "
	    "it is not begun again. Find what ends the process (its log, troupe_crash.dump), "
	    "mend it or run that plugin in a process of its own ('isolation: process'), and run the playbook "
	    "again; --crash-limit says how often it may happen",
	    deaths);
	return decide_run_ended(d, r, "process_died", text);
}

tr_err machine_recover(machine *m, const machine_world *w, const machine_sink *out)
{
	decision d = decide_for(m, w, out);
	uint32_t limit = deaths_limit(m, w);
	tr_err err = TR_OK;

	if (m->phase == MACHINE_NEW || m->phase == MACHINE_FINISHED)
		return TR_EINVAL;
	LINK_EACH_SAFE(l, after, &m->runs)
	{
		step_run *r = LINK_OF(l, step_run, in_runs);

		if (err == TR_OK && r->phase == RUN_RUNNING && !machine_stopping(m))
			err = take_up(&d, r, limit);
	}
	/* What children were told last is not known. */
	LINK_EACH(c, &m->children)
	LINK_OF(c, child, in_children)->paused = -1;
	m->children_stale = true;
	tokens_queue_pending(m);
	return err != TR_OK ? err : decide_settle(&d);
}
