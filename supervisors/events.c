/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a child, by the state it is in: one table, one small function a cell. */
#include "supervisors/sup.h"

#include "runtime/actor/check.h"

typedef tr_next action(struct sup *s, struct child *child, tr_value detail);

tr_value sup_answer_started(tr_started started)
{
	if (started.pid.bits != 0)
		return TR_LIST(tr_pid_value(started.pid));
	if (!tr_is_valid(started.reason))
		return TR_LIST(tr_nil());
	return TR_LIST(TR_A(error), started.reason);
}

tr_value sup_answer_err(tr_err err)
{
	return tr_int((int64_t)err);
}

static tr_next refuse(tr_value reason)
{
	return tr_next_reply(TR_LIST(TR_A(error), reason));
}

static tr_next refuse_present(struct sup *s, struct child *child, tr_value detail)
{
	(void)s, (void)child, (void)detail;
	return refuse(tr_atom("already_present"));
}

static tr_next refuse_started(struct sup *s, struct child *child, tr_value detail)
{
	(void)s, (void)detail;
	return refuse(TR_LIST(TR_A(already_started), tr_pid_value(child->pid)));
}

static tr_next refuse_pending(struct sup *s, struct child *child, tr_value detail)
{
	(void)s, (void)child, (void)detail;
	return refuse(TR_LIST(TR_A(already_started), tr_atom("restarting")));
}

static tr_next refuse_running(struct sup *s, struct child *child, tr_value detail)
{
	(void)s, (void)child, (void)detail;
	return refuse(tr_atom("running"));
}

static tr_next refuse_restarting(struct sup *s, struct child *child, tr_value detail)
{
	(void)s, (void)child, (void)detail;
	return refuse(tr_atom("restarting"));
}

static tr_next refuse_busy(struct sup *s, struct child *child, tr_value detail)
{
	(void)s, (void)child, (void)detail;
	return tr_next_reply(sup_answer_err(TR_EBUSY));
}

static tr_next start(struct sup *s, struct child *child, tr_value detail)
{
	bool again = child->pid.bits != 0;
	tr_started started = sup_start_child(s, child);

	(void)detail;
	if (started.pid.bits != 0)
		child->restarts += again;
	return tr_next_reply(sup_answer_started(started));
}

/* Once a child is stopped on request, a temporary one and an instance are gone; others keep their spec. */
static tr_next settle_stopped(struct sup *s, struct child *child)
{
	child_down(&s->family, child);
	if (sup_is_simple(s) || child->plan->spec.restart == TR_TEMPORARY)
		family_remove(&s->family, child);
	return tr_next_reply(sup_answer_err(TR_OK));
}

static tr_next stop_running(struct sup *s, struct child *child, tr_value detail)
{
	(void)detail;
	sup_stop_child(s, child);
	return settle_stopped(s, child);
}

static tr_next stop_waiting(struct sup *s, struct child *child, tr_value detail)
{
	(void)detail;
	return settle_stopped(s, child);
}

static tr_next delete (struct sup *s, struct child *child, tr_value detail)
{
	(void)detail;
	family_remove(&s->family, child);
	return tr_next_reply(sup_answer_err(TR_OK));
}

static tr_next end_for_good(struct sup *s, struct child *child, bool forget)
{
	bool significant = child->plan->spec.significant;

	if (forget || sup_is_simple(s))
		family_remove(&s->family, child);
	else
		child_down(&s->family, child);
	if (decide_auto_shutdown(s->tree->spec.auto_shutdown, significant, s->family.significant))
		return tr_next_stop(TR_A(shutdown));
	return tr_noreply();
}

static tr_next exited(struct sup *s, struct child *child, tr_value reason)
{
	tr_restart restart = child->plan->spec.restart;
	enum reason_class class = reason_classify(reason);

	if (decide_report_exit(restart, class))
		report_child("child_terminated", child, reason);
	switch (decide_exit(restart, class)) {
	case VERDICT_RESTART:
		return sup_restart(s, child);
	case VERDICT_KEEP:
		return end_for_good(s, child, false);
	case VERDICT_FORGET:
		return end_for_good(s, child, true);
	}
	return tr_noreply();
}

static tr_next try_again(struct sup *s, struct child *child, tr_value detail)
{
	(void)detail;
	return sup_restart(s, child);
}

static tr_next restart_due(struct sup *s, struct child *child, tr_value detail)
{
	(void)detail;
	return sup_restart_due(s, child);
}

/* Empty cells cannot happen: exits find only running children, restart messages only those that wait for one. */
static action *const table[CHILD_STATES][CHILD_EVENTS] = {
    [CHILD_DOWN][ASK_START] = refuse_present,
    [CHILD_DOWN][ASK_RESTART] = start,
    [CHILD_DOWN][ASK_STOP] = stop_waiting,
    [CHILD_DOWN][ASK_DELETE] = delete,

    [CHILD_UP][ASK_START] = refuse_started,
    [CHILD_UP][ASK_RESTART] = refuse_running,
    [CHILD_UP][ASK_STOP] = stop_running,
    [CHILD_UP][ASK_DELETE] = refuse_busy,
    [CHILD_UP][EXITED] = exited,

    [CHILD_RESTARTING][ASK_START] = refuse_pending,
    [CHILD_RESTARTING][ASK_RESTART] = refuse_restarting,
    [CHILD_RESTARTING][ASK_STOP] = stop_waiting,
    [CHILD_RESTARTING][ASK_DELETE] = refuse_busy,
    [CHILD_RESTARTING][TRY_AGAIN] = try_again,
    [CHILD_RESTARTING][RESTART_DUE] = restart_due,
};

tr_next sup_event(struct sup *s, struct child *child, enum child_event event, tr_value detail)
{
	action *act = table[child->state][event];

	CHECK(act != NULL);
	return act(s, child, detail);
}
