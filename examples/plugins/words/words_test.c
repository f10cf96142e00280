/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the tool kind words. */
#include <troupe/plugin_test.h>

static void counts(tr_plugin_world *w)
{
	tr_value o = tr_plugin_world_command(w, "words", TR_DICT("text", tr_string("To be, or not to be: that")));

	TR_EXPECT_SUCCESS(o);
	TR_EXPECT_INT(TR_GET(o, "result", "total"), 7);
	TR_EXPECT_INT(TR_GET(o, "result", "different"), 5);
	TR_EXPECT_INT(TR_GET(o, "result", "counts", "be"), 2);
	tr_drop(o);
}

static void refuses_what_is_no_text(tr_plugin_world *w)
{
	tr_value o = tr_plugin_world_command(w, "words", TR_DICT("text", tr_int(5)));

	TR_EXPECT_ERROR(o, "input");
	tr_drop(o);
}

static void keeps_the_setting(tr_plugin_world *w)
{
	tr_value o = tr_plugin_world_command(w, "words", TR_DICT("text", tr_string("too long")));

	TR_EXPECT_ERROR(o, "input");
	tr_drop(o);
}

static void finds_faults_in_steps(tr_plugin_world *w)
{
	tr_value bad =
	    TR_DICT("label", tr_string("count"), "kind", tr_string("words"), "config", tr_map(), "line", tr_int(7));
	tr_value good = TR_DICT("label", tr_string("fine"), "kind", tr_string("words"), "config",
				TR_DICT("text", tr_string("{{ x }}")));
	tr_value other = TR_DICT("label", tr_string("else"), "kind", tr_string("noop"), "config", tr_map());
	tr_value seen = tr_plugin_world_hook(w, "validate_step", TR_DICT("tasks", TR_LIST(bad, good, other)), NULL);

	TR_EXPECT(tr_array_len(tr_map_get_s(seen, "faults")) == 1);
	TR_EXPECT_INT(TR_GET(tr_array_at(tr_map_get_s(seen, "faults"), 0), "line"), 7);
	tr_drop(seen);
}

TR_PLUGIN_TESTS({.name = "counts", .run = counts},
		{.name = "counts in a process of its own", .run = counts, .process = true},
		{.name = "refuses what is no text", .run = refuses_what_is_no_text},
		{.name = "keeps the setting", .run = keeps_the_setting, .config = "{\"most\": 5}"},
		{.name = "finds faults in steps", .run = finds_faults_in_steps})
