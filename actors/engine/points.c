/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hook points of an execution. The machine stays pure: hooks run here, in the actor around it, while it asks its
 * world; what they change is in the events, so a replay needs no hooks.
 */
#include "actors/engine/execution_state.h"

#include "plugins/host/host.h"

#include <stdio.h>
#include <troupe/log.h>

/* A refusal where nothing can be refused any more. Takes it. */
static void too_late(const char *point, tr_value refusal)
{
	if (tr_is_valid(refusal))
		tr_log(TR_WARNING, TR_DICT("plugin", tr_keep(tr_map_get_s(refusal, "plugin"))),
		       "a hook refused at %s, where nothing can be refused: %s", point,
		       tr_as_cstr(tr_map_get_s(refusal, "message"), ""));
	tr_drop(refusal);
}

/* ---- step_schedule ---- */

static tr_value at_schedule(void *arg, tr_str step, tr_value args, char why[MACHINE_WHY])
{
	const execution *x = arg;
	tr_value refusal = tr_absent();
	tr_value context =
	    TR_DICT("execution_id", tr_stringf("%lld", (long long)x->id), "playbook",
		    tr_keep(machine_playbook(x->machine)), "step", tr_string_n(step.p, step.n), "args", tr_keep(args));
	tr_value seen = hooks_run(HOOK_STEP_SCHEDULE, context, NULL, NULL, &refusal);
	tr_value changed = tr_map_get_s(seen, "args");

	changed = tr_is(changed, TR_MAP) ? tr_keep(changed) : tr_keep(args);
	if (tr_is_valid(refusal)) {
		tr_value error = hook_error(refusal);
		(void)snprintf(why, MACHINE_WHY, "%s", tr_as_cstr(tr_map_get_s(error, "message"), "a hook refused"));
		tr_drop(error);
	}
	tr_drop(seen);
	return changed;
}

/* ---- event_append ---- */

static tr_value at_append(void *arg, const event *e)
{
	tr_value refusal = tr_absent();
	tr_value seen = hooks_run(HOOK_EVENT_APPEND, event_envelope(e, false), NULL, NULL, &refusal);
	tr_value notes = tr_map_get_s(seen, "annotations");

	(void)arg;
	notes = tr_map_len(notes) > 0 ? tr_keep(notes) : tr_absent();
	too_late("event_append", refusal);
	tr_drop(seen);
	return notes;
}

void points_world(machine_world *w)
{
	if (hooks_any(tr_here(), HOOK_STEP_SCHEDULE))
		w->schedule = at_schedule;
	if (hooks_any(tr_here(), HOOK_EVENT_APPEND))
		w->annotate = at_append;
}

/* ---- execution_start, execution_complete ---- */

typedef struct starting {
	execution *x;
	machine_world *w;
	bool done;
	tr_err err;
} starting;

static void start(starting *s, tr_value payload)
{
	tr_value arg = s->x->arg;

	s->done = true;
	s->err = machine_start(s->x->machine, s->w, OUTLET_SINK(s->x), tr_map_get_s(arg, "playbook"), payload,
			       tr_map_get_s(arg, "parent"));
}

static tr_value start_core(void *arg, tr_value context)
{
	starting *s = arg;
	tr_value payload = tr_map_get_s(context, "payload");

	start(s, tr_is(payload, TR_MAP) ? payload : tr_map_get_s(s->x->arg, "payload"));
	return TR_DICT("execution_id", tr_keep(tr_map_get_s(context, "execution_id")));
}

static void refuse(starting *s, tr_value refusal)
{
	char why[MACHINE_WHY];
	tr_value error = hook_error(refusal);

	(void)snprintf(why, sizeof why, "%s", tr_as_cstr(tr_map_get_s(error, "message"), "a hook refused"));
	tr_drop(error);
	s->w->refusal = why;
	start(s, tr_map_get_s(s->x->arg, "payload"));
	s->w->refusal = NULL;
}

tr_err points_start(execution *x, machine_world *w)
{
	starting s = {.x = x, .w = w};
	tr_value refusal = tr_absent();

	if (!hooks_any(tr_here(), HOOK_EXECUTION_START)) {
		start(&s, tr_map_get_s(x->arg, "payload"));
		return s.err;
	}
	tr_value context = TR_DICT(
	    "execution_id", tr_stringf("%lld", (long long)x->id), "playbook", tr_keep(tr_map_get_s(x->arg, "playbook")),
	    "payload", tr_keep(tr_map_get_s(x->arg, "payload")), "parent", tr_keep(tr_map_get_s(x->arg, "parent")));
	tr_drop(hooks_run(HOOK_EXECUTION_START, context, start_core, &s, &refusal));
	if (s.done) {
		too_late("execution_start", refusal);
	} else if (tr_is_valid(refusal)) {
		refuse(&s, refusal);
	} else { /* a hook stood instead, and did not go on */
		refuse(&s, TR_DICT("plugin", tr_string("?"), "message",
				   tr_string("a hook at execution_start did not let the execution begin")));
	}
	return s.err;
}

void points_complete(const execution *x, tr_value summary)
{
	tr_value refusal = tr_absent();

	if (!hooks_any(tr_here(), HOOK_EXECUTION_COMPLETE))
		return;
	tr_value context =
	    TR_DICT("execution_id", tr_stringf("%lld", (long long)x->id), "playbook",
		    tr_keep(machine_playbook(x->machine)), "status", tr_keep(tr_map_get_s(summary, "status")), "result",
		    tr_keep(tr_map_get_s(summary, "result")), "failures", tr_keep(tr_map_get_s(summary, "failures")),
		    "started_at_us", tr_keep(tr_map_get_s(summary, "started_at_us")), "duration_us",
		    tr_keep(tr_map_get_s(summary, "duration_us")));
	tr_drop(hooks_run(HOOK_EXECUTION_COMPLETE, context, NULL, NULL, &refusal));
	too_late("execution_complete", refusal);
}
