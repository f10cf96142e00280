/* SPDX-License-Identifier: Apache-2.0 */
/* Taking an execution up where its log ends. */
#include "actors/engine/execution_state.h"

#include "actors/protocol.h"

#include <inttypes.h>
#include <stdio.h>
#include <troupe/log.h>

#define LOAD_NS (300 * TR_SECOND)

/* The log; fresh, absent with the reason in why, which does not name the execution: whoever tells it does. */
static tr_value load(execution *x, tr_err *err, char *why, size_t n)
{
	tr_value answer = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("load"), tr_int(x->id)), tr_in(LOAD_NS)), events;

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
	if (tr_is(tr_array_at(answer, 2), TR_STRING))
		tr_log(TR_WARNING, tr_absent(), "execution %" PRId64 ": %s", x->id,
		       tr_as_cstr(tr_array_at(answer, 2), ""));
	events = tr_keep(tr_array_at(answer, 1));
	tr_drop(answer);
	return events;
}

/* The routes of the playbook that the first event names; borrowed from *entry. */
static routes *routes_for(tr_value first, tr_value *entry, char *why, size_t n)
{
	event e;
	tr_value info, request;
	routes *r = NULL;

	*entry = tr_absent();
	if (event_from_value(first, &e) != TR_OK || e.type != EVENT_EXECUTION_REQUESTED) {
		(void)snprintf(why, n, "its log does not begin with its request");
		event_fini(&e);
		return NULL;
	}
	info = tr_map_get_s(e.payload, "playbook");
	request = TR_LIST(tr_atom("get"), tr_keep(tr_map_get_s(info, "hash")), tr_keep(tr_map_get_s(info, "file")));
	*entry = tr_call_name(SUBJECT_CATALOG, request, tr_in(LOAD_NS));
	r = routes_of_value(tr_map_get_s(*entry, "routes"));
	if (r == NULL)
		(void)snprintf(why, n, "its playbook '%s' (%s) is not in the catalog; put it there first",
			       tr_as_cstr(tr_map_get_s(info, "path"), "?"),
			       tr_as_cstr(tr_map_get_s(info, "hash"), "?"));
	event_fini(&e);
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

static tr_err replay(execution *x, tr_value events, char *why, size_t n)
{
	for (size_t i = 0; i < tr_array_len(events); i++) {
		tr_value v = tr_array_at(events, i);
		event e;
		tr_err err = event_from_value(v, &e);

		if (err == TR_OK)
			err = machine_apply(x->machine, &e);
		if (err == TR_OK)
			remember(x, &e, v);
		event_fini(&e);
		if (err != TR_OK) {
			(void)snprintf(why, n, "event %zu of its log cannot be applied: %s", i + 1, tr_err_text(err));
			return err;
		}
	}
	return tr_value_err(x->history);
}

tr_err resume_load(execution *x, char *why, size_t n)
{
	tr_err err = TR_EIO;
	tr_value events = load(x, &err, why, n), entry = tr_absent();
	routes *r = tr_is_valid(events) ? routes_for(tr_array_at(events, 0), &entry, why, n) : NULL;

	if (r == NULL) {
		err = tr_is_valid(events) ? TR_EINVAL : err;
	} else {
		x->machine = machine_new(r, x->id);
		x->history = tr_map();
		err = x->machine == NULL ? TR_ENOMEM : replay(x, events, why, n);
	}
	if (err == TR_OK) {
		x->durable = machine_seq(x->machine);
		if (machine_phase_of(x->machine) == MACHINE_FINISHED) {
			(void)snprintf(why, n, "it has ended; there is nothing to resume");
			err = TR_EEXIST;
		}
	}
	tr_drop(entry);
	tr_drop(events);
	return err;
}

bool resume_shadow(execution *x)
{
	char why[600] = "";
	machine *replayed = x->machine;
	tr_value history = x->history;
	tr_err err;

	x->machine = NULL;
	x->history = tr_absent();
	err = resume_load(x, why, sizeof why);
	x->shadow = x->machine;
	tr_drop(x->history);
	x->machine = replayed;
	x->history = history;
	return err == TR_OK;
}

tr_value resume_history(execution *x, uint64_t step_run_id)
{
	char why[600] = "";
	tr_err err;
	tr_value events = load(x, &err, why, sizeof why), out = tr_array();

	for (size_t i = 0; i < tr_array_len(events); i++) {
		event e;

		if (event_from_value(tr_array_at(events, i), &e) != TR_OK)
			continue;
		if (e.step_run_id == step_run_id && event_type_source(e.type) == EVENT_WORKER)
			out = tr_array_push(out, tr_keep(tr_array_at(events, i)));
		event_fini(&e);
	}
	if (!tr_is_valid(events))
		tr_exit(TR_LIST(tr_atom("no_history"), tr_string_lossy(why, tr_s(why).n)));
	tr_drop(events);
	return out;
}
