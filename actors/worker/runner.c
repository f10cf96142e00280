/* SPDX-License-Identifier: Apache-2.0 */
/** Drives a pipeline inside an actor. */
#include "actors/worker/runner.h"

pipeline_clock runner_clock(void)
{
	return (pipeline_clock){.now_ns = tr_now(), .wall_us = tr_wall_us()};
}

/* What inspection shows of a task that is not over at once. */
static void show(const runner *r, const char *doing)
{
	tr_value named = r->name(r->owner);
	tr_str name = tr_as_str(named), label = pipeline_label(r->pipe);
	tr_set_note(
	    tr_stringf("%.*s: %s %.*s, attempt %u", TR_STR(name), doing, TR_STR(label), pipeline_attempt(r->pipe)));
	tr_drop(named);
}

tr_err runner_init(runner *r, pipeline_setup setup, tr_value (*name)(void *owner), void (*tell)(void *owner, bool ack),
		   void *owner)
{
	r->name = name;
	r->events = setup.events;
	r->tell = tell;
	r->owner = owner;
	r->state = RUNNER_IDLE;
	r->pipe = pipeline_new(&setup);
	return r->pipe != NULL ? TR_OK : TR_ENOMEM;
}

void runner_fini(runner *r)
{
	plugin_call_fini(&r->call);
	pipeline_free(&r->pipe);
}

bool runner_ended(const runner *r)
{
	return r->state == RUNNER_DONE || r->state == RUNNER_FAILED;
}

/* Hand the command over. Absent: it is on its way; else the outcome that says why not. */
static tr_value hand_over(runner *r, tr_value command, int64_t deadline)
{
	tr_value outcome = plugin_call_send(&r->call, command);
	if (tr_is_valid(outcome))
		return outcome;
	tr_set_note(r->name(r->owner));
	r->deadline = deadline;
	r->tell_at = tr_in(RUNNER_TELL_AFTER);
	r->state = RUNNER_PERFORMING;
	return tr_absent();
}

/* Do what the pipeline says, until it has to wait for something. */
static void act(runner *r, pipeline_action action)
{
	while (action.what == PIPELINE_PERFORM || action.what == PIPELINE_COMPUTE) {
		tr_value outcome = action.what == PIPELINE_COMPUTE ? pipeline_compute(r->pipe, action.command)
								   : hand_over(r, action.command, action.deadline_ns);
		if (!tr_is_valid(outcome))
			return;
		r->clock = runner_clock();
		action = pipeline_outcome(r->pipe, outcome, r->clock);
	}
	if (action.what != PIPELINE_COMMIT) {
		r->state = action.what == PIPELINE_DONE ? RUNNER_DONE : RUNNER_FAILED;
		return;
	}
	r->state = RUNNER_COMMITTING;
	tr_set_note(r->name(r->owner));
	r->not_before = action.not_before_ns;
	r->acked = false;
	if (r->not_before > tr_now() + RUNNER_TELL_AFTER)
		show(r, "waiting to try");
	r->tell(r->owner, true);
}

void runner_start(runner *r, pipeline_clock now)
{
	r->clock = now;
	act(r, pipeline_next(r->pipe, now));
}

/* Takes the outcome. */
static void answered(runner *r, tr_value outcome)
{
	r->clock = runner_clock();
	act(r, pipeline_outcome(r->pipe, outcome, r->clock));
}

bool runner_message(runner *r, tr_value message)
{
	if (TR_IS_A(tr_array_at(message, 0), progress) && plugin_call_out(&r->call) &&
	    tr_ref_eq(tr_as_ref(tr_array_at(message, 1)), r->call.command)) {
		tr_set_note(tr_keep(tr_array_at(message, 2)));
		return true;
	}
	tr_value outcome = plugin_call_answer(&r->call, message);
	if (!tr_is_valid(outcome))
		return false;
	answered(r, outcome);
	return true;
}

static void go_on(runner *r)
{
	if (r->state != RUNNER_COMMITTING || !r->acked || tr_now() < r->not_before)
		return;
	r->clock = runner_clock();
	act(r, pipeline_next(r->pipe, r->clock));
}

void runner_acked(runner *r)
{
	r->acked = true;
	go_on(r);
}

int64_t runner_wake_at(const runner *r)
{
	if (r->state == RUNNER_COMMITTING)
		return r->acked ? r->not_before : TR_FOREVER;
	if (r->state != RUNNER_PERFORMING)
		return TR_FOREVER;
	return r->events->count > 0 && r->tell_at < r->deadline ? r->tell_at : r->deadline;
}

static void timed_out(runner *r)
{
	tr_str label = pipeline_label(r->pipe);
	tr_value message = tr_stringf("task %.*s ran longer than its timeout and was ended", TR_STR(label));
	runner_cancel(r);
	answered(r, error_outcome("timeout", true, message));
}

void runner_tick(runner *r)
{
	int64_t now = tr_now();
	if (r->state == RUNNER_PERFORMING) {
		if (now >= r->deadline)
			timed_out(r);
		else if (now >= r->tell_at && r->events->count > 0) {
			show(r, "performing");
			r->tell(r->owner, false);
		}
		return;
	}
	go_on(r);
}

void runner_cancel(runner *r)
{
	plugin_call_cancel(&r->call);
}
