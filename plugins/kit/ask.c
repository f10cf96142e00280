/* SPDX-License-Identifier: Apache-2.0 */
/* Commands, calls, hooks, and what may go wrong. */
#include "plugins/kit/world.h"

#include "plugins/host/command.h"
#include "plugins/host/controller.h"
#include "plugins/host/host.h"
#include "plugins/host/manifest.h"
#include "plugins/host/names.h"
#include <troupe/sys.h>
#include <troupe/testing.h>

/* ---- commands ---- */

static tr_ref send_command(const char *kind, tr_value input, tr_value context)
{
	char name[NAME_SIZE];
	tr_ref ref = tr_make_ref();

	name_command(name, sizeof(name), kind);
	tr_value command = TR_DICT("kind", tr_string(kind), "input", input, "context", context);
	if (tr_send_name(name, command_message(tr_self(), ref, command)) != TR_OK)
		tr_send(tr_self(), command_answer(ref, tr_outcome_error("no_plugin", false, "nobody is at %s", name)));
	return ref;
}

static tr_value wait_outcome(tr_ref ref)
{
	tr_value m = tr_receive_ref(ref, TR_FOREVER), outcome;

	outcome = command_parse_answer(m, ref, &outcome) ? tr_keep(outcome) : tr_absent();
	tr_drop(m);
	return outcome;
}

/* [kind, input, context] */
static tr_value run_command(tr_value arg)
{
	return wait_outcome(send_command(tr_as_cstr(tr_array_at(arg, 0), ""), tr_keep(tr_array_at(arg, 1)),
					 tr_keep(tr_array_at(arg, 2))));
}

tr_value tr_plugin_world_command_in(tr_plugin_world *w, const char *kind, tr_value input, tr_value context)
{
	return tr_plugin_world_do(w, run_command, TR_LIST(tr_string(kind), input, context));
}

tr_value tr_plugin_world_command(tr_plugin_world *w, const char *kind, tr_value input)
{
	return tr_plugin_world_command_in(w, kind, input, tr_map());
}

/* [which, question] */
static tr_value run_question(tr_value arg)
{
	return controller_ask(NULL, (controller)tr_as_int(tr_array_at(arg, 0), 0), tr_keep(tr_array_at(arg, 1)));
}

tr_value tr_plugin_world_decide(tr_plugin_world *w, const char *name, tr_value question)
{
	int which = controller_find(tr_s(name));

	if (which >= 0)
		return tr_plugin_world_do(w, run_question, TR_LIST(tr_int(which), question));
	tr_drop(question);
	return tr_outcome_error("input", false, "there is no controller \"%s\"", name);
}

/* [kind, input, ns] */
static tr_value run_cancelled(tr_value arg)
{
	char name[NAME_SIZE];
	const char *kind = tr_as_cstr(tr_array_at(arg, 0), "");
	tr_ref ref = send_command(kind, tr_keep(tr_array_at(arg, 1)), tr_map());

	tr_sleep_until(tr_in(tr_as_int(tr_array_at(arg, 2), 0)));
	name_command(name, sizeof(name), kind);
	tr_send_name(name, command_cancel(ref));
	return wait_outcome(ref);
}

tr_value tr_plugin_world_cancelled(tr_plugin_world *w, const char *kind, tr_value input, int64_t after_ns)
{
	return tr_plugin_world_do(w, run_cancelled, TR_LIST(tr_string(kind), input, tr_int(after_ns)));
}

/* ---- calls and hooks ---- */

/* [id, request] */
static tr_value run_call(tr_value arg)
{
	return tr_plugin_call(tr_as_cstr(tr_array_at(arg, 0), ""), tr_keep(tr_array_at(arg, 1)), tr_in(KIT_PATIENCE));
}

tr_value tr_plugin_world_call(tr_plugin_world *w, const char *id, tr_value request)
{
	return tr_plugin_world_do(w, run_call, TR_LIST(tr_string(id), request));
}

static tr_value run_ask(tr_value arg)
{
	return tr_call_name(NAME_MANAGER, tr_keep(arg), tr_in(KIT_PATIENCE));
}

tr_value tr_plugin_world_ask(tr_plugin_world *w, tr_value request)
{
	return tr_plugin_world_do(w, run_ask, request);
}

/* [point, context] -> [result or nil, refusal or nil] */
static tr_value run_hook(tr_value arg)
{
	tr_value refusal = tr_absent();
	tr_value result = hooks_run((hook_point)tr_as_int(tr_array_at(arg, 0), 0), tr_keep(tr_array_at(arg, 1)), NULL,
				    NULL, &refusal);

	return TR_LIST(tr_is_valid(result) ? result : tr_nil(), tr_is_valid(refusal) ? refusal : tr_nil());
}

tr_value tr_plugin_world_hook(tr_plugin_world *w, const char *point, tr_value context, tr_value *refusal)
{
	int at = hook_point_index(point);

	if (refusal != NULL)
		*refusal = tr_absent();
	if (at < 0) {
		tr_drop(context);
		return tr_invalid(TR_EINVAL);
	}
	tr_value both = tr_plugin_world_do(w, run_hook, TR_LIST(tr_int(at), context));
	tr_value result = tr_keep(tr_array_at(both, 0)), refused = tr_keep(tr_array_at(both, 1));
	tr_drop(both);
	if (tr_is_nil(refused))
		return result;
	if (refusal != NULL)
		*refusal = refused;
	else
		tr_drop(refused);
	return tr_invalid(TR_EDENIED);
}

/* ---- what may go wrong ---- */

static tr_value run_crash(tr_value id)
{
	char name[NAME_SIZE];

	name_instance(name, sizeof(name), tr_as_cstr(id, ""));
	tr_pid before = tr_whereis(name);
	if (before.bits == 0)
		return tr_int(TR_ENOPROC);
	tr_ref monitor = tr_monitor(before);
	tr_exit_signal(before, TR_A(kill));
	tr_drop(tr_receive_ref(monitor, tr_in(KIT_PATIENCE)));
	int64_t end = tr_in(KIT_PATIENCE);
	for (;;) { /* its supervisor backs off before it starts another */
		tr_pid now = tr_whereis(name);
		if (now.bits != 0 && !tr_pid_eq(now, before))
			return tr_int(TR_OK);
		if (tr_now() > end)
			return tr_int(TR_ETIMEOUT);
		tr_sleep_until(tr_in(TR_MS));
	}
}

tr_err tr_plugin_world_crash(tr_plugin_world *w, const char *id)
{
	return (tr_err)tr_as_int(tr_plugin_world_do(w, run_crash, tr_string(id)), TR_ENOMEM);
}

/* [pid, ns] */
static void resume_later(tr_value arg)
{
	tr_sleep_until(tr_in(tr_as_int(tr_array_at(arg, 1), 0)));
	tr_sys_resume(tr_as_pid(tr_array_at(arg, 0)), tr_in(KIT_PATIENCE));
}

/* [id, ns] */
static tr_value run_delay(tr_value arg)
{
	char name[NAME_SIZE];

	name_instance(name, sizeof(name), tr_as_cstr(tr_array_at(arg, 0), ""));
	tr_pid instance = tr_whereis(name);
	tr_err err = instance.bits == 0 ? TR_ENOPROC : tr_sys_suspend(instance, tr_in(KIT_PATIENCE));
	if (err == TR_OK &&
	    tr_spawn(resume_later, TR_LIST(tr_pid_value(instance), tr_keep(tr_array_at(arg, 1)))).bits == 0)
		err = TR_ENOMEM;
	return tr_int(err);
}

tr_err tr_plugin_world_delay(tr_plugin_world *w, const char *id, int64_t ns)
{
	return (tr_err)tr_as_int(tr_plugin_world_do(w, run_delay, TR_LIST(tr_string(id), tr_int(ns))), TR_ENOMEM);
}

tr_err tr_plugin_world_starve(tr_plugin_world *w, int64_t n)
{
	if (!w->stepped)
		return TR_EUNSUPPORTED;
	tr_test_fail_alloc(n);
	return TR_OK;
}
