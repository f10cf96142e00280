/* SPDX-License-Identifier: Apache-2.0 */
/* The life of commands: done, crashed, cancelled, late, too many; with `run` and with `command`. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/command.h"
#include "world.h"
#include <string.h>

/* ---- plugins of this test
 * ------------------------------------------------------------------------------------------------------ */

/* What input.do says. "hang" tells input.tell its pid first. */
static tr_value act(tr_value command)
{
	const char *what = tr_as_cstr(tr_command_input(command, "do"), "");
	tr_pid tell = tr_as_pid(tr_command_input(command, "tell"));

	if (tell.bits != 0)
		tr_send(tell, TR_LIST(tr_atom("running"), tr_pid_value(tr_self())));
	if (strcmp(what, "crash") == 0)
		tr_exitf("broken %s", "on purpose");
	if (strcmp(what, "hang") == 0)
		tr_drop(tr_receive_ref(tr_make_ref(), TR_FOREVER));
	if (strcmp(what, "text") == 0)
		return tr_string("no outcome");
	if (strcmp(what, "nothing") == 0)
		return tr_absent();
	return tr_outcome_ok(tr_keep(tr_command_input(command, "value")));
}

static tr_value each_run(tr_value config, tr_pid plugin, tr_value command)
{
	(void)plugin;
	if (tr_str_is(tr_as_str(tr_command_input(command, "do")), "config"))
		return tr_outcome_ok(tr_keep(config));
	return act(command);
}

struct counter {
	int64_t n;
};

static tr_value counter_command(void *state, tr_value command)
{
	struct counter *c = state;

	if (tr_str_is(tr_as_str(tr_command_input(command, "do")), "count"))
		return tr_outcome_ok(tr_int(++c->n));
	return act(command);
}

static const tr_plugin each = {TR_PLUGIN_HEAD, .run = each_run};
static const tr_plugin counter = {TR_PLUGIN_HEAD, .state_size = sizeof(struct counter), .command = counter_command};

static const builtin plugins[] = {
    {"{\"id\": \"each\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:each\", \"tool:other_kind\"],"
     "\"config\": {\"n\": {\"type\": \"int\", \"default\": 5}}, \"limits\": {\"concurrency\": 2, \"mailbox\": 3}}",
     &each, false},
    {"{\"id\": \"counter\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:counter\"], \"limits\": {\"mailbox\": "
     "3}}",
     &counter, false},
    {"{\"id\": \"brief\", \"version\": \"1.0.0\", \"limits\": {\"time\": 1}}", &each, false},
    {"{\"id\": \"brief_counter\", \"version\": \"1.0.0\", \"limits\": {\"time\": 1}}", &counter, false},
    {"{\"id\": \"second\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:each\", \"tool:other_kind\"],"
     "\"config\": {\"n\": {\"type\": \"int\", \"default\": 6}}}",
     &each, false},
    {"{\"id\": \"mute\", \"version\": \"1.0.0\"}", &(const tr_plugin){TR_PLUGIN_HEAD}, false},
};

static world w;

static int start(void **state)
{
	(void)state;
	world_with(&w, plugins, sizeof(plugins) / sizeof(plugins[0]));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

static tr_value doing(const char *what)
{
	return TR_DICT("do", tr_string(what));
}

/* Wait for [running, pid]; the pid. */
static tr_pid await_runner(void)
{
	for (;;) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));
		tr_pid pid = tr_as_pid(tr_array_at(m, 1));
		bool found = !tr_is_valid(m) || tr_str_is(tr_as_str(tr_array_at(m, 0)), "running");
		tr_drop(m);
		if (found)
			return pid;
	}
}

static tr_value hanging(void)
{
	return TR_DICT("do", tr_string("hang"), "tell", tr_pid_value(tr_self()));
}

static tr_value desk_stats(const char *id)
{
	tr_value v = tr_stringf("command.%s", id);
	tr_value stats = tr_call_name(tr_as_cstr(v, ""), TR_LIST(tr_atom("stats")), tr_in(60 * TR_SECOND));

	tr_drop(v);
	return stats;
}

static void cancel(const char *subject, tr_ref ref)
{
	tr_value name = tr_stringf("command.%s", subject);

	tr_send_name(tr_as_cstr(name, ""), command_cancel(ref));
	tr_drop(name);
}

/* ---- done
 * -----------------------------------------------------------------------------------------------------------------------
 */

static void answers(void **state)
{
	(void)state;
	tr_value o = world_run(&w, "each", TR_DICT("value", tr_int(42)));
	assert_true(succeeded(o));
	assert_int_equal(tr_as_int(tr_map_get_s(o, "result"), 0), 42);
	tr_drop(o);
	o = world_run(&w, "counter", doing("count"));
	assert_int_equal(tr_as_int(tr_map_get_s(o, "result"), 0), 1);
	tr_drop(o);
	o = world_run(&w, "counter", doing("count"));
	assert_int_equal(tr_as_int(tr_map_get_s(o, "result"), 0), 2);
	tr_drop(o);
	o = world_run(&w, "each", doing("config"));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "n"), 0), 5);
	tr_drop(o);
}

static void refuses_what_is_no_outcome(void **state)
{
	static const char *const what[] = {"text", "nothing"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tr_value o = world_run(&w, "each", doing(what[i]));
		assert_string_equal(error_kind(o), "plugin");
		assert_non_null(strstr(error_message(o), "each"));
		tr_drop(o);
		o = world_run(&w, "counter", doing(what[i]));
		assert_string_equal(error_kind(o), "plugin");
		tr_drop(o);
	}
	tr_value o = world_run(&w, "mute", tr_map());
	assert_string_equal(error_kind(o), "plugin");
	tr_drop(o);
}

/* ---- crashes
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void a_crash_is_an_outcome(void **state)
{
	static const char *const ids[] = {"each", "counter"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tr_value o = world_run(&w, ids[i], doing("crash"));
		assert_string_equal(error_kind(o), "crash");
		assert_non_null(strstr(error_message(o), "broken on purpose"));
		assert_true(tr_as_bool(TR_GET(o, "error", "retryable"), false));
		tr_drop(o);
		o = world_run(&w, ids[i], TR_DICT("value", tr_int(7)));
		assert_true(succeeded(o));
		tr_drop(o);
	}
}

/* The instance crashes with one command in hand and two waiting: the first gets the reason, the others a fresh
 * instance. */
static tr_value crash_with_others_waiting(tr_value arg)
{
	(void)arg;
	tr_pid before = tr_whereis("plugin.counter");
	tr_ref hang = command_send("counter", hanging());
	await_runner();
	tr_ref a = command_send("counter", doing("count")), b = command_send("counter", doing("count"));
	tr_exit_signal(before, TR_A(kill));
	tr_value first = command_wait(hang), second = command_wait(a), third = command_wait(b);
	return TR_LIST(first, second, third, tr_bool(tr_pid_eq(before, tr_whereis("plugin.counter"))));
}

static void waiting_commands_survive_a_crash(void **state)
{
	(void)state;
	tr_value v = world_do(&w, crash_with_others_waiting, tr_nil());
	assert_string_equal(error_kind(tr_array_at(v, 0)), "crash");
	assert_non_null(strstr(error_message(tr_array_at(v, 0)), "killed"));
	assert_int_equal(tr_as_int(tr_map_get_s(tr_array_at(v, 1), "result"), 0), 1);
	assert_int_equal(tr_as_int(tr_map_get_s(tr_array_at(v, 2), "result"), 0), 2);
	assert_false(tr_as_bool(tr_array_at(v, 3), true));
	tr_drop(v);
}

/* The desk itself ends: each command that is out gets an answer all the same. */
static tr_value kill_desk(tr_value arg)
{
	(void)arg;
	tr_ref running = command_send("each", hanging());
	tr_pid runner = await_runner();
	tr_ref monitor = tr_monitor(runner);
	tr_exit_signal(tr_whereis("command.each"), TR_A(kill));
	tr_value outcome = command_wait(running), down = tr_receive_ref(monitor, tr_in(60 * TR_SECOND));
	return TR_LIST(outcome, down);
}

static void a_killed_desk_answers(void **state)
{
	(void)state;
	tr_value v = world_do(&w, kill_desk, tr_nil());
	assert_string_equal(error_kind(tr_array_at(v, 0)), "crash");
	assert_true(tr_is_valid(tr_array_at(v, 1)));
	tr_drop(v);
}

/* ---- cancelled
 * --------------------------------------------------------------------------------------------------------------------
 */

static tr_value cancel_running(tr_value arg)
{
	const char *id = tr_as_cstr(arg, "");
	tr_ref ref = command_send(id, hanging());
	tr_pid runner = await_runner();
	tr_ref monitor = tr_monitor(runner);

	cancel(id, ref);
	tr_value outcome = command_wait(ref);
	if (strcmp(id, "counter") == 0) { /* its instance goes on with what it does until it is ended */
		tr_exit_signal(runner, TR_A(kill));
	}
	tr_value down = tr_receive_ref(monitor, tr_in(60 * TR_SECOND));
	return TR_LIST(outcome, down);
}

static void cancels_what_runs(void **state)
{
	static const char *const ids[] = {"each", "counter"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tr_value v = world_do(&w, cancel_running, tr_string(ids[i]));
		assert_string_equal(error_kind(tr_array_at(v, 0)), "cancelled");
		assert_true(tr_is_valid(tr_array_at(v, 1)));
		tr_drop(v);
		tr_value o = world_run(&w, ids[i], TR_DICT("value", tr_int(1)));
		assert_true(succeeded(o));
		tr_drop(o);
	}
}

static tr_value cancel_waiting(tr_value arg)
{
	(void)arg;
	tr_ref one = command_send("each", hanging()), two = command_send("each", hanging());
	await_runner();
	await_runner();
	tr_ref three = command_send("each", hanging());
	cancel("each", three);
	tr_value outcome = command_wait(three), stats = desk_stats("each");
	cancel("each", one);
	cancel("each", two);
	tr_drop(command_wait(one));
	tr_drop(command_wait(two));
	return TR_LIST(outcome, stats);
}

static void cancels_what_waits(void **state)
{
	(void)state;
	tr_value v = world_do(&w, cancel_waiting, tr_nil()), stats = tr_array_at(v, 1);
	assert_string_equal(error_kind(tr_array_at(v, 0)), "cancelled");
	assert_int_equal(tr_as_int(tr_map_get_s(stats, "running"), -1), 2); /* the concurrency of the manifest */
	assert_int_equal(tr_as_int(tr_map_get_s(stats, "waiting"), -1), 0);
	tr_drop(v);
}

/* Who asked is gone: nobody wants the outcome, so the runner is ended. */
static void ask_and_end(tr_value arg)
{
	(void)command_send("each", TR_DICT("do", tr_string("hang"), "tell", tr_keep(arg)));
	tr_drop(tr_receive(TR_FOREVER));
}

static tr_value requester_ends(tr_value arg)
{
	(void)arg;
	tr_pid requester = tr_spawn(ask_and_end, tr_pid_value(tr_self()));
	tr_ref monitor = tr_monitor(await_runner());
	tr_exit_signal(requester, TR_A(kill));
	return tr_receive_ref(monitor, tr_in(60 * TR_SECOND));
}

static void ends_what_nobody_waits_for(void **state)
{
	(void)state;
	tr_value down = world_do(&w, requester_ends, tr_nil());
	assert_true(tr_is_valid(down));
	tr_drop(down);
}

/* ---- late
 * ---------------------------------------------------------------------------------------------------------------------------
 */

static void ends_what_overstays(void **state)
{
	static const char *const ids[] = {"brief", "brief_counter"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tr_value o = world_run(&w, ids[i], doing("hang"));
		assert_string_equal(error_kind(o), "timeout");
		assert_non_null(strstr(error_message(o), "while it ran"));
		do { /* the next ones are served; on a slow machine the time may be short for some of them */
			tr_drop(o);
			o = world_run(&w, ids[i], TR_DICT("value", tr_int(1)));
			assert_true(succeeded(o) || strcmp(error_kind(o), "timeout") == 0);
		} while (!succeeded(o));
		tr_drop(o);
	}
}

static tr_value late_in_queue(tr_value arg)
{
	tr_ref one = command_send("each", hanging()), two = command_send("each", hanging());

	(void)arg;
	await_runner();
	await_runner();
	tr_ref ref = tr_make_ref();
	tr_value context = TR_DICT("deadline_ns", tr_int(tr_in(20 * TR_MS)));
	tr_send_name("command.each", command_message(tr_self(), ref, TR_DICT("input", tr_map(), "context", context)));
	tr_value outcome = command_wait(ref);
	cancel("each", one);
	cancel("each", two);
	tr_drop(command_wait(one));
	tr_drop(command_wait(two));
	return outcome;
}

static void waiting_counts_towards_the_deadline(void **state)
{
	(void)state;
	tr_value o = world_do(&w, late_in_queue, tr_nil());
	assert_string_equal(error_kind(o), "timeout");
	assert_non_null(strstr(error_message(o), "waited"));
	tr_drop(o);
}

/* ---- too many
 * ------------------------------------------------------------------------------------------------------------------------
 */

static tr_value fill(tr_value arg)
{
	const char *id = tr_as_cstr(arg, "");
	tr_ref refs[7];
	size_t running = strcmp(id, "each") == 0 ? 2 : 1, n = running + 4;

	for (size_t i = 0; i < n; i++) {
		refs[i] = command_send(id, hanging());
		if (i < running)
			await_runner();
	}
	tr_value last = command_wait(refs[n - 1]); /* three may wait: this is the fourth */
	for (size_t i = n - 1; i-- > 0;)
		cancel(id, refs[i]);
	if (running == 1)
		tr_exit_signal(tr_whereis("plugin.counter"), TR_A(kill));
	for (size_t i = 0; i + 1 < n; i++)
		tr_drop(command_wait(refs[i]));
	return last;
}

static void refuses_past_the_limit(void **state)
{
	static const char *const ids[] = {"each", "counter"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tr_value o = world_do(&w, fill, tr_string(ids[i]));
		assert_string_equal(error_kind(o), "busy");
		assert_true(tr_as_bool(TR_GET(o, "error", "retryable"), false));
		do { /* the next ones are served; on a slow machine the time may be short for some of them */
			tr_drop(o);
			o = world_run(&w, ids[i], TR_DICT("value", tr_int(1)));
			assert_true(succeeded(o) || strcmp(error_kind(o), "timeout") == 0);
		} while (!succeeded(o));
		tr_drop(o);
	}
}

/* ---- subjects
 * --------------------------------------------------------------------------------------------------------------------------
 */

static int64_t who_answers(const char *subject)
{
	tr_value o = world_run(&w, subject, doing("config"));
	int64_t n = tr_as_int(TR_GET(o, "result", "n"), 0);

	tr_drop(o);
	return n;
}

static void tool_kinds_have_subjects(void **state)
{
	(void)state;
	assert_int_equal(who_answers("other_kind"), 5); /* the first loaded */
	assert_int_equal(who_answers("each"), 5);
	assert_true(plugin_host_knows_kind(w.node, tr_s("other_kind")));
	assert_true(plugin_host_knows_kind(w.node, tr_s("counter")));
	assert_false(plugin_host_knows_kind(w.node, tr_s("nothing")));
	tr_drop(world_ask(&w, TR_LIST(tr_atom("prefer"), tr_string("tool:other_kind"), tr_string("second"))));
	tr_drop(world_ask(&w, TR_LIST(tr_atom("prefer"), tr_string("tool:each"), tr_string("second"))));
	assert_int_equal(who_answers("other_kind"), 6);
	assert_int_equal(who_answers("each"), 6); /* also where a plugin bears the kind's name */
	tr_value found = world_ask(&w, TR_LIST(tr_atom("find"), tr_string("tool:each")));
	assert_int_equal(tr_array_len(found), 2);
	assert_true(tr_str_is(tr_as_str(tr_array_at(found, 0)), "second"));
	tr_drop(found);
	tr_drop(world_ask(&w, TR_LIST(tr_atom("prefer"), tr_string("tool:other_kind"), tr_nil())));
	tr_drop(world_ask(&w, TR_LIST(tr_atom("prefer"), tr_string("tool:each"), tr_nil())));
	assert_int_equal(who_answers("each"), 5);
}

static void unloading_passes_a_kind_on(void **state)
{
	(void)state;
	tr_value reply = world_ask(&w, TR_LIST(tr_atom("unload"), tr_string("each"), tr_bool(false)));
	assert_false(TR_IS_A(reply, ok)); /* what is built in stays, unless forced */
	tr_drop(reply);
	assert_int_equal(who_answers("each"), 5);
	reply = world_ask(&w, TR_LIST(tr_atom("unload"), tr_string("each"), tr_bool(false), tr_bool(true)));
	assert_true(TR_IS_A(reply, ok));
	tr_drop(reply);
	assert_int_equal(who_answers("other_kind"), 6);
	assert_int_equal(who_answers("each"), 6);
	tr_value list = world_ask(&w, TR_LIST(tr_atom("list")));
	assert_int_equal(tr_array_len(list), sizeof(plugins) / sizeof(plugins[0]) - 1);
	tr_drop(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(answers, start, stop),
	    cmocka_unit_test_setup_teardown(refuses_what_is_no_outcome, start, stop),
	    cmocka_unit_test_setup_teardown(a_crash_is_an_outcome, start, stop),
	    cmocka_unit_test_setup_teardown(waiting_commands_survive_a_crash, start, stop),
	    cmocka_unit_test_setup_teardown(a_killed_desk_answers, start, stop),
	    cmocka_unit_test_setup_teardown(cancels_what_runs, start, stop),
	    cmocka_unit_test_setup_teardown(cancels_what_waits, start, stop),
	    cmocka_unit_test_setup_teardown(ends_what_nobody_waits_for, start, stop),
	    cmocka_unit_test_setup_teardown(ends_what_overstays, start, stop),
	    cmocka_unit_test_setup_teardown(waiting_counts_towards_the_deadline, start, stop),
	    cmocka_unit_test_setup_teardown(refuses_past_the_limit, start, stop),
	    cmocka_unit_test_setup_teardown(tool_kinds_have_subjects, start, stop),
	    cmocka_unit_test_setup_teardown(unloading_passes_a_kind_on, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
