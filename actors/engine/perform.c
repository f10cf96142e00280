/* SPDX-License-Identifier: Apache-2.0 */
/* Effects: commands to pools, cancels, the end. */
#include "actors/engine/execution_state.h"

#include <stdio.h>
#include <string.h>
#include <troupe/node.h>

static void subject_of(const execution *x, uint32_t step, char out[160])
{
	static const char head[] = "command.";
	const char *pool = machine_pool(x->machine, step);
	size_t n = strnlen(pool, 140);

	memcpy(out, head, sizeof head - 1);
	memcpy(out + sizeof head - 1, pool, n);
	out[sizeof head - 1 + n] = '\0';
}

static void fail_run(execution *x, const machine_effect *e, const char *kind, const char *message)
{
	machine_world w = outlet_world(x);
	tr_err err = machine_fail_run(x->machine, &w, OUTLET_SINK(x), e->step_run_id, e->attempt, kind, message);

	if (err != TR_OK && err != TR_ENOENT)
		x->err = err;
}

/* The run's events that were appended by an earlier attempt, so that the worker goes on behind them. */
static tr_value history_of(execution *x, uint64_t step_run_id, bool lost)
{
	tr_value key = tr_int((int64_t)step_run_id);
	tr_value events = tr_is(x->history, TR_MAP) ? tr_keep(tr_map_get(x->history, key)) : tr_nil();

	if (lost) {
		tr_drop(events);
		return resume_history(x, step_run_id);
	}
	if (!tr_is(events, TR_ARRAY))
		return tr_nil();
	x->history = tr_map_del(x->history, key);
	return events;
}

static void send(execution *x, const dispatch *d, bool lost)
{
	tr_pid pool = x->dispatches.pools[d->pool].pid;
	step_command c;
	tr_err err = machine_command(x->machine, d->step_run_id, &c);

	if (err != TR_OK) {
		x->err = err;
		return;
	}
	c.reply_to = tr_self();
	c.resume = history_of(x, d->step_run_id, lost);
	tr_value command = tr_absent();
	if (tr_pid_node(pool) == tr_pid_node(c.reply_to)) {
		command = step_command_object(&c);
	} else {
		command = step_command_map(&c);
		step_command_fini(&c);
	}
	if (!tr_is_valid(command)) {
		x->err = tr_value_err(command);
		return;
	}
	(void)tr_send(pool, TR_LIST(TR_A(command), command));
	lease_arm(x, d->seen + x->lease_ns / 3);
}

void perform_send(execution *x, dispatch *d)
{
	d->unsent = false;
	d->seen = tr_now();
	if (machine_runs(x->machine, d->step_run_id))
		send(x, d, true);
}

static void run(execution *x, const machine_effect *e)
{
	char subject[160], text[240];
	tr_err err = TR_OK;
	uint32_t pool;
	dispatch *d;

	if (!machine_runs(x->machine, e->step_run_id))
		return; /* it may have been cancelled before it was durable */
	subject_of(x, e->step, subject);
	pool = dispatch_pool_find(&x->dispatches, subject, &err);
	if (pool == NO_POOL || err != TR_OK) {
		(void)snprintf(text, sizeof text, "no worker pool is there as '%s'; start one, or correct `pool`",
			       subject);
		fail_run(x, e, "no_pool", text);
		return;
	}
	d = dispatch_new(&x->dispatches, e->step_run_id, e->attempt, pool, e->timeout_us);
	if (d == NULL) {
		x->err = TR_ENOMEM;
	} else if (x->dispatches.pools[pool].pid.bits == 0) {
		/* It was there, so it may come back. */
		d->unsent = true;
		lease_pool_gone(x);
	} else {
		send(x, d, e->lost);
	}
}

static void cancel(execution *x, const machine_effect *e, tr_value reason)
{
	char subject[160];

	subject_of(x, e->step, subject);
	(void)tr_send_name(subject,
			   TR_LIST(TR_A(cancel), tr_int(x->id), tr_int((int64_t)e->step_run_id), tr_keep(reason)));
}

static void finish(execution *x)
{
	tr_value message = TR_LIST(TR_A(done), tr_int(x->id), machine_summary(x->machine));

	x->finished = true;
	if (!tr_is_valid(message)) {
		x->err = tr_value_err(message);
		return;
	}
	points_complete(x, tr_array_at(message, 2));
	watch_tell(x, message, false);
	tr_drop(message);
	parent_report(x);
}

void perform_effect(execution *x, const machine_effect *e, tr_value reason)
{
	switch (e->kind) {
	case MACHINE_RUN:
		run(x, e);
		break;
	case MACHINE_CANCEL:
		cancel(x, e, reason);
		break;
	case MACHINE_FINISH:
		finish(x);
		break;
	case MACHINE_CHILD_CANCEL:
	case MACHINE_CHILD_PAUSE:
	case MACHINE_CHILD_UNPAUSE:
		parent_tell(x, e, reason);
		break;
	}
}
