/* SPDX-License-Identifier: Apache-2.0 */
/* Taking an execution up where its log ends. */
#include "actors/engine/execution_state.h"
#include "actors/engine/state_pack.h"

#include "actors/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <troupe/log.h>

#define LOAD_NS (300 * TR_SECOND)

/* What the store answers: [ok, events, note, snapshot | nil]; fresh, absent with the reason in why, which does not name
 * the execution: whoever tells it does. Takes how. */
static tr_value load(execution *x, tr_value how, tr_err *err, char *why, size_t n)
{
	tr_value answer = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("load"), tr_int(x->id), how), tr_in(LOAD_NS));

	if (!TR_IS_A(tr_array_at(answer, 0), ok) || tr_array_len(tr_array_at(answer, 1)) == 0) {
		(void)snprintf(why, n, "its log cannot be loaded: %s",
			       tr_is_valid(answer) ? tr_as_cstr(tr_array_at(answer, 1), "it has no events")
						   : tr_err_text(tr_value_err(answer)));
		*err = tr_is_valid(answer) &&
			       (TR_IS_A(tr_array_at(answer, 0), ok) || TR_IS_A(tr_array_at(answer, 2), not_found))
			   ? TR_ENOENT
			   : TR_EIO;
		tr_drop(answer);
		return tr_absent();
	}
	x->died_us = tr_as_int(tr_array_at(answer, 4), 0);
	if (tr_is(tr_array_at(answer, 2), TR_STRING))
		tr_log(TR_WARNING, tr_absent(), "execution %" PRId64 ": %s", x->id,
		       tr_as_cstr(tr_array_at(answer, 2), ""));
	return answer;
}

/* The playbook that the first event names; fresh. Absent with the reason. */
static tr_value playbook_of(tr_value first, char *why, size_t n)
{
	tr_value info = tr_absent();
	event e;

	if (event_from_value(first, &e) == TR_OK && e.type == EVENT_EXECUTION_REQUESTED)
		info = tr_keep(tr_map_get_s(e.payload, "playbook"));
	else
		(void)snprintf(why, n, "its log does not begin with its request");
	event_fini(&e);
	return info;
}

/* Its routes; borrowed from *entry. */
static routes *routes_for(tr_value info, tr_value *entry, char *why, size_t n)
{
	tr_value request =
	    TR_LIST(tr_atom("get"), tr_keep(tr_map_get_s(info, "hash")), tr_keep(tr_map_get_s(info, "file")));
	routes *r;

	*entry = tr_call_name(SUBJECT_CATALOG, request, tr_in(LOAD_NS));
	r = routes_of_value(tr_map_get_s(*entry, "routes"));
	if (r == NULL)
		(void)snprintf(why, n, "its playbook '%s' (%s) is not in the catalog; put it there first",
			       tr_as_cstr(tr_map_get_s(info, "path"), "?"),
			       tr_as_cstr(tr_map_get_s(info, "hash"), "?"));
	return r;
}

static void remember(execution *x, const event *e, tr_value v)
{
	tr_value key = tr_int((int64_t)e->step_run_id), list;

	if (e->step_run_id == 0 || event_type_source(e->type) != EVENT_WORKER)
		return;
	if (e->type == EVENT_STEP_DONE || e->type == EVENT_STEP_FAILED || e->type == EVENT_LOOP_DONE) {
		x->history = tr_map_del(x->history, key);
		return;
	}
	list = tr_keep(tr_map_get(x->history, key));
	if (!tr_is_valid(list))
		list = tr_array();
	else
		x->history =
		    tr_map_put(x->history, key, tr_nil()); /* so that the list has one holder and grows in place */
	x->history = tr_map_put(x->history, key, tr_array_push(list, tr_keep(v)));
}

/* What the machine has by way of a snapshot is only remembered. */
static tr_err replay(execution *x, tr_value events, char *why, size_t n)
{
	for (size_t i = 0; i < tr_array_len(events); i++) {
		tr_value v = tr_array_at(events, i);
		uint64_t seq = 0;
		event e;
		tr_err err = event_from_value(v, &e);

		if (err == TR_OK)
			seq = e.seq;
		if (err == TR_OK && seq > machine_seq(x->machine))
			err = machine_apply(x->machine, &e);
		if (err == TR_OK)
			remember(x, &e, v);
		event_fini(&e);
		if (err != TR_OK) {
			(void)snprintf(why, n, "event %" PRIu64 " of its log cannot be applied: %s",
				       seq > 0 ? seq : machine_seq(x->machine) + 1, tr_err_text(err));
			return err;
		}
	}
	return tr_value_err(x->history);
}

/* A machine in the snapshot's state. */
static tr_err restore(execution *x, routes *r, tr_value snapshot, size_t bytes)
{
	tr_value info = tr_map_get_s(snapshot, "playbook");

	x->machine = state_restore(r, x->id, tr_as_str(tr_map_get_s(snapshot, "state")), bytes);
	if (x->machine != NULL && !tr_equal(machine_playbook(x->machine), info))
		machine_free(&x->machine);
	return x->machine != NULL ? TR_OK : TR_ECORRUPT;
}

/* From what the store has given. */
static tr_err take_up(execution *x, tr_value loaded, char *why, size_t n)
{
	tr_value events = tr_array_at(loaded, 1), snapshot = tr_array_at(loaded, 3), entry = tr_absent();
	bool by = tr_is(snapshot, TR_MAP);
	size_t bytes = (size_t)tr_as_int(tr_map_get_s(snapshot, "bytes"), 0);
	tr_value info = by ? tr_keep(tr_map_get_s(snapshot, "playbook")) : playbook_of(tr_array_at(events, 0), why, n);
	routes *r = tr_is_valid(info) ? routes_for(info, &entry, why, n) : NULL;
	tr_err err = TR_EINVAL;

	if (r != NULL && by)
		err = restore(x, r, snapshot, bytes);
	else if (r != NULL)
		err = (x->machine = machine_new(r, x->id)) == NULL ? TR_ENOMEM : TR_OK;
	x->history = tr_map();
	if (err == TR_OK)
		err = replay(x, events, why, n);
	snapshot_resumed(x, (uint64_t)tr_as_int(tr_map_get_s(snapshot, "seq"), 0), bytes);
	tr_drop(info);
	tr_drop(entry);
	return err;
}

static tr_err load_and_take_up(execution *x, bool by_snapshot, bool *by, char *why, size_t n)
{
	tr_err err = TR_EIO;
	tr_value loaded = load(x, tr_bool(by_snapshot), &err, why, n);

	*by = tr_is(tr_array_at(loaded, 3), TR_MAP);
	if (tr_is_valid(loaded))
		err = take_up(x, loaded, why, n);
	tr_drop(loaded);
	return err;
}

tr_err resume_load(execution *x, bool by_snapshot, char *why, size_t n)
{
	bool by;
	tr_err err = load_and_take_up(x, by_snapshot, &by, why, n);

	if (err == TR_ECORRUPT && by) {
		tr_log(TR_WARNING, tr_absent(),
		       "execution %" PRId64 ": its snapshot is left aside, it is no state of its playbook", x->id);
		machine_free(&x->machine);
		tr_clear(&x->history);
		err = load_and_take_up(x, false, &by, why, n);
	}
	if (err == TR_OK) {
		x->durable = machine_seq(x->machine);
		if (machine_phase_of(x->machine) == MACHINE_FINISHED) {
			(void)snprintf(why, n, REFUSAL_OVER);
			err = TR_EEXIST;
		}
	}
	return err;
}

bool resume_shadow(execution *x)
{
	char why[600] = "";
	machine *replayed = x->machine;
	tr_value history = x->history;
	snapshot_state snapshots = x->snapshots;
	tr_err err;

	x->machine = NULL;
	x->history = tr_absent();
	/* From the first event: so what came from a snapshot is compared with the log. */
	err = resume_load(x, false, why, sizeof why);
	x->shadow = x->machine;
	tr_drop(x->history);
	x->machine = replayed;
	x->history = history;
	x->snapshots = snapshots;
	return err == TR_OK;
}

tr_value resume_history(execution *x, uint64_t step_run_id)
{
	char why[600] = "";
	tr_err err;
	tr_value loaded = load(x, tr_int((int64_t)machine_run_seq(x->machine, step_run_id)), &err, why, sizeof why);
	tr_value events = tr_array_at(loaded, 1), out = tr_array();

	for (size_t i = 0; i < tr_array_len(events); i++) {
		event e;

		if (event_from_value(tr_array_at(events, i), &e) != TR_OK)
			continue;
		if (e.step_run_id == step_run_id && event_type_source(e.type) == EVENT_WORKER)
			out = tr_array_push(out, tr_keep(tr_array_at(events, i)));
		event_fini(&e);
	}
	if (!tr_is_valid(loaded))
		tr_exit(TR_LIST(tr_atom("no_history"), tr_string_lossy(why, tr_s(why).n)));
	tr_drop(loaded);
	return out;
}
