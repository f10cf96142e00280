/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sub-playbooks, the parent's side: a task asks for an execution of another playbook; it is recorded here first and
 * started by `executions` once the record is durable. Whoever asks again with the same key (the task was taken up again
 * after a crash) gets the same execution. The other side is parent_report: a child tells its parent how it ended.
 */
#include "actors/engine/execution_state.h"

#include "actors/protocol.h"

#include <inttypes.h>
#include <stdio.h>

#define MOST_DEPTH 32 /* playbooks that wait for each other */

static tr_value refuse(const char *kind, const char *why)
{
	return TR_LIST(TR_A(error), tr_string(kind), tr_string(why));
}

static int64_t depth_of(const execution *x)
{
	return tr_as_int(tr_map_get_s(machine_parent(x->machine), "depth"), 0);
}

static tr_value too_deep(const execution *x)
{
	tr_value path = tr_map_get_s(machine_playbook(x->machine), "path");

	return TR_LIST(
	    TR_A(error), tr_string("too_deep"),
	    tr_stringf("%d playbooks wait for each other, the last of them '%s'; one that calls itself needs a "
		       "condition that ends it",
		       MOST_DEPTH, tr_as_cstr(path, "?")));
}

static bool wait_add(execution *x, int64_t child, tr_from from)
{
	child_wait *more = tr_realloc(x->waits, (x->wait_count + 1) * sizeof *more);

	if (more == NULL) {
		x->err = TR_ENOMEM;
		return false;
	}
	x->waits = more;
	x->waits[x->wait_count++] = (child_wait){child, from};
	return true;
}

/* What `executions` needs to start it, or to find it again. */
static tr_value order(const execution *x, const machine_child *c, tr_value request, bool fresh)
{
	tr_value args = tr_map_get_s(request, "args"), step = tr_map_get_s(request, "return_step"),
		 file = tr_map_get_s(request, "file");
	tr_value parent = TR_DICT("execution_id", tr_int(x->id), "step_run_id", tr_int((int64_t)c->step_run_id), "key",
				  tr_keep(c->key), "depth", tr_int(depth_of(x) + 1), "wait", tr_bool(c->waited));

	if (tr_is(step, TR_STRING))
		parent = tr_map_put_s(parent, "return_step", tr_keep(step));
	return TR_LIST(tr_atom("ensure_child"),
		       TR_DICT("execution_id", tr_int(c->execution_id), "hash", tr_keep(c->hash), "file",
			       tr_is(file, TR_STRING) ? tr_keep(file) : tr_nil(), "payload",
			       tr_is(args, TR_MAP) ? tr_keep(args) : tr_map(), "parent", parent, "fresh",
			       tr_bool(fresh)));
}

static machine_child child_of(tr_value request)
{
	return (machine_child){.key = tr_map_get_s(request, "key"),
			       .step_run_id = (uint64_t)tr_as_int(tr_map_get_s(request, "step_run_id"), 0),
			       .iteration = tr_as_int(tr_map_get_s(request, "iteration"), -1),
			       .label = tr_map_get_s(request, "label"),
			       .path = tr_map_get_s(request, "path"),
			       .hash = tr_map_get_s(request, "hash"),
			       .waited = tr_as_bool(tr_map_get_s(request, "wait"), true),
			       .execution_id = tr_as_int(tr_map_get_s(request, "id"), 0)};
}

tr_value parent_ask(execution *x, tr_value request, tr_from from)
{
	tr_pid executions = tr_whereis(SUBJECT_EXECUTIONS);
	machine_world w = outlet_world(x);
	machine_child c = child_of(request);
	tr_err err = TR_EEXIST;

	if (!tr_is(c.key, TR_STRING) || c.execution_id <= 0 || !tr_is(c.label, TR_STRING))
		return refuse("input", "a child needs a key, a label and an execution id");
	if (!machine_child_find(x->machine, c.key, &c)) {
		if (!tr_is(c.hash, TR_STRING))
			return tr_atom("unknown");
		if (depth_of(x) >= MOST_DEPTH)
			return too_deep(x);
		err = machine_child_start(x->machine, &w, OUTLET_SINK(x), &c);
	}
	if (err == TR_ENOENT)
		return refuse("stale", "the step run is not running any more");
	if (err != TR_OK && err != TR_EEXIST) {
		x->err = err;
		return tr_absent();
	}
	outlet_send(x, executions, order(x, &c, request, err == TR_OK));
	(void)wait_add(x, c.execution_id, from);
	return tr_absent();
}

/* Everybody who asked: an asker that was replaced by a later attempt is gone, and hears nothing. */
static void answer_all(execution *x, int64_t child, tr_value report)
{
	for (size_t i = x->wait_count; i-- > 0;) {
		if (x->waits[i].child != child)
			continue;
		outlet_reply(x, x->waits[i].from, TR_LIST(TR_A(ok), tr_keep(report)));
		x->waits[i] = x->waits[--x->wait_count];
	}
	if (x->wait_count == 0) {
		tr_free(x->waits);
		x->waits = NULL;
	}
}

void parent_child_done(execution *x, tr_value message)
{
	int64_t child = tr_as_int(tr_array_at(message, 1), 0);
	tr_value report = tr_array_at(message, 2);
	const char *status = event_status(tr_as_str(tr_map_get_s(report, "status")));
	machine_world w = outlet_world(x);
	tr_err err = machine_child_done(x->machine, &w, OUTLET_SINK(x), child, status == NULL ? "failed" : status);

	/* Known already (it was asked once more), or nobody's: no event, but whoever waits is answered. */
	if (err != TR_OK && err != TR_ENOENT)
		x->err = err;
	answer_all(x, child, report);
}

/* One that nobody waits for: it is enough that it is on disk. */
void parent_child_begun(execution *x, tr_value message)
{
	int64_t child = tr_as_int(tr_array_at(message, 1), 0);
	tr_value report = TR_DICT("execution_id", tr_int(child), "status", tr_string("running"));

	answer_all(x, child, report);
	tr_drop(report);
}

static void name_of(char name[40], int64_t id)
{
	(void)snprintf(name, 40, "event.%" PRId64, id);
}

void parent_tell_begun(execution *x, int64_t parent)
{
	char name[40];

	name_of(name, parent);
	outlet_send(x, tr_whereis(name), TR_LIST(tr_atom("child_begun"), tr_int(x->id)));
}

void parent_tell(execution *x, const machine_effect *e, tr_value reason)
{
	static const char *const words[] = {[MACHINE_CHILD_CANCEL] = "cancel_child",
					    [MACHINE_CHILD_PAUSE] = "pause_child",
					    [MACHINE_CHILD_UNPAUSE] = "unpause_child"};

	(void)tr_send_name(SUBJECT_EXECUTIONS, TR_LIST(tr_atom(words[e->kind]), tr_int(e->child), tr_int(x->id),
						       tr_is(reason, TR_STRING) ? tr_keep(reason) : tr_nil()));
}

/* A parent that is not there asks again when it is taken up. Takes the report. */
static void report_to(tr_value parent, int64_t child, tr_value report)
{
	char name[40];

	name_of(name, tr_as_int(tr_map_get_s(parent, "execution_id"), 0));
	(void)tr_send_name(name, TR_LIST(tr_atom("child_done"), tr_int(child), report));
}

void parent_report(execution *x)
{
	tr_value parent = machine_parent(x->machine);

	if (tr_as_bool(tr_map_get_s(parent, "wait"), false))
		report_to(parent, x->id, machine_report_up(x->machine));
}

void parent_refuse(tr_value parent, int64_t child, const char *why)
{
	tr_value failure =
	    TR_DICT("step", tr_nil(), "kind", tr_string("no_execution"), "message", tr_string_lossy(why, tr_s(why).n));

	report_to(parent, child,
		  TR_DICT("execution_id", tr_int(child), "status", tr_string("failed"), "result", tr_nil(), "failures",
			  TR_LIST(failure)));
}
