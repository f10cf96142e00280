/* SPDX-License-Identifier: Apache-2.0 */
/* The desk: commands in, runners out, one answer each. */
#include "plugins/host/desk.h"
#include "plugins/host/behalf.h"
#include "plugins/host/command.h"
#include "plugins/host/controller.h"
#include "plugins/host/job.h"
#include "plugins/host/names.h"
#include "plugins/host/runner.h"
#include <string.h>
#include <troupe/log.h>

#define LINGER_NS (5 * TR_SECOND) /* longer than a process of its own is given */

typedef struct desk {
	plugin_record *record; /* held by an object that the actor owns … */
	plugin_record *before; /* … as is the version before it; NULL */
	jobs *jobs;
	tr_pid instance;      /* 0: not there */
	tr_pid next_instance; /* serves already, but the end of the one before it has not been seen */
	tr_ref instance_monitor;
	job *current; /* `command`: what the instance works on */
	bool draining;
	bool has_drainer;
	tr_from drainer;
	tr_ref drain_timer;
	char
	    forward[NAME_SIZE]; /* the operator prefers another plugin for the kind that bears this id; empty: nobody */
} desk;

static bool own_actors(const desk *d)
{
	return d->record->code.run != NULL;
}

/* Who really answers for the tool kind with this plugin's name? */
static void refresh(desk *d)
{
	char capability[NAME_SIZE];

	d->forward[0] = '\0';
	snprintf(capability, sizeof(capability), "tool:%s", d->record->m.id);
	plugin_record *winner = plugins_capability(d->record->host, capability);
	if (winner != NULL && strcmp(winner->m.id, d->record->m.id) != 0)
		name_command(d->forward, sizeof(d->forward), winner->m.id);
	record_release(winner);
}

static tr_next desk_init(void *state, tr_value arg)
{
	desk *d = state;
	plugin_host *h = host_of(tr_here());

	tr_trap_exit(true);
	d->record = h == NULL ? NULL : plugins_find(h, tr_as_cstr(arg, ""));
	if (d->record == NULL)
		return tr_next_stop(TR_A(not_found));
	tr_value held = tr_own_value(record_value(d->record));
	record_release(d->record);
	d->jobs = jobs_new();
	if (!tr_is_valid(held) || d->jobs == NULL)
		return tr_next_stop(TR_A(enomem));
	tr_set_note(tr_keep(d->record->id));
	refresh(d);
	/* After a restart of this actor alone the instance is there already. */
	char name[NAME_SIZE];
	name_instance(name, sizeof(name), d->record->m.id);
	tr_pid instance = tr_whereis(name);
	if (instance.bits != 0 && atomic_load(&d->record->started))
		tr_send(tr_self(), TR_LIST(TR_A(start), tr_pid_value(instance)));
	return tr_noreply();
}

/* ---- starting what waits
 * ------------------------------------------------------------------------------------------------ */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void arm(job *item, int64_t deadline)
{
	if (item->timer.bits != 0 && item->deadline <= deadline)
		return;
	if (item->timer.bits != 0)
		tr_cancel_timer(item->timer);
	item->deadline = deadline;
	item->timer = tr_send_at(tr_self(), TR_LIST(TR_A(timeout), tr_ref_value(item->ref)), deadline);
}

/* A runner that could not be had. */
static void refuse_job(desk *d, job *item, tr_err err)
{
	jobs_answer(d->jobs, item, JOB_REFUSED,
		    tr_outcome_error("busy", true, "plugin %s could not start the command: %s", d->record->m.id,
				     tr_err_text(err)));
	jobs_remove(d->jobs, item);
}

static void start_job(desk *d, job *item)
{
	if (d->record->m.time_ns > 0)
		arm(item, earlier(item->deadline, tr_in(d->record->m.time_ns)));
	if (!own_actors(d)) {
		d->current = item;
		jobs_start(d->jobs, item, d->instance, false);
		tr_send(d->instance, runner_job(item->command, item->behalf));
		return;
	}
	tr_spawned runner = runner_spawn(d->record, d->instance, item->command, item->behalf);
	if (runner.err == TR_OK)
		runner.err = jobs_start(d->jobs, item, runner.pid, true);
	if (runner.err != TR_OK) {
		if (runner.pid.bits != 0)
			tr_exit_signal(runner.pid, TR_A(kill));
		refuse_job(d, item, runner.err);
		return;
	}
	item->monitor = tr_monitor(item->reply_to);
}

static void start_waiting(desk *d)
{
	size_t room = own_actors(d) ? d->record->m.concurrency : 1;

	while (d->instance.bits != 0 && d->jobs->waiting.first != NULL && d->jobs->running.count < room)
		start_job(d, d->jobs->waiting.first);
	if (d->has_drainer && d->jobs->waiting.count == 0 && d->jobs->running.count == 0) {
		d->has_drainer = false;
		tr_cancel_timer(d->drain_timer);
		tr_reply(d->drainer, TR_A(ok));
	}
}

/* ---- ends
 * ---------------------------------------------------------------------------------------------------------------- */

/* End a runner, and see later whether it did: code that loops for ever cannot be ended. */
static void end_runner(tr_pid runner)
{
	tr_exit_signal(runner, TR_A(kill));
	(void)tr_send_at(tr_self(), TR_LIST(tr_atom("lingers"), tr_pid_value(runner)), tr_in(LINGER_NS));
}

static void still_there(const desk *d, tr_pid runner)
{
	bool current = d->current != NULL && tr_pid_eq(d->current->runner, runner);

	if (current || jobs_by_runner(d->jobs, runner) != NULL)
		tr_log(TR_WARNING, TR_DICT("plugin", tr_keep(d->record->id)),
		       "plugin %s runs on, %d s after its command was ended: its thread is lost until it comes back "
		       "(isolation: process would have ended it)",
		       d->record->m.id, (int)(LINGER_NS / TR_SECOND));
}

/* End a job from outside with an answer (taken). A runner of its own is killed; the instance is only when it overstays.
 */
static void end_job(desk *d, job *item, job_end end, tr_value outcome)
{
	jobs_answer(d->jobs, item, end, outcome);
	if (item->runner.bits == 0)
		jobs_remove(d->jobs, item);
	else if (item != d->current || end == JOB_TIMED_OUT)
		end_runner(item->runner);
	else if (d->record->m.time_ns > 0) /* what it does now is for nobody, yet it may not go on for ever */
		item->timer =
		    tr_send_at(tr_self(), TR_LIST(tr_atom("overstay"), tr_pid_value(item->runner)), item->deadline);
}

static void cancel_job(desk *d, tr_ref ref, const char *why)
{
	job *item = jobs_by_ref(d->jobs, ref);

	if (item != NULL)
		end_job(d, item, JOB_CANCELLED,
			tr_outcome_error("cancelled", false, "the command was cancelled%s", why));
}

static void time_out(desk *d, tr_ref ref)
{
	job *item = jobs_by_ref(d->jobs, ref);

	if (item == NULL)
		return;
	item->timer.bits = 0;
	const char *where = item->runner.bits == 0 ? "while it waited for its turn" : "while it ran";
	end_job(d, item, JOB_TIMED_OUT,
		tr_outcome_error("timeout", true, "the time for the command was over %s", where));
}

/* [done, runner, outcome]; outcome borrowed. */
static void runner_done(desk *d, tr_pid runner, tr_value outcome)
{
	job *item = jobs_by_runner(d->jobs, runner);

	if (item == NULL && d->current != NULL && tr_pid_eq(d->current->runner, runner))
		item = d->current;
	if (item == NULL)
		return;
	if (item == d->current && item->answered && item->timer.bits != 0)
		tr_cancel_timer(item->timer);
	bool well = tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success") ||
		    (controller_is_question(item->command) && controller_passes(outcome));
	jobs_answer(d->jobs, item, well ? JOB_DONE : JOB_FAILED, tr_keep(outcome));
	if (item == d->current)
		d->current = NULL;
	jobs_remove(d->jobs, item);
}

static void crashed(desk *d, job *item, tr_value reason)
{
	tr_buf text = {0};

	reason_text(&text, reason);
	tr_value outcome =
	    tr_outcome_error("crash", true, "an actor of plugin %s ended in the middle of the command: %s",
			     d->record->m.id, text.p == NULL ? "?" : text.p);
	tr_buf_fini(&text);
	jobs_answer(d->jobs, item, JOB_CRASHED, tr_outcome_error_put(outcome, "details", tr_keep(reason)));
	jobs_remove(d->jobs, item);
}

/* [EXIT, pid, reason] of a runner; one that had said [done, …] is not in the table any more. */
static void runner_ended(desk *d, tr_pid runner, tr_value reason)
{
	job *item = jobs_by_runner(d->jobs, runner);

	if (item != NULL)
		crashed(d, item, TR_IS_A(reason, normal) ? tr_atom("it ended without an outcome") : reason);
}

static void adopt(desk *d, tr_pid instance)
{
	d->instance = instance;
	d->next_instance.bits = 0;
	d->instance_monitor = tr_monitor(instance);
}

/* [DOWN, ref, process, pid, reason]: the instance, or who asked for a command. */
static void somebody_down(desk *d, tr_value message)
{
	tr_ref ref = tr_as_ref(tr_array_at(message, 1));
	tr_pid pid = tr_as_pid(tr_array_at(message, 3));

	if (tr_ref_eq(ref, d->instance_monitor)) {
		job *item = d->current;
		d->current = NULL;
		d->instance.bits = d->instance_monitor.bits = 0;
		if (item != NULL)
			crashed(d, item, tr_array_at(message, 4));
		if (d->next_instance.bits != 0)
			adopt(d, d->next_instance);
		return;
	}
	for (job *item = d->jobs->running.first; item != NULL; item = item->next)
		if (tr_ref_eq(item->monitor, ref) && tr_pid_eq(item->reply_to, pid)) {
			item->monitor.bits = 0;
			cancel_job(d, item->ref, ": who asked for it is gone");
			return;
		}
}

/* ---- messages
 * ------------------------------------------------------------------------------------------------------------- */

static void refuse_command(desk *d, tr_pid reply_to, tr_ref ref, tr_value outcome)
{
	d->jobs->ends[JOB_REFUSED]++;
	tr_send(reply_to, command_answer(ref, outcome));
}

/* On whose behalf a command is: as it says; else whose actor sent it, which has not gone through tr_plugin_run. */
static tr_value whose(const desk *d, tr_value message, tr_pid reply_to)
{
	tr_value said = command_behalf(message), behalf;

	if (tr_is_valid(said))
		return tr_keep(said);
	plugin_record *r = callers_entered(d->record->host, reply_to, &behalf);
	behalf = behalf_with(behalf, r);
	record_release(r);
	return behalf;
}

static bool performs(const tr_plugin *code, tr_value command)
{
	return code->run != NULL || code->command != NULL || code->pure != NULL ||
	       (code->decide != NULL && controller_is_question(command));
}

static tr_value performs_nothing(const plugin_record *r)
{
	if (r->code.decide == NULL)
		return tr_outcome_error("plugin", false, "plugin %s runs no commands", r->m.id);
	return tr_outcome_error(
	    "no_plugin", false,
	    "%s is no tool kind that can be run: its plugin is a controller, which the engine asks; "
	    "what a playbook says with it is done where the step runs",
	    r->m.id);
}

static void take_command(desk *d, tr_value message, tr_pid reply_to, tr_ref ref, tr_value command)
{
	const char *id = d->record->m.id;

	if (d->forward[0] != '\0' && tr_str_is(tr_as_str(tr_map_get_s(command, "kind")), id) &&
	    tr_send_name(d->forward, tr_keep(message)) == TR_OK)
		return;
	if (!performs(&d->record->code, command)) {
		refuse_command(d, reply_to, ref, performs_nothing(d->record));
	} else if (d->draining) {
		refuse_command(d, reply_to, ref,
			       tr_outcome_error("no_plugin", true, "plugin %s is being unloaded", id));
	} else if (d->jobs->waiting.count >= d->record->m.mailbox) {
		refuse_command(d, reply_to, ref,
			       tr_outcome_error("busy", true, "plugin %s has %u commands waiting, its limit", id,
						d->record->m.mailbox));
	} else {
		int64_t deadline = tr_command_deadline(command);
		job *item = jobs_add(d->jobs, reply_to, ref, command, deadline);
		if (item == NULL)
			refuse_command(d, reply_to, ref,
				       tr_outcome_error("busy", true,
							"plugin %s cannot take the command: out of memory, or "
							"its reference is in use",
							id));
		else
			item->behalf = whose(d, message, reply_to);
		if (item != NULL && deadline != TR_FOREVER)
			arm(item, deadline);
	}
}

static void instance_serves(desk *d, tr_pid instance)
{
	if (d->instance.bits == 0)
		adopt(d, instance);
	else if (!tr_pid_eq(instance, d->instance))
		d->next_instance = instance;
}

/* A cancelled command still keeps the instance past its time: it is ended, and its supervisor starts it anew. */
static void overstayed(desk *d, tr_pid instance)
{
	if (d->current != NULL && d->current->answered && tr_pid_eq(d->current->runner, instance))
		end_runner(instance);
}

static void cancel_all(desk *d)
{
	job *next;

	for (job *item = d->jobs->waiting.first; item != NULL; item = next) {
		next = item->next;
		cancel_job(d, item->ref, ": its plugin is being unloaded");
	}
	for (job *item = d->jobs->running.first; item != NULL; item = next) {
		next = item->next;
		cancel_job(d, item->ref, ": its plugin is being unloaded");
		if (item == d->current)
			tr_exit_signal(item->runner, TR_A(kill));
	}
}

static void other_message(desk *d, tr_value message)
{
	tr_value first = tr_array_at(message, 0), second = tr_array_at(message, 1);

	if (TR_IS_A(first, done))
		runner_done(d, tr_as_pid(second), tr_array_at(message, 2));
	else if (TR_IS_A(first, exit))
		runner_ended(d, tr_as_pid(second), tr_array_at(message, 2));
	else if (TR_IS_A(first, timeout))
		time_out(d, tr_as_ref(second));
	else if (TR_IS_A(first, down))
		somebody_down(d, message);
	else if (TR_IS_A(first, start))
		instance_serves(d, tr_as_pid(second));
	else if (tr_str_is(tr_as_str(first), "overstay"))
		overstayed(d, tr_as_pid(second));
	else if (tr_str_is(tr_as_str(first), "lingers"))
		still_there(d, tr_as_pid(second));
	else if (tr_str_is(tr_as_str(first), "drained"))
		cancel_all(d);
}

static tr_next desk_info(void *state, tr_value message)
{
	desk *d = state;
	tr_pid reply_to;
	tr_ref ref;
	tr_value command;

	if (command_parse(message, &reply_to, &ref, &command)) {
		take_command(d, message, reply_to, ref, command);
	} else if (command_parse_cancel(message, &ref)) {
		if (jobs_by_ref(d->jobs, ref) == NULL && d->forward[0] != '\0')
			tr_send_name(d->forward, tr_keep(message));
		cancel_job(d, ref, "");
	} else {
		other_message(d, message);
	}
	start_waiting(d);
	return tr_noreply();
}

/* What was performed without this actor counts like all the rest. */
static void gather(jobs *j, plugin_record *r)
{
	j->ends[JOB_DONE] += atomic_exchange_explicit(&r->pure_ends[PURE_DONE], 0, memory_order_relaxed);
	j->ends[JOB_FAILED] += atomic_exchange_explicit(&r->pure_ends[PURE_FAILED], 0, memory_order_relaxed);
}

static tr_value stats(const desk *d)
{
	static const char *const names[JOB_ENDS] = {"done", "failed", "crashed", "timed_out", "cancelled", "refused"};
	tr_value v = TR_DICT("waiting", tr_int((int64_t)d->jobs->waiting.count), "running",
			     tr_int((int64_t)d->jobs->running.count));

	gather(d->jobs, d->record);
	if (d->before != NULL)
		gather(d->jobs, d->before);
	for (size_t i = 0; i < JOB_ENDS; i++)
		v = tr_map_put_s(v, names[i], tr_int((int64_t)d->jobs->ends[i]));
	return v;
}

static void drain(desk *d, tr_from from, int64_t deadline)
{
	d->draining = d->has_drainer = true;
	d->drainer = from;
	d->drain_timer = tr_send_at(tr_self(), TR_LIST(tr_atom("drained")), deadline);
	start_waiting(d);
}

static tr_next desk_call(void *state, tr_value request, tr_from from)
{
	desk *d = state;
	const char *what = tr_as_cstr(tr_array_at(request, 0), "");
	plugin_record *newer = record_of(tr_array_at(request, 1));

	if (strcmp(what, "stats") == 0)
		return tr_next_reply(stats(d));
	if (strcmp(what, "upgrade") == 0 && newer != NULL) {
		if (!tr_is_valid(tr_own_value(record_value(newer))))
			return tr_next_reply(TR_LIST(TR_A(error), TR_A(enomem)));
		if (d->before != NULL)
			gather(d->jobs, d->before);
		d->before = d->record;
		d->record = newer;
		return tr_next_reply(TR_A(ok));
	}
	if (strcmp(what, "drain") == 0 && !d->has_drainer) {
		drain(d, from, tr_as_int(tr_array_at(request, 1), 0));
		return tr_noreply();
	}
	return tr_next_reply(TR_LIST(TR_A(error), TR_A(badarg)));
}

static tr_next desk_cast(void *state, tr_value request)
{
	(void)request;
	refresh(state);
	return tr_noreply();
}

static tr_value desk_show(void *state)
{
	const desk *d = state;

	return d->jobs == NULL ? tr_nil() : stats(d);
}

const tr_gen_server desk_server = {
    .name = "plugin desk",
    .state_size = sizeof(desk),
    .init = desk_init,
    .handle_call = desk_call,
    .handle_cast = desk_cast,
    .handle_info = desk_info,
    .show = desk_show,
};
