/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor as a server: starting its children, and what its messages mean. */
#include "supervisors/supervisor.h"
#include "supervisors/sup.h"

/* ---- starting ------------------------------------------------------------------------------------------------------
 */

static void sup_free(void *state)
{
	struct sup *s = state;

	family_fini(&s->family);
	intensity_fini(&s->intensity);
	tr_drop(s->held);
}

static tr_value spec_refusal(tr_value why)
{
	return TR_LIST(tr_atom("start_spec"), why);
}

/* Add one of the children the supervisor begins with. Absent, or why not. */
static tr_value add_first(struct sup *s, const struct plan *plan)
{
	tr_value refusal = sup_reason(plan_refusal(s->tree, plan));

	if (tr_is_valid(refusal))
		return spec_refusal(refusal);
	if (family_by_id(&s->family, plan->id) != NULL)
		return spec_refusal(TR_LIST(tr_atom("duplicate_child_name"), tr_string(plan->id)));
	if (family_add(&s->family, plan, tr_absent(), true) == NULL)
		return TR_A(enomem);
	return tr_absent();
}

/* Start the children in order. Absent, or OTP's reason; then those that had been started are stopped again. */
static tr_value start_first(struct sup *s)
{
	struct child *next;

	for (struct child *child = s->family.first; child != NULL; child = next) {
		next = child->next;
		tr_started started = sup_start_child(s, child);
		if (tr_is_valid(started.reason)) {
			report_child("start_error", child, started.reason);
			tr_value id = tr_string(child->plan->id);
			sup_stop_all(s);
			return TR_LIST(TR_A(shutdown), TR_LIST(tr_atom("failed_to_start_child"), id, started.reason));
		}
		if (started.pid.bits == 0 && child->plan->spec.restart == TR_TEMPORARY)
			family_remove(&s->family, child);
	}
	return tr_absent();
}

static tr_next sup_init(void *state, tr_value arg)
{
	struct sup *s = state;

	s->tree = tree_of(arg);
	if (s->tree == NULL)
		return tr_next_stop(spec_refusal(TR_A(badarg)));
	s->held = tr_keep(arg);
	s->restarts =
	    tr_counter(tr_here(), "troupe_supervisor_restarts_total", "Restarts that supervisors began.", NULL, 0);
	intensity_init(&s->intensity, s->tree->spec.intensity, s->tree->spec.period_ns);
	if (tr_own(s, sup_free) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	tr_trap_exit(true);
	if (sup_is_simple(s)) {
		tr_value refusal = sup_reason(plan_refusal(s->tree, &s->tree->plans[0]));
		return tr_is_valid(refusal) ? tr_next_stop(spec_refusal(refusal)) : tr_noreply();
	}
	for (size_t i = 0; i < s->tree->plan_count; i++) {
		tr_value refusal = sup_reason(add_first(s, &s->tree->plans[i]));
		if (tr_is_valid(refusal))
			return tr_next_stop(refusal);
	}
	tr_value failure = sup_reason(start_first(s));
	return tr_is_valid(failure) ? tr_next_stop(failure) : tr_noreply();
}

/* ---- management calls
 * ------------------------------------------------------------------------------------------------- */

/* Start a child that was just added; it leaves again when that fails, or when it is ignored and would not be kept. */
static tr_next start_added(struct sup *s, struct child *child)
{
	tr_started started = sup_start_child(s, child);
	bool gone = tr_is_valid(started.reason) || sup_is_simple(s) || child->plan->spec.restart == TR_TEMPORARY;

	if (started.pid.bits == 0 && gone)
		family_remove(&s->family, child);
	return tr_next_reply(sup_answer_started(started));
}

static tr_next refuse(tr_value reason)
{
	return tr_next_reply(sup_answer_started((tr_started){{0}, {0}, reason}));
}

static tr_next start_child(struct sup *s, tr_value arg)
{
	const struct plan *plan = plan_of(arg);

	if (plan == NULL || sup_is_simple(s))
		return refuse(sup_is_simple(s) ? TR_A(simple_one_for_one) : TR_A(badarg));
	tr_value refusal = sup_reason(plan_refusal(s->tree, plan));
	if (tr_is_valid(refusal))
		return refuse(refusal);
	struct child *child = family_by_id(&s->family, plan->id);
	if (child != NULL)
		return sup_event(s, child, ASK_START, tr_absent());
	child = family_add(&s->family, plan, tr_keep(arg), true);
	return child != NULL ? start_added(s, child) : refuse(TR_A(enomem));
}

static tr_next start_instance(struct sup *s, tr_value extra)
{
	if (!sup_is_simple(s))
		return refuse(tr_atom("not_simple_one_for_one"));
	struct child *child = family_add(&s->family, &s->tree->plans[0], tr_keep(extra), false);
	return child != NULL ? start_added(s, child) : refuse(TR_A(enomem));
}

/* One that was spawned elsewhere and is linked already. */
static tr_next joined(struct sup *s, tr_pid pid)
{
	struct child *child;

	if (!sup_is_simple(s) || s->tree->plans[0].spec.restart != TR_TEMPORARY || pid.bits == 0 ||
	    family_by_pid(&s->family, pid) != NULL)
		return tr_noreply();
	child =
	    family_reserve(&s->family) == TR_OK ? family_add(&s->family, &s->tree->plans[0], tr_absent(), false) : NULL;
	if (child == NULL)
		tr_exit_signal(pid, TR_A(kill)); /* what cannot be listed could not be ended */
	else
		child_up(&s->family, child, pid);
	return tr_noreply();
}

static tr_next terminate_child(struct sup *s, tr_value id)
{
	if (sup_is_simple(s))
		return tr_next_reply(sup_answer_err(TR_EUNSUPPORTED));
	struct child *child = family_by_id(&s->family, tr_as_cstr(id, ""));
	return child != NULL ? sup_event(s, child, ASK_STOP, tr_absent()) : tr_next_reply(sup_answer_err(TR_ENOENT));
}

static tr_next terminate_pid(struct sup *s, tr_value pid)
{
	struct child *child = family_by_pid(&s->family, tr_as_pid(pid));

	if (child != NULL)
		return sup_event(s, child, ASK_STOP, tr_absent());
	/* As OTP: an instance that has ended meanwhile is what the caller wanted. */
	bool over = sup_is_simple(s) && !tr_alive(tr_as_pid(pid));
	return tr_next_reply(sup_answer_err(over ? TR_OK : TR_ENOENT));
}

static tr_next restart_child(struct sup *s, tr_value id)
{
	if (sup_is_simple(s))
		return refuse(TR_A(simple_one_for_one));
	struct child *child = family_by_id(&s->family, tr_as_cstr(id, ""));
	return child != NULL ? sup_event(s, child, ASK_RESTART, tr_absent()) : refuse(TR_A(not_found));
}

static tr_next delete_child(struct sup *s, tr_value id)
{
	if (sup_is_simple(s))
		return tr_next_reply(sup_answer_err(TR_EUNSUPPORTED));
	struct child *child = family_by_id(&s->family, tr_as_cstr(id, ""));
	return child != NULL ? sup_event(s, child, ASK_DELETE, tr_absent()) : tr_next_reply(sup_answer_err(TR_ENOENT));
}

static tr_next which_children(struct sup *s, tr_value arg)
{
	(void)arg;
	return tr_next_reply(list_children(s));
}

static tr_next count(struct sup *s, tr_value arg)
{
	(void)arg;
	return tr_next_reply(count_children(s));
}

static const struct {
	const char *what;
	tr_next (*run)(struct sup *s, tr_value arg);
} requests[] = {
    {"start_child", start_child},       {"start_instance", start_instance}, {"terminate_child", terminate_child},
    {"terminate_pid", terminate_pid},   {"restart_child", restart_child},   {"delete_child", delete_child},
    {"which_children", which_children}, {"count_children", count},
};

static tr_next sup_call(void *state, tr_value request, tr_from from)
{
	tr_str what = tr_as_str(tr_array_at(request, 0));
	tr_value arg = tr_array_at(request, 1);

	(void)from;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (tr_str_is(what, requests[i].what))
			return requests[i].run(state, TR_IS_A(arg, undefined) ? tr_absent() : arg);
	}
	return refuse(TR_A(badarg));
}

/* ---- other messages ------------------------------------------------------------------------------------------------
 */

static tr_next waiting_restart(struct sup *s, enum child_event event, tr_value number)
{
	struct child *child = family_by_pending(&s->family, (uint64_t)tr_as_int(number, 0));

	return child != NULL ? sup_event(s, child, event, tr_absent()) : tr_noreply(); /* a stop was faster */
}

static tr_next sup_info(void *state, tr_value message)
{
	struct sup *s = state;
	tr_value tag = tr_array_at(message, 0);
	tr_value what = tr_array_at(message, 1);

	if (TR_IS_A(tag, exit)) {
		struct child *child = family_by_pid(&s->family, tr_as_pid(what));
		if (child != NULL)
			return sup_event(s, child, EXITED, tr_array_at(message, 2));
	} else if (TR_IS_A(tag, continue_)) {
		return waiting_restart(s, TRY_AGAIN, what);
	} else if (TR_IS_A(tag, tick)) {
		return waiting_restart(s, RESTART_DUE, what);
	} else if (tr_is(tag, TR_ATOM) && tr_str_is(tr_as_str(tag), "join")) {
		return joined(s, tr_as_pid(what));
	}
	return tr_noreply(); /* stray messages, and exits of children stopped before */
}

static void sup_terminate(void *state, tr_value reason)
{
	(void)reason;
	sup_stop_all(state);
}

static tr_value sup_show(void *state)
{
	struct sup *s = state;

	return TR_DICT("children", count_children(s), "restarts_in_period", tr_int(s->intensity.count), "intensity",
		       tr_int(s->intensity.limit));
}

const tr_gen_server supervisor_module = {
    .name = "supervisor",
    .state_size = sizeof(struct sup),
    .init = sup_init,
    .handle_call = sup_call,
    .handle_info = sup_info,
    .terminate = sup_terminate,
    .show = sup_show,
};
