/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a digest back to a machine. What comes in may be anything: whatever is used as a place is checked before, what
 * can be counted is counted and not read, and in the end the machine must write the very bytes that it was made of.
 *
 * Hints are not in a digest. They are what they are after a replay: every token is looked at once more.
 */
#include "actors/engine/machine_state.h"

#include <string.h>

static int64_t number(tr_value v, const char *key)
{
	return tr_as_int(tr_map_get_s(v, key), -1);
}
static bool yes(tr_value v, const char *key)
{
	return tr_as_bool(tr_map_get_s(v, key), false);
}

bool restore_index(const machine *m, tr_value v, uint32_t *step)
{
	int64_t n = tr_as_int(v, -1);

	*step = (uint32_t)n;
	return n >= 0 && (uint64_t)n < m->routes->playbook->step_count;
}

static bool restore_scalars(machine *m, tr_value v)
{
	int64_t phase = number(v, "phase"), stop = number(v, "stop");

	m->seq = (uint64_t)number(v, "seq");
	m->last_event_id = (uint64_t)number(v, "last_event_id");
	m->phase = (machine_phase)phase;
	m->stop = (stop_kind)stop;
	m->paused = yes(v, "paused");
	m->paused_by_parent = yes(v, "paused_by_parent");
	m->entry_owed = yes(v, "entry_owed");
	m->final_made = yes(v, "final_made");
	m->has_refs = yes(v, "has_refs");
	m->plain = false; /* a digest does not tell */
	m->status = event_status(tr_as_str(tr_map_get_s(v, "status")));
	m->started_us = number(v, "started_us");
	m->finished_us = number(v, "finished_us");
	m->deadline_us = number(v, "deadline_us");
	m->trace_id = (uint64_t)tr_as_int(tr_map_get_s(v, "trace_id"), 0);
	m->failure_count = (uint32_t)number(v, "failure_count");
	m->branches_done = (uint32_t)number(v, "branches_done");
	m->finished_runs = (uint64_t)number(v, "finished_runs");
	m->next_token = (uint64_t)number(v, "next_token");
	m->next_run = (uint64_t)number(v, "next_run");
	return number(v, "execution_id") == m->execution_id && phase > MACHINE_NEW && phase <= MACHINE_FINISHED &&
	       stop >= STOP_NONE && stop <= STOP_CANCELLED && number(v, "seq") > 0 && number(v, "next_token") > 0 &&
	       number(v, "next_run") > 0 && (m->status != NULL) == (phase >= MACHINE_CLOSING);
}

static bool is_map_or_nil(tr_value v)
{
	return tr_is(v, TR_MAP) || tr_is_nil(v);
}

static bool restore_values(machine *m, tr_value v)
{
	tr_assign(&m->info, tr_keep(tr_map_get_s(v, "playbook")));
	tr_assign(&m->payload, tr_keep(tr_map_get_s(v, "payload")));
	tr_assign(&m->parent, tr_keep(tr_map_get_s(v, "parent")));
	tr_assign(&m->workload, tr_keep(tr_map_get_s(v, "workload")));
	tr_assign(&m->ctx, tr_keep(tr_map_get_s(v, "ctx")));
	tr_assign(&m->vars, tr_keep(tr_map_get_s(v, "vars")));
	tr_assign(&m->result, tr_keep(tr_map_get_s(v, "result")));
	tr_assign(&m->failures, tr_keep(tr_map_get_s(v, "failures")));
	tr_assign(&m->stop_reason, tr_keep(tr_map_get_s(v, "stop_reason")));
	tr_assign(&m->warned, tr_keep(tr_map_get_s(v, "warned")));
	return tr_is(m->info, TR_MAP) && is_map_or_nil(m->payload) && is_map_or_nil(m->parent) &&
	       tr_is(m->workload, TR_MAP) && tr_is(m->ctx, TR_MAP) && tr_is(m->vars, TR_MAP) &&
	       tr_is_valid(m->result) && tr_is(m->failures, TR_ARRAY) && tr_is_valid(m->stop_reason) &&
	       tr_is(m->warned, TR_MAP);
}

static tr_value value_or_nil(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

/* Of a step only what is not as at the beginning is told. One that has not ended once has no result, which is another
 * thing than nil. */
static bool restore_step(machine *m, uint32_t step, tr_value v)
{
	step_state *s = &m->steps[step];
	tr_value labels = tr_map_get_s(v, "labels"), error = value_or_nil(tr_map_get_s(v, "error"));
	tr_value tokens = tr_map_get_s(v, "tokens");
	int64_t runs = tr_as_int(tr_map_get_s(v, "runs"), 0), done = tr_as_int(tr_map_get_s(v, "done"), 0),
		failed = tr_as_int(tr_map_get_s(v, "failed"), 0);
	bool ended = done != 0 || failed != 0, good = is_map_or_nil(error);

	s->runs = (uint32_t)runs;
	s->done = (uint32_t)done;
	s->failed = (uint32_t)failed;
	s->status = event_status(tr_as_str(tr_map_get_s(v, "status")));
	if (ended) {
		s->result = value_or_nil(tr_map_get_s(v, "result"));
		s->error = error;
	} else {
		tr_drop(error);
	}
	if (tr_is(labels, TR_MAP))
		s->labels = tr_keep(labels);
	return good && runs >= 0 && runs <= UINT32_MAX && done >= 0 && done <= UINT32_MAX && failed >= 0 &&
	       failed <= UINT32_MAX && (s->status != NULL) == (runs > 0) &&
	       (!tr_is_valid(tokens) || restore_tokens(m, step, tokens));
}

static bool restore_steps(machine *m, tr_value steps)
{
	const tr_entry *e = tr_map_entries(steps);

	for (size_t i = 0; i < tr_map_len(steps); i++) {
		uint32_t step;

		if (!restore_index(m, e[i].key, &step) || !restore_step(m, step, e[i].value))
			return false;
	}
	return tr_is(steps, TR_MAP);
}

/* All steps that live, in this order. */
static bool restore_live(machine *m, tr_value list)
{
	size_t live = 0;

	for (size_t i = 0; i < tr_array_len(list); i++) {
		uint32_t step;

		if (!restore_index(m, tr_array_at(list, i), &step) || m->steps[step].live == 0 ||
		    !link_alone(&m->steps[step].in_live))
			return false;
		link_push(&m->live, &m->steps[step].in_live);
	}
	for (size_t i = 0; i < m->routes->playbook->step_count; i++)
		live += m->steps[i].live > 0;
	return tr_is(list, TR_ARRAY) && live == tr_array_len(list);
}

static bool restore_open(machine *m, tr_value list)
{
	for (size_t i = 0; i < tr_array_len(list); i++) {
		uint32_t step;
		step_state *s;

		if (!restore_index(m, tr_array_at(list, i), &step) || step_is_open(&m->steps[step]))
			return false;
		s = &m->steps[step];
		s->blockers = join_blockers(m, step);
		link_push(&m->open, &s->in_open);
		if (m->routes->steps[step].join == ROUTES_ANY ? s->blockers == 0
							      : m->routes->steps[step].join != ROUTES_AUTO)
			return false;
	}
	for (size_t i = 0; i < m->routes->playbook->step_count; i++)
		if (m->routes->steps[i].join == ROUTES_AUTO && step_is_open(&m->steps[i]) != (m->steps[i].waiting > 0))
			return false;
	return tr_is(list, TR_ARRAY);
}

static bool restore_owed(machine *m, tr_value list)
{
	for (size_t i = 0; i < tr_array_len(list); i++) {
		tr_value one = tr_array_at(list, i), patch = tr_array_at(one, 2);

		if (!tr_is(patch, TR_MAP) ||
		    machine_owe_patch(m, (uint64_t)tr_as_int(tr_array_at(one, 0), 0),
				      (uint64_t)tr_as_int(tr_array_at(one, 1), 0), tr_keep(patch)) != TR_OK)
			return false;
	}
	return tr_is(list, TR_ARRAY);
}

/* What the machine writes must be what it was made of, to the last byte. */
static tr_err compare(void *arg, tr_str bytes)
{
	tr_str *left = arg;

	if (bytes.n > left->n || memcmp(bytes.p, left->p, bytes.n) != 0)
		return TR_ECORRUPT;
	*left = (tr_str){left->p + bytes.n, left->n - bytes.n};
	return TR_OK;
}

static bool restore(machine *m, tr_value v)
{
	bool good = restore_scalars(m, v) && restore_values(m, v) && restore_steps(m, tr_map_get_s(v, "steps")) &&
		    restore_runs(m, tr_map_get_s(v, "runs")) && restore_live(m, tr_map_get_s(v, "live")) &&
		    restore_open(m, tr_map_get_s(v, "open")) && restore_pending(m, tr_map_get_s(v, "pending")) &&
		    restore_ended(m, tr_map_get_s(v, "ended")) && restore_owed(m, tr_map_get_s(v, "owed")) &&
		    restore_children(m, tr_map_get_s(v, "children")) && restore_queue(m);

	m->children_stale = true;
	return good;
}

machine *machine_restore(routes *r, int64_t execution_id, tr_str state)
{
	tr_value v = machine_state_read(state);
	machine *m = tr_is(v, TR_MAP) ? machine_new(r, execution_id) : NULL;
	bool good = m != NULL && restore(m, v);

	tr_drop(v);
	if (m != NULL && (!good || machine_write(m, compare, &state) != TR_OK || state.n > 0))
		machine_free(&m);
	return m;
}
