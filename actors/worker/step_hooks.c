/* SPDX-License-Identifier: Apache-2.0 */
/** The hooks around a step run. */
#include "actors/worker/step_run_internal.h"

/* What hooks see of an end: {status, result, error}. */
static tr_value seen(event_type type, tr_value payload)
{
	tr_value result = tr_map_get_s(payload, "result"), error = tr_map_get_s(payload, "error");

	return TR_DICT("status", tr_string(type == EVENT_STEP_FAILED ? "error" : "success"), "result",
		       tr_is_valid(result) ? tr_keep(result) : tr_nil(), "error",
		       tr_is_valid(error) ? tr_keep(error) : tr_nil());
}

bool step_hooks_open(step_run *s)
{
	if (!hooks_any(tr_here(), HOOK_STEP_RUN))
		return false;
	const run_scope *run = s->run;
	tr_value context =
	    TR_DICT("execution_id", run_scope_execution(run), "playbook", tr_keep(run->words->path), "step",
		    tr_keep(run->texts->name), "step_run_id", tr_int((int64_t)run->step_run_id), "attempt",
		    tr_int(run->attempt), "args", tr_keep(run->args), "loop", tr_bool(run->step->loop.present));
	return hook_span_open(&s->span, HOOK_STEP_RUN, context) == TR_OK;
}

static void refused(step_run *s, tr_value refusal)
{
	tr_clear(&s->held_payload);
	s->ending = true;
	step_run_finish(s, EVENT_STEP_FAILED, TR_DICT("error", hook_error(tr_keep(refusal))));
}

/* The end as the hooks left it: what they gave as `result` is the step's. */
static void over(step_run *s, tr_value value)
{
	event_type type = s->held_type;
	tr_value payload = s->held_payload, result = tr_map_get_s(value, "result");

	s->held_payload = tr_absent();
	if (type == EVENT_NONE) { /* a hook stood instead of the step */
		bool whole = tr_is_valid(tr_map_get_s(value, "status"));
		bool failed = tr_str_is(tr_as_str(tr_map_get_s(value, "status")), "error");
		s->ending = true;
		type = failed ? EVENT_STEP_FAILED : EVENT_STEP_DONE;
		payload = failed ? TR_DICT("error", tr_keep(tr_map_get_s(value, "error")))
				 : TR_DICT("result", whole ? tr_keep(result) : tr_keep(value));
	} else if (type == EVENT_STEP_DONE && tr_is_valid(result)) {
		payload = tr_map_put_s(payload, "result", tr_keep(result));
	}
	step_run_finish(s, type, payload);
}

bool step_hooks_message(step_run *s, tr_value message)
{
	tr_value value;

	switch (hook_span_message(&s->span, message, &value)) {
	case HOOK_SPAN_GO:
		if (!s->ending)
			step_run_enter(s);
		return true;
	case HOOK_SPAN_END:
		over(s, value);
		return true;
	case HOOK_SPAN_REFUSED:
		refused(s, value);
		return true;
	default:
		return false;
	}
}

bool step_hooks_hold(step_run *s, event_type type, tr_value payload)
{
	if (!hook_span_is_open(&s->span))
		return false;
	hook_span_close(&s->span, seen(type, payload));
	s->held_type = type;
	s->held_payload = payload;
	return true;
}

void step_hooks_let_go(step_run *s, event_type type, tr_value payload)
{
	if (!hook_span_is_open(&s->span))
		return;
	hook_span_close(&s->span, seen(type, payload));
	s->span.actor.bits = 0; /* it ends by itself, when its hooks have seen this */
}
