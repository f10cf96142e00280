/* SPDX-License-Identifier: Apache-2.0 */
/* The tool that does nothing: a place for rules and writes. */
#include "plugins/actions/noop/noop.h"

const char noop_manifest[] = "{\"id\": \"noop\", \"version\": \"1.0.0\","
			     " \"description\": \"Does nothing; carries rules and writes\","
			     " \"license\": \"Apache-2.0\","
			     " \"capabilities\": [\"tool:noop\"],"
			     " \"provides\": {\"node_handler\": \"noop\"},"
			     " \"limits\": {\"mailbox\": 1000000}}";

static tr_value noop_command(void *state, tr_value command)
{
	tr_value result = tr_command_input(command, "result");

	(void)state;
	return tr_outcome_ok(tr_is_valid(result) ? tr_keep(result) : TR_DICT("status", tr_word("noop")));
}

const tr_plugin noop_plugin = {TR_PLUGIN_HEAD, .command = noop_command};
