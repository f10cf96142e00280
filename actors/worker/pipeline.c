/* SPDX-License-Identifier: Apache-2.0 */
/** The pipeline of a step run or of one iteration: its life and its program counter. */
#include "actors/worker/path.h"
#include "actors/worker/pipeline_internal.h"
#include "actors/worker/place.h"
#include "actors/worker/refs.h"
#include "actors/worker/shared.h"

#include <troupe/actor.h>

static tr_value given_or(tr_value given, tr_value otherwise)
{
	return tr_is_valid(given) ? given : tr_keep(otherwise);
}

static uint64_t seed_of(const run_scope *run, int64_t iteration)
{
	uint64_t h = (uint64_t)run->execution_id * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ run->step_run_id) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (uint64_t)(iteration + 1)) * UINT64_C(0x94d049bb133111eb);
	return (h ^ h >> 29) | 1;
}

pipeline *pipeline_new(const pipeline_setup *setup)
{
	const run_scope *run = run_scope_of(setup->run);
	pipeline *p = tr_alloc(sizeof *p);
	size_t tasks = run->step->task_count;
	bool few = p != NULL && tasks < sizeof p->few_visits / sizeof p->few_visits[0];
	uint32_t *visits = few ? p->few_visits : tr_alloc((tasks + 1) * sizeof *visits);
	if (p == NULL || visits == NULL) {
		tr_drop(setup->run);
		tr_drop(setup->iter);
		tr_drop(setup->vars);
		tr_drop(setup->ctx);
		if (!few)
			tr_free(visits);
		tr_free(p);
		return NULL;
	}
	p->run_object = setup->run;
	p->run = run;
	p->step = run->step;
	p->events = setup->events;
	p->iteration = setup->iteration;
	p->parallel = setup->parallel;
	p->visits = visits;
	p->render.events = setup->events;
	p->render.seed = seed_of(run, setup->iteration);
	names *n = &p->render.names;
	n->run = run;
	n->wrapped = setup->wrapped;
	n->iter = tr_is_valid(setup->iter) ? setup->iter : tr_map();
	n->vars = given_or(setup->vars, run->vars);
	n->ctx = given_or(setup->ctx, run->ctx);
	n->prev = tr_nil();
	n->results = tr_map();
	p->state = tasks == 0 ? BETWEEN : AT_TASK;
	return p;
}

void pipeline_free(pipeline **pp)
{
	pipeline *p = *pp;
	*pp = NULL;
	if (p == NULL)
		return;
	renderer_fini(&p->render);
	tr_value *values[] = {&p->shared, &p->vars_written, &p->ctx_written, &p->result, &p->error, &p->run_object};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		tr_clear(values[i]);
	if (p->visits != p->few_visits)
		tr_free(p->visits);
	tr_free(p);
}

event *pipeline_event(pipeline *p, event_type type, int64_t wall_us)
{
	event *e = event_list_add(p->events, type);
	if (e == NULL)
		return NULL;
	e->time_us = wall_us;
	e->iteration = p->iteration;
	e->attempt = p->attempt;
	e->task_run_id = (p->iteration > 0 ? (uint64_t)p->iteration << 32 : 0) | p->task_runs;
	return e;
}

/* ---- entering a task ---- */

static void enter(pipeline *p)
{
	if (p->attempt == 0) {
		p->visits[p->pc]++;
		p->attempt = 1;
		tr_assign(&p->render.names.task, tr_keep(pipeline_label_value(p)));
	}
	p->render.names.attempt = tr_int(p->attempt);
	tr_clear(&p->render.names.outcome);
}

/* Tasks whose `when` is false are passed over; each says so, so that a log explains itself. */
static void skip(pipeline *p, pipeline_clock clock)
{
	event *e = pipeline_event(p, EVENT_TASK_PROCESSED, clock.wall_us);
	if (e != NULL) {
		e->task_run_id = 0;
		e->status = "skipped";
		event_set(e, PROCESSED_LABEL, tr_keep(pipeline_label_value(p)));
		event_set(e, PROCESSED_OUTCOME, TR_DICT("status", tr_word("skipped")));
		event_set(e, PROCESSED_DIRECTIVE, tr_keep(p->run->words->directives[PB_CONTINUE]));
	}
	p->attempt = 0;
	p->pc++;
	if (p->pc == p->step->task_count)
		p->state = BETWEEN;
}

/* Until when the task may run, wall clock; 0: for ever. One that an earlier owner had begun has what is left. */
static int64_t task_deadline_us(pipeline *p, pipeline_clock clock)
{
	int64_t kept = p->again_deadline_us;
	p->again_deadline_us = 0;
	if (kept != 0 && p->again_pc == p->pc && p->again_attempt == p->attempt)
		return kept;
	double timeout = render_number(&p->render, pipeline_task(p)->timeout, 0);
	return timeout > 0 && timeout < 1e9 ? clock.wall_us + (int64_t)(timeout * 1e6) : 0;
}

static tr_value over_before(const pb_task *task)
{
	return TR_DICT(
	    "status", tr_string("error"), "error",
	    TR_DICT("kind", tr_string("timeout"), "message",
		    tr_stringf("task %.*s: its timeout passed before it could be run again", TR_STR(task->label)),
		    "retryable", tr_bool(true)));
}

/* The outcome of a command that could not be built. Takes the error. */
static tr_value no_command(const pipeline *p, tr_err err, tr_value error)
{
	if (!tr_is_valid(error))
		error = TR_DICT("kind", tr_string("memory"), "message",
				tr_stringf("task %.*s: %s", TR_STR(pipeline_task(p)->label), tr_err_text(err)),
				"retryable", tr_bool(false));
	return TR_DICT("status", tr_string("error"), "error", error);
}

static size_t kind_place(const pipeline *p)
{
	return p->run->texts->first + p->pc;
}

static pipeline_action perform(pipeline *p, pipeline_clock clock)
{
	const pb_task *task = pipeline_task(p);
	int64_t until_us = task_deadline_us(p, clock), deadline = TR_FOREVER;
	p->task_runs++;
	p->state = IN_TASK;
	p->started_ns = clock.now_ns;
	p->started_us = clock.wall_us;
	event *e = pipeline_event(p, EVENT_TASK_STARTED, clock.wall_us);
	if (e != NULL) {
		e->status = "running";
		event_set(e, TASK_LABEL, tr_keep(pipeline_label_value(p)));
		event_set(e, TASK_KIND, tr_keep(p->run->texts->kinds[p->pc]));
	}
	if (until_us != 0) {
		if (e != NULL)
			event_put(e, "deadline_us", tr_int(until_us));
		if (until_us <= clock.wall_us)
			return pipeline_decide(p, over_before(task), clock);
		deadline = clock.now_ns + (until_us - clock.wall_us) * 1000;
	}
	p->of_playbook = false;
	/* A deadline needs somebody who can end the task. */
	bool pure = deadline == TR_FOREVER && pure_may(p->run->pures, kind_place(p));
	tr_value error = tr_absent();
	tr_value command = pure ? command_input(p, &error) : command_build(p, deadline, &error);
	if (!tr_is_valid(command))
		return pipeline_decide(p, no_command(p, tr_value_err(command), error), clock);
	return (pipeline_action){
	    .what = pure ? PIPELINE_COMPUTE : PIPELINE_PERFORM, .command = command, .deadline_ns = deadline};
}

tr_value pipeline_compute(pipeline *p, tr_value input)
{
	tr_value outcome = pure_perform(p->run->pures, kind_place(p), input);
	tr_drop(input);
	return outcome;
}

pipeline_action pipeline_next(pipeline *p, pipeline_clock clock)
{
	p->render.now_us = clock.wall_us;
	if (p->state == AT_TASK && p->again_not_before_us > clock.wall_us) {
		int64_t wait_us = p->again_not_before_us - clock.wall_us;
		p->again_not_before_us = 0;
		return (pipeline_action){.what = PIPELINE_COMMIT, .not_before_ns = clock.now_ns + wait_us * 1000};
	}
	while (p->state == AT_TASK) {
		enter(p);
		if (render_test(&p->render, pipeline_task(p)->when, true))
			return perform(p, clock);
		skip(p, clock);
	}
	if (p->state == ENDED_WELL || p->state == ENDED_BADLY)
		return (pipeline_action){.what = p->state == ENDED_WELL ? PIPELINE_DONE : PIPELINE_FAILED};
	return pipeline_end_well(p);
}

pipeline_action pipeline_outcome(pipeline *p, tr_value outcome, pipeline_clock clock)
{
	p->render.now_us = clock.wall_us;
	return pipeline_decide(p, outcome, clock);
}

/* ---- what was written ---- */

static void note(tr_value *all, tr_value more)
{
	if (tr_is_valid(more))
		*all = tr_map_merge(tr_is_valid(*all) ? *all : tr_map(), tr_keep(more));
}

void pipeline_apply(pipeline *p, const writes *w)
{
	names *n = &p->render.names;
	writes_apply(w, n);
	note(&p->vars_written, w->vars);
	note(&p->ctx_written, w->ctx);
	if (!tr_is_valid(w->shared))
		return;
	if (p->iteration >= 0) {
		/* The step run applies these in the order of the iterations. */
		p->shared = tr_array_concat(tr_is_valid(p->shared) ? p->shared : tr_array(), tr_keep(w->shared));
		return;
	}
	shared_table table = {NULL, 0};
	tr_value error = tr_absent();
	if (shared_apply(&table, w->shared, n->vars, &error)) {
		n->vars = shared_into(&table, n->vars);
		p->vars_written = shared_writes(&table, p->vars_written);
	} else {
		bool between = p->pc >= p->step->task_count;
		tr_assign(&p->error,
			  fault_place(p->run->book, error, between ? p->step->pos : task_place(pipeline_task(p))));
	}
	shared_fini(&table);
}

tr_value pipeline_result(const pipeline *p)
{
	return tr_is_valid(p->result) ? p->result : p->render.names.prev;
}

tr_value pipeline_error(const pipeline *p)
{
	return p->error;
}

tr_value pipeline_written_vars(const pipeline *p)
{
	return p->vars_written;
}

tr_value pipeline_written_ctx(const pipeline *p)
{
	return p->ctx_written;
}

tr_value pipeline_written_shared(const pipeline *p)
{
	return p->shared;
}

static const pb_result_policy *policy_of(const pipeline *p, const event *e)
{
	const pb_step *step = p->step;
	if (step->task_count == 0)
		return &step->result;
	if (e->type != EVENT_TASK_PROCESSED) {
		bool own = step->result.present && p->iteration < 0;
		return own ? &step->result : &step->tasks[step->task_count - 1].result;
	}
	tr_str label = tr_as_str(event_get(e, "label"));
	for (size_t i = 0; i < step->task_count; i++) {
		if (tr_str_eq(step->tasks[i].label, label))
			return &step->tasks[i].result;
	}
	return &step->result;
}

keep_policy pipeline_keep_policy(pipeline *p, const event *e)
{
	return keep_policy_of(policy_of(p, e), &p->render);
}

tr_str pipeline_label(const pipeline *p)
{
	return p->pc < p->step->task_count ? pipeline_task(p)->label : p->step->name;
}

uint32_t pipeline_attempt(const pipeline *p)
{
	return p->attempt;
}
