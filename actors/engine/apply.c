/* SPDX-License-Identifier: Apache-2.0 */
/* events -> state: the dispatch, and what concerns the execution as a whole. */
#include "actors/engine/machine_state.h"

#include <string.h>

/* Levels of a dotted key; what is behind the last of them is one plain key. */
#define MOST_LEVELS 32

static tr_value put_path(tr_value map, tr_str key, tr_value value, int levels)
{
	const char *dot = key.n == 0 || levels == 0 ? NULL : memchr(key.p, '.', key.n);
	size_t head = dot == NULL ? key.n : (size_t)(dot - key.p);
	tr_value inner, name;

	if (tr_is_valid(map) && !tr_is(map, TR_MAP)) {
		tr_drop(map);
		map = tr_map();
	}
	name = tr_string_n(key.p, head);
	if (dot == NULL)
		return tr_map_put(map, name, value);
	inner = tr_keep(tr_map_get(map, name));
	if (!tr_is_valid(inner))
		inner = tr_map();
	return tr_map_put(map, name, put_path(inner, (tr_str){dot + 1, key.n - head - 1}, value, levels - 1));
}

tr_value machine_put_paths(tr_value map, tr_value writes)
{
	const tr_entry *e = tr_map_entries(writes);

	for (size_t i = 0; i < tr_map_len(writes); i++) {
		tr_str key = tr_as_str(e[i].key);

		if (tr_is(e[i].key, TR_STRING) && memchr(key.p, '.', key.n) != NULL)
			map = put_path(map, key, tr_keep(e[i].value), MOST_LEVELS);
		else
			map = tr_map_put(map, tr_keep(e[i].key), tr_keep(e[i].value));
	}
	return map;
}

static bool any_dotted(tr_value writes)
{
	const tr_entry *e = tr_map_entries(writes);

	for (size_t i = 0; i < tr_map_len(writes); i++) {
		tr_str key = tr_as_str(e[i].key);

		if (key.n > 0 && memchr(key.p, '.', key.n) != NULL)
			return true;
	}
	return false;
}

void machine_put(machine *m, tr_value *into, tr_value writes)
{
	machine_note_refs(m, writes);
	*into = machine_put_paths(*into, writes);
	/* Several may make a reference together. */
	if (any_dotted(writes))
		machine_note_refs(m, *into);
}

tr_err machine_owe_patch(machine *m, uint64_t step_run_id, uint64_t parent_id, tr_value patch)
{
	owed_patch *o = tr_alloc(sizeof *o);

	if (o == NULL) {
		tr_drop(patch);
		return TR_ENOMEM;
	}
	o->step_run_id = step_run_id;
	o->parent_id = parent_id;
	o->patch = patch;
	link_push(&m->owed, &o->in_owed);
	return TR_OK;
}

static void owed_forget(struct link *l)
{
	owed_patch *o = LINK_OF(l, owed_patch, in_owed);

	link_remove(l);
	tr_drop(o->patch);
	tr_free(o);
}

void machine_add_failure(machine *m, tr_value failure)
{
	if (m->failure_count++ < MACHINE_MOST_FAILURES)
		m->failures = tr_array_push(m->failures, failure);
	else
		tr_drop(failure);
}

void machine_stop(machine *m, stop_kind kind, tr_value reason)
{
	if (m->stop >= kind) {
		tr_drop(reason);
		return;
	}
	m->stop = kind;
	tr_assign(&m->stop_reason, reason);
	m->entry_owed = false;
	if (!machine_stopping(m))
		return;
	LINK_EACH_SAFE(l, after, &m->ended)
	run_forget(m, LINK_OF(l, step_run, in_ended));
}

static tr_err apply_requested(machine *m, const event *e)
{
	tr_value payload = tr_map_get_s(e->payload, "payload"), parent = tr_map_get_s(e->payload, "parent");

	if (m->phase != MACHINE_NEW)
		return TR_ECORRUPT;
	m->phase = MACHINE_REQUESTED;
	m->started_us = e->time_us;
	m->trace_id = e->trace_id;
	tr_assign(&m->info, tr_keep(tr_map_get_s(e->payload, "playbook")));
	tr_assign(&m->payload, tr_is(payload, TR_MAP) ? tr_keep(payload) : tr_map());
	tr_assign(&m->parent, tr_is_valid(parent) ? tr_keep(parent) : tr_nil());
	return tr_is(m->info, TR_MAP) ? TR_OK : TR_ECORRUPT;
}

static tr_err apply_evaluated(machine *m, const event *e)
{
	tr_value workload = tr_map_get_s(e->payload, "workload"), vars = tr_map_get_s(e->payload, "vars");
	int64_t timeout = tr_as_int(tr_map_get_s(e->payload, "timeout_us"), 0);

	if (m->phase != MACHINE_REQUESTED || !tr_is(workload, TR_MAP))
		return TR_ECORRUPT;
	m->phase = MACHINE_EVALUATED;
	machine_note_refs(m, workload);
	tr_assign(&m->workload, tr_keep(workload));
	machine_note_refs(m, vars);
	if (tr_is(vars, TR_MAP))
		tr_assign(&m->vars, tr_keep(vars));
	if (timeout > 0)
		m->deadline_us = m->started_us + timeout;
	/* The payload is in the workload now. */
	tr_assign(&m->payload, tr_nil());
	return TR_OK;
}

static tr_err apply_started(machine *m)
{
	if (m->phase != MACHINE_EVALUATED)
		return TR_ECORRUPT;
	m->phase = MACHINE_RUNNING;
	m->entry_owed = m->stop == STOP_NONE;
	return TR_OK;
}

static tr_err apply_patch(machine *m, const event *e)
{
	tr_value patch = tr_map_get_s(e->payload, "patch");

	if (!tr_is(patch, TR_MAP))
		return TR_ECORRUPT;
	if (!link_alone(&m->owed))
		owed_forget(m->owed.next);
	machine_put(m, &m->ctx, patch);
	tokens_queue_pending(m);
	return tr_value_err(m->ctx);
}

static tr_err apply_finished(machine *m, const event *e)
{
	tr_value result = tr_map_get_s(e->payload, "result"), failures = tr_map_get_s(e->payload, "failures");
	const char *status = event_status(tr_as_str(tr_map_get_s(e->payload, "status")));

	if (status == NULL || m->phase == MACHINE_NEW || m->phase >= MACHINE_CLOSING)
		return TR_ECORRUPT;
	m->phase = MACHINE_CLOSING;
	m->status = status;
	m->finished_us = e->time_us;
	if (tr_is_valid(result))
		tr_assign(&m->result, tr_keep(result));
	if (tr_is(failures, TR_ARRAY))
		tr_assign(&m->failures, tr_keep(failures));
	return TR_OK;
}

static tr_err apply_cancelled(machine *m, const event *e)
{
	tr_value reason = tr_map_get_s(e->payload, "reason");
	bool expired = tr_str_is(tr_as_str(tr_map_get_s(e->payload, "status")), "failed");

	if (m->phase == MACHINE_NEW || m->phase >= MACHINE_CLOSING)
		return TR_ECORRUPT;
	m->paused = m->paused_by_parent = false;
	m->children_stale = true;
	if (expired)
		machine_add_failure(
		    m, TR_DICT("step", tr_nil(), "kind", tr_string("timeout"), "message", tr_keep(reason)));
	machine_stop(m, expired ? STOP_EXPIRED : STOP_CANCELLED, tr_keep(reason));
	return TR_OK;
}

static tr_err apply_warning(machine *m, const event *e)
{
	tr_value place = tr_map_get_s(e->payload, "place");

	if (tr_is(place, TR_STRING) && tr_map_len(m->warned) < MACHINE_MOST_WARNINGS)
		m->warned = tr_map_put(m->warned, tr_keep(place), tr_keep(e->payload));
	return tr_value_err(m->warned);
}

static tr_err apply_by_type(machine *m, const event *e)
{
	switch (e->type) {
	case EVENT_EXECUTION_REQUESTED:
		return apply_requested(m, e);
	case EVENT_REQUEST_EVALUATED:
		return apply_evaluated(m, e);
	case EVENT_WORKFLOW_STARTED:
		return apply_started(m);
	case EVENT_TOKEN_CREATED:
		return token_create(m, e);
	case EVENT_TOKEN_PENDING:
		return token_set_pending(m, e);
	case EVENT_TOKEN_DROPPED:
		return token_drop_event(m, e);
	case EVENT_STEP_SCHEDULED:
		return run_schedule(m, e);
	case EVENT_CTX_PATCHED:
		return apply_patch(m, e);
	case EVENT_NEXT_EVALUATED:
		return run_routed(m, e);
	case EVENT_WORKFLOW_FINISHED:
		return apply_finished(m, e);
	case EVENT_PLAYBOOK_PROCESSED:
		m->phase = MACHINE_FINISHED;
		return TR_OK;
	case EVENT_EXECUTION_CANCELLED:
		return apply_cancelled(m, e);
	case EVENT_EXECUTION_PAUSED:
	case EVENT_EXECUTION_RESUMED:
		/* What is stopped for good is over soon: nobody could let it go on any more. */
		m->paused = e->type == EVENT_EXECUTION_PAUSED && m->stop < STOP_EXPIRED;
		m->paused_by_parent = m->paused && tr_str_is(tr_as_str(tr_map_get_s(e->payload, "by")), "parent");
		m->children_stale = true;
		return TR_OK;
	case EVENT_CHILD_STARTED:
		return child_started(m, e);
	case EVENT_CHILD_DONE:
		return child_done(m, e);
	case EVENT_WARNING:
		return apply_warning(m, e);
	default:
		return run_worker_event(m, e);
	}
}

/* From a log or a message. */
static tr_err apply_plain(machine *m, const event *e)
{
	event view;

	event_view(e, &view);
	return apply_by_type(m, &view);
}

tr_err machine_apply(machine *m, const event *e)
{
	tr_err err;

	if (e->seq != m->seq + 1 || e->execution_id != m->execution_id || m->phase == MACHINE_FINISHED ||
	    (m->phase == MACHINE_NEW) != (e->type == EVENT_EXECUTION_REQUESTED) ||
	    (m->phase == MACHINE_CLOSING && e->type != EVENT_PLAYBOOK_PROCESSED))
		return TR_ECORRUPT;
	err = e->shaped || !event_has_shape(e->type) ? apply_by_type(m, e) : apply_plain(m, e);
	if (err != TR_OK)
		return err;
	m->seq = e->seq;
	m->last_event_id = e->event_id;
	return TR_OK;
}

static void state_init(machine *m)
{
	struct link *lists[] = {&m->runs,    &m->ended, &m->live,  &m->open,
				&m->pending, &m->owed,  &m->queue, &m->children};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		link_init(lists[i]);
	for (size_t i = 0; i < m->routes->playbook->step_count; i++) {
		link_init(&m->steps[i].tokens);
		link_init(&m->steps[i].in_live);
		link_init(&m->steps[i].in_open);
	}
	m->next_token = m->next_run = 1;
	m->plain = true;
	m->info = m->payload = m->parent = m->result = m->stop_reason = tr_nil();
	m->workload = tr_map();
	m->ctx = tr_map();
	m->vars = tr_map();
	m->warned = tr_map();
	m->failures = tr_array();
}

machine *machine_new(routes *r, int64_t execution_id)
{
	machine *m = tr_alloc(sizeof *m);

	if (m == NULL)
		return NULL;
	m->steps = tr_alloc(r->playbook->step_count * sizeof(step_state));
	if (m->steps == NULL) {
		tr_free(m);
		return NULL;
	}
	m->routes = routes_hold(r);
	m->execution_id = execution_id;
	state_init(m);
	return m;
}

static void steps_free(machine *m)
{
	for (size_t i = 0; i < m->routes->playbook->step_count; i++) {
		step_state *s = &m->steps[i];

		LINK_EACH_SAFE(l, after, &s->tokens)
		token_forget(m, LINK_OF(l, token, at_step));
		tr_drop(s->result);
		tr_drop(s->error);
		tr_drop(s->labels);
	}
	tr_free(m->steps);
}

void machine_free(machine **slot)
{
	machine *m;

	if (slot == NULL || *slot == NULL)
		return;
	m = *slot;
	*slot = NULL;
	LINK_EACH_SAFE(l, after, &m->runs)
	run_forget(m, LINK_OF(l, step_run, in_runs));
	LINK_EACH_SAFE(o, next, &m->owed)
	owed_forget(o);
	LINK_EACH_SAFE(c, following, &m->children)
	child_forget(LINK_OF(c, child, in_children));
	steps_free(m);
	idmap_fini(&m->tokens_by_id);
	idmap_fini(&m->runs_by_id);
	tr_value *values[] = {&m->info, &m->payload, &m->parent,   &m->workload,    &m->ctx,
			      &m->vars, &m->result,  &m->failures, &m->stop_reason, &m->warned};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		tr_clear(values[i]);
	routes_free(&m->routes);
	tr_free(m);
}
