/* SPDX-License-Identifier: Apache-2.0 */
/** The pool: concurrency, the queue, refusals, crashes of step runs, attempts. */
#include "actor_kit.h"
#include "actors/protocol.h"

#include <string.h>

static tr_value plugin_hold(world *w, tr_value command)
{
	(void)w;
	(void)command;
	return tr_absent();
}

static tr_value plugin_ok(world *w, tr_value command)
{
	(void)w;
	(void)command;
	return world_json("{\"status\": \"success\", \"result\": 1}");
}

static tr_value plugin_give(world *w, tr_value command)
{
	(void)w;
	tr_value give = tr_map_get_s(tr_map_get_s(command, "input"), "give");
	return TR_DICT("status", tr_string("success"), "result", tr_is_valid(give) ? tr_keep(give) : tr_nil());
}

#define ONE "- step: work\n  tool: { kind: noop }\n"

static void start(world *w, uint32_t concurrency, plugin_fn *fn)
{
	world_start(w, concurrency);
	world_playbook(w, ONE);
	world_plugin(w, "noop", fn);
}

static void only_so_many_step_runs_at_once_and_the_others_wait(void **state)
{
	(void)state;
	world w;
	start(&w, 2, plugin_hold);
	for (uint64_t i = 1; i <= 5; i++)
		world_run(&w, i, 1, "work", "");
	world_wait(&w, &w.held_count, 2);
	tr_value shown = tr_node_call(w.node, tr_node_whereis(w.node, SUBJECT_POOL), tr_atom("show"), 60 * TR_SECOND);
	world_assert_json(tr_map_get_s(shown, "running"), "2");
	world_assert_json(tr_map_get_s(shown, "waiting"), "3");
	tr_drop(shown);
	for (size_t i = 0; i < 5; i++) {
		world_wait(&w, &w.held_count, i + 1);
		world_release(&w, i, "{\"status\": \"success\", \"result\": 1}");
	}
	world_wait(&w, &w.terminal, 5);
	assert_int_equal(w.most_running, 2);
	world_stop(&w);
}

/* Else the playbook that it waits for could not get its turn. */
static void who_waits_for_a_playbook_takes_no_place(void **state)
{
	(void)state;
	world w;
	world_start(&w, 1);
	world_playbook_with(&w, "workbook:\n  - { name: other, kind: playbook, path: a/b }\n",
			    "- step: waits\n  tool: { kind: workbook, name: other }\n"
			    "- step: work\n  tool: { kind: noop }\n");
	world_plugin(&w, "playbook", plugin_hold);
	world_plugin(&w, "noop", plugin_hold);
	world_run(&w, 1, 1, "waits", "");
	world_wait(&w, &w.held_count, 1);
	world_run(&w, 2, 1, "work", "");
	world_wait(&w, &w.held_count, 2);
	world_release(&w, 1, "{\"status\": \"success\", \"result\": 1}");
	world_release(&w, 0, "{\"status\": \"success\", \"result\": 1}");
	world_wait(&w, &w.terminal, 2);
	world_stop(&w);
}

static void cancelling_an_execution_empties_its_queue_too(void **state)
{
	(void)state;
	world w;
	start(&w, 1, plugin_hold);
	for (uint64_t i = 1; i <= 4; i++)
		world_run(&w, i, 1, "work", "");
	world_wait(&w, &w.held_count, 1);
	world_cancel(&w, 0);
	world_wait(&w, &w.terminal, 1);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"cancelled\"");
	tr_value shown = tr_node_call(w.node, tr_node_whereis(w.node, SUBJECT_POOL), tr_atom("show"), 60 * TR_SECOND);
	world_assert_json(tr_map_get_s(shown, "waiting"), "0");
	tr_drop(shown);
	assert_int_equal(w.held_count, 1);
	world_stop(&w);
}

static void a_command_that_cannot_be_performed_fails_its_step(void **state)
{
	(void)state;
	world w;
	start(&w, 0, plugin_ok);
	world_run(&w, 1, 1, "no such step", "");
	world_wait(&w, &w.terminal, 1);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"bad_command\"");
	world_stop(&w);
}

static void a_step_run_that_crashes_is_told_as_lost_and_the_node_lives(void **state)
{
	(void)state;
	world w;
	start(&w, 0, plugin_hold);
	world_run(&w, 9, 2, "work", "");
	world_wait(&w, &w.held_count, 1);
	world_shoot(&w, world_actor(&w, "step work"), tr_atom("lightning"));
	world_wait(&w, &w.lost, 1);
	assert_int_equal(w.lost_run, 9);
	assert_int_equal(w.lost_attempt, 2);
	assert_non_null(strstr(w.lost_why, "lightning"));
	assert_int_equal(w.terminal, 0);
	world_run(&w, 10, 1, "work", "");
	world_wait(&w, &w.held_count, 2);
	world_release(&w, 1, "{\"status\": \"success\", \"result\": 1}");
	world_wait(&w, &w.terminal, 1);
	assert_int_equal(w.lost, 1);
	world_stop(&w);
}

static tr_value wild_decide(tr_value config, tr_value question)
{
	(void)config;
	(void)question;
	tr_exitf("it always does");
	return tr_absent();
}

/* It is asked what is kept of results, ahead of the first step run already: by none that others need. */
static void a_controller_that_crashes_takes_the_step_run_and_not_the_pool(void **state)
{
	static const tr_plugin wild = {TR_PLUGIN_HEAD, .decide = wild_decide};
	static const builtin other = {"{\"id\": \"other\", \"version\": \"1.0.0\", \"capabilities\":"
				      "[\"controller:result\"]}",
				      &wild, false};
	(void)state;
	world w;
	world_start_with(&w, 0, &other);
	world_playbook(&w, ONE "- step: large\n  tool: { kind: noop, give: \"{{ 'x' * 2000 }}\" }\n");
	world_plugin(&w, "noop", plugin_give);
	tr_pid before = tr_node_whereis(w.node, SUBJECT_POOL);
	for (uint64_t i = 1; i <= 20; i++) {
		world_run(&w, i, 1, "large", "");
		world_wait(&w, &w.lost, i);
		assert_non_null(strstr(w.lost_why, "it always does"));
	}
	assert_int_equal(w.terminal, 0);
	world_run(&w, 21, 1, "work", ""); /* nothing of it is large */
	world_wait(&w, &w.terminal, 1);
	assert_true(tr_pid_eq(before, tr_node_whereis(w.node, SUBJECT_POOL)));
	world_stop(&w);
}

static void a_sign_is_given_of_what_is_there_and_of_nothing_else(void **state)
{
	(void)state;
	world w;
	start(&w, 1, plugin_hold);
	world_run(&w, 1, 1, "work", "");
	world_wait(&w, &w.held_count, 1);
	world_heartbeat(&w, 1, 1);
	world_wait(&w, &w.beats, 1);
	world_heartbeat(&w, 1, 2); /* an attempt that it has not */
	world_wait(&w, &w.lost, 1);
	world_heartbeat(&w, 5, 1); /* a step run that it has not */
	world_wait(&w, &w.lost, 2);
	assert_int_equal(w.lost_run, 5);
	world_run(&w, 2, 1, "work", ""); /* waits in the queue: alive too */
	world_heartbeat(&w, 2, 1);
	world_wait(&w, &w.beats, 2);
	assert_int_equal(w.lost, 2);
	world_stop(&w);
}

static void a_later_attempt_takes_the_step_run_over(void **state)
{
	(void)state;
	world w;
	start(&w, 0, plugin_hold);
	world_run(&w, 1, 1, "work", "");
	world_wait(&w, &w.held_count, 1);
	world_run(&w, 1, 1, "work", ""); /* the same again: nothing */
	world_run(&w, 1, 2, "work", "");
	world_wait(&w, &w.held_count, 2);
	world_wait(&w, &w.cancels, 1);
	world_release(&w, 1, "{\"status\": \"success\", \"result\": 1}");
	world_wait(&w, &w.terminal, 1);
	assert_int_equal(world_event(&w, EVENT_STEP_DONE)->step_run_id, 1);
	assert_int_equal(w.held_count, 2);
	world_stop(&w);
}

static void a_restarted_pool_knows_the_step_runs_of_the_one_before(void **state)
{
	(void)state;
	world w;
	start(&w, 0, plugin_hold);
	world_run(&w, 1, 1, "work", "");
	world_wait(&w, &w.held_count, 1);
	tr_pid old = tr_node_whereis(w.node, SUBJECT_POOL), now = {0};
	world_shoot(&w, old, TR_A(kill));
	tr_drop(tr_node_wait(w.node, old, 60 * TR_SECOND));
	for (int i = 0; i < 10000000 && (now.bits == 0 || tr_pid_eq(now, old)); i++)
		now = tr_node_whereis(w.node, SUBJECT_POOL);
	tr_value shown = tr_node_call(w.node, now, tr_atom("show"), 60 * TR_SECOND);
	world_assert_json(tr_map_get_s(shown, "running"), "1");
	tr_drop(shown);
	world_cancel(&w, 1);
	world_wait(&w, &w.terminal, 1);
	world_stop(&w);
}

static void thousands_of_step_runs_go_through(void **state)
{
	(void)state;
	world w;
	start(&w, 32, plugin_ok);
	for (uint64_t i = 1; i <= 5000; i++)
		world_run(&w, i, 1, "work", "");
	world_wait(&w, &w.terminal, 5000);
	assert_int_equal(world_count(&w, EVENT_STEP_DONE), 5000);
	world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_so_many_step_runs_at_once_and_the_others_wait),
	    cmocka_unit_test(who_waits_for_a_playbook_takes_no_place),
	    cmocka_unit_test(cancelling_an_execution_empties_its_queue_too),
	    cmocka_unit_test(a_command_that_cannot_be_performed_fails_its_step),
	    cmocka_unit_test(a_step_run_that_crashes_is_told_as_lost_and_the_node_lives),
	    cmocka_unit_test(a_controller_that_crashes_takes_the_step_run_and_not_the_pool),
	    cmocka_unit_test(a_sign_is_given_of_what_is_there_and_of_nothing_else),
	    cmocka_unit_test(a_later_attempt_takes_the_step_run_over),
	    cmocka_unit_test(a_restarted_pool_knows_the_step_runs_of_the_one_before),
	    cmocka_unit_test(thousands_of_step_runs_go_through),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
