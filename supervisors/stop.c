/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping children: ask, wait, kill. */
#include "supervisors/sup.h"

#include "runtime/behaviour/gen.h"

static bool is_exit_of(void *arg, tr_value message)
{
	const tr_pid *pid = arg;

	return TR_IS_A(tr_array_at(message, 0), exit) && tr_pid_eq(tr_as_pid(tr_array_at(message, 1)), *pid);
}

/* Why the child ended, by the DOWN message (taken). Of a child that was dead before, only its exit signal tells. */
static tr_value stop_reason(tr_pid pid, tr_value down)
{
	tr_value reason = tr_array_at(down, 4);

	if (TR_IS_A(reason, noproc)) {
		tr_value signal = tr_receive_match(is_exit_of, &pid, 0);
		tr_drop(down);
		down = signal;
		reason = tr_array_at(signal, 2);
	}
	reason = tr_is_valid(reason) ? tr_keep(reason) : TR_A(noproc);
	tr_drop(down);
	return reason;
}

static bool is_brutal(const struct child *child)
{
	return child->plan->spec.shutdown_ns < 0;
}

static void ask_to_stop(const struct child *child)
{
	tr_exit_signal(child->pid, is_brutal(child) ? TR_A(kill) : TR_A(shutdown));
}

static int64_t stop_deadline(const struct child *child)
{
	int64_t patience = child->plan->spec.shutdown_ns;

	return patience < 0 || patience == TR_SHUTDOWN_INFINITY ? TR_FOREVER : tr_in(patience);
}

/* The link stays until the child has ended: should the supervisor be killed meanwhile, the child goes with it. */
void sup_stop_child(struct sup *s, struct child *child)
{
	tr_pid pid = child->pid;
	tr_ref end = tr_monitor(pid);

	ask_to_stop(child);
	tr_value down = tr_receive_ref(end, stop_deadline(child));
	if (!tr_is_valid(down)) {
		tr_exit_signal(pid, TR_A(kill));
		down = tr_receive_ref(end, TR_FOREVER);
	}
	tr_unlink(pid);
	tr_value reason = stop_reason(pid, down);
	child_down(&s->family, child);
	if (decide_report_stop(child->plan->spec.restart, is_brutal(child), reason))
		report_child("shutdown_error", child, reason);
	tr_drop(reason);
}

static void stop_in_reverse(struct sup *s)
{
	for (struct child *child = s->family.last; child != NULL; child = child->prev) {
		if (child->state == CHILD_UP)
			sup_stop_child(s, child);
		else
			child_down(&s->family, child);
	}
}

/* One message while all instances stop; everything but their DOWNs is of no interest any more. */
static void instance_message(struct sup *s, tr_value message)
{
	if (!TR_IS_A(tr_array_at(message, 0), down))
		return;
	struct child *child = family_by_pid(&s->family, tr_as_pid(tr_array_at(message, 3)));
	if (child == NULL)
		return;
	tr_value reason = tr_array_at(message, 4);
	child_down(&s->family, child);
	if (!TR_IS_A(reason, noproc) && decide_report_stop(child->plan->spec.restart, is_brutal(child), reason))
		report_child("shutdown_error", child, reason);
}

static void kill_instances(struct sup *s)
{
	for (struct child *child = s->family.first; child != NULL; child = child->next) {
		if (child->state == CHILD_UP)
			tr_exit_signal(child->pid, TR_A(kill));
	}
}

/* Instances have no order: ask all, then wait for all, and count the patience once. */
static void stop_instances(struct sup *s)
{
	int64_t deadline = TR_FOREVER;

	for (struct child *child = s->family.first; child != NULL; child = child->next) {
		if (child->state == CHILD_UP) {
			(void)tr_monitor(child->pid);
			ask_to_stop(child);
			deadline = stop_deadline(child);
		}
	}
	while (s->family.up > 0) {
		tr_value message = tr_receive(deadline);
		if (tr_is_valid(message)) {
			instance_message(s, message);
		} else {
			kill_instances(s);
			deadline = TR_FOREVER;
		}
		tr_drop(message);
	}
}

void sup_stop_all(struct sup *s)
{
	if (sup_is_simple(s))
		stop_instances(s);
	else
		stop_in_reverse(s);
}
