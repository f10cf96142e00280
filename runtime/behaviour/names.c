/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry that is ready to use: an actor that keeps name -> pid and monitors whom it knows. Requests are
 * [register, name, pid], [unregister, name, pid] and [whereis, name].
 */
#include <troupe/registry.h>

#include "runtime/behaviour/gen.h"

struct names {
	tr_value pids;     /* name -> pid */
	tr_value by_ref;   /* ref of the monitor -> name */
	tr_value monitors; /* name -> ref */
};

/* ---- the keeper ----------------------------------------------------------------------------------------------------
 */

static void forget(struct names *n, tr_value name)
{
	tr_value ref = tr_map_get(n->monitors, name);

	n->by_ref = tr_map_del(n->by_ref, ref);
	n->monitors = tr_map_del(n->monitors, name);
	n->pids = tr_map_del(n->pids, name);
}

static tr_err enter(struct names *n, tr_value name, tr_value pid)
{
	tr_value held = tr_map_get(n->pids, name);

	if (tr_is_valid(held) && tr_alive(tr_as_pid(held)))
		return TR_EEXIST;
	if (tr_is_valid(held)) { /* its DOWN is on the way: the name is free already, as with the node's names */
		tr_demonitor(tr_as_ref(tr_map_get(n->monitors, name)));
		forget(n, name);
	}
	tr_ref ref = tr_monitor(tr_as_pid(pid));
	n->pids = tr_map_put(n->pids, tr_keep(name), tr_keep(pid));
	n->by_ref = tr_map_put(n->by_ref, tr_ref_value(ref), tr_keep(name));
	n->monitors = tr_map_put(n->monitors, tr_keep(name), tr_ref_value(ref));
	if (ref.bits == 0 || !tr_is_valid(n->pids) || !tr_is_valid(n->by_ref) || !tr_is_valid(n->monitors))
		tr_exit(TR_A(enomem)); /* half a registry is none: whoever supervises it makes a new one */
	return TR_OK;
}

static tr_value leave(struct names *n, tr_value name, tr_value pid)
{
	if (tr_equal(tr_map_get(n->pids, name), pid)) {
		tr_demonitor(tr_as_ref(tr_map_get(n->monitors, name)));
		forget(n, name);
	}
	return tr_int(TR_OK);
}

static tr_next names_call(void *state, tr_value request, tr_from from)
{
	struct names *n = state;
	tr_str what = tr_as_str(tr_array_at(request, 0));
	tr_value name = tr_array_at(request, 1), pid = tr_array_at(request, 2);

	(void)from;
	if (tr_str_is(what, "whereis")) {
		tr_value found = tr_map_get(n->pids, name);
		bool there = tr_is_valid(found) && tr_alive(tr_as_pid(found));
		return tr_next_reply(there ? tr_keep(found) : tr_nil());
	}
	if (tr_str_is(what, "register"))
		return tr_next_reply(tr_int((int64_t)enter(n, name, pid)));
	if (tr_str_is(what, "unregister"))
		return tr_next_reply(leave(n, name, pid));
	return tr_next_reply(tr_int((int64_t)TR_EUNSUPPORTED));
}

static tr_next names_info(void *state, tr_value message)
{
	struct names *n = state;
	tr_value name = tr_map_get(n->by_ref, tr_array_at(message, 1));

	if (TR_IS_A(tr_array_at(message, 0), down) && tr_is_valid(name)) {
		name = tr_keep(name);
		forget(n, name);
		tr_drop(name);
	}
	return tr_noreply();
}

static void names_free(void *state)
{
	struct names *n = state;

	tr_drop(n->pids);
	tr_drop(n->by_ref);
	tr_drop(n->monitors);
}

static tr_next names_init(void *state, tr_value arg)
{
	(void)arg;
	*(struct names *)state = (struct names){tr_map(), tr_map(), tr_map()};
	return tr_own(state, names_free) == TR_OK ? tr_noreply() : tr_next_stop(TR_A(enomem));
}

static tr_value names_show(void *state)
{
	return tr_keep(((struct names *)state)->pids);
}

static const tr_gen_server names_module = {.name = "names",
					   .state_size = sizeof(struct names),
					   .init = names_init,
					   .handle_call = names_call,
					   .handle_info = names_info,
					   .show = names_show};

/* ---- the registry --------------------------------------------------------------------------------------------------
 */

static tr_err names_register(void *keeper, tr_value name, tr_pid pid)
{
	tr_value answer =
	    tr_call_name(keeper, TR_LIST(tr_atom("register"), tr_keep(name), tr_pid_value(pid)), TR_FOREVER);
	tr_err err = tr_is_valid(answer) ? (tr_err)tr_as_int(answer, TR_EINVAL) : tr_value_err(answer);

	tr_drop(answer);
	return err;
}

static void names_unregister(void *keeper, tr_value name, tr_pid pid)
{
	tr_drop(tr_call_name(keeper, TR_LIST(tr_atom("unregister"), tr_keep(name), tr_pid_value(pid)), TR_FOREVER));
}

static tr_pid names_whereis(void *keeper, tr_value name)
{
	tr_value answer = tr_call_name(keeper, TR_LIST(tr_atom("whereis"), tr_keep(name)), TR_FOREVER);
	tr_pid pid = tr_as_pid(answer);

	tr_drop(answer);
	return pid;
}

tr_registry tr_names(const char *name)
{
	union {
		const char *name;
		void *arg;
	} keeper = {name};

	return (tr_registry){name, keeper.arg, names_register, names_unregister, names_whereis, NULL};
}

static tr_started start_keeper(const char *name)
{
	tr_spawn_options options = {.name = name};

	return tr_gen_server_start_link(&names_module, tr_nil(), &options, TR_FOREVER);
}

tr_started tr_names_start(tr_value arg, tr_value extra)
{
	(void)extra;
	return start_keeper(tr_as_cstr(arg, ""));
}

tr_started tr_names_start_link(const char *name, tr_registry *registry)
{
	tr_started started = start_keeper(name);

	if (started.pid.bits != 0)
		*registry = tr_names(name);
	return started;
}
