/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins in a process of their own: what works as in the node, how they may end, what the kernel refuses them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/command.h"
#include "plugins/host/process/child.h"
#include "world.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A plugin of the node itself, for calls from the process. */
static tr_value friend_call(void *state, tr_value request, tr_from from)
{
	(void)state;
	(void)from;
	return TR_LIST(tr_string("friend heard"), tr_keep(request));
}

static const tr_plugin friend_plugin = {TR_PLUGIN_HEAD, .call = friend_call};
static const builtin friends[] = {{"{\"id\": \"friend\", \"version\": \"1.0.0\"}", &friend_plugin, false},
				  {"{\"id\": \"enemy\", \"version\": \"1.0.0\"}", &friend_plugin, false}};

static world w;

static void start_with(tr_value grants)
{
	plugin_host_options options = {.builtins = friends,
				       .builtin_count = 2,
				       .grants = TR_DICT("wild", grants),
				       .paths = TR_LIST(tr_stringf("%s/libwild.so", getenv("TEST_PLUGINS")),
							tr_stringf("%s/libtame.so", getenv("TEST_PLUGINS")))};
	tr_value reason = world_start(&w, &options);

	if (tr_is_valid(reason))
		show("the plugins did not start", reason);
	assert_false(tr_is_valid(reason));
	tr_drop(options.grants);
	tr_drop(options.paths);
	assert_true(tr_node_whereis(w.node, "command.wild").bits != 0);
}

static int start(void **state)
{
	(void)state;
	start_with(TR_LIST(tr_string("call:friend")));
	return 0;
}

static int start_with_net(void **state)
{
	(void)state;
	start_with(TR_LIST(tr_string("net")));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

static tr_value wild(const char *what)
{
	return world_run(&w, "wild", TR_DICT("do", tr_string(what)));
}

static int64_t wild_int(const char *what)
{
	tr_value o = wild(what);
	int64_t n = tr_as_int(tr_map_get_s(o, "result"), -1);

	if (!succeeded(o))
		show(what, o);
	assert_true(succeeded(o));
	tr_drop(o);
	return n;
}

/* ---- as in the node
 * ------------------------------------------------------------------------------------------------------------------------
 */

static void performs_commands(void **state)
{
	(void)state;
	tr_value v = TR_LIST(tr_int(1), tr_string("text"), tr_binary("\0\1", 2), TR_DICT("a", tr_nil()), tr_float(0.5));
	tr_value o = world_run(&w, "wild", TR_DICT("do", tr_string("echo"), "value", tr_keep(v)));
	if (!tr_equal(tr_map_get_s(o, "result"), v))
		show("came back", o);
	assert_true(tr_equal(tr_map_get_s(o, "result"), v));
	tr_drop(o);
	tr_drop(v);
	o = wild("config");
	assert_int_equal(tr_as_int(TR_GET(o, "result", "n"), 0), 5);
	tr_drop(o);
	assert_true(wild_int("pid") != getpid());
	assert_int_equal(wild_int("count"), 1);
	assert_int_equal(wild_int("count"), 2);
	o = wild("nonsense");
	assert_string_equal(error_kind(o), "unknown");
	tr_drop(o);
	o = world_run(&w, "tame", TR_DICT("do", tr_string("count")));
	assert_int_equal(tr_as_int(tr_map_get_s(o, "result"), 0), 1);
	tr_drop(o);
	o = world_ask(&w, TR_LIST(tr_atom("info"), tr_string("wild")));
	assert_true(tr_as_int(TR_GET(o, "health", "process"), 0) > 0);
	tr_drop(o);
}

static tr_value call_wild(tr_value arg)
{
	(void)arg;
	return tr_plugin_call("wild", tr_int(5), tr_in(60 * TR_SECOND));
}

static tr_value run_hook(tr_value arg)
{
	tr_value refusal;
	tr_value result = hooks_run(HOOK_STEP_RUN, tr_keep(arg), NULL, NULL, &refusal);

	return TR_LIST(tr_is_valid(result) ? result : tr_nil(), tr_is_valid(refusal) ? refusal : tr_nil());
}

static void answers_calls_and_hooks(void **state)
{
	(void)state;
	tr_value v = world_do(&w, call_wild, tr_nil());
	assert_true(tr_str_is(tr_as_str(tr_array_at(v, 0)), "heard"));
	assert_int_equal(tr_as_int(tr_array_at(v, 1), 0), 5);
	tr_drop(v);
	v = world_do(&w, run_hook, tr_map());
	assert_true(tr_as_int(TR_GET(tr_array_at(v, 0), "hooked"), 0) > 0);
	tr_drop(v);
	v = world_do(&w, run_hook, TR_DICT("refuse", tr_bool(true)));
	assert_true(tr_str_is(tr_as_str(TR_GET(tr_array_at(v, 1), "message")), "refused far away"));
	tr_drop(v);
}

static void reaches_other_plugins_by_grant(void **state)
{
	(void)state;
	tr_value o = world_run(&w, "wild", TR_DICT("do", tr_string("call"), "id", tr_string("friend")));
	if (!tr_str_is(tr_as_str(tr_array_at(tr_map_get_s(o, "result"), 0)), "friend heard"))
		show("the friend", o);
	assert_true(tr_str_is(tr_as_str(tr_array_at(tr_map_get_s(o, "result"), 0)), "friend heard"));
	tr_drop(o);
	o = world_run(&w, "wild", TR_DICT("do", tr_string("call"), "id", tr_string("enemy")));
	assert_true(tr_str_is(tr_as_str(tr_map_get_s(o, "result")), "EDENIED"));
	tr_drop(o);
}

static tr_value hear_event(tr_value arg)
{
	(void)arg;
	tr_plugin_subscribe("wild.*");
	tr_drop(command_wait(command_send("wild", TR_DICT("do", tr_string("emit")))));
	tr_value m = tr_receive(tr_in(60 * TR_SECOND)), v = tr_keep(tr_array_at(m, 2));
	tr_drop(m);
	return v;
}

static void its_events_reach_the_bus(void **state)
{
	(void)state;
	tr_value v = world_do(&w, hear_event, tr_nil());
	assert_int_equal(tr_as_int(v, 0), 7);
}

/* ---- ends
 * -------------------------------------------------------------------------------------------------------------------------------------
 */

/* The process's id, as soon as one answers: between the end of one and the start of the next a command may meet the
 * end. */
static int64_t next_pid(void)
{
	for (;;) {
		tr_value o = wild("pid");
		int64_t pid = tr_as_int(tr_map_get_s(o, "result"), 0);
		if (pid == 0)
			assert_string_equal(error_kind(o), "crash");
		tr_drop(o);
		if (pid != 0)
			return pid;
	}
}

static void check_crash(const char *what, const char *says)
{
	tr_value o = wild(what);

	if (strcmp(error_kind(o), "crash") != 0 || strstr(error_message(o), says) == NULL)
		show(what, o);
	assert_string_equal(error_kind(o), "crash");
	assert_non_null(strstr(error_message(o), says));
	tr_drop(o);
	assert_true(next_pid() > 0);
	assert_int_equal(wild_int("count"), 1); /* a fresh process serves */
}

static void its_crashes_are_outcomes(void **state)
{
	(void)state;
	check_crash("null", "the process of plugin"); /* by a signal; a sanitizer makes a status of it */
	check_crash("exit", "ended with status");
	check_crash("leak", "signal");
	tr_value o = wild("raise");
	assert_string_equal(error_kind(o), "crash");
	assert_non_null(strstr(error_message(o), "fell over inside"));
	tr_drop(o);
	assert_int_equal(wild_int("count"), 2); /* an actor fell, not the process */
}

/* Cancelled when it says that it runs. */
static tr_value cancel_one(tr_value arg)
{
	tr_plugin_subscribe("wild.running");
	tr_ref ref = command_send("wild", TR_DICT("do", tr_keep(arg)));
	tr_drop(tr_receive(tr_in(60 * TR_SECOND)));
	tr_send_name("command.wild", command_cancel(ref));
	return command_wait(ref);
}

static void cancel_reaches_the_process(void **state)
{
	(void)state;
	int64_t pid = wild_int("pid");
	tr_value o = world_do(&w, cancel_one, tr_string("wait"));
	assert_string_equal(error_kind(o), "cancelled");
	tr_drop(o);
	assert_int_equal(wild_int("pid"), pid); /* an actor can be ended alone */
	o = world_do(&w, cancel_one, tr_string("loop"));
	assert_string_equal(error_kind(o), "cancelled");
	tr_drop(o);
	while (kill((pid_t)pid, 0) == 0 || errno != ESRCH) /* a loop cannot: the process is ended, soon */
		tr_drop(world_run(&w, "tame", TR_DICT("do", tr_string("count"))));
	assert_true(next_pid() != pid);
}

/* Others go on while one plugin falls again and again. */
static void others_go_on(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		tr_drop(wild("null"));
		tr_value o = world_run(&w, "tame", TR_DICT("do", tr_string("count")));
		assert_int_equal(tr_as_int(tr_map_get_s(o, "result"), 0), i + 1);
		tr_drop(o);
	}
}

/* ---- what the kernel refuses
 * ---------------------------------------------------------------------------------------------------------------------
 */

static int64_t open_file(const char *path)
{
	tr_value o = world_run(&w, "wild", TR_DICT("do", tr_string("open"), "path", tr_string(path)));
	int64_t n = tr_as_int(tr_map_get_s(o, "result"), -1);

	tr_drop(o);
	return n;
}

static void the_kernel_refuses(void **state)
{
	(void)state;
	assert_int_equal(wild_int("socket"), EPERM);
	assert_int_equal(wild_int("fork"), EPERM);
	assert_int_equal(wild_int("exec"), EPERM);
	assert_int_equal(open_file("/etc/passwd"), EACCES);
	assert_int_equal(open_file("/usr/bin/env"), 0);
	tr_value o = world_run(&w, "wild", TR_DICT("do", tr_string("granted"), "grant", tr_string("net")));
	assert_false(tr_as_bool(tr_map_get_s(o, "result"), true));
	tr_drop(o);
}

static void a_grant_opens_the_door(void **state)
{
	(void)state;
	assert_int_equal(wild_int("socket"), 0);
	assert_int_equal(wild_int("fork"), EPERM);
	tr_value o = world_run(&w, "wild", TR_DICT("do", tr_string("granted"), "grant", tr_string("net")));
	assert_true(tr_as_bool(tr_map_get_s(o, "result"), false));
	tr_drop(o);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], PLUGIN_CHILD_WORD) == 0)
		return plugin_child_main();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(performs_commands, start, stop),
	    cmocka_unit_test_setup_teardown(answers_calls_and_hooks, start, stop),
	    cmocka_unit_test_setup_teardown(reaches_other_plugins_by_grant, start, stop),
	    cmocka_unit_test_setup_teardown(its_events_reach_the_bus, start, stop),
	    cmocka_unit_test_setup_teardown(its_crashes_are_outcomes, start, stop),
	    cmocka_unit_test_setup_teardown(cancel_reaches_the_process, start, stop),
	    cmocka_unit_test_setup_teardown(others_go_on, start, stop),
	    cmocka_unit_test_setup_teardown(the_kernel_refuses, start, stop),
	    cmocka_unit_test_setup_teardown(a_grant_opens_the_door, start_with_net, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
