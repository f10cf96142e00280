/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of the four types, calls between plugins, the event bus, grants. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/manifest.h"
#include "world.h"
#include <stdio.h>
#include <string.h>
#include <troupe/gen_server.h>

/* ---- plugins of this test
 * -------------------------------------------------------------------------------------------------------------- */

/* A hook does what the context's key with its plugin's name and type says: "mark" adds a mark to `trace`, "refuse",
   "crash", "hang". The id is in the state for hooks of the instance; around hooks have none, so each has a function of
   its own. */
struct hooked {
	char id[16];
};

static tr_value marked(tr_value context, const char *mark)
{
	tr_value trace = tr_map_get_s(context, "trace");
	tr_value longer = tr_stringf("%s%s", tr_as_cstr(trace, ""), mark);

	return tr_map_put_s(tr_keep(context), "trace", longer);
}

static void misbehave(tr_value context, const char *id)
{
	const char *what = tr_as_cstr(tr_map_get_s(context, id), "");

	if (strcmp(what, "crash") == 0)
		tr_exitf("hook of %s fell over", id);
	if (strcmp(what, "hang") == 0)
		tr_drop(tr_receive_ref(tr_make_ref(), TR_FOREVER));
}

static tr_value around(const char *id, tr_value context, tr_value (*next)(void *, tr_value), void *chain,
		       tr_value *reason)
{
	const char *what = tr_as_cstr(tr_map_get_s(context, id), "");
	char mark[40];

	misbehave(context, id);
	if (strcmp(what, "refuse") == 0) {
		*reason = tr_string("around says no");
		return tr_invalid(TR_EDENIED);
	}
	if (strcmp(what, "skip") == 0)
		return marked(context, "(instead)");
	snprintf(mark, sizeof(mark), "%s(", id);
	tr_value inner = marked(context, mark);
	tr_value result = next(chain, inner);
	tr_drop(inner);
	if (strcmp(what, "twice") == 0) {
		tr_drop(result);
		result = next(chain, context);
	}
	if (strcmp(what, "crash_late") == 0) {
		tr_drop(result);
		tr_exitf("too late");
	}
	tr_value out = tr_is_valid(result) ? marked(result, ")") : result;
	tr_drop(result);
	return out;
}

static tr_err hooked_init(void *state, tr_value config, tr_value *reason)
{
	struct hooked *h = state;

	(void)reason;
	snprintf(h->id, sizeof(h->id), "%s", tr_as_cstr(tr_map_get_s(config, "id"), ""));
	return TR_OK;
}

static tr_value hooked_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			    void *chain, tr_value *reason)
{
	struct hooked *h = state;

	(void)point;
	if (next != NULL)
		return around("one", context, next, chain, reason);
	misbehave(context, h->id);
	if (tr_str_is(tr_as_str(tr_map_get_s(context, h->id)), "refuse")) {
		*reason = tr_string("not today");
		return tr_invalid(TR_EDENIED);
	}
	if (tr_str_is(tr_as_str(tr_map_get_s(context, h->id)), "leave"))
		return tr_absent();
	if (tr_is_valid(tr_map_get_s(context, "result"))) { /* an after hook tells whom the context names */
		tr_send(tr_as_pid(tr_map_get_s(context, "tell")),
			TR_LIST(tr_atom("after"), tr_string(h->id), tr_keep(tr_map_get_s(context, "result"))));
		return tr_absent();
	}
	return marked(context, h->id);
}

static tr_value second_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			    void *chain, tr_value *reason)
{
	(void)state;
	(void)point;
	return around("two", context, next, chain, reason);
}

/* Requests: [relay, id, request] calls another plugin; [granted, grant]; anything else comes back. */
static tr_value hooked_call(void *state, tr_value request, tr_from from)
{
	const char *what = tr_as_cstr(tr_array_at(request, 0), "");

	(void)state;
	(void)from;
	if (strcmp(what, "granted") == 0)
		return tr_bool(tr_plugin_granted(tr_as_cstr(tr_array_at(request, 1), "")));
	if (strcmp(what, "relay") != 0)
		return tr_keep(request);
	tr_value reply = tr_plugin_call(tr_as_cstr(tr_array_at(request, 1), ""), tr_keep(tr_array_at(request, 2)),
					tr_in(60 * TR_SECOND));
	return tr_is_valid(reply) ? reply : tr_string(tr_err_name(tr_value_err(reply)));
}

static void hooked_cast(void *state, tr_value request)
{
	(void)state;
	tr_send(tr_as_pid(request), tr_string("cast came"));
}

static const tr_plugin hooked = {TR_PLUGIN_HEAD,      .state_size = sizeof(struct hooked),
				 .init = hooked_init, .hook = hooked_hook,
				 .call = hooked_call, .cast = hooked_cast};
static const tr_plugin second = {TR_PLUGIN_HEAD, .hook = second_hook};

#define ID(id) "\"config\": {\"id\": {\"type\": \"string\", \"default\": \"" id "\"}}"

/* Time for the hooks of "one" that may take too long, and for that of "two". */
#define PLUGINS(one_time, two_time)                                                                                  \
	{                                                                                                            \
		{"{\"id\": \"one\", \"version\": \"1.0.0\", " ID(                                                    \
		     "one") ", \"needs\": [\"call:*\", \"net\"], \"hooks\": ["                                       \
			    "{\"type\": \"before\", \"point\": \"step_run\", \"priority\": 60},"                     \
			    "{\"type\": \"after\", \"point\": \"step_run\"},"                                        \
			    "{\"type\": \"around\", \"point\": \"task_execute\", \"priority\": 10, "                 \
			    "\"time\": " one_time "},"                                                               \
			    "{\"type\": \"replace\", \"point\": \"loop_iteration\"},"                                \
			    "{\"type\": \"before\", \"point\": \"node_stop\", \"time\": " one_time                   \
			    ", \"on_crash\": \"fail\"}]}",                                                           \
		 &hooked, false},                                                                                    \
		    {"{\"id\": \"two\", \"version\": \"1.0.0\", \"hooks\": [{\"type\": \"around\", \"point\": "      \
		     "\"task_execute\", \"priority\": 20, \"time\": " two_time ", \"on_crash\": \"fail\"}]}",        \
		     &second, false},                                                                                \
		    {"{\"id\": \"three\", \"version\": \"1.0.0\", " ID(                                              \
			 "three") ", \"hooks\": ["                                                                   \
				  "{\"type\": \"before\", \"point\": \"step_run\", \"priority\": 40, \"on_crash\": " \
				  "\"fail\"},"                                                                       \
				  "{\"type\": \"before\", \"point\": \"step_run\", \"priority\": 60}]}",             \
		     &hooked, false},                                                                                \
	}
static const builtin plugins[] = PLUGINS("60", "60");
static const builtin hasty_one[] = PLUGINS("0.2", "60");
static const builtin hasty_two[] = PLUGINS("60", "0.2");

static world w;

static int start_these(const builtin *list)
{
	plugin_host_options options = {.builtins = list,
				       .builtin_count = sizeof(plugins) / sizeof(plugins[0]),
				       .grants =
					   TR_DICT("one", TR_LIST(tr_string("call:two"), tr_string("call:three")))};

	assert_false(tr_is_valid(world_start(&w, &options)));
	tr_drop(options.grants);
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_these(plugins);
}

/* For one test a world of its own, beside the one that the others share. */
static world usual;

static int start_hasty_one(void **state)
{
	(void)state;
	usual = w;
	return start_these(hasty_one);
}

static int start_hasty_two(void **state)
{
	(void)state;
	usual = w;
	return start_these(hasty_two);
}

static int stop_hasty(void **state)
{
	(void)state;
	world_stop(&w);
	w = usual;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

/* ---- running a point
 * ----------------------------------------------------------------------------------------------------------------------
 */

static tr_value core(void *arg, tr_value context)
{
	int *count = arg;

	(*count)++;
	return marked(context, "core");
}

/* [point, context] -> [trace or nil, refusal or nil, how often the core ran] */
static tr_value run_point(tr_value arg)
{
	int count = 0;
	tr_value refusal;
	tr_value context = tr_map_put_s(tr_keep(tr_array_at(arg, 1)), "tell", tr_pid_value(tr_self()));
	tr_value result = hooks_run((hook_point)hook_point_index(tr_as_cstr(tr_array_at(arg, 0), "")), context, core,
				    &count, &refusal);
	tr_value trace = tr_map_get_s(result, "trace");
	tr_value out =
	    TR_LIST(tr_is_valid(trace) ? tr_keep(trace) : tr_nil(), tr_is_valid(refusal) ? refusal : tr_nil(),
		    tr_int(count), tr_is_valid(result) ? result : tr_nil());

	return out;
}

static tr_value point(const char *name, tr_value context)
{
	return world_do(&w, run_point, TR_LIST(tr_string(name), context));
}

static void check(tr_value v, const char *trace, int count)
{
	if (!tr_str_is(tr_as_str(tr_array_at(v, 0)), trace))
		show("the trace", v);
	assert_true(tr_str_is(tr_as_str(tr_array_at(v, 0)), trace));
	assert_int_equal(tr_as_int(tr_array_at(v, 2), -1), count);
	tr_drop(v);
}

static void check_refused(tr_value v, const char *plugin, const char *says, int count)
{
	tr_value refusal = tr_array_at(v, 1);

	if (!tr_is(refusal, TR_MAP))
		show("not refused", v);
	assert_true(tr_str_is(tr_as_str(tr_map_get_s(refusal, "kind")), "hook_error"));
	assert_true(tr_str_is(tr_as_str(tr_map_get_s(refusal, "plugin")), plugin));
	assert_non_null(strstr(tr_as_cstr(tr_map_get_s(refusal, "message"), ""), says));
	assert_int_equal(tr_as_int(tr_array_at(v, 2), -1), count);
	tr_drop(v);
}

/* ---- the four types
 * -------------------------------------------------------------------------------------------------------------------------
 */

static void points_without_hooks_cost_nothing(void **state)
{
	(void)state;
	assert_false(hooks_any(w.node, HOOK_EVENT_APPEND));
	assert_true(hooks_any(w.node, HOOK_STEP_RUN));
	check(point("event_append", tr_map()), "core", 1);
}

static void before_hooks_go_by_priority(void **state)
{
	(void)state;
	check(point("step_run", tr_map()), "threeonethreecore", 1); /* 40, then 60 in load order */
	check(point("step_run", TR_DICT("one", tr_string("leave"))), "threethreecore", 1);
}

static void a_refusal_stops_the_chain(void **state)
{
	(void)state;
	check_refused(point("step_run", TR_DICT("one", tr_string("refuse"))), "one", "not today", 0);
}

static tr_value run_and_hear(tr_value arg)
{
	int count = 0;
	tr_value refusal;

	(void)arg;
	tr_drop(hooks_run(HOOK_STEP_RUN, TR_DICT("tell", tr_pid_value(tr_self())), core, &count, &refusal));
	return tr_receive(tr_in(60 * TR_SECOND));
}

static void after_hooks_see_the_result(void **state)
{
	(void)state;
	tr_value m = world_do(&w, run_and_hear, tr_nil());
	assert_true(tr_str_is(tr_as_str(tr_array_at(m, 0)), "after"));
	assert_true(tr_str_is(tr_as_str(TR_GET(tr_array_at(m, 2), "trace")), "threeonethreecore"));
	tr_drop(m);
}

static void around_hooks_nest(void **state)
{
	(void)state;
	check(point("task_execute", tr_map()), "one(two(core))", 1);
	check(point("task_execute", TR_DICT("two", tr_string("skip"))), "one((instead))", 0);
	check(point("task_execute", TR_DICT("one", tr_string("twice"))), "one(two(core))", 1);
	check_refused(point("task_execute", TR_DICT("two", tr_string("refuse"))), "two", "around says no", 0);
}

static void replace_hooks_stand_instead(void **state)
{
	(void)state;
	check(point("loop_iteration", tr_map()), "one", 0);
	check(point("loop_iteration", TR_DICT("one", tr_string("leave"))), "core", 1);
}

/* ---- hooks that break
 * ------------------------------------------------------------------------------------------------------------------------
 */

static void a_crash_is_skipped_or_fails(void **state)
{
	(void)state;
	check(point("step_run", TR_DICT("one", tr_string("crash"))), "threethreecore", 1);
	check_refused(point("step_run", TR_DICT("three", tr_string("crash"))), "three", "three fell over", 0);
	check(point("task_execute", TR_DICT("one", tr_string("crash"))), "two(core)", 1);
	check_refused(point("task_execute", TR_DICT("two", tr_string("crash"))), "two", "two fell over", 0);
	/* When the core has run its result stands, and it does not run again. */
	check(point("task_execute", TR_DICT("one", tr_string("crash_late"))), "one(two(core)", 1);
}

static void a_hook_past_its_time_is_ended(void **state)
{
	(void)state;
	check(point("task_execute", TR_DICT("one", tr_string("hang"))), "two(core)", 1);
	check_refused(point("node_stop", TR_DICT("one", tr_string("hang"))), "one", "its time", 0);
}

static void an_inner_hook_past_its_time_is_ended(void **state)
{
	(void)state;
	check_refused(point("task_execute", TR_DICT("two", tr_string("hang"))), "two", "its time", 0);
}

/* ---- calls, grants, the bus
 * --------------------------------------------------------------------------------------------------------------------
 */

/* A hook before this test may have cost the plugin its actor: until the next one is there nobody answers. */
static tr_value ask_one(tr_value arg)
{
	int64_t end = tr_in(60 * TR_SECOND);
	tr_value reply;

	do {
		tr_yield();
		reply = tr_plugin_call("one", tr_keep(arg), end);
	} while (!tr_is_valid(reply) && tr_now() < end);
	return reply;
}

static tr_value ask(tr_value request)
{
	return world_do(&w, ask_one, request);
}

static void calls_need_a_grant(void **state)
{
	(void)state;
	tr_value v = ask(TR_LIST(tr_string("relay"), tr_string("three"), tr_int(5)));
	assert_int_equal(tr_as_int(v, 0), 5);
	v = ask(TR_LIST(tr_string("relay"), tr_string("nobody"), tr_int(5)));
	assert_true(tr_str_is(tr_as_str(v), "EDENIED"));
	tr_drop(v);
	v = ask(TR_LIST(tr_string("granted"), tr_string("call:two")));
	assert_true(tr_as_bool(v, false));
	v = ask(TR_LIST(tr_string("granted"), tr_string("net"))); /* asked for, not given */
	assert_false(tr_as_bool(v, true));
	v = ask(TR_LIST(tr_string("granted"), tr_string("exec")));
	assert_false(tr_as_bool(v, true));
}

static tr_value cast_one(tr_value arg)
{
	(void)arg;
	tr_err err = tr_plugin_cast("one", tr_pid_value(tr_self()));
	tr_value m = err == TR_OK ? tr_receive(tr_in(60 * TR_SECOND)) : tr_nil();
	return m;
}

static void casts_arrive(void **state)
{
	(void)state;
	tr_value v = world_do(&w, cast_one, tr_nil());
	assert_true(tr_str_is(tr_as_str(v), "cast came"));
	tr_drop(v);
}

static void listener(tr_value arg)
{
	tr_plugin_subscribe("task.>");
	tr_plugin_subscribe("task.*.done");
	tr_send(tr_as_pid(arg), tr_string("listening"));
	for (;;)
		tr_send(tr_as_pid(arg), tr_receive(TR_FOREVER));
}

static tr_value use_bus(tr_value arg)
{
	tr_value heard = tr_array();

	(void)arg;
	tr_pid pid = tr_spawn_link(listener, tr_pid_value(tr_self()));
	tr_drop(tr_receive(tr_in(60 * TR_SECOND)));
	tr_plugin_emit("other.thing", tr_int(0));
	tr_plugin_emit("task.one", tr_int(1));
	tr_plugin_emit("task.one.done", tr_int(2)); /* both subscriptions */
	if (tr_plugin_emit("bad..type", tr_int(3)) != TR_EINVAL || tr_plugin_subscribe("a.>.b") != TR_EINVAL)
		heard = tr_array_push(heard, tr_string("a bad subject was taken"));
	for (int i = 0; i < 3; i++) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));
		heard = tr_array_push(heard, tr_keep(tr_array_at(m, 2)));
		tr_drop(m);
	}
	tr_unlink(pid);
	tr_exit_signal(pid, TR_A(kill));
	return heard;
}

static void the_bus_carries_events(void **state)
{
	(void)state;
	tr_value heard = world_do(&w, use_bus, tr_nil());
	assert_int_equal(tr_array_len(heard), 3);
	assert_int_equal(tr_as_int(tr_array_at(heard, 0), 0), 1);
	assert_int_equal(tr_as_int(tr_array_at(heard, 1), 0), 2);
	assert_int_equal(tr_as_int(tr_array_at(heard, 2), 0), 2);
	tr_drop(heard);
}

/* ---- coming up
 * --------------------------------------------------------------------------------------------------------------------------------------
 */

static tr_err failing_init(void *state, tr_value config, tr_value *reason)
{
	(void)state;
	(void)config;
	*reason = tr_string("no database today");
	return TR_EIO;
}

static tr_err crashing_start(void *state, tr_value *reason)
{
	(void)state;
	(void)reason;
	tr_exitf("start fell over");
}

static void check_does_not_start(const builtin *list, size_t n, tr_value config, const char *says)
{
	world other;
	tr_buf text = {0};
	plugin_host_options options = {.builtins = list, .builtin_count = n, .config = config};
	tr_value reason = world_start(&other, &options);

	assert_true(tr_is_valid(reason));
	tr_show(&text, reason, 4000);
	if (strstr(text.p, says) == NULL)
		fail_msg("\"%s\" is not in %s", says, text.p);
	tr_buf_fini(&text);
	tr_drop(reason);
	tr_drop(config);
}

static void says_why_it_does_not_start(void **state)
{
	static const tr_plugin empty = {TR_PLUGIN_HEAD};
	static const tr_plugin no_init = {TR_PLUGIN_HEAD, .init = failing_init};
	static const tr_plugin no_start = {TR_PLUGIN_HEAD, .start = crashing_start};
	const builtin init[] = {{"{\"id\": \"a\", \"version\": \"1.0\"}", &no_init, false}};
	const builtin begin[] = {{"{\"id\": \"a\", \"version\": \"1.0\"}", &no_start, false}};
	const builtin fault[] = {{"{\"id\": \"a\"}", &empty, false}};
	const builtin lacking[] = {
	    {"{\"id\": \"a\", \"version\": \"1.0\", \"depends_on\": {\"b\": \">=2\"}}", &empty, false}};
	const builtin twice[] = {{"{\"id\": \"a\", \"version\": \"1.0\"}", &empty, false},
				 {"{\"id\": \"a\", \"version\": \"1.0\"}", &empty, false}};
	const builtin replacers[] = {
	    {"{\"id\": \"a\", \"version\": \"1.0\", \"hooks\": [{\"type\": \"replace\", \"point\": \"step_run\"}]}",
	     &empty, false},
	    {"{\"id\": \"b\", \"version\": \"1.0\", \"hooks\": [{\"type\": \"replace\", \"point\": \"step_run\"}]}",
	     &empty, false}};
	const builtin setting[] = {
	    {"{\"id\": \"a\", \"version\": \"1.0\", \"config\": {\"n\": {\"type\": \"int\"}}}", &empty, false}};
	const builtin isolated[] = {
	    {"{\"id\": \"a\", \"version\": \"1.0\", \"isolation\": \"process\"}", &empty, false}};

	(void)state;
	check_does_not_start(init, 1, tr_absent(), "no database today");
	check_does_not_start(begin, 1, tr_absent(), "start fell over");
	check_does_not_start(fault, 1, tr_absent(), "version: is required");
	check_does_not_start(lacking, 1, tr_absent(), "a depends on b >=2, which is not there");
	check_does_not_start(twice, 2, tr_absent(), "one with this id is loaded");
	check_does_not_start(replacers, 2, tr_absent(), "replaces a point that a replaces already");
	check_does_not_start(setting, 1, TR_DICT("a", TR_DICT("n", tr_string("x"))), "a.n: must be of type int");
	check_does_not_start(isolated, 1, tr_absent(), "isolation: process");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(points_without_hooks_cost_nothing),
	    cmocka_unit_test(before_hooks_go_by_priority),
	    cmocka_unit_test(a_refusal_stops_the_chain),
	    cmocka_unit_test(after_hooks_see_the_result),
	    cmocka_unit_test(around_hooks_nest),
	    cmocka_unit_test(replace_hooks_stand_instead),
	    cmocka_unit_test(a_crash_is_skipped_or_fails),
	    cmocka_unit_test_setup_teardown(a_hook_past_its_time_is_ended, start_hasty_one, stop_hasty),
	    cmocka_unit_test_setup_teardown(an_inner_hook_past_its_time_is_ended, start_hasty_two, stop_hasty),
	    cmocka_unit_test(calls_need_a_grant),
	    cmocka_unit_test(casts_arrive),
	    cmocka_unit_test(the_bus_carries_events),
	    cmocka_unit_test(says_why_it_does_not_start),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
