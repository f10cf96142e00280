/* SPDX-License-Identifier: Apache-2.0 */
/* The controller of workbooks. */
#include "plugins/controller/workbook/workbook.h"
#include "plugins/controller/question.h"

const char workbook_manifest[] =
    "{\"id\": \"workbook\", \"version\": \"1.0.0\","
    " \"description\": \"Finds the workbook's entry that a task names, and says what it is given\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"controller:workbook\"],"
    " \"provides\": {\"controller\": \"workbook\"},"
    " \"config\": {\"depth\": {\"type\": \"int\", \"default\": 16, \"min\": 1, \"max\": 1000,"
    " \"description\": \"how many entries may stand behind one task, each naming the next\"}},"
    " \"limits\": {\"mailbox\": 1000000}}";

/* What the caller hands over: its args (or input), else all that it says but the name. */
static tr_value inputs_of(tr_value call)
{
	tr_value args = tr_map_get_s(call, "args");

	if (!tr_is_valid(args))
		args = tr_map_get_s(call, "input");
	if (tr_is(args, TR_MAP))
		return tr_keep(args);
	tr_value name = tr_string("name");
	tr_value out = tr_map_del(tr_keep(call), name);
	tr_drop(name);
	return out;
}

static tr_value no_entry(tr_value question, tr_value name)
{
	return tr_outcome_error("workbook", false, "task %s: the workbook has no entry \"%s\"",
				tr_as_cstr(tr_map_get_s(question, "label"), "?"), tr_as_cstr(name, ""));
}

static tr_value too_deep(tr_value question, tr_value name, int64_t most)
{
	return tr_outcome_error("workbook", false,
				"task %s: the workbook's entry \"%s\" is not performed: %lld entries already name one "
				"another on the way to it",
				tr_as_cstr(tr_map_get_s(question, "label"), "?"), tr_as_cstr(name, ""),
				(long long)most);
}

static tr_value resolve(tr_value config, tr_value question)
{
	tr_value call = tr_map_get_s(question, "call"), name = tr_map_get_s(call, "name");
	tr_value entry = tr_is(name, TR_STRING) ? tr_map_get(tr_map_get_s(question, "entries"), name) : tr_absent();
	int64_t most = tr_as_int(tr_map_get_s(config, "depth"), 1);

	if (!tr_is_valid(entry))
		return no_entry(question, name);
	if (tr_as_int(tr_map_get_s(question, "depth"), 0) >= most)
		return too_deep(question, name, most);
	return tr_outcome_ok(TR_DICT("entry", tr_keep(name), "inputs", inputs_of(call)));
}

static tr_value workbook_decide(tr_value config, tr_value question)
{
	if (question_says(question, "ask", "resolve"))
		return resolve(config, question);
	return question_unknown("workbook", question);
}

const tr_plugin workbook_plugin = {TR_PLUGIN_HEAD, .decide = workbook_decide};
