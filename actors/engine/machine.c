/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in: each input is an event or a few, and then everything that follows from the new state is decided. */
#include "actors/engine/decide.h"

#include <inttypes.h>
#include <stdio.h>

static decision decision_of(machine *m, const machine_world *w, const machine_sink *out)
{
	return (decision){.m = m, .w = w, .out = out};
}

tr_err machine_start(machine *m, const machine_world *w, const machine_sink *out, tr_value playbook_info,
		     tr_value payload, tr_value parent)
{
	decision d = decision_of(m, w, out);
	tr_value body;
	event e;
	tr_err err;

	if (m->phase != MACHINE_NEW)
		return TR_EINVAL;
	body = TR_DICT("playbook", tr_keep(playbook_info), "payload",
		       tr_is(payload, TR_MAP) ? tr_keep(payload) : tr_map());
	if (tr_is(parent, TR_MAP))
		body = tr_map_put_s(body, "parent", tr_keep(parent));
	event_init(&e, EVENT_EXECUTION_REQUESTED);
	e.trace_id = (uint64_t)m->execution_id;
	e.payload = body;
	err = decide_emit(&d, &e);
	return err != TR_OK ? err : decide_settle(&d);
}

static bool terminal(event_type t)
{
	return t == EVENT_STEP_DONE || t == EVENT_STEP_FAILED || t == EVENT_LOOP_DONE;
}

static bool may_report(const event *e, bool last)
{
	if (e->type == EVENT_WARNING)
		return true;
	if (event_type_source(e->type) != EVENT_WORKER || (terminal(e->type) && !last))
		return false;
	return e->type != EVENT_STEP_FAILED || tr_is(tr_map_get_s(e->payload, "error"), TR_MAP);
}

/* A worker warns once a place of one step run; here it becomes once a place of the execution. False: it was said
 * before. */
static bool first_warning(const machine *m, event *e)
{
	char place[120];

	(void)snprintf(place, sizeof place, "w%.60s:%" PRId64 ":%" PRId64,
		       tr_as_cstr(tr_map_get_s(e->payload, "code"), ""), tr_as_int(tr_map_get_s(e->payload, "line"), 0),
		       tr_as_int(tr_map_get_s(e->payload, "column"), 0));
	if (tr_is_valid(tr_map_get_s(m->warned, place)) || tr_map_len(m->warned) >= MACHINE_MOST_WARNINGS)
		return false;
	if (tr_is(e->payload, TR_MAP))
		e->payload = tr_map_put_s(e->payload, "place", tr_string(place));
	return true;
}

static tr_err report_one(decision *d, const event *reported, const step_run *r, uint64_t parent)
{
	event e = *reported;

	e.step_run_id = r->id;
	if (e.parent_id == 0)
		e.parent_id = parent;
	if (e.attempt == 0 && (terminal(e.type) || e.type == EVENT_STEP_STARTED))
		e.attempt = r->attempt;
	e.payload = tr_keep(e.payload);
	if (e.type == EVENT_WARNING && !first_warning(d->m, &e)) {
		tr_drop(e.payload);
		return TR_OK;
	}
	return decide_emit(d, &e);
}

tr_err machine_report(machine *m, const machine_world *w, const machine_sink *out, uint64_t step_run_id,
		      uint32_t attempt, event *events, size_t count)
{
	decision d = decision_of(m, w, out);
	const step_run *r = run_of(m, step_run_id);
	uint64_t parent;
	tr_err err = TR_OK;

	if (r == NULL || r->phase != RUN_RUNNING || r->attempt != attempt)
		return TR_ENOENT;
	parent = r->scheduled_event;
	for (size_t i = 0; i < count; i++)
		if (!may_report(&events[i], i + 1 == count))
			return TR_EINVAL;
	for (size_t i = 0; i < count && err == TR_OK; i++)
		err = report_one(&d, &events[i], r, parent);
	return err != TR_OK ? err : decide_settle(&d);
}

tr_err machine_fail_run(machine *m, const machine_world *w, const machine_sink *out, uint64_t step_run_id,
			uint32_t attempt, const char *kind, const char *message)
{
	decision d = decision_of(m, w, out);
	step_run *r = run_of(m, step_run_id);
	tr_err err;

	if (r == NULL || r->phase != RUN_RUNNING || r->attempt != attempt)
		return TR_ENOENT;
	err = decide_run_failed(&d, r, kind, message, true);
	return err != TR_OK ? err : decide_settle(&d);
}

static bool going(const machine *m)
{
	return m->phase > MACHINE_NEW && m->phase < MACHINE_CLOSING;
}

tr_err machine_expire(machine *m, const machine_world *w, const machine_sink *out)
{
	decision d = decision_of(m, w, out);
	tr_err err;

	if (!going(m) || m->stop >= STOP_EXPIRED)
		return TR_EINVAL;
	err =
	    decide_event(&d, EVENT_EXECUTION_CANCELLED, 0, m->last_event_id, "failed",
			 TR_DICT("reason", tr_string("the execution's timeout passed"), "status", tr_string("failed")));
	return err != TR_OK ? err : decide_settle(&d);
}

tr_err machine_cancel(machine *m, const machine_world *w, const machine_sink *out, tr_str reason)
{
	decision d = decision_of(m, w, out);
	tr_err err;

	if (!going(m) || m->stop >= STOP_EXPIRED)
		return TR_EINVAL;
	err = decide_event(
	    &d, EVENT_EXECUTION_CANCELLED, 0, m->last_event_id, "cancelled",
	    TR_DICT("reason", reason.n > 0 ? tr_string_lossy(reason.p, reason.n) : tr_string("cancelled")));
	return err != TR_OK ? err : decide_settle(&d);
}

static tr_err set_paused(machine *m, const machine_world *w, const machine_sink *out, bool paused, bool by_parent)
{
	decision d = decision_of(m, w, out);
	tr_err err;

	if (!going(m) || m->stop >= (paused ? STOP_FAILED : STOP_EXPIRED) || m->paused == paused ||
	    (!paused && by_parent && !m->paused_by_parent))
		return TR_EINVAL;
	err = decide_event(&d, paused ? EVENT_EXECUTION_PAUSED : EVENT_EXECUTION_RESUMED, 0, m->last_event_id,
			   paused ? "paused" : "running", by_parent ? TR_DICT("by", tr_string("parent")) : tr_nil());
	return err != TR_OK ? err : decide_settle(&d);
}

tr_err machine_pause(machine *m, const machine_world *w, const machine_sink *out, bool by_parent)
{
	return set_paused(m, w, out, true, by_parent);
}
tr_err machine_unpause(machine *m, const machine_world *w, const machine_sink *out, bool by_parent)
{
	return set_paused(m, w, out, false, by_parent);
}

tr_err machine_child_start(machine *m, const machine_world *w, const machine_sink *out, machine_child *c)
{
	decision d = decision_of(m, w, out);
	const step_run *r = run_of(m, c->step_run_id);
	tr_err err;
	event e;

	if (machine_child_find(m, c->key, c))
		return TR_EEXIST;
	if (r == NULL || r->phase != RUN_RUNNING)
		return TR_ENOENT;
	event_init(&e, EVENT_CHILD_STARTED);
	e.step_run_id = r->id;
	e.iteration = c->iteration;
	e.parent_id = r->scheduled_event;
	e.payload = TR_DICT("key", tr_keep(c->key), "execution_id", tr_int(c->execution_id), "path", tr_keep(c->path),
			    "hash", tr_keep(c->hash), "label", tr_keep(c->label), "wait", tr_bool(c->waited));
	err = decide_emit(&d, &e);
	return err != TR_OK ? err : decide_settle(&d);
}

tr_err machine_child_done(machine *m, const machine_world *w, const machine_sink *out, int64_t execution_id,
			  const char *status)
{
	decision d = decision_of(m, w, out);
	const child *c = NULL;
	tr_err err;

	LINK_EACH(l, &m->children)
	{
		const child *one = LINK_OF(l, child, in_children);

		if (one->execution_id == execution_id && one->waited && !one->done)
			c = one;
	}
	if (c == NULL)
		return TR_ENOENT;
	err = decide_event(&d, EVENT_CHILD_DONE, c->step_run_id, m->last_event_id, event_status(tr_s(status)),
			   TR_DICT("execution_id", tr_int(execution_id), "status", tr_string(status)));
	return err != TR_OK ? err : decide_settle(&d);
}

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

/* The same step run in other hands: what the old hands still report is refused from here on. */
static tr_err schedule_again(decision *d, step_run *r, const char *lost)
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
	if (lost != NULL)
		event_put(&e, "lost", tr_string_lossy(lost, tr_s(lost).n));
	err = decide_emit(d, &e);
	if (err == TR_OK)
		decide_effect(d, &(machine_effect){.kind = MACHINE_RUN,
						   .step_run_id = id,
						   .attempt = r->attempt,
						   .step = r->step,
						   .timeout_us = time_left(d, r),
						   .lost = lost != NULL});
	return err;
}

tr_err machine_lose_run(machine *m, const machine_world *w, const machine_sink *out, uint64_t step_run_id,
			uint32_t attempt, const char *reason)
{
	decision d = decision_of(m, w, out);
	step_run *r = run_of(m, step_run_id);
	char text[400];
	tr_err err;

	if (r == NULL || r->phase != RUN_RUNNING || r->attempt != attempt)
		return TR_ENOENT;
	if (r->lost < MACHINE_MOST_LOST) {
		err = schedule_again(&d, r, reason);
	} else {
		(void)snprintf(text, sizeof text, "the step run was lost %u times, the last time because %s",
			       r->lost + 1, reason);
		err = decide_run_failed(&d, r, "worker_lost", text, true);
	}
	return err != TR_OK ? err : decide_settle(&d);
}

tr_err machine_recover(machine *m, const machine_world *w, const machine_sink *out)
{
	decision d = decision_of(m, w, out);
	tr_err err = TR_OK;

	if (m->phase == MACHINE_NEW || m->phase == MACHINE_FINISHED)
		return TR_EINVAL;
	LINK_EACH_SAFE(l, after, &m->runs)
	{
		step_run *r = LINK_OF(l, step_run, in_runs);

		if (err == TR_OK && r->phase == RUN_RUNNING && !machine_stopping(m))
			err = schedule_again(&d, r, NULL);
	}
	/* What children were told last is not known. */
	LINK_EACH(c, &m->children)
	LINK_OF(c, child, in_children)->paused = -1;
	m->children_stale = true;
	tokens_queue_pending(m);
	return err != TR_OK ? err : decide_settle(&d);
}
