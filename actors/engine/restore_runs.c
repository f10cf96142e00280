/* SPDX-License-Identifier: Apache-2.0 */
/* Step runs and children out of a digest. */
#include "actors/engine/machine_state.h"

static int64_t number(tr_value v, const char *key)
{
	return tr_as_int(tr_map_get_s(v, key), -1);
}
static bool yes(tr_value v, const char *key)
{
	return tr_as_bool(tr_map_get_s(v, key), false);
}

static bool is_map_or_nil(tr_value v)
{
	return tr_is(v, TR_MAP) || tr_is_nil(v);
}

static void run_fill(step_run *r, tr_value v)
{
	tr_value loop = tr_map_get_s(v, "loop"), owed = tr_map_get_s(v, "owed");

	r->id = (uint64_t)number(v, "id");
	r->attempt = (uint32_t)number(v, "attempt");
	r->lost = (uint32_t)number(v, "lost");
	r->phase = (run_phase)number(v, "phase");
	r->started = yes(v, "started");
	r->final = yes(v, "final");
	r->end_type = (event_type)number(v, "end_type");
	r->scheduled_event = (uint64_t)number(v, "scheduled_event");
	r->end_event = (uint64_t)number(v, "end_event");
	r->scheduled_seq = (uint64_t)number(v, "scheduled_seq");
	r->scheduled_us = number(v, "scheduled_us");
	r->given_us = tr_as_int(tr_map_get_s(v, "given_us"), r->scheduled_us);
	r->moved = yes(v, "moved");
	r->deaths = (uint32_t)tr_as_int(tr_map_get_s(v, "deaths"), 0);
	r->timeout_us = number(v, "timeout_us");
	r->args = tr_keep(tr_map_get_s(v, "args"));
	r->cause = tr_keep(tr_map_get_s(v, "cause"));
	r->end = tr_keep(tr_map_get_s(v, "end"));
	if (list_is(owed))
		r->owed = tr_keep(owed);
	r->owed_done = (uint32_t)number(v, "owed_done");
	r->tasks_done = (uint64_t)number(v, "tasks_done");
	r->retries = (uint32_t)number(v, "retries");
	r->task_attempt = (uint32_t)number(v, "task_attempt");
	r->loop_count = number(loop, "count");
	r->loop_started = (uint64_t)number(loop, "started");
	r->loop_done = (uint64_t)number(loop, "done");
	r->loop_failed = (uint64_t)number(loop, "failed");
}

static bool arcs_fit(const machine *m, const step_run *r)
{
	size_t arcs = m->routes->playbook->steps[r->step].arc_count;

	for (size_t i = 0; i < list_len(r->owed); i++) {
		int64_t arc = list_at(r->owed, i);

		if (arc < 0 || (uint64_t)arc >= arcs)
			return false;
	}
	return r->phase == RUN_ROUTED ? r->owed_done < list_len(r->owed) && list_len(r->owed) <= arcs
				      : !tr_is_valid(r->owed) && r->owed_done == 0;
}

static bool run_fits(const machine *m, const step_run *r)
{
	bool ended =
	    r->end_type == EVENT_STEP_DONE || r->end_type == EVENT_STEP_FAILED || r->end_type == EVENT_LOOP_DONE;

	return r->id > 0 && r->id < m->next_run && idmap_get(&m->runs_by_id, r->id) == NULL && r->attempt > 0 &&
	       r->scheduled_seq > 0 && r->scheduled_seq <= m->seq &&
	       (r->phase == RUN_RUNNING || r->phase == RUN_ENDED || r->phase == RUN_ROUTED) &&
	       (r->phase == RUN_RUNNING ? r->end_type == EVENT_NONE && tr_is_nil(r->end)
					: ended && tr_is(r->end, TR_MAP) && !machine_stopping(m)) &&
	       tr_is(r->args, TR_MAP) && is_map_or_nil(r->cause) && arcs_fit(m, r);
}

static bool restore_run(machine *m, tr_value v)
{
	step_run *r = tr_alloc(sizeof *r);

	if (r == NULL)
		return false;
	link_init(&r->in_runs);
	link_init(&r->in_ended);
	run_fill(r, v);
	if (!restore_index(m, tr_map_get_s(v, "step"), &r->step) || !run_fits(m, r) ||
	    idmap_put(&m->runs_by_id, r->id, r) != TR_OK) {
		run_free(r);
		return false;
	}
	link_push(&m->runs, &r->in_runs);
	m->steps[r->step].live++;
	return true;
}

bool restore_runs(machine *m, tr_value list)
{
	for (size_t i = 0; i < tr_array_len(list); i++)
		if (!restore_run(m, tr_array_at(list, i)))
			return false;
	return tr_is(list, TR_ARRAY);
}

/* All that have ended, in the order in which their arcs are to be evaluated. */
bool restore_ended(machine *m, tr_value list)
{
	size_t ended = 0;

	for (size_t i = 0; i < tr_array_len(list); i++) {
		step_run *r = run_of(m, (uint64_t)tr_as_int(tr_array_at(list, i), 0));

		if (r == NULL || r->phase == RUN_RUNNING || !link_alone(&r->in_ended))
			return false;
		link_push(&m->ended, &r->in_ended);
	}
	LINK_EACH(l, &m->runs)
	ended += LINK_OF(l, step_run, in_runs)->phase != RUN_RUNNING;
	return tr_is(list, TR_ARRAY) && ended == tr_array_len(list);
}

static bool child_fits(const machine *m, const child *c)
{
	machine_child known;

	return tr_is(c->key, TR_STRING) && c->execution_id > 0 && tr_is_valid(c->label) && tr_is_valid(c->hash) &&
	       (c->over ? !c->done && c->waited : machine_runs(m, c->step_run_id)) &&
	       !machine_child_find(m, c->key, &known);
}

static bool restore_child(machine *m, tr_value v)
{
	child *c = tr_alloc(sizeof *c);

	if (c == NULL)
		return false;
	*c = (child){.step_run_id = (uint64_t)number(v, "step_run_id"),
		     .iteration = number(v, "iteration"),
		     .execution_id = number(v, "execution_id"),
		     .key = tr_keep(tr_map_get_s(v, "key")),
		     .label = tr_keep(tr_map_get_s(v, "label")),
		     .hash = tr_keep(tr_map_get_s(v, "hash")),
		     .waited = yes(v, "waited"),
		     .done = yes(v, "done"),
		     .over = yes(v, "over")};
	link_init(&c->in_children);
	if (!child_fits(m, c)) {
		child_forget(c);
		return false;
	}
	link_push(&m->children, &c->in_children);
	return true;
}

bool restore_children(machine *m, tr_value list)
{
	for (size_t i = 0; i < tr_array_len(list); i++)
		if (!restore_child(m, tr_array_at(list, i)))
			return false;
	return tr_is(list, TR_ARRAY);
}
