/* SPDX-License-Identifier: Apache-2.0 */
/** The actor of one loop iteration. */
#include "actors/worker/iteration.h"
#include "actors/worker/iteration_report.h"
#include "actors/protocol.h"
#include "actors/worker/refs.h"

#include <troupe/log.h>
#include "actors/worker/runner.h"
#include "plugins/host/hook_span.h"

typedef struct iteration {
	tr_value run_object;
	const run_scope *run;
	runner runner;
	event_list events;
	tr_pid parent;
	int64_t index;
	int64_t slot;
	int64_t started_ns;
	tr_value arg;   /* until it has begun */
	hook_span span; /* the hooks at loop_iteration */
	bool held;      /* they look at the end */
} iteration;

/* What an iteration came to. */
typedef struct ending {
	bool good;
	tr_value result, error; /* borrowed */
} ending;

enum {
	ARG_RUN,
	ARG_ITER,
	ARG_VARS,
	ARG_CTX,
	ARG_RESUME,
	ARG_INDEX,
	ARG_SLOT,
	ARG_PARALLEL,
	ARG_PARENT
};

static refs_origin origin_of(const iteration *it)
{
	tr_str step = it->run->step->name;
	return (refs_origin){it->run->execution_id, step,
			     it->runner.pipe != NULL ? pipeline_label(it->runner.pipe) : step, it->run->pures};
}

static keep_policy policy_of(iteration *it, const event *e)
{
	return it->runner.pipe != NULL ? pipeline_keep_policy(it->runner.pipe, e) : keep_policy_default(it->run);
}

static void externalise(iteration *it)
{
	refs_origin origin = origin_of(it);
	event_list *events = &it->events;
	bool plain = it->run->texts->plain && refs_no_secrets();
	for (size_t i = 0; i < events->count; i++) {
		if (plain && refs_event_is_plain(&events->items[i]))
			continue;
		/* A warning may be added, and the list move, while the policy is rendered. */
		keep_policy policy = policy_of(it, &events->items[i]);
		refs_keep_event(&events->items[i], &origin, &policy);
		keep_policy_fini(&policy);
	}
}

/* With the events so far. Takes what else is in it. */
static void report(iteration *it, iteration_report r)
{
	externalise(it);
	r.slot = it->slot;
	r.index = it->index;
	r.events = it->events;
	it->events = (event_list){0};
	tr_send(it->parent, TR_LIST(TR_A(event), iteration_report_object(&r)));
}

static void tell(void *owner, bool ack)
{
	report(owner, (iteration_report){.ack = ack});
}

/* ---- the end ---- */

static tr_value kept(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

/* The reports are the pipeline's; one that never began has none. */
static tr_value written(const iteration *it, tr_value (*of)(const pipeline *p))
{
	return it->runner.pipe != NULL ? tr_keep(of(it->runner.pipe)) : tr_absent();
}

/* The result (taken) as its event has it. */
static tr_value to_keep(iteration *it, tr_value result)
{
	const event end = {.type = EVENT_ITERATION_DONE};
	bool small = result.type < (uint32_t)TR_STRING || tr_value_size(result) <= KEEP_LEAST;
	if (small && it->run->texts->plain)
		return result; /* whatever the policy is */
	refs_origin origin = origin_of(it);
	keep_policy policy = policy_of(it, &end);
	if (refs_is_large(result, policy.inline_max))
		result = refs_put(result, &origin, &policy);
	keep_policy_fini(&policy);
	return result;
}

static void finish(iteration *it, const ending *came, pipeline_clock now)
{
	bool good = came->good;
	const words *said = it->run->words;
	tr_value status = good ? said->success : said->error;
	tr_value result = to_keep(it, kept(came->result));
	event *e = event_list_add(&it->events, EVENT_ITERATION_DONE);
	if (e != NULL) {
		e->time_us = now.wall_us;
		e->iteration = it->index;
		e->status = good ? "success" : "error";
		e->duration_us = (now.now_ns - it->started_ns) / 1000;
		e->payload = tr_map_put_s(tr_keep(said->done), "status", tr_keep(status));
		e->payload = tr_map_put_s(e->payload, "result", tr_keep(result));
		if (!good)
			e->payload = tr_map_put_s(e->payload, "error", kept(came->error));
	}
	report(it, (iteration_report){.ack = true,
				      .over = true,
				      .good = good,
				      .result = result,
				      .error = kept(came->error),
				      .vars = written(it, pipeline_written_vars),
				      .ctx = written(it, pipeline_written_ctx),
				      .shared = written(it, pipeline_written_shared)});
	tr_exit(TR_A(normal));
}

static ending end_of(const iteration *it)
{
	const pipeline *p = it->runner.pipe;
	return (ending){it->runner.state == RUNNER_DONE, pipeline_result(p), pipeline_error(p)};
}

/* The pipeline has ended; hooks, when there are any, see it first. */
static void ended(iteration *it)
{
	ending came = end_of(it);
	if (!hook_span_is_open(&it->span))
		finish(it, &came, it->runner.clock);
	it->held = true;
	hook_span_close(&it->span, TR_DICT("status", tr_string(came.good ? "success" : "error"), "result",
					   kept(came.result), "error", kept(came.error)));
}

/* After everything that may have moved the pipeline. */
static void settle(iteration *it)
{
	if (runner_ended(&it->runner) && !it->held)
		ended(it);
	int64_t wake = it->held ? TR_FOREVER : runner_wake_at(&it->runner);
	if (wake != TR_FOREVER)
		tr_idle_until(wake);
}

/* ---- callbacks ---- */

static void begin(iteration *it, tr_value resume)
{
	bool resumed = tr_array_len(resume) > 0;
	pipeline_clock now = runner_clock();
	for (size_t i = 0; i < tr_array_len(resume); i++) {
		event e;
		if (event_from_value(tr_array_at(resume, i), &e) == TR_OK)
			pipeline_resume(it->runner.pipe, &e);
		event_fini(&e);
	}
	if (!resumed) {
		event *e = event_list_add(&it->events, EVENT_ITERATION_STARTED);
		if (e != NULL) {
			e->time_us = now.wall_us;
			e->iteration = it->index;
			e->status = "running";
			e->payload = tr_map();
		}
	}
	runner_start(&it->runner, now);
}

/* An item that is, or holds, a reference loads itself when used. */
static bool wrap_item(const run_scope *run, tr_value *iter)
{
	tr_str iterator = run->step->loop.iterator;
	tr_value item = tr_map_get_n(*iter, iterator.p, iterator.n);
	if (item.type < (uint32_t)TR_ARRAY)
		return false;
	tr_value wrapped = refs_wrap(tr_keep(item), REFS_DEPTH);
	bool changed = wrapped.as.box != item.as.box;
	if (changed)
		*iter = tr_map_put(*iter, tr_string_n(iterator.p, iterator.n), wrapped);
	else
		tr_drop(wrapped);
	return changed;
}

/* However the actor ends, also by `kill`. */
static void iteration_release(void *state)
{
	iteration *it = state;
	runner_fini(&it->runner);
	event_list_fini(&it->events);
	tr_clear(&it->run_object);
	tr_clear(&it->arg);
}

/* ---- hooks ---- */

static tr_value item_of(const iteration *it)
{
	tr_str iterator = it->run->step->loop.iterator;
	return tr_map_get_n(tr_array_at(it->arg, ARG_ITER), iterator.p, iterator.n);
}

/* Ask the hooks at loop_iteration; false when there are none. */
static bool open_hooks(iteration *it)
{
	if (!hooks_any(tr_here(), HOOK_LOOP_ITERATION))
		return false;
	const run_scope *run = it->run;
	tr_value context = TR_DICT("execution_id", run_scope_execution(run), "playbook", tr_keep(run->words->path),
				   "step", tr_keep(run->texts->name), "step_run_id", tr_int((int64_t)run->step_run_id),
				   "index", tr_int(it->index), "item", kept(item_of(it)));
	return hook_span_open(&it->span, HOOK_LOOP_ITERATION, context) == TR_OK;
}

static tr_value name(void *owner)
{
	const iteration *it = owner;
	return tr_stringf("%lld of %.*s", (long long)it->index, TR_STR(it->run->step->name));
}

static tr_err enter(iteration *it, tr_value item)
{
	tr_value arg = it->arg, iter = tr_keep(tr_array_at(arg, ARG_ITER));
	tr_str iterator = it->run->step->loop.iterator;
	if (tr_is_valid(item))
		iter = tr_map_put(iter, tr_string_n(iterator.p, iterator.n), tr_keep(item));
	bool wrapped = wrap_item(it->run, &iter);
	pipeline_setup setup = {.run = tr_keep(it->run_object),
				.iteration = it->index,
				.parallel = tr_as_bool(tr_array_at(arg, ARG_PARALLEL), false),
				.events = &it->events,
				.wrapped = wrapped,
				.iter = iter,
				.vars = tr_keep(tr_array_at(arg, ARG_VARS)),
				.ctx = tr_keep(tr_array_at(arg, ARG_CTX))};
	tr_err err = runner_init(&it->runner, setup, name, tell, it);
	if (err == TR_OK)
		begin(it, tr_array_at(arg, ARG_RESUME));
	tr_clear(&it->arg);
	return err;
}

/* The end as the hooks left it. */
static void hooks_ended(iteration *it, tr_value value)
{
	ending came = {.good = true, .result = value};
	tr_value result = tr_map_get_s(value, "result");
	if (it->held)
		came = end_of(it);
	else if (tr_is_valid(tr_map_get_s(value, "status"))) /* a hook stood instead, and gives a whole end */
		came = (ending){!tr_str_is(tr_as_str(tr_map_get_s(value, "status")), "error"), result,
				tr_map_get_s(value, "error")};
	if (it->held && came.good && tr_is_valid(result))
		came.result = result;
	finish(it, &came, runner_clock());
}

static bool hooks_message(iteration *it, tr_value message)
{
	tr_value value;
	switch (hook_span_message(&it->span, message, &value)) {
	case HOOK_SPAN_GO:
		if (enter(it, tr_map_get_s(value, "item")) != TR_OK)
			tr_exit(TR_A(enomem));
		return true;
	case HOOK_SPAN_END:
		hooks_ended(it, value);
		return true;
	case HOOK_SPAN_REFUSED: {
		ending came = {.error = tr_own_value(hook_error(tr_keep(value)))};
		finish(it, &came, runner_clock());
		return true;
	}
	default:
		return false;
	}
}

static tr_err iteration_init(void *state, tr_value arg)
{
	iteration *it = state;
	if (tr_own(it, iteration_release) != TR_OK)
		return TR_ENOMEM;
	it->run_object = tr_keep(tr_array_at(arg, ARG_RUN));
	it->run = run_scope_of(it->run_object);
	it->parent = tr_as_pid(tr_array_at(arg, ARG_PARENT));
	it->index = tr_as_int(tr_array_at(arg, ARG_INDEX), 0);
	it->slot = tr_as_int(tr_array_at(arg, ARG_SLOT), 0);
	it->started_ns = tr_now();
	it->arg = tr_keep(arg);
	if (open_hooks(it))
		return TR_OK;
	tr_err err = enter(it, tr_absent());
	if (err == TR_OK)
		settle(it);
	return err;
}

static void iteration_handle(void *state, tr_value message)
{
	iteration *it = state;
	if (hook_span_is_open(&it->span) && hooks_message(it, message)) {
		settle(it);
		return;
	}
	if (TR_IS_A(tr_array_at(message, 0), ack) && tr_as_int(tr_array_at(message, 1), -1) == it->slot)
		runner_acked(&it->runner);
	else
		runner_message(&it->runner, message);
	settle(it);
}

static void iteration_idle(void *state)
{
	iteration *it = state;
	runner_tick(&it->runner);
	settle(it);
}

static tr_value iteration_show(void *state)
{
	const iteration *it = state;
	if (it->runner.pipe == NULL)
		return TR_DICT("index", tr_int(it->index), "state", tr_string("asking hooks"));
	static const char *const states[] = {"idle", "performing", "waiting", "done", "failed"};
	tr_str label = pipeline_label(it->runner.pipe);
	return TR_DICT("index", tr_int(it->index), "state", tr_string(states[it->runner.state]), "task",
		       tr_string_n(label.p, label.n), "attempt", tr_int(pipeline_attempt(it->runner.pipe)));
}

static const tr_behaviour iteration_behaviour = {.name = "iteration",
						 .state_size = sizeof(iteration),
						 .init = iteration_init,
						 .handle = iteration_handle,
						 .idle = iteration_idle,
						 .show = iteration_show};

tr_spawned iteration_spawn(const iteration_start *start)
{
	tr_value arg = TR_LIST(start->run, start->iter, start->vars, start->ctx, start->resume, tr_int(start->index),
			       tr_int(start->slot), tr_bool(start->parallel), tr_pid_value(tr_self()));
	tr_spawn_options options = {.label = "iteration", .link = true};
	return tr_spawn_behaviour(&iteration_behaviour, arg, &options);
}
