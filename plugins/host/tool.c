/* SPDX-License-Identifier: Apache-2.0 */
/* A tool run on behalf of another plugin, which needs a grant for it, or of an actor of the node. */
#include "plugins/host/command.h"
#include "plugins/host/names.h"

typedef struct waiting {
	tr_ref command, monitor;
} waiting;

static bool is_end(void *arg, tr_value message)
{
	const waiting *w = arg;
	tr_ref ref = tr_as_ref(tr_array_at(message, 1));

	return (TR_IS_A(tr_array_at(message, 0), event) && tr_ref_eq(ref, w->command)) ||
	       (TR_IS_A(tr_array_at(message, 0), down) && tr_ref_eq(ref, w->monitor));
}

static tr_value wait_for(const waiting *w, tr_pid plugin, const char *kind, int64_t deadline)
{
	tr_value message = tr_receive_match(is_end, (void *)(uintptr_t)w, deadline), outcome;

	tr_demonitor(w->monitor);
	if (!tr_is_valid(message)) {
		tr_send(plugin, command_cancel(w->command));
		return tr_outcome_error("timeout", true, "%s did not answer in time", kind);
	}
	outcome = command_parse_answer(message, w->command, &outcome)
		      ? tr_keep(outcome)
		      : tr_outcome_error("crash", true, "the plugin of %s ended while it performed the task", kind);
	tr_drop(message);
	return outcome;
}

tr_value command_perform(const char *kind, tr_value input, tr_value context, int64_t deadline)
{
	char name[NAME_SIZE];

	name_command(name, sizeof name, kind);
	tr_pid plugin = tr_whereis(name);
	if (plugin.bits == 0) {
		tr_drop(input);
		tr_drop(context);
		return tr_outcome_error("no_plugin", false, "no plugin performs tasks of kind \"%s\"", kind);
	}
	waiting w = {tr_make_ref(), tr_monitor(plugin)};
	tr_value command =
	    TR_DICT("kind", tr_string(kind), "input", input, "context", tr_is(context, TR_MAP) ? context : tr_map());
	tr_err err = tr_send(plugin, command_message(tr_self(), w.command, command));
	if (err == TR_OK)
		return wait_for(&w, plugin, kind, deadline);
	tr_demonitor(w.monitor);
	return tr_outcome_error("busy", true, "%s did not take the command: %s", kind, tr_err_text(err));
}

tr_value tr_plugin_run(const char *kind, tr_value input, tr_value context, int64_t deadline)
{
	char grant[NAME_SIZE + 8];

	(void)snprintf(grant, sizeof grant, "call:%s", kind);
	if (tr_plugin_granted(grant))
		return command_perform(kind, input, context, deadline);
	tr_drop(input);
	tr_drop(context);
	return tr_outcome_error("denied", false, "the grant %s is missing", grant);
}
