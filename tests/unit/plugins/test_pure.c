/* SPDX-License-Identifier: Apache-2.0 */
/* Commands performed by a plugin's `pure` function: in the actor of whoever asks, and when they are not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/pure.h"
#include "world.h"
#include <string.h>

static tr_value sum_pure(tr_value config, tr_value input)
{
	int64_t base = tr_as_int(tr_map_get_s(config, "base"), 0);
	tr_value a = tr_map_get_s(input, "a");

	if (!tr_is(a, TR_INT))
		return tr_outcome_error("input", false, "a is to be a number");
	return tr_outcome_ok(TR_LIST(tr_int(base + tr_as_int(a, 0)), tr_pid_value(tr_self())));
}

static tr_value other_command(void *state, tr_value command)
{
	(void)state;
	(void)command;
	return tr_outcome_ok(tr_string("other"));
}

static tr_value watch_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			   void *chain, tr_value *reason)
{
	(void)state;
	(void)point;
	(void)context;
	(void)next;
	(void)chain;
	(void)reason;
	return tr_absent();
}

static const tr_plugin sum = {TR_PLUGIN_HEAD, .pure = sum_pure};
static const tr_plugin other = {TR_PLUGIN_HEAD, .command = other_command};
static const tr_plugin watch = {TR_PLUGIN_HEAD, .hook = watch_hook};

static const builtin plugins[] = {
    {"{\"id\": \"sum\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:sum\"],"
     "\"config\": {\"base\": {\"type\": \"int\", \"default\": 100}}}",
     &sum, false},
    {"{\"id\": \"timed\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:timed\"], \"limits\": {\"time\": 5}}", &sum,
     false},
    {"{\"id\": \"other\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:sum\", \"tool:other\"]}", &other, false},
    {"{\"id\": \"watch\", \"version\": \"1.0.0\", \"hooks\": [{\"type\": \"before\", \"point\": \"task_execute\"}]}",
     &watch, false},
};

enum {
	SUM,
	TIMED,
	OTHER,
	NOBODY,
	KINDS
};

static world w;

static int start(void **state)
{
	(void)state;
	world_with(&w, plugins, 3);
	return 0;
}

static int start_watched(void **state)
{
	(void)state;
	world_with(&w, plugins, 4);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

static tr_value table(void)
{
	tr_value kinds[KINDS] = {tr_string("sum"), tr_string("timed"), tr_string("other"), tr_string("nobody")};
	tr_value t = pure_table_new(w.node, kinds, KINDS);

	for (size_t i = 0; i < KINDS; i++)
		tr_drop(kinds[i]);
	assert_non_null(pure_table_of(t));
	return t;
}

static int64_t counted(const char *what)
{
	tr_value stats =
	    tr_node_call(w.node, tr_node_whereis(w.node, "command.sum"), TR_LIST(tr_atom("stats")), 60 * TR_SECOND);
	int64_t n = tr_as_int(tr_map_get_s(stats, what), -1);

	tr_drop(stats);
	return n;
}

/* [table, input] -> [outcome, own pid] */
static tr_value perform(tr_value arg)
{
	const pure_table *t = pure_table_of(tr_array_at(arg, 0));

	return TR_LIST(pure_perform(t, SUM, tr_array_at(arg, 1)), tr_pid_value(tr_self()));
}

static void runs_where_it_is_asked_for(void **state)
{
	(void)state;
	tr_value t = table();
	assert_true(pure_may(pure_table_of(t), SUM));
	assert_false(pure_may(pure_table_of(t), OTHER));
	assert_false(pure_may(pure_table_of(t), NOBODY));
	assert_false(pure_may(pure_table_of(t), KINDS));
	assert_false(pure_may(NULL, SUM));
	tr_value got = world_do(&w, perform, TR_LIST(tr_keep(t), TR_DICT("a", tr_int(7))));
	tr_value result = tr_map_get_s(tr_array_at(got, 0), "result");
	assert_int_equal(tr_as_int(tr_array_at(result, 0), 0), 107);
	assert_true(tr_equal(tr_array_at(result, 1), tr_array_at(got, 1)));
	tr_drop(got);
	got = world_do(&w, perform, TR_LIST(tr_keep(t), tr_map()));
	assert_string_equal(error_kind(tr_array_at(got, 0)), "input");
	tr_drop(got);
	tr_drop(t);
	assert_int_equal(counted("done"), 1);
	assert_int_equal(counted("failed"), 1);
}

static void runs_by_message_too(void **state)
{
	(void)state;
	tr_value o = world_run(&w, "sum", TR_DICT("a", tr_int(1)));
	assert_int_equal(tr_as_int(tr_array_at(tr_map_get_s(o, "result"), 0), 0), 101);
	tr_drop(o);
	assert_int_equal(counted("done"), 1);
}

static void a_limit_of_time_needs_an_actor(void **state)
{
	(void)state;
	tr_value t = table();
	assert_false(pure_may(pure_table_of(t), TIMED));
	tr_drop(t);
	tr_value o = world_run(&w, "timed", TR_DICT("a", tr_int(1)));
	assert_true(succeeded(o));
	tr_drop(o);
}

static void changes_make_it_stale(void **state)
{
	(void)state;
	tr_value t = table();
	assert_true(pure_table_current(pure_table_of(t)));
	tr_drop(world_ask(&w, TR_LIST(tr_atom("prefer"), tr_string("tool:sum"), tr_string("other"))));
	assert_false(pure_table_current(pure_table_of(t)));
	assert_false(pure_may(pure_table_of(t), SUM));
	tr_assign(&t, table());
	assert_true(pure_table_current(pure_table_of(t)));
	assert_false(pure_may(pure_table_of(t), SUM)); /* the other answers, and it has an actor */
	tr_drop(world_ask(&w, TR_LIST(tr_atom("prefer"), tr_string("tool:sum"), tr_nil())));
	tr_assign(&t, table());
	assert_true(pure_may(pure_table_of(t), SUM));
	tr_drop(world_ask(&w, TR_LIST(tr_atom("unload"), tr_string("sum"), tr_bool(false), tr_bool(true))));
	assert_false(pure_may(pure_table_of(t), SUM));
	tr_drop(t);
}

static void hooks_want_to_see_it(void **state)
{
	(void)state;
	tr_value t = table();
	assert_false(pure_may(pure_table_of(t), SUM));
	tr_drop(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(runs_where_it_is_asked_for, start, stop),
	    cmocka_unit_test_setup_teardown(runs_by_message_too, start, stop),
	    cmocka_unit_test_setup_teardown(a_limit_of_time_needs_an_actor, start, stop),
	    cmocka_unit_test_setup_teardown(changes_make_it_stale, start, stop),
	    cmocka_unit_test_setup_teardown(hooks_want_to_see_it, start_watched, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
