/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the house's rules. */
#include <troupe/plugin_test.h>

static size_t faults_of(tr_plugin_world *w, const char *point, tr_value context)
{
	tr_value seen = tr_plugin_world_hook(w, point, context, NULL);
	size_t n = tr_array_len(tr_map_get_s(seen, "faults"));

	TR_EXPECT(tr_is_valid(seen));
	tr_drop(seen);
	return n;
}

static tr_value playbook(const char *description, int steps)
{
	tr_value workflow = tr_array();

	for (int i = 0; i < steps; i++)
		workflow = tr_array_push(workflow, tr_map());
	return TR_DICT("document",
		       TR_DICT("metadata", TR_DICT("description", tr_string(description)), "workflow", workflow));
}

static void wants_descriptions(tr_plugin_world *w)
{
	TR_EXPECT(faults_of(w, "validate_playbook", playbook("orders in, invoices out", 3)) == 0);
	TR_EXPECT(faults_of(w, "validate_playbook", playbook("", 3)) == 1);
	tr_value o = tr_plugin_world_command(w, "house-rules", tr_map());
	TR_EXPECT_INT(TR_GET(o, "result", "checked"), 2);
	TR_EXPECT_INT(TR_GET(o, "result", "faults"), 1);
	tr_drop(o);
}

static void bounds_steps(tr_plugin_world *w)
{
	TR_EXPECT(faults_of(w, "validate_playbook", playbook("", 2)) == 0);
	TR_EXPECT(faults_of(w, "validate_playbook", playbook("", 3)) == 1);
}

static void forbids_kinds(tr_plugin_world *w)
{
	tr_value shell = TR_DICT("kind", tr_string("shell"), "line", tr_int(12));
	tr_value noop = TR_DICT("kind", tr_string("noop"));

	TR_EXPECT(faults_of(w, "validate_step", TR_DICT("tasks", TR_LIST(noop, shell))) == 1);
}

TR_PLUGIN_TESTS({.name = "wants descriptions", .run = wants_descriptions},
		{.name = "wants them from a process of its own", .run = wants_descriptions, .process = true},
		{.name = "bounds steps", .run = bounds_steps, .config = "{\"most_steps\": 2, \"description\": false}"},
		{.name = "forbids kinds", .run = forbids_kinds, .config = "{\"forbidden_kinds\": [\"shell\"]}"})
