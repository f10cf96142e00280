/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the bridge, with functions.py. */
#include <troupe/plugin_test.h>

static tr_value call(tr_plugin_world *w, const char *function, tr_value args)
{
	return tr_plugin_world_command(w, "python_function", TR_DICT("function", tr_string(function), "args", args));
}

static void calls_functions(tr_plugin_world *w)
{
	tr_value o = call(w, "greet", TR_DICT("who", tr_string("Ada")));

	TR_EXPECT_SUCCESS(o);
	TR_EXPECT_TEXT(TR_GET(o, "result", "text"), "Hello, Ada!");
	tr_drop(o);
}

static void tells_exceptions(tr_plugin_world *w)
{
	tr_value o = call(w, "divide", TR_DICT("a", tr_int(1), "b", tr_int(0)));

	TR_EXPECT_ERROR(o, "exception");
	TR_EXPECT_TEXT(TR_GET(o, "error", "message"), "ZeroDivisionError: division by zero");
	tr_drop(o);
	o = call(w, "nothing", tr_map());
	TR_EXPECT_ERROR(o, "exception");
	tr_drop(o);
}

static void starts_another_interpreter(tr_plugin_world *w)
{
	tr_value o = call(w, "die", tr_map());

	TR_EXPECT_ERROR(o, "interpreter");
	tr_drop(o);
	calls_functions(w);
	tr_value info = tr_plugin_world_ask(w, TR_LIST(tr_atom("info"), tr_string("python-bridge")));
	TR_EXPECT_INT(TR_GET(info, "health", "starts"), 2);
	tr_drop(info);
}

#define SETTINGS "{\"file\": \"" FUNCTIONS "\"}"
TR_PLUGIN_TESTS({.name = "calls functions", .run = calls_functions, .config = SETTINGS, .grants = "[\"exec\"]"},
		{.name = "tells exceptions", .run = tells_exceptions, .config = SETTINGS, .grants = "[\"exec\"]"},
		{.name = "starts another interpreter",
		 .run = starts_another_interpreter,
		 .config = SETTINGS,
		 .grants = "[\"exec\"]"})
