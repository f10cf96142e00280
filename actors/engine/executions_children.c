/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executions as children of executions. A parent says what is to be so: this child runs, is cancelled, is paused. Here
 * it is made so, whether the child runs, was interrupted, has ended, or was recorded by its parent and never begun.
 */
#include "actors/engine/executions_state.h"
#include "actors/engine/execution_state.h"

static tr_value parent_of(tr_value request)
{
	tr_value parent = tr_map_get_s(request, "parent");

	return tr_as_bool(tr_map_get_s(parent, "wait"), false) ? tr_keep(parent) : tr_nil();
}

/* Nobody waits for its end, but its parent wants to know that it is on disk. */
static void ask_begun(const running *r, tr_value parent)
{
	if (r != NULL && r->pid.bits != 0 && !tr_as_bool(tr_map_get_s(parent, "wait"), false))
		(void)tr_send(r->pid, TR_LIST(tr_atom("begun"), tr_keep(tr_map_get_s(parent, "execution_id"))));
}

static void start_child(executions *s, int64_t id, tr_value extra, tr_value path, tr_value request)
{
	tr_value parent = parent_of(request);
	tr_value answer = running_start(
	    s, running_new(id, tr_is_valid(path) ? tr_keep(path) : tr_nil(), RUNNING_UNWATCHED, tr_keep(parent)),
	    extra);

	if (TR_IS_A(tr_array_at(answer, 0), ok))
		ask_begun(running_of(s, id), tr_map_get_s(request, "parent"));
	else
		parent_refuse(tr_map_get_s(request, "parent"), id,
			      tr_as_cstr(tr_array_at(answer, 1), "it cannot be started"));
	tr_drop(answer);
	tr_drop(parent);
}

/* {execution_id, hash, file?, payload, parent, fresh}: fresh is one that was never begun. */
void executions_ensure_child(executions *s, tr_value request)
{
	int64_t id = tr_as_int(tr_map_get_s(request, "execution_id"), 0);
	bool fresh = tr_as_bool(tr_map_get_s(request, "fresh"), false);
	tr_value why = tr_nil(), entry, extra, parent = tr_map_get_s(request, "parent");

	/* Whoever runs tells its parent at its end; whoever crashed is started again anyway. One that is just ending
	 * may have told a parent that was not there, and does not hear any more what it is asked: see running_ensure.
	 */
	if (s->closing || id <= 0)
		return;
	if (running_of(s, id) != NULL) {
		running_ensure(running_of(s, id), request);
		ask_begun(running_of(s, id), parent);
		return;
	}
	entry = executions_entry(s, tr_map_get_s(request, "hash"), &why);
	if (!tr_is_valid(entry) && fresh) {
		parent_refuse(parent, id, tr_as_cstr(tr_array_at(why, 1), "the catalog has no such playbook"));
		tr_drop(why);
		return;
	}
	tr_drop(why);
	extra = tr_map_merge(running_extra(s, id),
			     TR_DICT("resume", tr_bool(!fresh), "payload", tr_keep(tr_map_get_s(request, "payload")),
				     "parent", tr_keep(parent)));
	if (tr_is_valid(entry))
		extra = tr_map_merge(extra, TR_DICT("routes", tr_keep(tr_map_get_s(entry, "routes")), "playbook",
						    executions_playbook(entry, tr_map_get_s(request, "file"))));
	start_child(s, id, extra, TR_GET(entry, "info", "path"), request);
}

static void call_child(const running *r, tr_value request)
{
	/* Nobody waits for the answer: it goes to a reference that nobody knows. */
	(void)tr_send(r->pid, TR_LIST(TR_A(call), tr_ref_value(tr_make_ref()), tr_pid_value((tr_pid){0}), request));
}

/* It is to end, and does not run: it is taken up to be cancelled, or to tell that it is finished. */
static void cancel_interrupted(executions *s, int64_t id, int64_t parent_id, tr_value reason)
{
	tr_value parent = TR_DICT("execution_id", tr_int(parent_id), "wait", tr_bool(true));
	tr_value request = TR_DICT("parent", tr_keep(parent));

	start_child(s, id,
		    tr_map_merge(running_extra(s, id),
				 TR_DICT("resume", tr_bool(true), "parent", parent, "cancel",
					 tr_is(reason, TR_STRING) ? tr_keep(reason) : tr_string("cancelled"))),
		    tr_absent(), request);
	tr_drop(request);
}

void executions_tell_child(executions *s, tr_value message)
{
	tr_str what = tr_as_str(tr_array_at(message, 0));
	int64_t id = tr_as_int(tr_array_at(message, 1), 0), parent = tr_as_int(tr_array_at(message, 2), 0);
	tr_value reason = tr_array_at(message, 3);
	const running *r = running_of(s, id);

	if (s->closing || id <= 0)
		return;
	if (tr_str_is(what, "cancel_child") && (r == NULL || r->pid.bits == 0)) {
		if (r == NULL)
			cancel_interrupted(s, id, parent, reason);
		else /* between a crash and the next start: a moment later */
			(void)tr_send_at(tr_self(), tr_keep(message), tr_in(100 * TR_MS));
		return;
	}
	if (r == NULL || r->pid.bits == 0)
		return;
	if (tr_str_is(what, "cancel_child"))
		call_child(r,
			   TR_LIST(TR_A(cancel), tr_is(reason, TR_STRING) ? tr_keep(reason) : tr_string("cancelled")));
	else
		call_child(r,
			   TR_LIST(tr_atom(tr_str_is(what, "pause_child") ? "pause" : "unpause"), tr_atom("parent")));
}
