/* SPDX-License-Identifier: Apache-2.0 */
/* The end: what is still there is stopped, the final step runs once, the status is told. */
#include "actors/engine/decide.h"

#include <inttypes.h>

/* Takes the error. */
static tr_err run_failed(decision *d, step_run *r, const char *kind, tr_value error, bool tell_worker)
{
	machine_effect stop = {.kind = MACHINE_CANCEL,
			       .step_run_id = r->id,
			       .attempt = r->attempt,
			       .step = r->step,
			       .reason = tr_as_cstr(tr_map_get_s(error, "message"), "")};
	tr_value reason = tr_keep(tr_map_get_s(error, "message"));
	tr_err err;
	event e;

	event_init(&e, EVENT_STEP_FAILED);
	e.step_run_id = r->id;
	e.attempt = r->attempt;
	e.parent_id = r->scheduled_event;
	e.status = tr_str_is(tr_s(kind), "cancelled") ? "cancelled" : "failed";
	e.duration_us = d->w->now_us > r->scheduled_us ? d->w->now_us - r->scheduled_us : 0;
	e.payload = TR_DICT("error", error);
	err = decide_emit(d, &e);
	if (err == TR_OK && tell_worker)
		decide_effect(d, &stop);
	tr_drop(reason);
	return err;
}

static tr_value error_of(const char *kind, const char *message)
{
	return TR_DICT("kind", tr_string(kind), "message", tr_string_lossy(message, tr_s(message).n), "retryable",
		       tr_bool(false));
}

tr_err decide_run_failed(decision *d, step_run *r, const char *kind, const char *message, bool tell_worker)
{
	return run_failed(d, r, kind, error_of(kind, message), tell_worker);
}

tr_err decide_run_ended(decision *d, step_run *r, const char *kind, const char *message)
{
	const pb_step *step = &d->m->routes->playbook->steps[r->step];
	pb_pos at = step->timeout != NULL && tr_str_is(tr_s(kind), "timeout") ? step->timeout->pos : step->pos;
	tr_value file = tr_map_get_s(d->m->info, "file"), error = error_of(kind, message);

	if (at.line > 0)
		error = tr_map_merge(error,
				     TR_DICT("file", tr_is(file, TR_STRING) ? tr_keep(file) : tr_string("<playbook>"),
					     "line", tr_int(at.line), "column", tr_int(at.column)));
	return run_failed(d, r, kind, error, true);
}

tr_err decide_run_died(decision *d, step_run *r, tr_value error)
{
	return run_failed(d, r, "process_died", tr_keep(error), true);
}

tr_err decide_stop(decision *d)
{
	machine *m = d->m;
	const char *reason = tr_as_cstr(m->stop_reason, "the execution is over");
	tr_err err = TR_OK;

	/* Step runs first: then every live step has a token, and each is found at once. */
	while (err == TR_OK && !link_alone(&m->runs))
		err = decide_run_failed(d, LINK_OF(m->runs.next, step_run, in_runs), "cancelled", reason, true);
	while (err == TR_OK && !link_alone(&m->live)) {
		const step_state *s = LINK_OF(m->live.next, step_state, in_live);
		const token *t = LINK_OF(s->tokens.next, token, at_step);

		err = decide_event(d, EVENT_TOKEN_DROPPED, 0, t->event_id, NULL,
				   TR_DICT("token", tr_int((int64_t)t->id), "why", tr_string("cancelled")));
	}
	return err;
}

bool decide_final_wanted(const machine *m)
{
	return m->routes->playbook->final_step >= 0 && !m->final_made && m->stop < STOP_EXPIRED;
}

static const char *final_status(const machine *m)
{
	bool partial = m->routes->playbook->on_failure == PB_FAILURE_PARTIAL && m->branches_done > 0;

	if (m->stop == STOP_CANCELLED)
		return "cancelled";
	if (m->failure_count > 0)
		return partial ? "partial" : "failed";
	if (idmap_count(&m->tokens_by_id) > 0)
		return "stalled";
	return "success";
}

static tr_value final_args(const machine *m)
{
	uint64_t runs = 0, done = 0, failed = 0, steps = 0;
	tr_value refs = tr_map();

	for (size_t i = 0; i < m->routes->playbook->step_count; i++) {
		const step_state *s = &m->steps[i];

		runs += s->runs;
		done += s->done;
		failed += s->failed;
		steps += s->runs > 0;
		if (offer_is_ref(s->result))
			refs = tr_map_put(refs, tr_keep(m->routes->names[i]), tr_keep(s->result));
	}
	return TR_DICT("execution_id", tr_stringf("%" PRId64, m->execution_id), "status", tr_string(final_status(m)),
		       "steps",
		       TR_DICT("total", tr_int((int64_t)steps), "runs", tr_int((int64_t)runs), "success",
			       tr_int((int64_t)done), "failed", tr_int((int64_t)failed)),
		       "branches",
		       TR_DICT("total", tr_int((int64_t)(m->branches_done + m->failure_count)), "success",
			       tr_int((int64_t)m->branches_done), "failed", tr_int((int64_t)m->failure_count)),
		       "failures", tr_keep(m->failures), "results", refs);
}

tr_err decide_final(decision *d)
{
	machine *m = d->m;
	tr_value args = final_args(m);
	tr_err err = decide_token(d, &(new_token){.step = (uint32_t)m->routes->playbook->final_step,
						  .parent = m->last_event_id,
						  .arc = -1,
						  .args = args,
						  .sets = tr_absent(),
						  .final = true});

	tr_drop(args);
	return err;
}

tr_err decide_finish(decision *d)
{
	machine *m = d->m;
	const char *status = final_status(m);
	tr_value failures = tr_keep(m->failures);

	if (m->failure_count > MACHINE_MOST_FAILURES)
		failures = tr_array_push(failures, TR_DICT("step", tr_nil(), "kind", tr_string("more"), "message",
							   tr_stringf("%" PRIu32 " further failures are not listed",
								      m->failure_count - MACHINE_MOST_FAILURES)));
	return decide_event(d, EVENT_WORKFLOW_FINISHED, 0, m->last_event_id, status,
			    TR_DICT("status", tr_string(status), "result", tr_keep(m->result), "failures", failures));
}
