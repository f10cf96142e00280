/* SPDX-License-Identifier: Apache-2.0 */
/* Starting executions and finding them again. */
#include "actors/engine/executions_state.h"

#include "actors/engine/catalog.h"
#include "actors/protocol.h"
#include "plugins/host/secret_ref.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_NS     (30 * TR_SECOND)
#define SHUTDOWN_NS (20 * TR_SECOND)
#define MOST_KNOWN  64u /* catalog entries kept here */

tr_value executions_refuse(const char *why)
{
	return TR_LIST(TR_A(error), tr_string_lossy(why, tr_s(why).n));
}

static void executions_release(void *ptr)
{
	executions *s = ptr;

	uint32_t place = 0;
	running *r;

	while ((r = idmap_next(&s->by_id, &place, NULL)) != NULL)
		running_free(r);
	idmap_fini(&s->by_id);
	idmap_fini(&s->by_monitor);
	tr_drop(s->env);
	tr_drop(s->known);
	tr_drop(s->lacking);
	tr_free(s);
}

static tr_value text_of(tr_str s)
{
	return s.n == 0 ? tr_nil() : tr_string_n(s.p, s.n);
}

static tr_value playbook_info(tr_value entry)
{
	const playbook *p = catalog_model_of(tr_map_get_s(entry, "model"));

	return TR_DICT("name", text_of(p->name), "path", text_of(p->path), "version", text_of(p->version), "hash",
		       tr_keep(tr_map_get_s(entry, "hash")), "file", tr_keep(tr_map_get_s(entry, "file")));
}

tr_value executions_entry(executions *s, tr_value hash, tr_value *why)
{
	tr_value entry = tr_map_get(s->known, hash), map;

	if (tr_is_valid(entry))
		return entry;
	entry = tr_call_name(SUBJECT_CATALOG, TR_LIST(tr_atom("get"), tr_keep(hash)), tr_in(CALL_NS));
	if (!tr_is(entry, TR_MAP)) {
		*why = tr_is_valid(entry) ? executions_refuse("the catalog has no such playbook; put it there first")
					  : executions_refuse("the catalog does not answer");
		tr_drop(entry);
		return tr_absent();
	}
	if (tr_map_len(s->known) >= MOST_KNOWN)
		tr_assign(&s->known, tr_map());
	/* What every execution of it says in its first event: one value for all. */
	map = tr_map_put(tr_keep(s->known), tr_keep(hash), tr_map_put_s(entry, "info", playbook_info(entry)));
	if (!tr_is_valid(map)) {
		*why = executions_refuse("out of memory");
		return tr_absent();
	}
	tr_assign(&s->known, map);
	return tr_map_get(s->known, hash);
}

tr_value executions_playbook(tr_value entry, tr_value file)
{
	tr_value info = tr_map_get_s(entry, "info");

	if (!tr_is(file, TR_STRING) || tr_equal(file, tr_map_get_s(info, "file")))
		return tr_keep(info);
	return tr_map_put_s(tr_keep(info), "file", tr_keep(file));
}

static running_watcher watcher_of(tr_value watch, bool events)
{
	return tr_is(watch, TR_PID) ? (running_watcher){tr_as_pid(watch), events} : RUNNING_UNWATCHED;
}

/* Only who gives an id itself can meet one that is taken, perhaps by an execution that is long over. */
static const char *id_fault(const executions *s, tr_value given)
{
	int64_t id = tr_as_int(given, 0);
	tr_value has;
	bool known, taken;

	if (!tr_is_valid(given) || tr_is_nil(given))
		return NULL;
	if (id <= 0)
		return "an execution id is a positive number";
	if (idmap_get(&s->by_id, (uint64_t)id) != NULL)
		return "the execution id is taken";
	has = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("has"), tr_int(id)), tr_in(CALL_NS));
	known = tr_is(has, TR_BOOL);
	taken = tr_as_bool(has, true);
	tr_drop(has);
	if (!known)
		return "the store does not say whether the execution id is taken";
	return taken ? "the execution id is taken" : NULL;
}

/* [start, {hash, file?, payload, execution_id?, watch?, watch_events?, parent?}] */
static tr_value start(executions *s, tr_value request)
{
	tr_value why = tr_nil(), payload = tr_map_get_s(request, "payload"),
		 given = tr_map_get_s(request, "execution_id");
	tr_value parent = tr_map_get_s(request, "parent"), entry, info, path, extra;
	running *r;
	const char *fault;
	int64_t id = tr_as_int(given, 0);

	if (s->closing)
		return executions_refuse(REFUSAL_CLOSING);
	if (tr_is_valid(payload) && !tr_is(payload, TR_MAP) && !tr_is_nil(payload))
		return executions_refuse("the payload must be a mapping");
	/* That of another execution may hold some, which were put there by us. */
	if (!tr_is(parent, TR_MAP) && secret_ref_inside(payload, NULL))
		return executions_refuse(
		    "the payload holds {kind: secret_ref}; only Troupe itself puts that in the place of "
		    "a secret, so it is not taken from outside");
	fault = id_fault(s, given);
	if (fault != NULL)
		return executions_refuse(fault);
	entry = executions_entry(s, tr_map_get_s(request, "hash"), &why);
	if (!tr_is_valid(entry))
		return why;
	if (id == 0)
		id = (int64_t)id_next(&s->ids, tr_wall_us());
	info = tr_map_get_s(entry, "info");
	path = tr_map_get_s(info, "path");
	extra =
	    tr_map_merge(running_extra(s, id), TR_DICT("routes", tr_keep(tr_map_get_s(entry, "routes")), "playbook",
						       executions_playbook(entry, tr_map_get_s(request, "file")),
						       "payload", tr_is(payload, TR_MAP) ? tr_keep(payload) : tr_map(),
						       "parent", tr_is(parent, TR_MAP) ? tr_keep(parent) : tr_nil()));
	r = running_new(
	    id, tr_is_valid(path) ? tr_keep(path) : tr_nil(),
	    watcher_of(tr_map_get_s(request, "watch"), tr_as_bool(tr_map_get_s(request, "watch_events"), true)),
	    tr_nil());
	if (r == NULL) {
		tr_drop(extra);
		return executions_refuse("out of memory");
	}
	return running_start(s, r, tr_map_put_s(extra, "watch", running_watchers(r)));
}

/* The execution itself answers when it has read its log. With a reason (taken; absent: none) it is taken up to be
 * cancelled. So many others go on at the same time. */
static tr_next take_up(executions *s, int64_t id, tr_value watch, tr_value reason, int64_t beside, tr_from from)
{
	tr_value extra, answer;
	running *r;

	if (s->closing)
		return tr_next_reply(executions_refuse(REFUSAL_CLOSING));
	if (id <= 0 || idmap_get(&s->by_id, (uint64_t)id) != NULL)
		return tr_next_reply(
		    executions_refuse(id <= 0 ? "an execution id is a positive number" : REFUSAL_RUNS));
	r = running_new(id, tr_nil(), watcher_of(watch, true), tr_nil());
	if (r == NULL)
		return tr_next_reply(executions_refuse("out of memory"));
	extra = tr_map_merge(running_extra(s, id), TR_DICT("resume", tr_bool(true), "from",
							   TR_LIST(tr_pid_value(from.pid), tr_ref_value(from.ref)),
							   "watch", running_watchers(r)));
	if (tr_is_valid(reason))
		extra = tr_map_put_s(extra, "cancel", reason);
	if (beside > (int64_t)idmap_count(&s->by_id))
		extra = tr_map_put_s(extra, "beside", tr_int(beside));
	answer = running_start(s, r, extra);
	if (!TR_IS_A(tr_array_at(answer, 0), ok))
		return tr_next_reply(answer);
	tr_drop(answer);
	return tr_noreply();
}

/* [resume, id, watch, how many others are taken up along with it] */
static tr_next resume(executions *s, tr_value request, tr_from from)
{
	return take_up(s, tr_as_int(tr_array_at(request, 1), 0), tr_array_at(request, 2), tr_absent(),
		       tr_as_int(tr_array_at(request, 3), 0), from);
}

/* Hand a call on: the execution answers the caller. Takes the request. */
static tr_next forward(executions *s, tr_value request, int64_t id, tr_from from)
{
	running *r = running_of(s, id);

	if (r == NULL || r->pid.bits == 0) {
		tr_drop(request);
		return tr_next_reply(
		    executions_refuse(r == NULL ? "no such execution runs on this node"
						: "the execution is being taken up again; ask it again in a moment"));
	}
	running_forward(r, request, from);
	return tr_noreply();
}

/* [cancel, id, reason]: one that was interrupted is taken up for it. */
static tr_next cancel(executions *s, int64_t id, tr_value said, tr_from from)
{
	tr_value reason = tr_is(said, TR_STRING) ? tr_keep(said) : tr_string("cancelled");

	if (id > 0 && running_of(s, id) == NULL && !s->closing)
		return take_up(s, id, tr_nil(), reason, 0, from);
	return forward(s, TR_LIST(TR_A(cancel), reason), id, from);
}

static int by_age(const void *a, const void *b)
{
	const running *x = *(running *const *)a, *y = *(running *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static tr_value list(const executions *s)
{
	size_t count = idmap_count(&s->by_id), n = 0;
	running **all = tr_alloc((count + 1) * sizeof(running *));
	tr_value out = tr_array_with(count);
	uint32_t place = 0;

	if (all == NULL) {
		tr_drop(out);
		return executions_refuse("out of memory");
	}
	while (n < count)
		all[n++] = idmap_next(&s->by_id, &place, NULL);
	qsort(all, n, sizeof *all, by_age);
	for (size_t i = 0; i < n; i++)
		out = tr_array_push(out, TR_DICT("execution_id", tr_stringf("%" PRId64, all[i]->id), "pid",
						 tr_pid_value(all[i]->pid), "playbook", tr_keep(running_path(all[i])),
						 "started_at_us", tr_int(all[i]->started_us)));
	tr_free(all);
	return out;
}

/* End all that run; what they appended is in the store, so they can be resumed. */
static tr_value shut_down(executions *s)
{
	int64_t deadline = tr_in(SHUTDOWN_NS);
	uint32_t place = 0;
	uint64_t id;
	running *r;

	s->closing = true;
	while ((r = idmap_next(&s->by_id, &place, NULL)) != NULL)
		if (r->pid.bits != 0)
			tr_exit_signal(r->pid, TR_A(shutdown));
	while ((r = idmap_any(&s->by_id, &id)) != NULL) {
		tr_value m = r->pid.bits != 0 ? tr_receive_ref(r->monitor, deadline) : tr_nil();

		if (r->pid.bits == 0) {
			(void)idmap_del(&s->by_id, id);
			running_free(r);
			continue;
		}
		if (!tr_is_valid(m))
			return executions_refuse(
			    "some executions did not end in time; they can be resumed all the same");
		running_down(s, m);
		tr_drop(m);
	}
	return TR_A(ok);
}

static executions *state_of(void *state)
{
	return *(executions **)state;
}

/* [child, {parent_id, …}]: the parent decides; the id is given here, where ids are unique. */
static tr_value child_request(executions *s, tr_value request)
{
	tr_value body =
	    tr_map_put_s(tr_keep(tr_array_at(request, 1)), "id", tr_int((int64_t)id_next(&s->ids, tr_wall_us())));

	return TR_LIST(tr_keep(tr_array_at(request, 0)), body);
}

static tr_next executions_call(void *state, tr_value request, tr_from from)
{
	executions *s = state_of(state);
	tr_str what = tr_as_str(tr_array_at(request, 0));
	tr_value second = tr_array_at(request, 1), third = tr_array_at(request, 2);

	if (tr_str_is(what, "start"))
		return tr_next_reply(start(s, second));
	if (tr_str_is(what, "resume"))
		return resume(s, request, from);
	if (tr_str_is(what, "cancel"))
		return cancel(s, tr_as_int(second, 0), third, from);
	if ((tr_str_is(what, "pause") || tr_str_is(what, "unpause")) && running_of(s, tr_as_int(second, 0)) == NULL &&
	    executions_is_lacking(s, tr_as_int(second, 0)))
		return tr_next_reply(executions_refuse_lacking(s, tr_as_int(second, 0)));
	if (tr_str_is(what, "pause") || tr_str_is(what, "unpause") || tr_str_is(what, "summary"))
		return forward(s, TR_LIST(tr_keep(tr_array_at(request, 0))), tr_as_int(second, 0), from);
	if (tr_str_is(what, "child"))
		return forward(s, child_request(s, request), tr_as_int(tr_map_get_s(second, "parent_id"), 0), from);
	if (tr_str_is(what, "watch") && running_of(s, tr_as_int(second, 0)) != NULL && tr_is(third, TR_PID))
		running_watch(running_of(s, tr_as_int(second, 0)), watcher_of(third, true));
	if (tr_str_is(what, "watch"))
		return forward(
		    s, TR_LIST(tr_keep(tr_array_at(request, 0)), tr_is_valid(third) ? tr_keep(third) : tr_nil()),
		    tr_as_int(second, 0), from);
	if (tr_str_is(what, "list"))
		return tr_next_reply(list(s));
	if (tr_str_is(what, "close")) {
		s->closing = s->closing || idmap_count(&s->by_id) == 0;
		return tr_next_reply(tr_bool(s->closing));
	}
	if (tr_str_is(what, "shutdown"))
		return tr_next_reply(shut_down(s));
	return tr_next_reply(executions_refuse(
	    "executions know start, child, cancel, pause, unpause, resume, summary, watch, list, close and shutdown"));
}

static tr_next executions_info(void *state, tr_value message)
{
	executions *s = state_of(state);
	tr_value tag = tr_array_at(message, 0);
	tr_str what = tr_is(tag, TR_ATOM) ? tr_as_str(tag) : (tr_str){NULL, 0};

	if (TR_IS_A(tag, down))
		running_down(s, message);
	else if (tr_str_is(what, "again"))
		running_again(s, tr_as_int(tr_array_at(message, 1), 0));
	else if (tr_str_is(what, "lacking"))
		executions_lacking(s, message);
	else if (tr_str_is(what, "plugins"))
		executions_look(s);
	else if (tr_str_is(what, "ensure_child"))
		executions_ensure_child(s, tr_array_at(message, 1));
	else if (tr_str_is(what, "cancel_child") || tr_str_is(what, "pause_child") || tr_str_is(what, "unpause_child"))
		executions_tell_child(s, message);
	return tr_noreply();
}

static tr_next executions_init(void *state, tr_value arg)
{
	executions *s = tr_alloc(sizeof *s);
	tr_value env = tr_map_get_s(arg, "env");

	if (s == NULL)
		return tr_next_stop(TR_A(enomem));
	s->env = tr_is(env, TR_MAP) ? tr_keep(env) : tr_map();
	s->known = tr_map();
	s->lacking = tr_map();
	s->lease_ns = tr_as_int(tr_map_get_s(arg, "lease_ns"), 0);
	s->snapshot_every = tr_as_int(tr_map_get_s(arg, "snapshot_every"), 0);
	s->crash_limit = tr_as_int(tr_map_get_s(arg, "crash_limit"), 0);
	s->check_replay = tr_as_bool(tr_map_get_s(arg, "check_replay"), false);
	s->node = tr_as_int(tr_map_get_s(arg, "node"), 0);
	s->ids.node = (uint32_t)s->node & 0x3ff;
	if (tr_own(s, executions_release) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	*(executions **)state = s;
	return tr_next_then(tr_atom("adopt"));
}

/* A former self may have started some: they are found by their names. */
static void adopt(executions *s, tr_pid pid)
{
	tr_value name = tr_name_of(pid);
	static const char prefix[] = "event.";
	tr_str text = tr_as_str(name);
	int64_t id = 0;

	if (text.n > sizeof prefix - 1 && memcmp(text.p, prefix, sizeof prefix - 1) == 0)
		id = strtoll(text.p + sizeof prefix - 1, NULL, 10);
	if (id > 0 && idmap_get(&s->by_id, (uint64_t)id) == NULL && running_adopt(s, id, pid) != TR_OK)
		tr_exit(TR_A(enomem));
	tr_drop(name);
}

static tr_next executions_continue(void *state, tr_value what)
{
	tr_pid supervisor = tr_whereis(EXECUTIONS_SUPERVISOR);
	tr_value children;

	(void)what;
	if (supervisor.bits == 0)
		return tr_noreply();
	children = tr_supervisor_which_children(supervisor, tr_in(CALL_NS));
	for (size_t i = 0; i < tr_array_len(children); i++)
		adopt(state_of(state), tr_as_pid(tr_map_get_s(tr_array_at(children, i), "pid")));
	tr_drop(children);
	running_return(state_of(state));
	return tr_noreply();
}

static tr_value executions_show(void *state)
{
	const executions *s = state_of(state);

	return TR_DICT("running", tr_int((int64_t)idmap_count(&s->by_id)), "waiting_for_plugins",
		       tr_int((int64_t)tr_map_len(s->lacking)), "closing", tr_bool(s->closing));
}

static const tr_gen_server executions_server = {
    .name = "executions",
    .state_size = sizeof(executions *),
    .init = executions_init,
    .handle_call = executions_call,
    .handle_info = executions_info,
    .handle_continue = executions_continue,
    .show = executions_show,
};

tr_started executions_start_link(tr_value arg, tr_value extra)
{
	tr_spawn_options options = {.label = "executions", .name = SUBJECT_EXECUTIONS};

	(void)extra;
	return tr_gen_server_start_link(&executions_server, tr_keep(arg), &options, TR_FOREVER);
}
