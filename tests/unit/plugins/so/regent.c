/* SPDX-License-Identifier: Apache-2.0 */
/* Answers in the place of all built-in controllers, as far as its settings say: for tests of a whole node. */
#include <string.h>
#include <troupe/plugin.h>

TR_PLUGIN_MANIFEST(
    "{\"id\": \"regent\", \"version\": \"1.0.0\", \"capabilities\": [\"controller:iterator\","
    "\"controller:result\", \"controller:workbook\"], \"provides\": {\"controller\": \"regent\"},"
    "\"config\": {\"items\": {\"type\": \"any\"}, \"window\": {\"type\": \"int\", \"default\": 2},"
    "\"stop\": {\"type\": \"bool\", \"default\": false}, \"pardon\": {\"type\": \"bool\", \"default\": false},"
    "\"inline\": {\"type\": \"bool\", \"default\": false}, \"sum\": {\"type\": \"bool\", \"default\": false},"
    "\"catalogue\": {\"type\": \"map\", \"default\": {}}, \"odd\": {\"type\": \"string\"}}}");

static bool asks(tr_value question, const char *what)
{
	return tr_str_is(tr_as_str(tr_map_get_s(question, "ask")), what);
}

static bool told(tr_value config, const char *key)
{
	return tr_as_bool(tr_map_get_s(config, key), false);
}

static tr_value plan(tr_value config, tr_value question)
{
	tr_value items = tr_map_get_s(config, "items");

	return tr_outcome_ok(TR_DICT("items", tr_keep(tr_is_nil(items) ? tr_map_get_s(question, "in") : items),
				     "in_flight", tr_keep(tr_map_get_s(config, "window"))));
}

static tr_value sum(tr_value question)
{
	tr_value list = tr_map_get_s(question, "results");
	int64_t n = 0;

	for (size_t i = 0; i < tr_array_len(list); i++)
		n += tr_as_int(tr_array_at(list, i), 0);
	return tr_outcome_ok(TR_DICT("results", tr_int(n), "stats", TR_DICT("by", tr_string("regent"))));
}

static tr_value regent_decide(tr_value config, tr_value question)
{
	tr_value name = TR_GET(question, "call", "name");
	tr_value known = tr_is_valid(name) ? tr_map_get(tr_map_get_s(config, "catalogue"), name) : tr_absent();
	tr_value odd = tr_map_get_s(config, "odd");

	if (tr_str_is(tr_as_str(odd), "always") || (tr_str_is(tr_as_str(odd), "crash") && asks(question, "plan")))
		tr_exit(tr_string("boom"));
	if (tr_is(odd, TR_STRING) && asks(question, tr_as_cstr(odd, "")))
		return tr_outcome_ok(tr_int(5));
	if (asks(question, "plan"))
		return plan(config, question);
	if (asks(question, "failed") && told(config, "stop"))
		return tr_outcome_ok(TR_DICT("stop", tr_bool(true)));
	if (asks(question, "end") && told(config, "pardon"))
		return tr_outcome_ok(tr_nil());
	if (asks(question, "place") && told(config, "inline"))
		return tr_outcome_ok(TR_DICT("inline", tr_bool(true)));
	if (asks(question, "aggregate") && told(config, "sum"))
		return sum(question);
	if (asks(question, "resolve") && tr_is(known, TR_MAP))
		return tr_outcome_ok(tr_keep(known));
	return tr_outcome_error("pass", false, "as the others say");
}

extern const tr_plugin tr_plugin_main;
TR_PLUGIN_EXPORT = {TR_PLUGIN_HEAD, .decide = regent_decide};
