/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin that does nothing, to be measured. */
#include <troupe/plugin.h>

TR_PLUGIN_MANIFEST("{\"id\": \"echo\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:echo\"]}");

static tr_value echo_run(tr_value config, tr_pid plugin, tr_value command)
{
	(void)config;
	(void)plugin;
	return tr_outcome_ok(tr_keep(tr_command_input(command, "value")));
}

TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD, .run = echo_run};
