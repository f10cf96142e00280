/* SPDX-License-Identifier: Apache-2.0 */
/** What follows an outcome: the eval rules of the task, the writes of the one that matches, and where the pipeline goes
 * on. */
#include "actors/worker/path.h"
#include "actors/worker/pipeline_internal.h"
#include "actors/worker/place.h"
#include "actors/worker/refs.h"
#include "actors/worker/retry.h"
#include "plugins/host/secret_ref.h"

#include <troupe/actor.h>

/* ---- the outcome ---- */

static tr_value bad_outcome(tr_value was)
{
	tr_buf shown = {0};
	tr_show(&shown, was, 200);
	tr_value text =
	    tr_stringf("the plugin answered with something that is no outcome: %.*s", TR_STR(tr_buf_str(&shown)));
	tr_buf_fini(&shown);
	tr_drop(was);
	return TR_DICT("status", tr_string("error"), "error",
		       TR_DICT("kind", tr_string("bad_outcome"), "message", text, "retryable", tr_bool(false)));
}

/* Whoever could have us take what stands for a secret would be given the secret by the next template that uses it. Only
 * redaction makes these, later, and the end of another playbook may hold some. */
static tr_value without_forged(const pipeline *p, tr_value outcome)
{
	tr_buf path = {0};
	if (p->of_playbook || !secret_ref_inside(outcome, &path)) {
		tr_buf_fini(&path);
		return outcome;
	}
	tr_value text = tr_stringf("what came back holds {kind: secret_ref} at %s; only Troupe itself puts that in the "
				   "place of a secret, so it is not taken from outside",
				   path.p != NULL ? path.p : "its top");
	tr_buf_fini(&path);
	tr_drop(outcome);
	return TR_DICT("status", tr_string("error"), "error",
		       TR_DICT("kind", tr_string("forged_reference"), "message", text, "retryable", tr_bool(false)));
}

/* Only templates of the task itself, rendered before the pipeline leaves it, see the outcome with its meta. */
static bool meta_is_seen(const pipeline *p)
{
	const pb_task *task = pipeline_task(p);
	return task->rule_count > 0 || task->set_count > 0 || task->result.present || p->step->result.present ||
	       p->step->set_count > 0;
}

/* What a plugin says, brought into shape: status and error are there, meta is ours. */
static tr_value shaped(pipeline *p, tr_value outcome, pipeline_clock clock)
{
	outcome = without_forged(p, outcome);
	tr_str status = tr_as_str(tr_map_get_s(outcome, "status"));
	bool good = tr_str_is(status, "success");
	if (!good && !tr_str_is(status, "error"))
		outcome = bad_outcome(outcome);
	p->outcome_failed = !good;
	if (!good) {
		tr_value error = tr_keep(tr_map_get_s(outcome, "error"));
		if (!tr_is(error, TR_MAP)) {
			tr_value message = tr_is(error, TR_STRING) ? error : tr_string("the tool gave no reason");
			error = TR_DICT("kind", tr_string("error"), "message", message);
		}
		if (!tr_is_valid(tr_map_get_s(error, "retryable")))
			error = tr_map_put_s(error, "retryable", tr_bool(false));
		error = fault_place(p->run->book, error, task_place(pipeline_task(p)));
		outcome = tr_map_put_s(outcome, "error", error);
	}
	if (!tr_is_valid(tr_map_get_s(outcome, "result")))
		outcome = tr_map_put_s(outcome, "result", tr_nil());
	if (!meta_is_seen(p))
		return outcome;
	return tr_map_put_s(outcome, "meta",
			    TR_DICT("attempt", tr_int(p->attempt), "duration_ms",
				    tr_float((double)(clock.now_ns - p->started_ns) / 1e6), "started_at",
				    event_time_text(p->started_us), "task_run_id", tr_int(p->task_runs)));
}

/* For the event: all of it but meta, which the envelope has, and with the result that is kept. */
static tr_value recorded(tr_value outcome, tr_value kept)
{
	tr_value result = tr_map_get_n(outcome, "result", 6);
	if (result.type == kept.type && result.as.bits == kept.as.bits &&
	    !tr_is_valid(tr_map_get_n(outcome, "meta", 4)))
		return tr_keep(outcome);
	tr_value out = tr_map_with(tr_map_len(outcome));
	const tr_entry *e = tr_map_entries(outcome);
	for (size_t i = 0, n = tr_map_len(outcome); i < n; i++) {
		tr_str key = tr_as_str(e[i].key);
		if (tr_str_is(key, "meta"))
			continue;
		tr_value v = tr_str_is(key, "result") ? kept : e[i].value;
		out = tr_map_put(out, tr_keep(e[i].key), tr_keep(v));
	}
	return out;
}

/* ---- which rule ---- */

static const pb_rule *matching_rule(pipeline *p)
{
	const pb_task *task = pipeline_task(p);
	for (size_t i = 0; i < task->rule_count; i++) {
		if (render_test(&p->render, task->rules[i].when, true))
			return &task->rules[i];
	}
	return NULL;
}

static tr_value located(const pipeline *p, tr_value error, pb_pos at)
{
	error = fault_place(p->run->book, error, at);
	return tr_map_put_s(error, "task", path_key(pipeline_task(p)->label));
}

static pb_pos rule_place(const pipeline *p, const pb_rule *rule)
{
	return rule != NULL ? rule->pos : task_place(pipeline_task(p));
}

/* The error that a failing outcome, or a rule that fails a good one, ends the step with. */
static tr_value failure(pipeline *p, const pb_rule *rule)
{
	tr_value outcome = p->render.names.outcome;
	const pb_task *task = pipeline_task(p);
	tr_value error = p->outcome_failed
			     ? tr_keep(tr_map_get_s(outcome, "error"))
			     : TR_DICT("kind", tr_string("failed"), "message",
				       tr_stringf("task %.*s: the rule in line %u ends the step", TR_STR(task->label),
						  rule != NULL ? rule->pos.line : task->pos.line),
				       "retryable", tr_bool(false));
	if (rule != NULL && rule->message != NULL) {
		tr_value wrong = tr_absent();
		tr_value message = render_value(&p->render, rule->message, &wrong);
		if (tr_is_valid(message))
			error = tr_map_put_s(error, "message",
					     tr_is(message, TR_STRING) ? tr_keep(message) : tr_python_str(message));
		tr_drop(message);
		tr_drop(wrong);
	}
	return located(p, error, rule_place(p, rule));
}

static tr_value spent(pipeline *p, const pb_rule *rule, uint32_t attempts)
{
	tr_value outcome = p->render.names.outcome;
	if (p->outcome_failed)
		return located(p, tr_map_put_s(tr_keep(tr_map_get_s(outcome, "error")), "attempts", tr_int(p->attempt)),
			       rule->pos);
	return located(p,
		       TR_DICT("kind", tr_string("retries_spent"), "message",
			       tr_stringf("task %.*s: still to be tried again after %u attempts",
					  TR_STR(pipeline_task(p)->label), attempts),
			       "retryable", tr_bool(false), "attempts", tr_int(p->attempt)),
		       rule->pos);
}

/* ---- the end ---- */

pipeline_action pipeline_end_badly(pipeline *p, tr_value error)
{
	tr_assign(&p->error, error);
	p->state = ENDED_BADLY;
	return (pipeline_action){.what = PIPELINE_FAILED};
}

/* In a step without a loop the step's own result policy and `set` have the last word. */
static bool finish_step(pipeline *p, tr_value *error)
{
	tr_clear(&p->render.names.outcome);
	if (p->iteration >= 0)
		return true;
	const pb_step *step = p->step;
	if (step->result.present && step->result.value != NULL) {
		tr_value v = render_value(&p->render, step->result.value, error);
		if (!tr_is_valid(v))
			return false;
		tr_assign(&p->result, v);
		tr_assign(&p->render.names.own, tr_keep(v));
	}
	writes w = {0};
	bool good = writes_render(&w, step->sets, step->set_count, false, &p->render, error);
	if (good) {
		pipeline_apply(p, &w);
		writes_ctx_event(p->events, w.ctx, -1, p->render.now_us);
	}
	writes_fini(&w);
	return good;
}

pipeline_action pipeline_end_well(pipeline *p)
{
	tr_value error = tr_absent();
	if (!finish_step(p, &error))
		return pipeline_end_badly(p, error);
	p->state = ENDED_WELL;
	return (pipeline_action){.what = PIPELINE_DONE};
}

/* ---- moving on ---- */

static bool too_many_directives(pipeline *p)
{
	uint64_t most = p->step->max_directives > 0 ? p->step->max_directives : PIPELINE_MAX_DIRECTIVES;
	return ++p->directives > most;
}

static tr_value directives_error(const pipeline *p)
{
	return located(
	    p,
	    TR_DICT("kind", tr_string("directive_limit"), "message",
		    tr_stringf("the pipeline of step %.*s made more than %llu moves; if it jumps for ever, give the "
			       "jump a condition, else raise the limit in the step's spec",
			       TR_STR(p->step->name), (unsigned long long)(p->directives - 1)),
		    "retryable", tr_bool(false)),
	    pipeline_task(p)->pos);
}

static void processed_event(pipeline *p, pb_directive directive, const pb_rule *rule, tr_value kept, const writes *w,
			    pipeline_clock clock)
{
	event *e = pipeline_event(p, EVENT_TASK_PROCESSED, clock.wall_us);
	if (e == NULL)
		return;
	tr_value outcome = p->render.names.outcome;
	e->status = p->outcome_failed ? "error" : "success";
	e->duration_us = (clock.now_ns - p->started_ns) / 1000;
	event_set(e, PROCESSED_LABEL, tr_keep(pipeline_label_value(p)));
	event_set(e, PROCESSED_OUTCOME, recorded(outcome, kept));
	event_set(e, PROCESSED_DIRECTIVE, tr_keep(p->run->words->directives[directive]));
	if (directive == PB_JUMP && rule != NULL)
		event_put(e, "to", path_key(p->step->tasks[rule->jump_to].label));
	if (tr_is_valid(w->prev))
		event_put(e, "prev", tr_keep(w->prev));
	if (directive == PB_FAIL && tr_is_valid(p->error))
		event_put(e, "error", tr_keep(p->error));
	if (writes_any(w))
		e->payload = writes_payload(w, tr_is_nil(e->payload) ? tr_map() : e->payload);
}

static pipeline_action retry(pipeline *p, const pb_rule *rule, const writes *w, pipeline_clock clock)
{
	double jitter = render_number(&p->render, rule->jitter, 0);
	bool just_yes =
	    rule->jitter != NULL && rule->jitter->kind == PB_CONST && tr_is(rule->jitter->constant, TR_BOOL);
	retry_terms terms = {.delay = render_number(&p->render, rule->delay, 0),
			     .max_delay = render_number(&p->render, rule->max_delay, 0),
			     .jitter = just_yes && jitter > 0 ? 0.5 : jitter,
			     .backoff = rule->backoff};
	uint64_t random = p->render.seed * (UINT64_C(0x9e3779b97f4a7c15) * (p->task_runs + 1));
	int64_t wait = retry_delay_ns(&terms, p->attempt, random ^ random >> 31);
	writes_ctx_event(p->events, w->ctx, p->iteration, clock.wall_us);
	event *e = pipeline_event(p, EVENT_TASK_RETRIED, clock.wall_us);
	if (e != NULL) {
		tr_value outcome = p->render.names.outcome;
		tr_value error = tr_map_get_s(outcome, "error");
		e->status = p->outcome_failed ? "error" : "success";
		e->duration_us = (clock.now_ns - p->started_ns) / 1000;
		tr_value payload = TR_DICT("label", path_key(pipeline_task(p)->label), "delay_us", tr_int(wait / 1000),
					   "error", tr_is_valid(error) ? tr_keep(error) : tr_nil());
		if (tr_is_valid(w->prev))
			payload = tr_map_put_s(payload, "prev", tr_keep(w->prev));
		e->payload = writes_payload(w, payload);
	}
	if (tr_is_valid(w->prev))
		tr_assign(&p->render.names.prev, tr_keep(w->prev));
	p->attempt++;
	p->state = AT_TASK;
	return (pipeline_action){.what = PIPELINE_COMMIT, .not_before_ns = clock.now_ns + wait};
}

/* Leave the task: its result becomes _prev, and the program counter moves. */
static pipeline_action leave(pipeline *p, pb_directive directive, const pb_rule *rule, tr_value kept, const writes *w,
			     pipeline_clock clock)
{
	names *n = &p->render.names;
	tr_assign(&n->prev, tr_keep(tr_is_valid(w->prev) ? w->prev : kept));
	n->ran = true;
	p->attempt = 0;
	bool last = directive == PB_BREAK || (directive == PB_CONTINUE && p->pc + 1 == p->step->task_count);
	/* Behind the last task only the step's own templates may ask for it. */
	if (!last || !p->run->texts->plain || p->step->set_count > 0)
		n->results = tr_map_put(n->results, tr_keep(pipeline_label_value(p)), tr_keep(kept));
	if (directive == PB_BREAK)
		return pipeline_end_well(p);
	p->pc = directive == PB_JUMP ? (uint32_t)rule->jump_to : p->pc + 1;
	if (p->pc >= p->step->task_count) {
		p->pc = (uint32_t)p->step->task_count;
		return pipeline_end_well(p);
	}
	p->state = AT_TASK;
	return (pipeline_action){.what = PIPELINE_COMMIT, .not_before_ns = clock.now_ns};
}

/* What is kept of a result: the task's policy may pick from it. */
static tr_value kept_result(pipeline *p, tr_value *error)
{
	const pb_result_policy *policy = &pipeline_task(p)->result;
	tr_value outcome = p->render.names.outcome;
	if (policy->present && policy->value != NULL && !p->outcome_failed)
		return render_value(&p->render, policy->value, error);
	return tr_keep(tr_map_get_s(outcome, "result"));
}

static pipeline_action go(pipeline *p, pb_directive directive, const pb_rule *rule, writes *w, pipeline_clock clock)
{
	tr_value error = tr_absent();
	const pb_task *task = pipeline_task(p);
	if (directive != PB_FAIL && !p->outcome_failed &&
	    !writes_render(w, task->sets, task->set_count, p->parallel, &p->render, &error))
		directive = PB_FAIL;
	tr_value kept = tr_is_valid(error) ? tr_nil() : kept_result(p, &error);
	if (!tr_is_valid(kept)) {
		directive = PB_FAIL;
		kept = tr_nil();
	}
	pipeline_apply(p, w);
	if (tr_is_valid(p->error)) /* a shared write that clashed */
		directive = PB_FAIL;
	else if (tr_is_valid(error))
		p->error = located(p, error, rule_place(p, rule));
	else if (directive == PB_FAIL)
		p->error = failure(p, rule);
	processed_event(p, directive, rule, kept, w, clock);
	pipeline_action next;
	if (directive == PB_FAIL) {
		if (!tr_is_nil(kept))
			tr_assign(&p->result, tr_keep(kept));
		p->state = ENDED_BADLY;
		next = (pipeline_action){.what = PIPELINE_FAILED};
	} else {
		next = leave(p, directive, rule, kept, w, clock);
	}
	tr_drop(kept);
	return next;
}

/* Attempts left, or the end with the error. */
static pipeline_action retry_or_end(pipeline *p, const pb_rule *rule, writes *w, pipeline_clock clock)
{
	double attempts = render_number(&p->render, rule->attempts, 1);
	if ((double)p->attempt < attempts) {
		pipeline_apply(p, w);
		return retry(p, rule, w, clock);
	}
	pipeline_apply(p, w);
	tr_assign(&p->error, spent(p, rule, p->attempt));
	tr_value kept = tr_keep(tr_map_get_s(p->render.names.outcome, "result"));
	processed_event(p, PB_FAIL, rule, kept, w, clock);
	if (!tr_is_nil(kept))
		tr_assign(&p->result, kept);
	p->state = ENDED_BADLY;
	return (pipeline_action){.what = PIPELINE_FAILED};
}

pipeline_action pipeline_decide(pipeline *p, tr_value outcome, pipeline_clock clock)
{
	names *n = &p->render.names;
	tr_assign(&n->outcome, shaped(p, outcome, clock));
	if (!tr_is_valid(n->outcome))
		return pipeline_end_badly(p,
					  TR_DICT("kind", tr_string("memory"), "message", tr_string("out of memory")));
	names_note(n, tr_map_get_s(n->outcome, "result"));
	const pb_rule *rule = matching_rule(p);
	pb_directive directive = rule != NULL ? rule->directive : p->outcome_failed ? PB_FAIL : PB_CONTINUE;
	writes w = {0};
	tr_value error = tr_absent();
	pipeline_action next;
	if (too_many_directives(p)) {
		p->error = directives_error(p);
		processed_event(p, PB_FAIL, NULL, tr_map_get_s(n->outcome, "result"), &w, clock);
		p->state = ENDED_BADLY;
		next = (pipeline_action){.what = PIPELINE_FAILED};
	} else if (rule != NULL && !writes_render(&w, rule->sets, rule->set_count, p->parallel, &p->render, &error)) {
		writes none = {0};
		p->error = located(p, error, rule_place(p, rule));
		processed_event(p, PB_FAIL, rule, tr_map_get_s(n->outcome, "result"), &none, clock);
		p->state = ENDED_BADLY;
		next = (pipeline_action){.what = PIPELINE_FAILED};
	} else if (directive == PB_RETRY) {
		next = retry_or_end(p, rule, &w, clock);
	} else {
		next = go(p, directive, rule, &w, clock);
	}
	writes_fini(&w);
	return next;
}
