/* SPDX-License-Identifier: Apache-2.0 */
/** The actor of one loop iteration. */
#include "actors/worker/iteration.h"
#include "actors/protocol.h"
#include "actors/worker/event_batch.h"
#include "actors/worker/refs.h"
#include "actors/worker/runner.h"

typedef struct iteration {
	tr_value run_object;
	const run_scope *run;
	runner runner;
	tr_pid parent;
	int64_t index;
	int64_t slot;
	int64_t started_ns;
} iteration;

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
	return (refs_origin){it->run->execution_id, it->run->step->name, pipeline_label(it->runner.pipe)};
}

static void externalise(iteration *it)
{
	refs_origin origin = origin_of(it);
	event_list *events = &it->runner.events;
	for (size_t i = 0; i < events->count; i++) {
		/* A warning may be added, and the list move, while the policy is rendered. */
		keep_policy policy = pipeline_keep_policy(it->runner.pipe, &events->items[i]);
		event *e = &events->items[i];
		e->payload = refs_externalise(e->payload, &origin, &policy);
		keep_policy_fini(&policy);
	}
}

static void report(iteration *it, bool ack, tr_value done)
{
	externalise(it);
	tr_send(it->parent, TR_LIST(TR_A(event), tr_int(it->slot), tr_int(it->index), event_batch(&it->runner.events),
				    tr_bool(ack), done));
}

static void tell(void *owner, bool ack)
{
	report(owner, ack, tr_nil());
}

/* ---- the end ---- */

static tr_value kept(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

static void finish(iteration *it)
{
	const pipeline *p = it->runner.pipe;
	bool good = it->runner.state == RUNNER_DONE;
	const words *said = it->run->words;
	tr_value status = good ? said->success : said->error;
	refs_origin origin = origin_of(it);
	const event end = {.type = EVENT_ITERATION_DONE};
	keep_policy policy = pipeline_keep_policy(it->runner.pipe, &end);
	tr_value result = kept(pipeline_result(p));
	if (refs_is_large(result, policy.inline_max))
		result = refs_put(result, &origin, &policy);
	keep_policy_fini(&policy);
	event *e = event_list_add(&it->runner.events, EVENT_ITERATION_DONE);
	if (e != NULL) {
		e->time_us = tr_wall_us();
		e->iteration = it->index;
		e->status = good ? "success" : "error";
		e->duration_us = (tr_now() - it->started_ns) / 1000;
		e->payload = tr_map_put_s(tr_keep(said->done), "status", tr_keep(status));
		e->payload = tr_map_put_s(e->payload, "result", tr_keep(result));
		if (!good)
			e->payload = tr_map_put_s(e->payload, "error", kept(pipeline_error(p)));
	}
	tr_value done = tr_map_put_s(tr_keep(said->report), "status", tr_keep(status));
	done = tr_map_put_s(done, "result", result);
	done = tr_map_put_s(done, "error", kept(pipeline_error(p)));
	done = tr_map_put_s(done, "vars", kept(pipeline_written_vars(p)));
	done = tr_map_put_s(done, "ctx", kept(pipeline_written_ctx(p)));
	done = tr_map_put_s(done, "shared", kept(pipeline_written_shared(p)));
	report(it, true, done);
	tr_exit(TR_A(normal));
}

/* After everything that may have moved the pipeline. */
static void settle(iteration *it)
{
	if (runner_ended(&it->runner))
		finish(it);
	int64_t wake = runner_wake_at(&it->runner);
	if (wake != TR_FOREVER)
		tr_idle_until(wake);
}

/* ---- callbacks ---- */

static void begin(iteration *it, tr_value resume)
{
	bool resumed = tr_array_len(resume) > 0;
	for (size_t i = 0; i < tr_array_len(resume); i++) {
		event e;
		if (event_from_value(tr_array_at(resume, i), &e) == TR_OK)
			pipeline_resume(it->runner.pipe, &e);
		event_fini(&e);
	}
	if (!resumed) {
		event *e = event_list_add(&it->runner.events, EVENT_ITERATION_STARTED);
		if (e != NULL) {
			e->time_us = tr_wall_us();
			e->iteration = it->index;
			e->status = "running";
			e->payload = tr_map();
		}
	}
	runner_start(&it->runner);
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
	tr_clear(&it->run_object);
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
	tr_value iter = tr_keep(tr_array_at(arg, ARG_ITER));
	bool wrapped = wrap_item(it->run, &iter);
	pipeline_setup setup = {.run = tr_keep(it->run_object),
				.iteration = it->index,
				.parallel = tr_as_bool(tr_array_at(arg, ARG_PARALLEL), false),
				.wrapped = wrapped,
				.iter = iter,
				.vars = tr_keep(tr_array_at(arg, ARG_VARS)),
				.ctx = tr_keep(tr_array_at(arg, ARG_CTX))};
	tr_value name = tr_stringf("%lld of %.*s", (long long)it->index, TR_STR(it->run->step->name));
	tr_err err = runner_init(&it->runner, setup, name, tell, it);
	if (err != TR_OK)
		return err;
	begin(it, tr_array_at(arg, ARG_RESUME));
	settle(it);
	return TR_OK;
}

static void iteration_handle(void *state, tr_value message)
{
	iteration *it = state;
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
