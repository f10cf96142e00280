/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in: each input is an event or a few, and then everything that follows from the new state is decided. */
#include "actors/engine/decide.h"

#include <inttypes.h>
#include <stdio.h>

tr_err machine_start(machine *m, const machine_world *w, const machine_sink *out, tr_value playbook_info,
		     tr_value payload, tr_value parent)
{
	decision d = decide_for(m, w, out);
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
	decision d = decide_for(m, w, out);
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
	decision d = decide_for(m, w, out);
	step_run *r = run_of(m, step_run_id);
	tr_err err;

	if (r == NULL || r->phase != RUN_RUNNING || r->attempt != attempt)
		return TR_ENOENT;
	err = decide_run_ended(&d, r, kind, message);
	return err != TR_OK ? err : decide_settle(&d);
}

static bool going(const machine *m)
{
	return m->phase > MACHINE_NEW && m->phase < MACHINE_CLOSING;
}

tr_err machine_expire(machine *m, const machine_world *w, const machine_sink *out)
{
	decision d = decide_for(m, w, out);
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
	decision d = decide_for(m, w, out);
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
	decision d = decide_for(m, w, out);
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
	decision d = decide_for(m, w, out);
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
	decision d = decide_for(m, w, out);
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
