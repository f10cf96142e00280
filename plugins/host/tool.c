/* SPDX-License-Identifier: Apache-2.0 */
/* A tool run on behalf of another plugin, which needs a grant for it, or of an actor of the node. */
#include "plugins/host/behalf.h"
#include "plugins/host/command.h"
#include "plugins/host/names.h"
#include "plugins/host/process/bridge.h"
#include <troupe/gen_server.h>

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

tr_value command_perform(const char *kind, tr_value input, tr_value context, tr_value behalf, int64_t deadline)
{
	return command_perform_at(kind, kind, input, context, behalf, deadline);
}

tr_value command_perform_at(const char *subject, const char *kind, tr_value input, tr_value context, tr_value behalf,
			    int64_t deadline)
{
	char name[NAME_SIZE];

	name_command(name, sizeof name, subject);
	tr_pid plugin = tr_whereis(name);
	if (plugin.bits == 0) {
		tr_drop(input);
		tr_drop(context);
		tr_drop(behalf);
		return tr_outcome_error("no_plugin", false, "no plugin performs tasks of kind \"%s\"", kind);
	}
	waiting w = {tr_make_ref(), tr_monitor(plugin)};
	tr_value command =
	    TR_DICT("kind", tr_string(kind), "input", input, "context", tr_is(context, TR_MAP) ? context : tr_map());
	tr_value message = command_message(tr_self(), w.command, command);
	if (tr_is_valid(behalf))
		message = tr_array_push(message, behalf);
	tr_err err = tr_send(plugin, message);
	if (err == TR_OK)
		return wait_for(&w, plugin, kind, deadline);
	tr_demonitor(w.monitor);
	return tr_outcome_error("busy", true, "%s did not take the command: %s", kind, tr_err_text(err));
}

/* In a process of its own: the node does it, with a time of its own. */
static tr_value run_outside(const char *kind, tr_value input, tr_value context, int64_t deadline)
{
	tr_value left = deadline == TR_FOREVER ? tr_nil() : tr_int(deadline > tr_now() ? deadline - tr_now() : 0);
	tr_value request =
	    TR_LIST(tr_atom("run"), tr_string(kind), TR_LIST(input, tr_is_valid(context) ? context : tr_nil(), left));
	tr_value reply = tr_call_name(BRIDGE_NAME, request, deadline);
	tr_value outcome = tr_array_at(reply, 1);

	if (!tr_is_valid(reply))
		return tr_outcome_error(tr_value_err(reply) == TR_ETIMEOUT ? "timeout" : "crash", true,
					"%s did not answer: %s", kind, tr_err_text(tr_value_err(reply)));
	outcome =
	    tr_is(outcome, TR_MAP) ? tr_keep(outcome) : tr_outcome_error("busy", true, "%s could not be asked", kind);
	tr_drop(reply);
	return outcome;
}

tr_value tr_plugin_run(const char *kind, tr_value input, tr_value context, int64_t deadline)
{
	char grant[NAME_SIZE + 8];
	plugin_host *h = host_of(tr_here());
	tr_value behalf;

	(void)snprintf(grant, sizeof grant, "call:%s", kind);
	if (!tr_plugin_granted(grant)) {
		tr_drop(input);
		tr_drop(context);
		return tr_outcome_denied(grant, "the kind %s may not be run", kind);
	}
	if (tr_whereis(BRIDGE_NAME).bits != 0)
		return run_outside(kind, input, context, deadline);
	plugin_record *r = callers_whose(h, tr_self(), &behalf);
	behalf = behalf_with(behalf, r);
	record_release(r);
	return command_perform(kind, input, context, behalf, deadline);
}
