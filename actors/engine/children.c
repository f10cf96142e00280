/* SPDX-License-Identifier: Apache-2.0 */
/* Executions that tasks of this one started: found by their key, told when they are to end or to pause. */
#include "actors/engine/decide.h"

void child_forget(child *c)
{
	link_remove(&c->in_children);
	tr_drop(c->key);
	tr_drop(c->label);
	tr_drop(c->hash);
	tr_free(c);
}

static void forget_if_over(child *c)
{
	if (c->over && (c->done || !c->waited))
		child_forget(c);
}

static child *child_of(const machine *m, tr_value key)
{
	LINK_EACH(l, &m->children)
	{
		child *c = LINK_OF(l, child, in_children);

		if (tr_equal(c->key, key))
			return c;
	}
	return NULL;
}

bool machine_child_find(const machine *m, tr_value key, machine_child *out)
{
	const child *c = child_of(m, key);

	if (c == NULL)
		return false;
	out->execution_id = c->execution_id;
	out->hash = c->hash;
	out->waited = c->waited;
	out->done = c->done;
	return true;
}

tr_err child_started(machine *m, const event *e)
{
	tr_value key = tr_map_get_s(e->payload, "key"), label = tr_map_get_s(e->payload, "label"),
		 hash = tr_map_get_s(e->payload, "hash");
	int64_t id = tr_as_int(tr_map_get_s(e->payload, "execution_id"), 0);
	const step_run *r = run_of(m, e->step_run_id);
	child *c;

	if (r == NULL || r->phase != RUN_RUNNING || id <= 0 || !tr_is(key, TR_STRING) || child_of(m, key) != NULL)
		return TR_ECORRUPT;
	c = tr_alloc(sizeof *c);
	if (c == NULL)
		return TR_ENOMEM;
	*c = (child){.step_run_id = e->step_run_id,
		     .iteration = e->iteration,
		     .execution_id = id,
		     .key = tr_keep(key),
		     .label = tr_is_valid(label) ? tr_keep(label) : tr_nil(),
		     .hash = tr_is_valid(hash) ? tr_keep(hash) : tr_nil(),
		     .waited = tr_as_bool(tr_map_get_s(e->payload, "wait"), true)};
	link_init(&c->in_children);
	link_push(&m->children, &c->in_children);
	m->children_stale = true;
	return TR_OK;
}

tr_err child_done(machine *m, const event *e)
{
	int64_t id = tr_as_int(tr_map_get_s(e->payload, "execution_id"), 0);

	LINK_EACH(l, &m->children)
	{
		child *c = LINK_OF(l, child, in_children);

		if (c->execution_id != id)
			continue;
		c->done = true;
		forget_if_over(c);
		return TR_OK;
	}
	return TR_ECORRUPT;
}

void children_over(machine *m, uint64_t step_run_id, int64_t iteration, tr_value label)
{
	LINK_EACH_SAFE(l, after, &m->children)
	{
		child *c = LINK_OF(l, child, in_children);

		if (c->step_run_id != step_run_id ||
		    (tr_is_valid(label) && (c->iteration != iteration || !tr_equal(c->label, label))))
			continue;
		c->over = true;
		m->children_stale = true;
		forget_if_over(c);
	}
}

void decide_children(decision *d)
{
	machine *m = d->m;
	const char *reason = tr_as_cstr(m->stop_reason, "the task that waited for it is over");

	m->children_stale = false;
	LINK_EACH(l, &m->children)
	{
		child *c = LINK_OF(l, child, in_children);

		if (!c->waited || c->done)
			continue;
		if (c->over) {
			if (!c->cancelled)
				decide_effect(d, &(machine_effect){.kind = MACHINE_CHILD_CANCEL,
								   .child = c->execution_id,
								   .reason = reason});
			c->cancelled = true;
		} else if (c->paused != (int8_t)m->paused) {
			c->paused = (int8_t)m->paused;
			decide_effect(d,
				      &(machine_effect){.kind = m->paused ? MACHINE_CHILD_PAUSE : MACHINE_CHILD_UNPAUSE,
							.child = c->execution_id});
		}
	}
}
