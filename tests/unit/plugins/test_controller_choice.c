/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers a controller's questions: the preferred one, in place or by message, in the node or in a process of its
 * own; what happens when it passes, crashes, takes too long or goes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/controller/iterator/iterator.h"
#include "plugins/host/controller.h"
#include "plugins/host/process/child.h"
#include "world.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/plugin_test.h>

/* ---- those that could answer ---- */

typedef struct clerk {
	int64_t asked;
} clerk;

/* One with a state, so it has to be sent a message. What it does says the question's `in`. */
static tr_value clerk_command(void *state, tr_value command)
{
	clerk *c = state;
	tr_value question = tr_map_get_s(command, "input"), in = tr_map_get_s(question, "in");

	if (!tr_str_is(tr_as_str(tr_map_get_s(command, "kind")), "controller:iterator"))
		return tr_outcome_error("input", false, "that is no question");
	if (tr_str_is(tr_as_str(in), "crash"))
		tr_exitf("it was asked to");
	if (tr_str_is(tr_as_str(in), "nonsense"))
		return tr_int(5);
	if (!tr_str_is(tr_as_str(tr_map_get_s(question, "ask")), "plan"))
		return tr_outcome_error("pass", false, "not mine");
	return tr_outcome_ok(TR_DICT("items", tr_keep(in), "in_flight", tr_int(++c->asked)));
}

static tr_value idler_command(void *state, tr_value command)
{
	(void)state;
	(void)command;
	tr_sleep_until(TR_FOREVER);
	return tr_absent();
}

static _Atomic int tasks_seen;

static tr_value watch_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			   void *chain, tr_value *reason)
{
	(void)state;
	(void)point;
	(void)context;
	(void)next;
	(void)chain;
	(void)reason;
	atomic_fetch_add(&tasks_seen, 1);
	return tr_absent();
}

static tr_value any_pure(tr_value config, tr_value input)
{
	(void)config;
	(void)input;
	return tr_outcome_ok(tr_string("done"));
}

static const tr_plugin clerk_plugin = {TR_PLUGIN_HEAD, .state_size = sizeof(clerk), .command = clerk_command};
static const tr_plugin idler_plugin = {TR_PLUGIN_HEAD, .command = idler_command};
static const tr_plugin watch_plugin = {TR_PLUGIN_HEAD, .hook = watch_hook};
static const tr_plugin any_plugin = {TR_PLUGIN_HEAD, .pure = any_pure};

static const builtin all[] = {
    {iterator_manifest, &iterator_plugin, true},
    {"{\"id\": \"clerk\", \"version\": \"1.0.0\", \"capabilities\": [\"controller:iterator\"]}", &clerk_plugin, false},
    {"{\"id\": \"idler\", \"version\": \"1.0.0\", \"capabilities\": [\"controller:iterator\"],"
     " \"limits\": {\"time\": 0.2}}",
     &idler_plugin, false},
    {"{\"id\": \"any\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:any\"]}", &any_plugin, false},
    {"{\"id\": \"watch\", \"version\": \"1.0.0\", \"hooks\": ["
     "{\"type\": \"before\", \"point\": \"task_execute\"}, {\"type\": \"before\", \"point\": \"task_outcome\"}]}",
     &watch_plugin, false},
};

static world w;

static int start(void **state)
{
	(void)state;
	atomic_store(&tasks_seen, 0);
	world_with(&w, all, sizeof all / sizeof all[0]);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

static void prefer(const char *id)
{
	tr_value ok = world_ask(&w, TR_LIST(tr_atom("prefer"), tr_string("controller:iterator"), tr_string(id)));

	assert_true(TR_IS_A(ok, ok));
}

/* [table, question] */
static tr_value ask_in_actor(tr_value arg)
{
	return controller_ask(pure_table_of(tr_array_at(arg, 0)), CONTROLLER_ITERATOR, tr_keep(tr_array_at(arg, 1)));
}

static tr_value ask_with(tr_value table, tr_value question)
{
	return world_do(&w, ask_in_actor, TR_LIST(tr_keep(table), question));
}

static tr_value plan_of(tr_value in)
{
	return TR_DICT("ask", tr_string("plan"), "in", in, "mode", tr_string("parallel"), "max_in_flight", tr_int(50),
		       "concurrency", tr_int(8));
}

static tr_value end_of(void)
{
	return TR_DICT("ask", tr_string("end"), "on_error", tr_string("finish"), "success", tr_int(1), "failed",
		       tr_int(1), "failures", tr_array());
}

static tr_value table(void)
{
	tr_value t = pure_table_new(w.node, NULL, 0);

	assert_non_null(pure_table_of(t));
	return t;
}

static tr_value ask(tr_value question)
{
	tr_value t = table(), outcome = ask_with(t, question);

	tr_drop(t);
	return outcome;
}

static bool is_here(void)
{
	tr_value t = table();
	bool here = controller_is_here(pure_table_of(t), CONTROLLER_ITERATOR);

	tr_drop(t);
	return here;
}

/* How many iterations at once the one who answers allows. */
static int64_t window(void)
{
	tr_value outcome = ask(plan_of(tr_int(3)));
	int64_t n = tr_as_int(TR_GET(outcome, "result", "in_flight"), -1);

	if (n < 0)
		show("got", outcome);
	tr_drop(outcome);
	return n;
}

static void expect_error(tr_value outcome, const char *kind)
{
	if (strcmp(error_kind(outcome), kind) != 0) {
		show("got", outcome);
		fail_msg("it does not end as %s", kind);
	}
	tr_drop(outcome);
}

/* ---- tests ---- */

static void the_first_that_was_loaded_answers(void **state)
{
	(void)state;
	assert_true(is_here());
	assert_int_equal(window(), 50);
}

static void the_preferred_one_answers_by_message(void **state)
{
	(void)state;
	prefer("clerk");
	assert_false(is_here());
	assert_int_equal(window(), 1);
	assert_int_equal(window(), 2); /* it counts: the state is its own */
	tr_value info = world_ask(&w, TR_LIST(tr_atom("info"), tr_string("clerk")));
	assert_int_equal(tr_as_int(TR_GET(info, "commands", "done"), -1), 2);
	assert_int_equal(tr_array_len(tr_map_get_s(info, "controls")), 1);
	tr_drop(info);
	prefer("");
	assert_int_equal(window(), 50);
}

static void what_one_passes_the_next_answers(void **state)
{
	(void)state;
	prefer("clerk");
	expect_error(ask(end_of()), "loop"); /* as the built-in one says */
}

static void a_crash_is_an_outcome(void **state)
{
	(void)state;
	prefer("clerk");
	expect_error(ask(plan_of(tr_string("crash"))), "crash");
	expect_error(ask(plan_of(tr_string("nonsense"))), "plugin");
}

static void one_that_overstays_is_ended(void **state)
{
	(void)state;
	prefer("idler");
	expect_error(ask(plan_of(tr_int(1))), "timeout");
}

static void only_an_actor_can_wait(void **state)
{
	(void)state;
	prefer("clerk");
	tr_value t = table();
	expect_error(controller_ask(pure_table_of(t), CONTROLLER_ITERATOR, plan_of(tr_int(1))), "no_plugin");
	tr_drop(t);
}

static void hooks_of_tasks_see_no_questions(void **state)
{
	(void)state;
	assert_int_equal(window(), 50);
	prefer("clerk");
	assert_int_equal(window(), 1);
	assert_int_equal(atomic_load(&tasks_seen), 0);
	tr_value outcome = world_run(&w, "any", tr_map());
	assert_true(succeeded(outcome));
	tr_drop(outcome);
	assert_int_equal(atomic_load(&tasks_seen), 2);
}

static void nobody_is_named(void **state)
{
	(void)state;
	tr_value t = table();
	tr_value outcome = world_ask(&w, TR_LIST(tr_atom("unload"), tr_string("iterator"), tr_bool(false)));
	tr_drop(outcome); /* refused: it is built in */
	assert_int_equal(window(), 50);
	outcome = world_ask(&w, TR_LIST(tr_atom("unload"), tr_string("iterator"), tr_bool(false), tr_bool(true)));
	assert_true(TR_IS_A(outcome, ok));
	outcome = ask_with(t, plan_of(tr_int(1))); /* the table is stale, and the one behind answers */
	assert_int_equal(tr_as_int(TR_GET(outcome, "result", "in_flight"), -1), 1);
	tr_drop(outcome);
	tr_drop(world_ask(&w, TR_LIST(tr_atom("unload"), tr_string("clerk"), tr_bool(false), tr_bool(true))));
	tr_drop(world_ask(&w, TR_LIST(tr_atom("unload"), tr_string("idler"), tr_bool(false), tr_bool(true))));
	outcome = ask_with(t, plan_of(tr_int(1)));
	assert_non_null(strstr(error_message(outcome), "no plugin answers for controller:iterator"));
	expect_error(outcome, "no_plugin");
	tr_drop(t);
}

static void load(const char *file)
{
	tr_value answer =
	    world_ask(&w, TR_LIST(tr_atom("load"), tr_stringf("%s/lib%s.so", getenv("TEST_PLUGINS"), file)));

	if (!TR_IS_A(tr_array_at(answer, 0), ok))
		show("not loaded", answer);
	assert_true(TR_IS_A(tr_array_at(answer, 0), ok));
	tr_drop(answer);
}

static void a_strangers_comes_and_goes(void **state)
{
	(void)state;
	load("steward_shared");
	assert_int_equal(window(), 50);
	tr_value before = table();
	prefer("steward");
	assert_true(is_here());
	assert_int_equal(window(), 3);
	expect_error(ask(end_of()), "loop");
	tr_value outcome = ask_with(before, plan_of(tr_int(2)));
	assert_int_equal(tr_as_int(TR_GET(outcome, "result", "in_flight"), -1), 3);
	tr_drop(outcome);
	tr_drop(before);
	outcome = world_ask(&w, TR_LIST(tr_atom("unload"), tr_string("steward"), tr_bool(false)));
	assert_true(TR_IS_A(outcome, ok));
	assert_int_equal(window(), 50);
}

static void one_in_a_process_of_its_own_answers_too(void **state)
{
	(void)state;
	load("steward_apart");
	prefer("apart");
	assert_false(is_here());
	tr_value outcome = ask(plan_of(TR_LIST(tr_string("a"), tr_float(1.5), tr_nil())));
	assert_int_equal(tr_as_int(TR_GET(outcome, "result", "in_flight"), -1), 3);
	assert_int_equal(tr_array_len(TR_GET(outcome, "result", "items")), 3);
	assert_string_equal(tr_as_cstr(TR_GET(outcome, "result", "by"), ""), "apart");
	tr_drop(outcome);
	expect_error(ask(end_of()), "loop");
}

/* As a plugin's author tests it. */
static void the_kit_asks(void **state)
{
	char path[400], why[300];
	const char *const paths[] = {path, NULL};
	const tr_plugin_world_options options = {.paths = paths, .stepped = true};

	(void)state;
	(void)snprintf(path, sizeof path, "%s/libsteward_shared.so", getenv("TEST_PLUGINS"));
	tr_plugin_world *kit = tr_plugin_world_start(&options, why, sizeof why);
	if (kit == NULL)
		fail_msg("%s", why);
	tr_value outcome = tr_plugin_world_decide(kit, "iterator", plan_of(tr_int(1)));
	assert_int_equal(tr_as_int(TR_GET(outcome, "result", "in_flight"), -1), 3);
	tr_drop(outcome);
	expect_error(tr_plugin_world_decide(kit, "iterator", end_of()), "no_plugin"); /* it passes */
	expect_error(tr_plugin_world_decide(kit, "result", tr_map()), "no_plugin");
	expect_error(tr_plugin_world_decide(kit, "weather", tr_map()), "input");
	tr_plugin_world_stop(&kit);
}

static void other_names_are_refused(void **state)
{
	static const builtin wrong = {
	    "{\"id\": \"x\", \"version\": \"1.0.0\", \"capabilities\": [\"controller:weather\"]}", &clerk_plugin,
	    false};
	const plugin_host_options options = {.builtins = &wrong, .builtin_count = 1};

	(void)state;
	tr_value reason = world_start(&w, &options);
	tr_buf text = {0};
	tr_show(&text, reason, 1000);
	assert_non_null(text.p);
	assert_non_null(strstr(text.p, "the controllers are iterator, result, workbook"));
	tr_buf_fini(&text);
	tr_drop(reason);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], PLUGIN_CHILD_WORD) == 0)
		return plugin_child_main();
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
	    CASE(the_first_that_was_loaded_answers), CASE(the_preferred_one_answers_by_message),
	    CASE(what_one_passes_the_next_answers),  CASE(a_crash_is_an_outcome),
	    CASE(one_that_overstays_is_ended),       CASE(only_an_actor_can_wait),
	    CASE(hooks_of_tasks_see_no_questions),   CASE(nobody_is_named),
	    CASE(a_strangers_comes_and_goes),        CASE(one_in_a_process_of_its_own_answers_too),
	    cmocka_unit_test(the_kit_asks),          cmocka_unit_test(other_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
