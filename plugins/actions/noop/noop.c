/* SPDX-License-Identifier: Apache-2.0 */
/* The tool that does nothing: a place for rules and writes. */
#include "plugins/actions/noop/noop.h"

const char noop_manifest[] = "{\"id\": \"noop\", \"version\": \"1.0.0\","
			     " \"description\": \"Does nothing; carries rules and writes\","
			     " \"license\": \"Apache-2.0\","
			     " \"capabilities\": [\"tool:noop\"],"
			     " \"provides\": {\"node_handler\": \"noop\"},"
			     " \"limits\": {\"mailbox\": 1000000}}";

static tr_value noop_pure(tr_value config, tr_value input)
{
	tr_value result = tr_map_get_s(input, "result");

	(void)config;
	return tr_outcome_ok(tr_is_valid(result) ? tr_keep(result) : TR_DICT("status", tr_word("noop")));
}

const tr_plugin noop_plugin = {TR_PLUGIN_HEAD, .pure = noop_pure};
