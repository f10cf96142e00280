/* SPDX-License-Identifier: Apache-2.0 */
/** Section "Loop" of docs/playbook.md: an actor an iteration, order, failure policies, shared writes, size. */
#include "actor_kit.h"

#include <stdio.h>
#include <string.h>

static tr_value plugin_give(world *w, tr_value command)
{
	(void)w;
	tr_value input = tr_map_get_s(command, "input");
	if (tr_str_is(tr_as_str(tr_map_get_s(input, "fail")), "yes"))
		return world_json(
		    "{\"status\": \"error\", \"error\": {\"kind\": \"wrong\", \"message\": \"asked to fail\"}}");
	tr_value give = tr_map_get_s(input, "give");
	return TR_DICT("status", tr_string("success"), "result", tr_is_valid(give) ? tr_keep(give) : tr_nil());
}

static tr_value plugin_hold(world *w, tr_value command)
{
	(void)w;
	(void)command;
	return tr_absent();
}

static void run_loop(world *w, const char *workflow, plugin_fn *fn)
{
	world_start(w, 0);
	world_playbook(w, workflow);
	world_plugin(w, "noop", fn);
	world_run(w, 1, 1, "each", "{\"workload\": {\"items\": [5, 6, 7, 8]}}");
}

#define EACH(spec, task)                                                                 \
	"- step: each\n"                                                                 \
	"  loop: { in: \"{{ workload.items }}\", iterator: item, spec: { " spec " } }\n" \
	"  tool:\n"                                                                      \
	"    - a: { kind: noop, " task " }\n"

static tr_value done(world *w)
{
	world_wait(w, &w->terminal, 1);
	return tr_map_get_s(world_event(w, EVENT_LOOP_DONE)->payload, "result");
}

static void sequential_iterations_run_one_after_another(void **state)
{
	(void)state;
	world w;
	run_loop(&w, EACH("mode: sequential", "give: \"{{ [item, iter.index, iter.first, iter.last, iter.count] }}\""),
		 plugin_give);
	world_assert_json(
	    tr_map_get_s(done(&w), "results"),
	    "[[5, 0, true, false, 4], [6, 1, false, false, 4], [7, 2, false, false, 4], [8, 3, false, true, 4]]");
	world_assert_json(tr_map_get_s(done(&w), "stats"), "{\"total\": 4, \"success\": 4, \"failed\": 0}");
	/* Started and done alternate: never two at once. */
	int64_t open = 0;
	for (size_t i = 0; i < w.events.count; i++) {
		open += w.events.items[i].type == EVENT_ITERATION_STARTED;
		open -= w.events.items[i].type == EVENT_ITERATION_DONE;
		assert_in_range(open, 0, 1);
	}
	world_assert_json(world_event(&w, EVENT_LOOP_STARTED)->payload,
			  "{\"count\": 4, \"mode\": \"sequential\", \"iterator\": \"item\"}");
	world_stop(&w);
}

static void parallel_iterations_are_at_most_max_in_flight(void **state)
{
	(void)state;
	world w;
	run_loop(&w, EACH("mode: parallel, max_in_flight: 3", ""), plugin_hold);
	world_wait(&w, &w.held_count, 3);
	world_actor(&w, "iteration 2 of each");
	world_release(&w, 1, "{\"status\": \"success\", \"result\": \"b\"}");
	world_wait(&w, &w.held_count, 4);
	assert_int_equal(w.most_running, 3);
	for (size_t i = 0; i < 4; i++) {
		if (i != 1)
			world_release(&w, i,
				      i == 3 ? "{\"status\": \"success\", \"result\": \"d\"}"
					     : "{\"status\": \"success\", \"result\": \"x\"}");
	}
	/* Whatever order they finish in: index order. Which held command is which iteration is in the order they were
	 * sent. */
	tr_value results = tr_map_get_s(done(&w), "results");
	assert_int_equal(tr_array_len(results), 4);
	world_assert_json(tr_array_at(results, 3), "\"d\"");
	world_stop(&w);
}

static void an_empty_list_is_done_at_once(void **state)
{
	(void)state;
	world w;
	run_loop(&w, "- step: each\n  loop: { in: [], iterator: item }\n  tool:\n    - a: { kind: noop }\n",
		 plugin_give);
	world_assert_json(tr_map_get_s(done(&w), "results"), "[]");
	assert_int_equal(w.calls, 0);
	world_stop(&w);
}

static void something_that_is_no_list_fails_the_step(void **state)
{
	(void)state;
	world w;
	run_loop(&w,
		 "- step: each\n  loop: { in: \"{{ 'text' }}\", iterator: item }\n  tool:\n    - a: { kind: noop }\n",
		 plugin_give);
	world_wait(&w, &w.terminal, 1);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"loop\"");
	world_stop(&w);
}

#define ONE_FAILS "give: \"{{ item }}\", fail: \"{{ 'yes' if item == 6 else 'no' }}\""

static void on_error_finish_runs_the_others_and_fails(void **state)
{
	(void)state;
	world w;
	run_loop(&w, EACH("mode: sequential", ONE_FAILS), plugin_give);
	world_wait(&w, &w.terminal, 1);
	tr_value payload = world_event(&w, EVENT_STEP_FAILED)->payload;
	world_assert_json(TR_GET(payload, "error", "kind"), "\"loop\"");
	world_assert_json(TR_GET(tr_array_at(TR_GET(payload, "error", "failures"), 0), "index"), "1");
	world_assert_json(TR_GET(tr_array_at(TR_GET(payload, "error", "failures"), 0), "error", "kind"), "\"wrong\"");
	world_assert_json(TR_GET(payload, "stats", "total"), "4");
	assert_int_equal(w.calls, 4);
	world_stop(&w);
}

static void on_error_stop_starts_no_more(void **state)
{
	(void)state;
	world w;
	run_loop(&w, EACH("mode: sequential, on_error: stop", ONE_FAILS), plugin_give);
	world_wait(&w, &w.terminal, 1);
	assert_int_equal(w.calls, 2);
	assert_int_equal(world_count(&w, EVENT_STEP_FAILED), 1);
	world_stop(&w);
}

static void on_error_stop_ends_those_that_run(void **state)
{
	(void)state;
	world w;
	run_loop(&w, EACH("mode: parallel, max_in_flight: 4, on_error: stop", ""), plugin_hold);
	world_wait(&w, &w.held_count, 4);
	world_release(&w, 2, "{\"status\": \"error\", \"error\": {\"kind\": \"wrong\", \"message\": \"m\"}}");
	world_wait(&w, &w.terminal, 1);
	world_wait(&w, &w.cancels, 3);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "stats", "failed"), "1");
	world_stop(&w);
}

static void on_error_continue_ends_well_with_failures_in_stats(void **state)
{
	(void)state;
	world w;
	run_loop(&w, EACH("mode: parallel, on_error: continue", ONE_FAILS), plugin_give);
	tr_value result = done(&w);
	world_assert_json(TR_GET(result, "stats", "failed"), "1");
	world_assert_json(tr_array_at(tr_map_get_s(result, "results"), 0), "5");
	world_assert_json(TR_GET(tr_array_at(tr_map_get_s(result, "results"), 1), "error", "kind"), "\"wrong\"");
	world_stop(&w);
}

static void shared_writes_are_applied_in_index_order(void **state)
{
	(void)state;
	world w;
	run_loop(&w,
		 "- step: each\n"
		 "  loop: { in: 50, iterator: n, spec: { mode: parallel, max_in_flight: 16 } }\n"
		 "  tool:\n"
		 "    - a:\n"
		 "        kind: noop\n"
		 "        give: \"{{ n }}\"\n"
		 "        eval: [ { else: { do: continue, set_shared: { sum: { add: \"{{ outcome.result }}\" },"
		 " all: { append: \"{{ n }}\" }, last: { last: \"{{ n }}\" }, most: { max: \"{{ n % 7 }}\" } } } } ]\n",
		 plugin_give);
	done(&w);
	tr_value vars = tr_map_get_s(world_event(&w, EVENT_LOOP_DONE)->payload, "vars");
	world_assert_json(tr_map_get_s(vars, "sum"), "1225");
	world_assert_json(tr_map_get_s(vars, "last"), "49");
	world_assert_json(tr_map_get_s(vars, "most"), "6");
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(tr_as_int(tr_array_at(tr_map_get_s(vars, "all"), i), -1), i);
	world_stop(&w);
}

static void a_sequential_iteration_sees_what_the_one_before_wrote(void **state)
{
	(void)state;
	world w;
	run_loop(&w,
		 EACH("mode: sequential", "give: \"{{ [vars.last | default(0), ctx.seen | default(0)] }}\","
					  " eval: [ { else: { do: continue, set_vars: { last: \"{{ item }}\" },"
					  " set_ctx: { seen: \"{{ item }}\" } } } ]"),
		 plugin_give);
	world_assert_json(tr_map_get_s(done(&w), "results"), "[[0, 0], [5, 5], [6, 6], [7, 7]]");
	world_assert_json(tr_map_get_s(world_event(&w, EVENT_LOOP_DONE)->payload, "vars"), "{\"last\": 8}");
	world_stop(&w);
}

static void a_loop_steps_result_policy_and_set_see_its_results(void **state)
{
	(void)state;
	world w;
	run_loop(&w,
		 "- step: each\n"
		 "  loop: { in: [1, 2, 3], iterator: n }\n"
		 "  set: { ctx.sum: \"{{ each.sum }}\" }\n"
		 "  result: { sum: \"{{ each.results | sum }}\", results: 0 }\n"
		 "  tool:\n"
		 "    - a: { kind: noop, give: \"{{ n }}\" }\n",
		 plugin_give);
	world_assert_json(done(&w), "{\"sum\": 6, \"results\": 0}");
	world_assert_json(tr_map_get_s(world_event(&w, EVENT_TASK_PROCESSED)->payload, "ctx"), "{\"sum\": 6}");
	world_stop(&w);
}

static void an_iteration_that_crashes_is_a_failed_iteration(void **state)
{
	(void)state;
	world w;
	run_loop(&w, EACH("mode: parallel, max_in_flight: 4, on_error: continue", ""), plugin_hold);
	world_wait(&w, &w.held_count, 4);
	tr_pid victim = world_actor(&w, "iteration 1 of each");
	world_shoot(&w, victim, tr_atom("shot"));
	tr_drop(tr_node_wait(w.node, victim, 60 * TR_SECOND));
	for (size_t i = 0; i < 4; i++)
		world_release(&w, i, "{\"status\": \"success\", \"result\": 1}");
	tr_value result = done(&w);
	tr_value error = TR_GET(tr_array_at(tr_map_get_s(result, "results"), 1), "error");
	world_assert_json(tr_map_get_s(error, "kind"), "\"crash\"");
	assert_non_null(strstr(tr_as_cstr(tr_map_get_s(error, "message"), ""), "shot"));
	world_assert_json(TR_GET(result, "stats", "success"), "3");
	world_stop(&w);
}

static void cancelling_ends_all_iterations(void **state)
{
	(void)state;
	world w;
	run_loop(&w, EACH("mode: parallel, max_in_flight: 4", ""), plugin_hold);
	world_wait(&w, &w.held_count, 4);
	world_cancel(&w, 1);
	world_wait(&w, &w.terminal, 1);
	world_wait(&w, &w.cancels, 4);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"cancelled\"");
	world_stop(&w);
}

static tr_value event_of(event_type type, int64_t iteration, const char *payload)
{
	event e;
	event_init(&e, type);
	e.time_us = 1;
	e.step_run_id = 1;
	e.attempt = 1;
	e.iteration = iteration;
	e.payload = world_json(payload);
	tr_value v = event_to_value(&e);
	event_fini(&e);
	return v;
}

static void a_loop_goes_on_behind_what_was_appended(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, "- step: each\n"
			   "  loop: { in: 4, iterator: n, spec: { mode: parallel } }\n"
			   "  tool:\n"
			   "    - a: { kind: noop, give: \"{{ n }}\", eval: [ { else: { do: continue, set_shared: { "
			   "sum: { add: 1 } } } } ] }\n"
			   "    - b: { kind: noop, give: \"{{ _prev * 10 }}\" }\n");
	world_plugin(&w, "noop", plugin_give);
	const char *task_a =
	    "{\"label\": \"a\", \"directive\": \"continue\", \"outcome\": {\"status\": \"success\", \"result\": 100},"
	    " \"shared\": [[\"sum\", 1, 1]]}";
	tr_value log = TR_LIST(event_of(EVENT_LOOP_STARTED, -1, "{\"count\": 4}"),
			       event_of(EVENT_TASK_PROCESSED, 2, task_a), event_of(EVENT_TASK_PROCESSED, 0, task_a),
			       event_of(EVENT_ITERATION_DONE, 2, "{\"status\": \"success\", \"result\": \"two\"}"));
	world_run_value(&w, 1, 2, "each", TR_DICT("resume", log));
	world_assert_json(tr_map_get_s(done(&w), "results"), "[1000, 10, \"two\", 30]");
	world_assert_json(TR_GET(world_event(&w, EVENT_LOOP_DONE)->payload, "vars", "sum"), "4");
	assert_int_equal(world_count(&w, EVENT_LOOP_STARTED), 0);
	assert_int_equal(w.calls, 5);
	world_stop(&w);
}

/* Three rows, then two, then none; by the number of the call. */
static tr_value plugin_rows(world *w, tr_value command)
{
	(void)command;
	static const char *const batches[] = {"{\"rows\": [1, 2, 3]}", "{\"rows\": [4, 5]}", "{\"rows\": []}"};
	pthread_mutex_lock(&w->lock);
	size_t n = w->fetched++;
	pthread_mutex_unlock(&w->lock);
	return TR_DICT("status", tr_string("success"), "result", world_json(batches[n < 2 ? n : 2]));
}

#define CURSOR                                                                                                  \
	"- step: each\n"                                                                                        \
	"  loop: { cursor: { kind: postgres, query: \"select {{ workload.items | length }}\" }, iterator: row," \
	" spec: { mode: parallel } }\n"                                                                         \
	"  tool:\n"                                                                                             \
	"    - a: { kind: noop, give: \"{{ [iter.index, row] }}\" }\n"

static void a_cursor_is_run_again_until_it_gives_no_row(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, CURSOR);
	world_plugin(&w, "noop", plugin_give);
	world_plugin(&w, "postgres", plugin_rows);
	world_run(&w, 1, 1, "each", "{\"workload\": {\"items\": [5]}}");
	world_assert_json(tr_map_get_s(done(&w), "results"), "[[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]");
	assert_int_equal(w.fetched, 3);
	world_stop(&w);
}

static void a_cursor_may_be_an_entry_of_the_workbook(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook_with(
	    &w, "workbook:\n  - { name: rows, kind: postgres, query: \"select {{ table }}\" }\n",
	    "- step: each\n"
	    "  loop: { cursor: { kind: workbook, name: rows, args: { table: \"{{ workload.t }}\" } }, iterator: row }\n"
	    "  tool:\n"
	    "    - a: { kind: noop, give: \"{{ row }}\" }\n");
	world_plugin(&w, "noop", plugin_give);
	world_plugin(&w, "postgres", plugin_rows);
	world_run(&w, 1, 1, "each", "{\"workload\": {\"t\": \"a\"}}");
	world_assert_json(tr_map_get_s(done(&w), "results"), "[1, 2, 3, 4, 5]");
	assert_int_equal(w.fetched, 3);
	world_stop(&w);
}

static void a_cursor_loop_goes_on_with_the_rows_it_had(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, CURSOR);
	world_plugin(&w, "noop", plugin_give);
	world_plugin(&w, "postgres", plugin_rows);
	w.fetched = 1;
	tr_value log = TR_LIST(
	    event_of(EVENT_LOOP_STARTED, -1, "{\"count\": -1}"),
	    event_of(EVENT_TASK_PROCESSED, -1,
		     "{\"label\": \"(cursor)\", \"directive\": \"continue\", \"outcome\": {\"status\": \"success\","
		     " \"result\": [7, 8, 9]}}"),
	    event_of(EVENT_ITERATION_DONE, 1, "{\"status\": \"success\", \"result\": \"done\"}"));
	world_run_value(&w, 1, 2, "each", TR_DICT("resume", log, "workload", world_json("{\"items\": [5]}")));
	world_assert_json(tr_map_get_s(done(&w), "results"), "[[0, 7], \"done\", [2, 9], [3, 4], [4, 5]]");
	world_stop(&w);
}

static void a_burst_of_events_is_cut_into_messages(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	w.hold_acks = true;
	world_playbook(&w, "- step: each\n"
			   "  loop: { in: 3000, iterator: n, spec: { mode: parallel, max_in_flight: 3000 } }\n"
			   "  tool:\n"
			   "    - a: { kind: noop, give: \"{{ n }}\" }\n");
	world_plugin(&w, "noop", plugin_give);
	world_run(&w, 1, 1, "each", "");
	world_wait(&w, &w.calls, 3000);
	world_ack(&w);
	world_assert_json(TR_GET(done(&w), "stats", "success"), "3000");
	assert_in_range(w.longest, 1000, 2048);
	assert_int_equal(world_count(&w, EVENT_ITERATION_DONE), 3000);
	world_stop(&w);
}

static void hundred_thousand_iterations_finish_in_bounded_memory(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	w.count_only = true;
	world_playbook(&w, "- step: each\n"
			   "  loop: { in: 100000, iterator: n, spec: { mode: parallel, max_in_flight: 64 } }\n"
			   "  tool:\n"
			   "    - a: { kind: noop, give: \"{{ n }}\" }\n");
	world_plugin(&w, "noop", plugin_give);
	world_run(&w, 1, 1, "each", "");
	tr_value result = done(&w);
	world_assert_json(TR_GET(result, "stats", "success"), "100000");
	world_assert_json(TR_GET(result, "results", "kind"), "\"manifest\"");
	assert_int_equal(world_count(&w, EVENT_ITERATION_DONE), 100000);
	assert_true(w.messages < 100000); /* iterations share messages */
	tr_value stats = tr_node_stats(w.node);
	assert_true(tr_as_int(tr_map_get_s(stats, "actors_peak"), 1000000) < 200);
	tr_drop(stats);
	int64_t total = 0, next = 0;
	for (size_t i = 0; i < tr_array_len(w.stored); i++) {
		tr_value part = tr_array_at(w.stored, i);
		total += (int64_t)tr_array_len(part);
		for (size_t j = 0; j < tr_array_len(part); j++)
			assert_int_equal(tr_as_int(tr_array_at(part, j), -1), next++);
	}
	assert_int_equal(total, 100000);
	world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sequential_iterations_run_one_after_another),
	    cmocka_unit_test(parallel_iterations_are_at_most_max_in_flight),
	    cmocka_unit_test(an_empty_list_is_done_at_once),
	    cmocka_unit_test(something_that_is_no_list_fails_the_step),
	    cmocka_unit_test(on_error_finish_runs_the_others_and_fails),
	    cmocka_unit_test(on_error_stop_starts_no_more),
	    cmocka_unit_test(on_error_stop_ends_those_that_run),
	    cmocka_unit_test(on_error_continue_ends_well_with_failures_in_stats),
	    cmocka_unit_test(shared_writes_are_applied_in_index_order),
	    cmocka_unit_test(a_sequential_iteration_sees_what_the_one_before_wrote),
	    cmocka_unit_test(a_loop_steps_result_policy_and_set_see_its_results),
	    cmocka_unit_test(an_iteration_that_crashes_is_a_failed_iteration),
	    cmocka_unit_test(cancelling_ends_all_iterations),
	    cmocka_unit_test(a_loop_goes_on_behind_what_was_appended),
	    cmocka_unit_test(a_cursor_is_run_again_until_it_gives_no_row),
	    cmocka_unit_test(a_cursor_may_be_an_entry_of_the_workbook),
	    cmocka_unit_test(a_cursor_loop_goes_on_with_the_rows_it_had),
	    cmocka_unit_test(a_burst_of_events_is_cut_into_messages),
	    cmocka_unit_test(hundred_thousand_iterations_finish_in_bounded_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
