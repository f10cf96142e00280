/* SPDX-License-Identifier: Apache-2.0 */
/** One command that is out at a plugin. */
#include "actors/worker/plugin_call.h"

#include "plugins/host/command.h"

#include <string.h>

tr_value error_outcome(const char *kind, bool retryable, tr_value message)
{
	return TR_DICT("status", tr_string("error"), "error",
		       TR_DICT("kind", tr_string(kind), "message", message, "retryable", tr_bool(retryable)));
}

tr_pid plugin_find(const char *kind)
{
	static const char head[] = "command.";
	char subject[160];
	size_t n = strlen(kind);
	if (n == 0 || sizeof head + n > sizeof subject)
		return (tr_pid){0};
	memcpy(subject, head, sizeof head - 1);
	memcpy(subject + sizeof head - 1, kind, n + 1);
	return tr_whereis(subject);
}

tr_value plugin_call_send(plugin_call *c, tr_value command)
{
	tr_value kind = tr_map_get_s(command, "kind");
	c->plugin = plugin_find(tr_as_cstr(kind, ""));
	if (c->plugin.bits == 0) {
		tr_value why = tr_stringf("no plugin performs tasks of kind \"%s\"", tr_as_cstr(kind, ""));
		tr_drop(command);
		return error_outcome("no_plugin", false, why);
	}
	c->command = tr_make_ref();
	c->monitor = tr_monitor(c->plugin);
	tr_err err = tr_send(c->plugin, command_message(tr_self(), c->command, command));
	if (err == TR_OK)
		return tr_absent();
	tr_demonitor(c->monitor);
	*c = (plugin_call){0};
	return error_outcome(err == TR_EFULL ? "busy" : "no_plugin", err == TR_EFULL,
			     tr_stringf("the plugin did not take the command: %s", tr_err_text(err)));
}

static tr_value ended(tr_value reason)
{
	tr_buf shown = {0};
	tr_show(&shown, reason, 300);
	tr_value message = tr_stringf("the plugin ended while it performed the task: %.*s", TR_STR(tr_buf_str(&shown)));
	tr_buf_fini(&shown);
	return error_outcome("crash", true, message);
}

tr_value plugin_call_answer(plugin_call *c, tr_value message)
{
	tr_value tag = tr_array_at(message, 0);
	tr_ref ref = tr_as_ref(tr_array_at(message, 1));
	if (!plugin_call_out(c) || ref.bits == 0)
		return tr_absent();
	if (TR_IS_A(tag, event) && tr_ref_eq(ref, c->command)) {
		tr_demonitor(c->monitor);
		*c = (plugin_call){0};
		tr_value outcome = tr_array_at(message, 2);
		return tr_is_valid(outcome) ? tr_keep(outcome) : tr_nil();
	}
	if (TR_IS_A(tag, down) && tr_ref_eq(ref, c->monitor)) {
		*c = (plugin_call){0};
		return ended(tr_array_at(message, 4));
	}
	return tr_absent();
}

void plugin_call_fini(plugin_call *c)
{
	if (plugin_call_out(c))
		tr_send(c->plugin, command_cancel(c->command));
	*c = (plugin_call){0};
}

void plugin_call_cancel(plugin_call *c)
{
	if (plugin_call_out(c))
		tr_demonitor(c->monitor);
	plugin_call_fini(c);
}
