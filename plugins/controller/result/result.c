/* SPDX-License-Identifier: Apache-2.0 */
/* The controller of results. */
#include "plugins/controller/result/result.h"
#include "plugins/controller/question.h"

const char result_manifest[] =
    "{\"id\": \"result\", \"version\": \"1.0.0\","
    " \"description\": \"Decides what of a result stays inline and where the rest goes; puts loops' results together\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"controller:result\"],"
    " \"provides\": {\"controller\": \"result\"},"
    " \"config\": {"
    "\"inline_max\": {\"type\": \"int\", \"default\": 65536, \"min\": 1024, \"max\": 65536,"
    " \"description\": \"bytes; a larger value goes to a store and travels as a reference\"},"
    "\"store\": {\"type\": \"string\", \"default\": \"file\","
    " \"description\": \"where results go whose step names no store: file is the node's own, others are set up in the"
    " plugin storage\"},"
    "\"part_bytes\": {\"type\": \"int\", \"default\": 1048576, \"min\": 65536, \"max\": 67108864,"
    " \"description\": \"bytes in memory; a loop's results beyond that become a part of a manifest\"},"
    "\"failures\": {\"type\": \"int\", \"default\": 100, \"min\": 1, \"max\": 10000,"
    " \"description\": \"failed iterations of a loop that are listed; all are counted\"}},"
    " \"limits\": {\"mailbox\": 1000000}}";

static tr_value setting(tr_value config, const char *key)
{
	return tr_keep(tr_map_get_s(config, key));
}

static tr_value or_nil(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

/* ---- policy: what a step or task says, with the operator's settings behind it ---- */

/* Never above the limit that every value has. */
static int64_t inline_max(tr_value said, int64_t limit)
{
	int64_t n = tr_as_int(said, limit);

	return n < 0 ? 0 : n > limit ? limit : n;
}

static tr_value policy(tr_value config, tr_value question)
{
	tr_value said = tr_map_get_s(question, "policy");
	int64_t limit = tr_as_int(tr_map_get_s(config, "inline_max"), 0);

	return tr_outcome_ok(TR_DICT("limit", tr_int(limit), "inline_max",
				     tr_int(inline_max(tr_map_get_s(said, "inline_max"), limit)), "select",
				     or_nil(tr_map_get_s(said, "select"))));
}

/* ---- place: one that is larger ---- */

/* What is at the dotted path; borrowed. */
static tr_value at_path(tr_value v, tr_str path)
{
	while (path.n > 0) {
		const char *dot = memchr(path.p, '.', path.n);
		size_t head = dot == NULL ? path.n : (size_t)(dot - path.p);
		v = tr_map_get_n(v, path.p, head);
		size_t taken = head + (dot != NULL);
		path = (tr_str){path.p + taken, path.n - taken};
	}
	return v;
}

static tr_value with_part(tr_value to, tr_value name, tr_value path, tr_value value)
{
	tr_value part = tr_as_str(path).n > 0 ? at_path(value, tr_as_str(path)) : tr_absent();

	return tr_is_valid(part) && tr_is(name, TR_STRING) ? tr_map_put(to, tr_keep(name), tr_keep(part)) : to;
}

/* The parts that stay beside the reference: one name, names, or names to paths; nil when none was asked for. */
static tr_value selected(tr_value select, tr_value value)
{
	const tr_entry *e = tr_map_entries(select);
	tr_value out = tr_map();

	if (!tr_is_valid(select) || tr_is_nil(select)) {
		tr_drop(out);
		return tr_nil();
	}
	if (tr_is(select, TR_STRING))
		return with_part(out, select, select, value);
	for (size_t i = 0; i < tr_array_len(select); i++)
		out = with_part(out, tr_array_at(select, i), tr_array_at(select, i), value);
	for (size_t i = 0; i < tr_map_len(select); i++)
		out = with_part(out, e[i].key, e[i].value, value);
	return out;
}

static tr_value place(tr_value config, tr_value question)
{
	tr_value store = tr_map_get_s(tr_map_get_s(question, "policy"), "store");

	return tr_outcome_ok(TR_DICT("inline", tr_bool(false), "store",
				     tr_is(store, TR_STRING) ? tr_keep(store) : setting(config, "store"), "selected",
				     selected(tr_map_get_s(question, "select"), tr_map_get_s(question, "value"))));
}

/* ---- loop, aggregate ---- */

static tr_value loop(tr_value config)
{
	return tr_outcome_ok(TR_DICT("inline_max", setting(config, "inline_max"), "part_bytes",
				     setting(config, "part_bytes"), "failures", setting(config, "failures")));
}

/* Parts that together are one list. */
static tr_value manifest(tr_value parts, tr_value count)
{
	return TR_DICT("kind", tr_string("manifest"), "strategy", tr_string("concat"), "merge_path", tr_string(""),
		       "count", tr_keep(count), "parts", tr_keep(parts));
}

static tr_value aggregate(tr_value question)
{
	tr_value parts = tr_map_get_s(question, "parts"), failures = tr_map_get_s(question, "failures");
	int64_t good = tr_as_int(tr_map_get_s(question, "success"), 0);
	int64_t bad = tr_as_int(tr_map_get_s(question, "failed"), 0);
	tr_value stats = TR_DICT("total", tr_int(good + bad), "success", tr_int(good), "failed", tr_int(bad));

	if (bad > 0)
		stats = tr_map_put_s(stats, "failures", or_nil(failures));
	return tr_outcome_ok(TR_DICT("results",
				     tr_array_len(parts) > 0 ? manifest(parts, tr_map_get_s(question, "count"))
							     : or_nil(tr_map_get_s(question, "results")),
				     "stats", stats));
}

static tr_value result_decide(tr_value config, tr_value question)
{
	if (question_says(question, "ask", "policy"))
		return policy(config, question);
	if (question_says(question, "ask", "place"))
		return place(config, question);
	if (question_says(question, "ask", "loop"))
		return loop(config);
	if (question_says(question, "ask", "aggregate"))
		return aggregate(question);
	return question_unknown("result", question);
}

const tr_plugin result_plugin = {TR_PLUGIN_HEAD, .decide = result_decide};
