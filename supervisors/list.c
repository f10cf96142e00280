/* SPDX-License-Identifier: Apache-2.0 */
/* which_children and count_children. */
#include "supervisors/sup.h"

static tr_value child_pid(const struct child *child)
{
	switch ((enum child_state)child->state) {
	case CHILD_UP:
		return tr_pid_value(child->pid);
	case CHILD_RESTARTING:
		return tr_atom("restarting");
	case CHILD_DOWN:
	case CHILD_STATES:
		break;
	}
	return tr_nil();
}

static tr_value child_restart(const struct child *child)
{
	switch (child->plan->spec.restart) {
	case TR_PERMANENT:
		return TR_A(permanent);
	case TR_TRANSIENT:
		return TR_A(transient);
	case TR_TEMPORARY:
		break;
	}
	return TR_A(temporary);
}

static tr_value child_entry(const struct child *child, bool simple)
{
	const tr_child_spec *spec = &child->plan->spec;

	return TR_DICT("id", simple ? tr_nil() : tr_string(child->plan->id), "pid", child_pid(child), "type",
		       spec->type == TR_SUPERVISOR ? TR_A(supervisor) : TR_A(worker), "restart", child_restart(child),
		       "restarts", tr_int(child->restarts), "significant", tr_bool(spec->significant));
}

tr_value list_children(const struct sup *s)
{
	tr_value list = tr_array_with(s->family.count);

	for (const struct child *child = s->family.first; child != NULL; child = child->next) {
		list = tr_array_push(list, child_entry(child, sup_is_simple(s)));
		tr_reduce(1);
	}
	return list;
}

static size_t supervisors_among(const struct sup *s)
{
	size_t n = 0;

	if (sup_is_simple(s))
		return s->tree->plans[0].spec.type == TR_SUPERVISOR ? s->family.count : 0;
	for (const struct child *child = s->family.first; child != NULL; child = child->next)
		n += child->plan->spec.type == TR_SUPERVISOR;
	return n;
}

tr_value count_children(const struct sup *s)
{
	size_t supervisors = supervisors_among(s);

	return TR_DICT("specs", tr_int(sup_is_simple(s) ? 1 : (int64_t)s->family.count), "active",
		       tr_int((int64_t)s->family.up), "supervisors", tr_int((int64_t)supervisors), "workers",
		       tr_int((int64_t)(s->family.count - supervisors)));
}
