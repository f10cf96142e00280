/* SPDX-License-Identifier: Apache-2.0 */
/* Step runs: scheduled, reported on by their worker, ended, routed, forgotten. */
#include "actors/engine/machine_state.h"

#include "runtime/value/map.h"

/* What the payload has beyond the shape of its type, mostly nothing. */
static tr_value beyond(const event *e, const char *key)
{
	return tr_is_nil(e->payload) ? tr_absent() : tr_map_get_s(e->payload, key);
}

step_run *run_of(const machine *m, uint64_t id)
{
	return idmap_get(&m->runs_by_id, id);
}

void run_free(step_run *r)
{
	tr_drop(r->args);
	tr_drop(r->cause);
	tr_drop(r->end);
	tr_drop(r->owed);
	tr_free(r);
}

void run_forget(machine *m, step_run *r)
{
	uint32_t step = r->step;

	link_remove(&r->in_runs);
	link_remove(&r->in_ended);
	(void)idmap_del(&m->runs_by_id, r->id);
	run_free(r);
	join_step_left(m, step);
}

void run_owed_paid(machine *m, step_run *r)
{
	if (++r->owed_done >= list_len(r->owed))
		run_forget(m, r);
}

/* The tokens that a new step run takes. The one that came last is its cause. */
static tr_err take_tokens(machine *m, step_run *r, tr_value tokens)
{
	uint64_t last = 0;

	for (size_t i = 0; i < list_len(tokens); i++) {
		token *t = idmap_get(&m->tokens_by_id, (uint64_t)list_at(tokens, i));

		if (t == NULL || t->step != r->step)
			return TR_ECORRUPT;
		if (t->id > last) {
			last = t->id;
			tr_assign(&r->cause, tr_keep(t->cause));
		}
		r->final = r->final || t->final;
		token_forget(m, t);
	}
	return last == 0 ? TR_ECORRUPT : TR_OK;
}

static tr_err run_again(step_run *r, const event *e)
{
	if (r->phase != RUN_RUNNING || e->attempt <= r->attempt)
		return TR_ECORRUPT;
	r->attempt = e->attempt;
	r->scheduled_event = e->event_id;
	r->started = r->moved = false;
	r->given_us = e->time_us;
	if (tr_is(beyond(e, "lost"), TR_STRING))
		r->lost++;
	else
		r->deaths = (uint32_t)tr_as_int(tr_map_get_s(beyond(e, "died"), "times"), 0);
	return TR_OK;
}

static step_run *run_new(const event *e, uint32_t step)
{
	step_run *r = tr_alloc(sizeof *r);

	if (r == NULL)
		return NULL;
	link_init(&r->in_runs);
	link_init(&r->in_ended);
	r->id = e->step_run_id;
	r->step = step;
	r->attempt = e->attempt;
	r->scheduled_event = e->event_id;
	r->scheduled_seq = e->seq;
	r->scheduled_us = r->given_us = e->time_us;
	r->timeout_us = tr_as_int(beyond(e, "timeout_us"), 0);
	r->args = tr_keep(e->field[SCHEDULED_ARGS]);
	r->cause = r->end = tr_nil();
	return r;
}

/* Where the first of the tokens is that it takes. */
static uint32_t token_step(const machine *m, const event *e)
{
	const token *t = idmap_get(&m->tokens_by_id, (uint64_t)list_at(e->field[SCHEDULED_TOKENS], 0));

	return t != NULL ? t->step : NO_STEP;
}

tr_err run_schedule(machine *m, const event *e)
{
	int32_t step = routes_step_guess(m->routes, e->field[SCHEDULED_STEP], token_step(m, e));
	step_run *r = run_of(m, e->step_run_id);
	tr_err err;

	if (step < 0 || e->step_run_id == 0 || e->attempt == 0 || !tr_is(e->field[SCHEDULED_ARGS], TR_MAP))
		return TR_ECORRUPT;
	if (r != NULL)
		return run_again(r, e);
	machine_note_refs(m, e->field[SCHEDULED_ARGS]);
	r = run_new(e, (uint32_t)step);
	if (r == NULL)
		return TR_ENOMEM;
	err = idmap_put(&m->runs_by_id, r->id, r);
	if (err != TR_OK) {
		run_free(r);
		return err;
	}
	if (r->id >= m->next_run)
		m->next_run = r->id + 1;
	link_push(&m->runs, &r->in_runs);
	m->steps[step].runs++;
	m->steps[step].status = "running";
	join_step_entered(m, (uint32_t)step); /* before its tokens go, so that the step is not seen silent between */
	err = take_tokens(m, r, e->field[SCHEDULED_TOKENS]);
	if (err == TR_OK)
		join_run_scheduled(m, (uint32_t)step);
	return err;
}

/* A loop gives {results, stats}, however the event carries it. */
static tr_value loop_result(const event *e)
{
	tr_value result = tr_map_get_s(e->payload, "result"), stats = tr_map_get_s(e->payload, "stats");

	if (tr_is(result, TR_MAP) &&
	    (tr_is_valid(tr_map_get_s(result, "results")) || tr_is_valid(tr_map_get_s(result, "kind"))))
		return tr_keep(result);
	return TR_DICT("results", tr_is_valid(result) ? tr_keep(result) : tr_array(), "stats",
		       tr_is_valid(stats) ? tr_keep(stats) : tr_map());
}

/* What the step's name gives from now on. */
static tr_value step_result(const event *e)
{
	tr_value result;

	if (e->type == EVENT_LOOP_DONE)
		return loop_result(e);
	if (e->type == EVENT_STEP_DONE)
		return tr_is_valid(e->field[DONE_RESULT]) ? tr_keep(e->field[DONE_RESULT]) : tr_nil();
	result = tr_map_get_s(e->payload, "result");
	tr_value failed = TR_DICT("status", tr_string("error"), "error", tr_keep(tr_map_get_s(e->payload, "error")));
	if (tr_is_valid(result))
		failed = tr_map_put_s(failed, "result", tr_keep(result));
	if (tr_is_valid(tr_map_get_s(e->payload, "stats")))
		failed = tr_map_put_s(failed, "stats", tr_keep(tr_map_get_s(e->payload, "stats")));
	return failed;
}

static tr_value end_of(const machine *m, const step_run *r, const event *e, tr_value error, tr_value result)
{
	bool failed = e->type == EVENT_STEP_FAILED;

	const tr_value values[] = {tr_word(event_type_text(e->type)), tr_keep(m->routes->names[r->step]),
				   tr_word(failed ? "error" : "success"), failed ? tr_keep(error) : tr_nil(),
				   tr_keep(result)};

	return map_like(m->routes->end_keys, values);
}

static tr_err run_ended(machine *m, step_run *r, const event *e)
{
	step_state *s = &m->steps[r->step];
	bool failed = e->type == EVENT_STEP_FAILED;
	tr_value error = failed ? tr_map_get_s(e->payload, "error") : tr_nil(), vars = beyond(e, "vars");
	bool cancelled = failed && tr_str_is(tr_as_str(tr_map_get_s(error, "kind")), "cancelled");

	if (failed && !tr_is(error, TR_MAP))
		return TR_ECORRUPT;
	tr_assign(&s->result, step_result(e));
	if (!tr_is_valid(s->result))
		return tr_value_err(s->result);
	machine_note_refs(m, s->result);
	machine_note_refs(m, vars);
	tr_assign(&s->error, failed ? tr_keep(error) : tr_nil());
	s->status = !failed ? "success" : cancelled ? "cancelled" : "failed";
	if (failed)
		s->failed++;
	else
		s->done++;
	m->finished_runs++;
	if (tr_map_len(vars) > 0)
		machine_put(m, &m->vars, vars);
	children_over(m, r->id, -1, tr_absent());
	r->phase = RUN_ENDED;
	r->end_type = e->type;
	r->end_event = e->event_id;
	tr_assign(&r->end, end_of(m, r, e, error, s->result));
	if (!tr_is_valid(m->vars) || !tr_is_valid(r->end))
		return TR_ENOMEM;
	if (machine_stopping(m))
		run_forget(m, r); /* nobody asks where it would have gone */
	else
		link_push(&m->ended, &r->in_ended);
	return TR_OK;
}

/* Remember a task's result when some template of the playbook names it. */
static tr_err keep_label(machine *m, const step_run *r, const event *e)
{
	const routes_step *rs = &m->routes->steps[r->step];
	tr_value label = e->field[PROCESSED_LABEL];
	step_state *s = &m->steps[r->step];

	if (!tr_is_valid(rs->labels) || !tr_is_valid(tr_map_get(rs->labels, label)) || e->iteration >= 0)
		return TR_OK;
	tr_value result = tr_map_get_s(e->field[PROCESSED_OUTCOME], "result");
	machine_note_refs(m, result);
	if (!tr_is_valid(s->labels))
		s->labels = tr_map();
	s->labels = tr_map_put(s->labels, tr_keep(label), tr_is_valid(result) ? tr_keep(result) : tr_nil());
	return tr_value_err(s->labels);
}

static tr_err task_processed(machine *m, step_run *r, const event *e)
{
	tr_value ctx = beyond(e, "ctx");
	tr_err err = keep_label(m, r, e);

	r->moved = true;
	r->tasks_done++;
	r->task_attempt = e->attempt;
	children_over(m, r->id, e->iteration, e->field[PROCESSED_LABEL]);
	if (err == TR_OK && tr_map_len(ctx) > 0)
		err = machine_owe_patch(m, r->id, e->event_id, tr_keep(ctx));
	return err;
}

tr_err run_worker_event(machine *m, const event *e)
{
	step_run *r = run_of(m, e->step_run_id);

	if (r == NULL || r->phase != RUN_RUNNING)
		return TR_ECORRUPT;
	switch (e->type) {
	case EVENT_STEP_STARTED:
		r->started = true;
		return TR_OK;
	case EVENT_TASK_STARTED:
		r->task_attempt = e->attempt;
		return TR_OK;
	case EVENT_TASK_PROCESSED:
		return task_processed(m, r, e);
	case EVENT_TASK_RETRIED:
		r->moved = true;
		r->retries++;
		children_over(m, r->id, e->iteration, tr_map_get_s(e->payload, "label"));
		return TR_OK;
	case EVENT_LOOP_STARTED:
		r->loop_count = tr_as_int(tr_map_get_s(e->payload, "count"), -1);
		return TR_OK;
	case EVENT_ITERATION_STARTED:
		r->loop_started++;
		return TR_OK;
	case EVENT_ITERATION_DONE:
		r->moved = true;
		r->loop_done++;
		if (tr_str_is(tr_as_str(tr_map_get_s(e->payload, "status")), "error"))
			r->loop_failed++;
		return TR_OK;
	case EVENT_LOOP_DONE:
	case EVENT_STEP_DONE:
	case EVENT_STEP_FAILED:
		return run_ended(m, r, e);
	default:
		return TR_ECORRUPT;
	}
}

/* The step run's arcs were evaluated and none takes it further. */
static void branch_ended(machine *m, step_run *r, const event *e)
{
	if (tr_as_bool(beyond(e, "failed"), false)) {
		tr_value error = tr_map_get_s(e->payload, "error");
		tr_value why = tr_is(error, TR_MAP) ? error : m->steps[r->step].error;
		tr_value failure =
		    TR_DICT("step", tr_keep(m->routes->names[r->step]), "step_run_id", tr_int((int64_t)r->id));

		machine_add_failure(m, tr_map_merge(failure, tr_is(why, TR_MAP) ? tr_keep(why) : tr_map()));
	} else {
		m->branches_done++;
		tr_assign(&m->result, tr_keep(tr_map_get_s(r->end, "result")));
	}
}

tr_err run_routed(machine *m, const event *e)
{
	step_run *r = run_of(m, e->step_run_id);
	tr_value arcs = e->field[NEXT_ARCS];
	bool failed = tr_as_bool(beyond(e, "failed"), false);

	if (r == NULL || r->phase != RUN_ENDED || !list_is(arcs) ||
	    list_len(arcs) > m->routes->playbook->steps[r->step].arc_count)
		return TR_ECORRUPT;
	for (size_t i = 0; i < list_len(arcs); i++) {
		int64_t arc = list_at(arcs, i);

		if (arc < 0 || (uint64_t)arc >= m->routes->playbook->steps[r->step].arc_count)
			return TR_ECORRUPT;
	}
	r->phase = RUN_ROUTED;
	if (list_len(arcs) > 0 && !failed) {
		tr_assign(&r->owed, tr_keep(arcs));
		return TR_OK;
	}
	branch_ended(m, r, e);
	run_forget(m, r);
	if (failed && m->routes->playbook->on_failure == PB_FAILURE_FAST)
		machine_stop(m, STOP_FAILED, tr_string("a step failed"));
	return tr_is_valid(m->failures) ? TR_OK : TR_ENOMEM;
}
