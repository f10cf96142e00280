/* SPDX-License-Identifier: Apache-2.0 */
/* A controller of loops in a shared object: at most three iterations at once, the rest as others have it. Built as a
 * part of the node and with a process of its own. */
#include <string.h>
#include <troupe/plugin.h>

TR_PLUGIN_MANIFEST("{\"id\": \"" ID "\", \"version\": \"1.0.0\", \"capabilities\": [\"controller:iterator\"],"
		   "\"provides\": {\"controller\": \"iterator\"}, \"isolation\": \"" ISOLATION "\"}");

static tr_value steward_decide(tr_value config, tr_value question)
{
	(void)config;
	if (!tr_str_is(tr_as_str(tr_map_get_s(question, "ask")), "plan"))
		return tr_outcome_error("pass", false, "not mine");
	return tr_outcome_ok(
	    TR_DICT("items", tr_keep(tr_map_get_s(question, "in")), "in_flight", tr_int(3), "by", tr_string(ID)));
}

extern const tr_plugin tr_plugin_main;
TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD, .decide = steward_decide};
