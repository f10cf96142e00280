/* SPDX-License-Identifier: Apache-2.0 */
/* Restarting children: the strategies, the count of restarts, back-off, and trying again when a start fails. */
#include "supervisors/sup.h"

/* ---- asking oneself ------------------------------------------------------------------------------------------------
 */

/* A restart that waits is a message to oneself, so that a stop can overtake it. `what` is continue (a start failed:
 * count and try again) or tick (the back-off is over). */
static tr_next restart_later(struct sup *s, struct child *child, tr_value what, int64_t delay)
{
	tr_err err = child_restarting(&s->family, child);
	if (err != TR_OK)
		return tr_next_stop(TR_A(enomem));
	tr_value message = TR_LIST(what, tr_int((int64_t)child->pending));
	if (!tr_is_valid(message))
		return tr_next_stop(TR_A(enomem));
	bool sent =
	    delay > 0 ? tr_send_at(tr_self(), message, tr_in(delay)).bits != 0 : tr_send(tr_self(), message) == TR_OK;
	return sent ? tr_noreply() : tr_next_stop(TR_A(enomem));
}

/* Start one child again. True when the strategy may go on with the next. */
static bool start_again(struct sup *s, struct child *child)
{
	bool again = child->pid.bits != 0;
	tr_started started = sup_start_child(s, child);

	if (started.pid.bits != 0)
		child->restarts += again;
	if (!tr_is_valid(started.reason))
		return true;
	report_child("start_error", child, started.reason);
	tr_drop(started.reason);
	return false;
}

/* ---- strategies ----------------------------------------------------------------------------------------------------
 */

/* Stop the children from the last back to `until` (not included; NULL: all). Temporary ones leave for good. */
static void stop_back_to(struct sup *s, const struct child *until, const struct child *except)
{
	struct child *child = s->family.last;

	while (child != until) {
		struct child *before = child->prev;
		if (child->state == CHILD_UP)
			sup_stop_child(s, child);
		else
			child_down(&s->family, child);
		if (child != except && child->plan->spec.restart == TR_TEMPORARY)
			family_remove(&s->family, child);
		child = before;
	}
}

/* Start from `child` to the last. NULL, or the child that could not be started. */
static struct child *start_from(struct sup *s, struct child *child)
{
	for (; child != NULL; child = child->next) {
		if (!start_again(s, child))
			return child;
	}
	return NULL;
}

static struct child *restart_one(struct sup *s, struct child *child)
{
	if (!start_again(s, child))
		return child;
	if (sup_is_simple(s) && child->state != CHILD_UP) /* it answered `ignore` */
		family_remove(&s->family, child);
	return NULL;
}

static struct child *restart_all(struct sup *s, struct child *child)
{
	(void)child;
	return start_from(s, s->family.first);
}

static struct child *restart_rest(struct sup *s, struct child *child)
{
	return start_from(s, child);
}

static void stop_nobody(struct sup *s, struct child *child)
{
	(void)s;
	(void)child;
}

static void stop_others(struct sup *s, struct child *child)
{
	stop_back_to(s, NULL, child);
}

static void stop_rest(struct sup *s, struct child *child)
{
	stop_back_to(s, child, child);
}

/* Whom a child takes along, and who is started again; the second gives the child whose start failed, or NULL. */
static const struct {
	void (*stop)(struct sup *s, struct child *child);
	struct child *(*start)(struct sup *s, struct child *child);
} strategies[] = {
    [TR_ONE_FOR_ONE] = {stop_nobody, restart_one},
    [TR_ONE_FOR_ALL] = {stop_others, restart_all},
    [TR_REST_FOR_ONE] = {stop_rest, restart_rest},
    [TR_SIMPLE_ONE_FOR_ONE] = {stop_nobody, restart_one},
};

tr_next sup_restart_due(struct sup *s, struct child *child)
{
	child_down(&s->family, child);
	strategies[s->tree->spec.strategy].stop(s, child);
	struct child *failed = strategies[s->tree->spec.strategy].start(s, child);
	return failed != NULL ? restart_later(s, failed, TR_A(continue_), 0) : tr_noreply();
}

tr_next sup_restart(struct sup *s, struct child *child)
{
	const tr_supervisor_spec *spec = &s->tree->spec;

	child_down(&s->family, child);
	switch (intensity_add(&s->intensity, tr_now())) {
	case INTENSITY_REACHED:
		report_intensity(child);
		return tr_next_stop(TR_A(shutdown));
	case INTENSITY_NO_MEMORY:
		return tr_next_stop(TR_A(enomem));
	case INTENSITY_OK:
		break;
	}
	tr_counter_add(s->restarts, 1);
	if (spec->backoff_ns <= 0)
		return sup_restart_due(s, child);
	int64_t delay = decide_backoff(spec->backoff_ns, spec->backoff_max_ns, s->intensity.count, tr_random());
	strategies[spec->strategy].stop(s, child);
	return restart_later(s, child, TR_A(tick), delay);
}
