/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that has others do what it is asked for; for tests of what they do on its behalf. */
#include <string.h>
#include <troupe/plugin.h>

TR_PLUGIN_MANIFEST("{\"id\": \"" ID "\", \"version\": \"1.0.0\", \"isolation\": \"" ISOLATION "\","
		   " \"capabilities\": [\"tool:" ID
		   "\"], \"needs\": [\"call:*\", \"net\", \"exec\", \"fs:*\", \"secret:*\"]}");

#define PATIENCE (60 * TR_SECOND)

/* Past the library: a command of one's own making. */
static tr_value send_by_hand(const char *kind, tr_value input)
{
	tr_buf name = {0};
	tr_ref ref = tr_make_ref();
	tr_value command = TR_DICT("kind", tr_string(kind), "input", tr_keep(input), "context", tr_map());

	tr_buf_putf(&name, "command.%s", kind);
	tr_err err =
	    tr_send_name(name.p, TR_LIST(tr_atom("command"), tr_pid_value(tr_self()), tr_ref_value(ref), command));
	tr_buf_fini(&name);
	if (err != TR_OK)
		return tr_outcome_error("unsent", false, "%s", tr_err_text(err));
	tr_value m = tr_receive_ref(ref, tr_in(PATIENCE)), outcome = tr_keep(tr_array_at(m, 2));
	tr_drop(m);
	return outcome;
}

static tr_value deputy_run(tr_value config, tr_pid plugin, tr_value command)
{
	const char *kind = tr_as_cstr(tr_command_input(command, "kind"), ""),
		   *how = tr_as_cstr(tr_command_input(command, "how"), "run");
	tr_value input = tr_command_input(command, "input");

	(void)config;
	(void)plugin;
	if (strcmp(how, "granted") == 0)
		return tr_outcome_ok(TR_DICT("both", tr_bool(tr_plugin_granted(kind)), "caller",
					     tr_bool(tr_plugin_caller_granted(kind)), "list", tr_plugin_grants()));
	if (strcmp(how, "by hand") == 0)
		return send_by_hand(kind, input);
	if (strcmp(how, "call") == 0) {
		tr_value reply = tr_plugin_call(
		    kind, TR_LIST(tr_atom("$run"), TR_DICT("kind", tr_string(kind), "input", tr_keep(input))),
		    tr_in(PATIENCE));
		return tr_outcome_ok(tr_is_valid(reply) ? reply : tr_string(tr_err_name(tr_value_err(reply))));
	}
	return tr_plugin_run(kind, tr_keep(input), tr_absent(), tr_in(PATIENCE));
}

static tr_value deputy_call(void *state, tr_value request, tr_from from)
{
	(void)state;
	(void)request;
	(void)from;
	return tr_string("a call");
}

TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD, .run = deputy_run, .call = deputy_call};
