/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: a call to an actor made for it. */
#include <troupe/task.h>

#include "runtime/actor/hooks.h"
#include "runtime/behaviour/gen.h"

/* What the task's one call carries. */
struct job {
	tr_task_fn *fn;
	tr_value arg;
};

static void job_free(void *data)
{
	tr_drop(((struct job *)data)->arg);
	tr_free(data);
}

static const tr_class job_class = {"task", job_free};

static tr_value job_value(tr_task_fn *fn, tr_value arg)
{
	struct job *job = tr_alloc(sizeof(*job));

	if (job == NULL || (!tr_is_valid(arg) && tr_value_err(arg) != TR_OK)) {
		tr_free(job);
		tr_drop(arg);
		return tr_invalid(TR_ENOMEM);
	}
	*job = (struct job){fn, tr_is_valid(arg) ? arg : tr_nil()};
	return tr_object(&job_class, job);
}

static void task_body(tr_value owner)
{
	tr_from from;
	tr_value request;

	/* Not linked to its owner it would wait for ever, should the owner end before it has called. */
	tr_ref gone = tr_monitor(tr_as_pid(owner));
	tr_value message = tr_own_value(tr_receive(TR_FOREVER));
	tr_demonitor(gone);
	if (!tr_is_call(message, &from, &request))
		return;
	const struct job *job = tr_as_object(request, &job_class);
	if (job == NULL)
		return;
	tr_value result = job->fn(job->arg);
	if (!tr_is_valid(result))
		tr_exit(gen_err_reason(tr_value_err(result) == TR_OK ? TR_EINVAL : tr_value_err(result)));
	tr_reply(from, result);
}

static tr_task begin(tr_task_fn *fn, tr_value arg, bool link)
{
	tr_spawn_options options = {.label = "task", .link = link};
	tr_value job = job_value(fn, arg);

	if (!tr_is_valid(job))
		return (tr_task){{0}, {0}};
	tr_spawned actor = tr_spawn_opt(task_body, tr_pid_value(tr_self()), &options);
	if (actor.err != TR_OK) {
		tr_drop(job);
		return (tr_task){{0}, {0}};
	}
	tr_ref ref = kernel_call_begin(actor.pid, job);
	if (ref.bits != 0)
		return (tr_task){actor.pid, ref};
	tr_unlink(actor.pid);
	tr_exit_signal(actor.pid, TR_A(kill));
	return (tr_task){{0}, {0}};
}

tr_task tr_task_async(tr_task_fn *fn, tr_value arg)
{
	return begin(fn, arg, true);
}

tr_task tr_task_async_nolink(tr_task_fn *fn, tr_value arg)
{
	return begin(fn, arg, false);
}

/* A reply or a DOWN (taken) ends the task. */
static tr_value task_over(tr_task *task, tr_value message, tr_value *reason)
{
	tr_value result;

	kernel_call_end(task->ref);
	*task = (tr_task){{0}, {0}};
	if (TR_IS_A(tr_array_at(message, 0), reply)) {
		result = tr_keep(tr_array_at(message, 2));
	} else {
		if (reason != NULL)
			*reason = tr_keep(tr_array_at(message, 4));
		result = tr_invalid(TR_EDOWN);
	}
	tr_drop(message);
	return result;
}

tr_value tr_task_await(tr_task *task, int64_t deadline, tr_value *reason)
{
	if (reason != NULL)
		*reason = tr_absent();
	if (task->pid.bits == 0)
		return tr_invalid(TR_ENOPROC);
	tr_value message = tr_receive_ref(task->ref, deadline);
	return tr_is_valid(message) ? task_over(task, message, reason) : message;
}

/* Of the owner's mailbox: the exit message of a linked task that was told to go. */
static bool is_exit_of(void *arg, tr_value message)
{
	const tr_pid *pid = arg;

	return TR_IS_A(tr_array_at(message, 0), exit) && tr_pid_eq(tr_as_pid(tr_array_at(message, 1)), *pid);
}

tr_value tr_task_shutdown(tr_task *task, int64_t deadline)
{
	tr_pid pid = task->pid;

	if (pid.bits == 0)
		return tr_absent();
	tr_ref end = tr_monitor(pid);
	tr_unlink(pid);
	tr_exit_signal(pid, TR_A(shutdown));
	tr_value down = tr_receive_ref(end, deadline);
	if (!tr_is_valid(down)) {
		tr_exit_signal(pid, TR_A(kill));
		down = tr_receive_ref(end, TR_FOREVER);
	}
	tr_drop(down);
	tr_drop(tr_receive_match(is_exit_of, &pid, 0));
	tr_value result = tr_task_await(task, 0, NULL);
	if (tr_is_valid(result))
		return result;
	if (task->pid.bits != 0)
		gen_call_abandon(task->ref);
	*task = (tr_task){{0}, {0}};
	return tr_absent();
}
