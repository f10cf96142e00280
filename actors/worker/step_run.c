/* SPDX-License-Identifier: Apache-2.0 */
/** The actor of one step run. */
#include "actors/worker/step_run.h"
#include "actors/protocol.h"
#include "actors/worker/place.h"
#include "actors/worker/refs.h"
#include "actors/worker/step_run_internal.h"

#include <stdio.h>
#include <string.h>
#include <troupe/log.h>

/* ---- telling ---- */

/* Events of iterations come as they are to be kept; a loop's own result is kept as the step says. */
static keep_policy loop_policy(step_run *s, const event *e)
{
	bool own = s->loop != NULL && (e->type == EVENT_LOOP_DONE || e->type == EVENT_STEP_FAILED);
	return own ? keep_policy_of(&s->run->step->result, &s->loop->render) : keep_policy_default(s->run);
}

void step_run_add(step_run *s)
{
	const event_list *events = &s->out.pending;
	tr_str label = s->loop == NULL && s->runner.pipe != NULL ? pipeline_label(s->runner.pipe) : s->run->step->name;
	refs_origin origin = {s->run->execution_id, s->run->step->name, label, s->run->pures};
	bool plain = s->run->texts->plain && refs_no_secrets();
	for (size_t i = s->out.ready; i < events->count; i++) {
		if (plain && refs_event_is_plain(&events->items[i]))
			continue;
		/* A warning may be added, and the list move, while the policy is rendered. */
		keep_policy policy = s->runner.pipe != NULL ? pipeline_keep_policy(s->runner.pipe, &events->items[i])
							    : loop_policy(s, &events->items[i]);
		refs_keep_event(&events->items[i], &origin, &policy);
		keep_policy_fini(&policy);
	}
	if (outbox_ready(&s->out) != TR_OK)
		tr_exitf("step %.*s: out of memory", TR_STR(s->run->step->name));
}

void step_run_add_all(step_run *s, event_list *events)
{
	step_run_add(s);
	if (outbox_add(&s->out, events) != TR_OK)
		tr_exitf("step %.*s: out of memory", TR_STR(s->run->step->name));
}

static void tell(void *owner, bool ack)
{
	step_run *s = owner;
	step_run_add(s);
	if (ack)
		outbox_wait(&s->out, WAIT_RUNNER);
	outbox_flush(&s->out, !ack);
}

static event *end_event(step_run *s, event_type type, pipeline_clock now)
{
	event *e = event_list_add(step_run_events(s), type);
	if (e == NULL)
		tr_exitf("step %.*s: out of memory", TR_STR(s->run->step->name));
	e->time_us = now.wall_us;
	e->status = type == EVENT_STEP_FAILED ? "error" : "success";
	e->duration_us = (now.now_ns - s->began.now_ns) / 1000;
	return e;
}

/* The last event is made. */
static void last_word(step_run *s)
{
	step_run_add(s);
	if (outbox_is_settled(&s->out)) {
		/* Who said it need not wait to hear that it was written down. If the execution is lost with it, its
		 * successor gives the step run out again. */
		outbox_flush(&s->out, true);
		s->over = true;
		return;
	}
	outbox_wait(&s->out, WAIT_END);
	outbox_flush(&s->out, true);
}

void step_run_finish(step_run *s, event_type type, tr_value payload)
{
	end_event(s, type, runner_clock())->payload = payload;
	last_word(s);
}

void step_run_end(step_run *s, event_type type, tr_value payload)
{
	if (s->ending) {
		tr_drop(payload);
		return;
	}
	s->ending = true;
	if (!step_hooks_hold(s, type, payload))
		step_run_finish(s, type, payload);
}

static tr_value failed_payload(const step_run *s, tr_value error)
{
	if (!tr_is(error, TR_MAP))
		error = TR_DICT("kind", tr_string("error"), "message", tr_string("the step failed without a reason"));
	return TR_DICT("error", fault_place(s->run->book, error, s->run->step->pos));
}

static tr_value with_vars(tr_value payload, tr_value vars)
{
	return tr_map_len(vars) > 0 ? tr_map_put_s(payload, "vars", tr_keep(vars)) : payload;
}

static void pipeline_done(step_run *s, tr_value result, tr_value vars)
{
	if (hook_span_is_open(&s->span)) {
		step_run_end(s, EVENT_STEP_DONE, with_vars(TR_DICT("result", tr_keep(result)), vars));
		return;
	}
	s->ending = true;
	event *e = end_event(s, EVENT_STEP_DONE, s->runner.clock);
	event_set(e, DONE_RESULT, tr_keep(result));
	if (tr_map_len(vars) > 0)
		event_put(e, "vars", tr_keep(vars));
	last_word(s);
}

static void pipeline_ended(step_run *s)
{
	const pipeline *p = s->runner.pipe;
	step_run_add(s);
	if (s->runner.state == RUNNER_DONE) {
		pipeline_done(s, pipeline_result(p), pipeline_written_vars(p));
		return;
	}
	tr_value payload = failed_payload(s, tr_keep(pipeline_error(p)));
	if (!tr_is_nil(pipeline_result(p)))
		payload = tr_map_put_s(payload, "result", tr_keep(pipeline_result(p)));
	step_run_end(s, EVENT_STEP_FAILED, with_vars(payload, pipeline_written_vars(p)));
}

static tr_value step_name(void *owner)
{
	const step_run *s = owner;
	return tr_keep(s->run->texts->name);
}

/* It has to wait for something: from now on it can be told to end, and seen. A step that is over at once needs none of
 * that; who died before now is heard of all the same. */
static void stay(step_run *s)
{
	s->stays = true;
	tr_trap_exit(true);
	tr_supervisor_join(s->run->supervisor);
	if (s->run->reply_to.bits != 0)
		s->execution = tr_monitor(s->run->reply_to);
	tr_set_note(step_name(s));
}

/* After whatever may have moved things. */
static void settle(step_run *s)
{
	if (s->begun && !s->ending && s->loop == NULL && runner_ended(&s->runner))
		pipeline_ended(s);
	if (s->over)
		tr_exit(TR_A(normal));
	if (!s->begun)
		return;
	if (!s->stays)
		stay(s);
	int64_t wake = s->ending ? TR_FOREVER : s->deadline;
	if (!s->ending && s->loop == NULL) {
		int64_t due = runner_wake_at(&s->runner);
		wake = due < wake ? due : wake;
	}
	if (wake != TR_FOREVER)
		tr_idle_until(wake);
}

/* ---- ended from outside ---- */

static void stop(step_run *s, const char *kind, tr_value message)
{
	if (s->ending) {
		tr_drop(message);
		return;
	}
	if (s->loop != NULL) {
		step_loop_stop(s, kind);
	} else if (s->begun) {
		runner_cancel(&s->runner);
		step_run_add(s);
	}
	s->begun = true;
	tr_value error = TR_DICT("kind", tr_string(kind), "message", message, "retryable", tr_bool(false));
	if (strcmp(kind, "cancelled") != 0) /* which comes from outside */
		error = fault_place(s->run->book, error, s->run->step->pos);
	tr_value payload = TR_DICT("error", error);
	step_hooks_let_go(s, EVENT_STEP_FAILED, payload);
	step_run_end(s, EVENT_STEP_FAILED, payload);
}

static void cancel(step_run *s, tr_value reason)
{
	tr_str why = tr_as_str(reason);
	stop(s, "cancelled", why.n > 0 ? tr_string_n(why.p, why.n) : tr_string("cancelled"));
}

/* Refused: another owner has the step run now. Otherwise the log cannot take it. */
TR_NORETURN static void refused(tr_value verdict)
{
	tr_str what = tr_as_str(tr_is(verdict, TR_ARRAY) ? tr_array_at(verdict, 0) : verdict);
	if (tr_str_is(what, "stale"))
		tr_exit(TR_A(normal));
	tr_exit(TR_LIST(tr_atom("append_failed"), tr_keep(tr_array_at(verdict, 1))));
}

static void acked(step_run *s, tr_value verdict, outbox_waiters woken)
{
	if (!TR_IS_A(verdict, ok)) {
		tr_free(woken.items);
		refused(verdict);
	}
	bool over = false;
	for (size_t i = 0; i < woken.count; i++) {
		uint64_t who = woken.items[i];
		if (who == WAIT_END)
			over = true;
		else if (who == WAIT_RUNNER && !s->ending)
			runner_acked(&s->runner);
		else if (who == WAIT_CURSOR && s->loop != NULL)
			step_cursor_acked(s);
		else if (who >= WAIT_SLOTS && s->loop != NULL)
			step_loop_acked(s, who);
	}
	tr_free(woken.items);
	if (over)
		tr_exit(TR_A(normal));
	if (s->loop != NULL && !s->ending)
		step_loop_go_on(s);
	outbox_flush(&s->out, false);
}

/* ---- beginning ---- */

/* The pid in hexadecimal. */
static tr_value worker_name(void)
{
	char text[16], *at = text + sizeof text;
	uint64_t left = tr_self().bits;
	do
		*--at = "0123456789abcdef"[left & 15];
	while ((left >>= 4) > 0);
	return tr_string_n(at, (size_t)(text + sizeof text - at));
}

static void started_event(step_run *s)
{
	event *e = event_list_add(step_run_events(s), EVENT_STEP_STARTED);
	if (e == NULL)
		return;
	e->time_us = s->began.wall_us;
	e->status = "running";
	event_set(e, STARTED_STEP, tr_keep(s->run->texts->name));
	event_set(e, STARTED_WORKER, worker_name());
}

static void begin_pipeline(step_run *s)
{
	tr_value resume = s->run->command->resume;

	pipeline_setup setup = {.run = tr_keep(s->run_object), .iteration = -1, .events = step_run_events(s)};
	if (runner_init(&s->runner, setup, step_name, tell, s) != TR_OK)
		tr_exitf("step %.*s: out of memory", TR_STR(s->run->step->name));
	for (size_t i = 0; i < tr_array_len(resume); i++) {
		event e;
		if (event_from_value(tr_array_at(resume, i), &e) == TR_OK && e.iteration < 0)
			pipeline_resume(s->runner.pipe, &e);
		event_fini(&e);
	}
	/* Hooks at step_run may have taken their time. */
	runner_start(&s->runner, hook_span_is_open(&s->span) ? runner_clock() : s->began);
}

/* The step's own timeout; what it says is rendered once, with what the step run starts with. */
static int64_t deadline_of(step_run *s)
{
	if (s->run->step->timeout == NULL)
		return TR_FOREVER;
	renderer r = {.events = step_run_events(s), .now_us = tr_wall_us()};
	r.names.run = s->run;
	r.names.iter = tr_map();
	r.names.vars = tr_keep(s->run->vars);
	r.names.ctx = tr_keep(s->run->ctx);
	double seconds = render_number(&r, s->run->step->timeout, 0);
	renderer_fini(&r);
	return seconds > 0 && seconds < 1e9 ? tr_in((int64_t)(seconds * 1e9)) : TR_FOREVER;
}

static void begin(step_run *s)
{
	s->begun = true;
	/* Iterations and hooks may end before this does. */
	if (s->run->step->loop.present || hooks_any(tr_here(), HOOK_STEP_RUN))
		stay(s);
	started_event(s);
	s->deadline = deadline_of(s);
	if (!step_hooks_open(s))
		step_run_enter(s);
}

void step_run_enter(step_run *s)
{
	if (s->run->step->loop.present)
		step_loop_begin(s, s->run->command->resume);
	else
		begin_pipeline(s);
}

/* ---- messages ---- */

static tr_value identity(const step_run *s)
{
	return TR_DICT("execution_id", tr_int(s->run->execution_id), "step_run_id",
		       tr_int((int64_t)s->run->step_run_id), "attempt", tr_int(s->run->attempt), "reply_to",
		       tr_pid_value(s->run->reply_to));
}

/* [heartbeat, execution, execution_id, step_run_id, attempt]: is it still in these hands? */
static void give_sign(const step_run *s, tr_value message)
{
	if (tr_as_int(tr_array_at(message, 3), 0) == (int64_t)s->run->step_run_id)
		tr_send(tr_as_pid(tr_array_at(message, 1)),
			TR_LIST(tr_atom("beat"), tr_int((int64_t)s->run->step_run_id), tr_int(s->run->attempt)));
}

static void own_message(step_run *s, tr_value message)
{
	tr_value tag = tr_array_at(message, 0), verdict;
	outbox_waiters woken;
	tr_from from;
	tr_value request;
	if (outbox_is_ack(&s->out, message, &verdict, &woken)) {
		acked(s, verdict, woken);
	} else if (TR_IS_A(tag, cancel)) {
		cancel(s, tr_array_at(message, 1));
	} else if (tr_is(tag, TR_ATOM) && tr_str_is(tr_as_str(tag), "heartbeat")) {
		give_sign(s, message);
	} else if (TR_IS_A(tag, exit)) {
		/* The supervisor, or somebody who wants it to end; iterations were sorted out before. */
		if (!TR_IS_A(tr_array_at(message, 2), normal))
			tr_exit(tr_keep(tr_array_at(message, 2)));
	} else if (TR_IS_A(tag, down) && tr_ref_eq(tr_as_ref(tr_array_at(message, 1)), s->execution)) {
		tr_exit(TR_A(normal)); /* whoever resumes the execution starts this step run again */
	} else if (tr_is_call(message, &from, &request)) {
		tr_reply(from, identity(s));
	}
}

static void step_run_handle(void *state, tr_value message)
{
	step_run *s = state;
	bool handled = hook_span_is_open(&s->span) && step_hooks_message(s, message);
	if (!handled)
		handled =
		    s->loop != NULL ? step_loop_message(s, message) : !s->ending && runner_message(&s->runner, message);
	if (!handled)
		own_message(s, message);
	settle(s);
}

static void step_run_idle(void *state)
{
	step_run *s = state;
	if (!s->ending && tr_now() >= s->deadline)
		stop(s, "timeout",
		     tr_stringf("step %.*s ran longer than its timeout and was ended", TR_STR(s->run->step->name)));
	else if (s->begun && !s->ending && s->loop == NULL)
		runner_tick(&s->runner);
	settle(s);
}

/* ---- the actor ---- */

/* However the actor ends, also by `kill`. */
static void step_run_release(void *state)
{
	step_run *s = state;
	if (s->runner.pipe != NULL)
		runner_fini(&s->runner);
	step_loop_free(&s->loop);
	outbox_fini(&s->out);
	tr_clear(&s->run_object);
	tr_clear(&s->held_payload);
}

static tr_err step_run_init(void *state, tr_value arg)
{
	step_run *s = state;
	if (tr_own(s, step_run_release) != TR_OK)
		return TR_ENOMEM;
	s->run_object = tr_keep(arg);
	s->run = run_scope_of(arg);
	s->began = runner_clock();
	outbox_init(&s->out, s->run);
	begin(s);
	settle(s);
	return TR_OK;
}

static tr_value step_run_show(void *state)
{
	const step_run *s = state;
	tr_value v = identity(s);
	v = tr_map_put_s(v, "step", tr_string_n(s->run->step->name.p, s->run->step->name.n));
	if (s->loop != NULL)
		return tr_map_put_s(v, "loop", step_loop_show(s->loop));
	if (s->runner.pipe == NULL)
		return v;
	tr_str label = pipeline_label(s->runner.pipe);
	v = tr_map_put_s(v, "task", tr_string_n(label.p, label.n));
	return tr_map_put_s(v, "task_attempt", tr_int(pipeline_attempt(s->runner.pipe)));
}

static const tr_behaviour step_run_behaviour = {.name = "step_run",
						.state_size = sizeof(step_run),
						.init = step_run_init,
						.handle = step_run_handle,
						.idle = step_run_idle,
						.show = step_run_show};

tr_spawned step_run_spawn(tr_value run)
{
	tr_spawn_options options = {.label = "step", .monitor = true, .supervisor = run_scope_of(run)->supervisor};
	return tr_spawn_behaviour(&step_run_behaviour, run, &options);
}
