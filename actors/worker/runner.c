/* SPDX-License-Identifier: Apache-2.0 */
/** Drives a pipeline inside an actor. */
#include "actors/worker/runner.h"
#include "actors/worker/plugin_find.h"

#include <troupe/plugin.h>

pipeline_clock runner_clock(void)
{
	return (pipeline_clock){.now_ns = tr_now(), .wall_us = tr_wall_us()};
}

/* What inspection shows of a task that is not over at once. */
static void show(const runner *r, const char *doing)
{
	tr_str name = tr_as_str(r->name), label = pipeline_label(r->pipe);
	tr_set_note(
	    tr_stringf("%.*s: %s %.*s, attempt %u", TR_STR(name), doing, TR_STR(label), pipeline_attempt(r->pipe)));
}

tr_err runner_init(runner *r, pipeline_setup setup, tr_value name, void (*tell)(void *owner, bool ack), void *owner)
{
	r->name = name;
	tr_set_note(tr_keep(name));
	setup.events = &r->events;
	r->tell = tell;
	r->owner = owner;
	r->state = RUNNER_IDLE;
	r->pipe = pipeline_new(&setup);
	return r->pipe != NULL ? TR_OK : TR_ENOMEM;
}

void runner_fini(runner *r)
{
	if (r->command.bits != 0)
		tr_send(r->plugin, TR_LIST(TR_A(cancel), tr_ref_value(r->command)));
	r->command = (tr_ref){0};
	pipeline_free(&r->pipe);
	event_list_fini(&r->events);
	tr_clear(&r->name);
}

bool runner_ended(const runner *r)
{
	return r->state == RUNNER_DONE || r->state == RUNNER_FAILED;
}

static tr_value error_outcome(const char *kind, bool retryable, tr_value message)
{
	return TR_DICT("status", tr_string("error"), "error",
		       TR_DICT("kind", tr_string(kind), "message", message, "retryable", tr_bool(retryable)));
}

/* Hand the command over. Absent: it is on its way; else the outcome that says why not. */
static tr_value hand_over(runner *r, tr_value command, int64_t deadline)
{
	tr_value kind = tr_map_get_s(command, "kind");
	r->plugin = plugin_find(tr_as_cstr(kind, ""));
	if (r->plugin.bits == 0) {
		tr_value why = tr_stringf("no plugin performs tasks of kind \"%s\"", tr_as_cstr(kind, ""));
		tr_drop(command);
		return error_outcome("no_plugin", false, why);
	}
	r->command = tr_make_ref();
	r->monitor = tr_monitor(r->plugin);
	r->deadline = deadline;
	r->tell_at = tr_in(RUNNER_TELL_AFTER);
	r->state = RUNNER_PERFORMING;
	tr_err err =
	    tr_send(r->plugin, TR_LIST(TR_A(command), tr_pid_value(tr_self()), tr_ref_value(r->command), command));
	if (err == TR_OK)
		return tr_absent();
	tr_demonitor(r->monitor);
	r->command = (tr_ref){0};
	return error_outcome(err == TR_EFULL ? "busy" : "no_plugin", err == TR_EFULL,
			     tr_stringf("the plugin did not take the command: %s", tr_err_text(err)));
}

/* Do what the pipeline says, until it has to wait for something. */
static void act(runner *r, pipeline_action action)
{
	while (action.what == PIPELINE_PERFORM) {
		tr_value outcome = hand_over(r, action.command, action.deadline_ns);
		if (!tr_is_valid(outcome))
			return;
		action = pipeline_outcome(r->pipe, outcome, runner_clock());
	}
	if (action.what != PIPELINE_COMMIT) {
		r->state = action.what == PIPELINE_DONE ? RUNNER_DONE : RUNNER_FAILED;
		return;
	}
	r->state = RUNNER_COMMITTING;
	r->not_before = action.not_before_ns;
	r->acked = false;
	if (r->not_before > tr_now() + RUNNER_TELL_AFTER)
		show(r, "waiting to try");
	r->tell(r->owner, true);
}

void runner_start(runner *r)
{
	act(r, pipeline_next(r->pipe, runner_clock()));
}

static void forget_command(runner *r)
{
	tr_demonitor(r->monitor);
	r->command = (tr_ref){0};
	r->monitor = (tr_ref){0};
}

static void outcome(runner *r, tr_value value)
{
	forget_command(r);
	act(r, pipeline_outcome(r->pipe, value, runner_clock()));
}

static void plugin_down(runner *r, tr_value reason)
{
	tr_buf shown = {0};
	tr_show(&shown, reason, 300);
	tr_value message = tr_stringf("the plugin ended while it performed the task: %.*s", TR_STR(tr_buf_str(&shown)));
	tr_buf_fini(&shown);
	outcome(r, error_outcome("crash", true, message));
}

bool runner_message(runner *r, tr_value message)
{
	if (r->command.bits == 0 || !tr_is(message, TR_ARRAY))
		return false;
	tr_value tag = tr_array_at(message, 0);
	tr_ref ref = tr_as_ref(tr_array_at(message, 1));
	if (TR_IS_A(tag, event) && tr_ref_eq(ref, r->command)) {
		outcome(r, tr_keep(tr_array_at(message, 2)));
		return true;
	}
	if (TR_IS_A(tag, progress) && tr_ref_eq(ref, r->command)) {
		tr_set_note(tr_keep(tr_array_at(message, 2)));
		return true;
	}
	if (TR_IS_A(tag, down) && tr_ref_eq(ref, r->monitor)) {
		plugin_down(r, tr_array_at(message, 4));
		return true;
	}
	return false;
}

static void go_on(runner *r)
{
	if (r->state == RUNNER_COMMITTING && r->acked && tr_now() >= r->not_before)
		act(r, pipeline_next(r->pipe, runner_clock()));
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
	return r->events.count > 0 && r->tell_at < r->deadline ? r->tell_at : r->deadline;
}

static void timed_out(runner *r)
{
	tr_str label = pipeline_label(r->pipe);
	tr_value message = tr_stringf("task %.*s ran longer than its timeout and was ended", TR_STR(label));
	runner_cancel(r);
	act(r, pipeline_outcome(r->pipe, error_outcome("timeout", true, message), runner_clock()));
}

void runner_tick(runner *r)
{
	int64_t now = tr_now();
	if (r->state == RUNNER_PERFORMING) {
		if (now >= r->deadline)
			timed_out(r);
		else if (now >= r->tell_at && r->events.count > 0) {
			show(r, "performing");
			r->tell(r->owner, false);
		}
		return;
	}
	go_on(r);
}

void runner_cancel(runner *r)
{
	if (r->command.bits == 0)
		return;
	tr_send(r->plugin, TR_LIST(TR_A(cancel), tr_ref_value(r->command)));
	forget_command(r);
}
