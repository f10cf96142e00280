/* SPDX-License-Identifier: Apache-2.0 */
/** Sections "Scopes" and "What a name gives" of docs/playbook.md: what a name in a task's template means. */
#include "pipeline_kit.h"

static kit begin_with(const char *inputs, const char *command)
{
	kit k;
	tr_buf workflow = {0};
	tr_buf_putf(&workflow,
		    "- step: earlier\n"
		    "  tool: { kind: noop }\n"
		    "- step: work\n"
		    "  tool:\n"
		    "    - a: { kind: noop }\n"
		    "    - b:\n"
		    "        kind: noop\n"
		    "%s"
		    "    - c: { kind: noop }\n",
		    inputs);
	kit_load(&k, "", workflow.p, "work", command);
	tr_buf_fini(&workflow);
	return k;
}

static void bare_names_are_looked_up_in_order(void **state)
{
	(void)state;
	/* Each name is in one place and in all those behind it; the value says which place won. */
	kit k = begin_with("        x: \"{{ [in_iter, in_vars, in_args, earlier, in_ctx, in_workload] }}\"\n"
			   "        own: \"{{ execution_id }}\"\n",
			   "{\"vars\": {\"in_iter\": \"vars\", \"in_vars\": \"vars\"},"
			   " \"args\": {\"in_iter\": \"args\", \"in_vars\": \"args\", \"in_args\": \"args\", "
			   "\"execution_id\": \"args\"},"
			   " \"steps\": {\"earlier\": \"steps\"},"
			   " \"ctx\": {\"in_args\": \"ctx\", \"earlier\": \"ctx\", \"in_ctx\": \"ctx\"},"
			   " \"workload\": {\"in_ctx\": \"workload\", \"in_workload\": \"workload\"}}");
	k.iteration = 0;
	k.iter = kit_json("{\"in_iter\": \"iter\"}");
	kit_begin(&k);
	kit_pass(&k, "0");
	assert_json(tr_map_get_s(k.inputs, "x"), "[\"iter\", \"vars\", \"args\", \"steps\", \"ctx\", \"workload\"]");
	assert_json(tr_map_get_s(k.inputs, "own"), "\"77\"");
	kit_fini(&k);
}

static void pipeline_locals_come_first(void **state)
{
	(void)state;
	kit k =
	    begin_with("        x: \"{{ [_prev, _task, _attempt] }}\"\n", "{\"vars\": {\"_prev\": 9, \"_task\": 9}}");
	kit_begin(&k);
	kit_pass(&k, "5");
	assert_json(tr_map_get_s(k.inputs, "x"), "[5, \"b\", 1]");
	kit_fini(&k);
}

static void set_on_a_task_makes_a_pipeline_local_name(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - { name: a, kind: noop, set: { rows: \"{{ output.data.rows }}\" } }\n"
		 "    - { name: b, kind: noop, x: \"{{ rows }}\" }\n",
		 "work", "{\"args\": {\"rows\": \"args\"}}");
	kit_begin(&k);
	kit_pass(&k, "{\"rows\": [1]}");
	assert_json(tr_map_get_s(k.inputs, "x"), "[1]");
	kit_fini(&k);
}

static void a_step_gives_its_result_and_offers_more(void **state)
{
	(void)state;
	kit k = begin_with(
	    "        whole: \"{{ earlier }}\"\n"
	    "        again: \"{{ steps.earlier }}\"\n"
	    "        top: \"{{ earlier.n }}\"\n"
	    "        data: \"{{ earlier.data.n }}\"\n"
	    "        result: \"{{ earlier.result }}\"\n"
	    "        label: \"{{ earlier.count.rows }}\"\n"
	    "        ref: \"{{ earlier._ref }}\"\n",
	    "{\"steps\": {\"earlier\": {\"n\": 4}, \"__labels__\": {\"earlier\": {\"count\": {\"rows\": 8}}}}}");
	kit_begin(&k);
	kit_pass(&k, "0");
	assert_json(tr_map_get_s(k.inputs, "whole"), "{\"n\": 4}");
	assert_json(tr_map_get_s(k.inputs, "again"), "{\"n\": 4}");
	assert_json(tr_map_get_s(k.inputs, "top"), "4");
	assert_json(tr_map_get_s(k.inputs, "data"), "4");
	assert_json(tr_map_get_s(k.inputs, "result"), "{\"n\": 4}");
	assert_json(tr_map_get_s(k.inputs, "label"), "8");
	assert_json(tr_map_get_s(k.inputs, "ref"), "null");
	kit_fini(&k);
}

static void the_results_own_keys_win_over_what_is_offered(void **state)
{
	(void)state;
	kit k = begin_with("        data: \"{{ earlier.data }}\"\n"
			   "        list: \"{{ earlier.result }}\"\n",
			   "{\"steps\": {\"earlier\": {\"data\": [1, 2], \"result\": \"own\"}}}");
	kit_begin(&k);
	kit_pass(&k, "0");
	assert_json(tr_map_get_s(k.inputs, "data"), "[1, 2]");
	assert_json(tr_map_get_s(k.inputs, "list"), "\"own\"");
	kit_fini(&k);
}

static void a_steps_own_name_is_bound_while_it_runs(void **state)
{
	(void)state;
	kit k = begin_with("        own: \"{{ work }}\"\n"
			   "        label: \"{{ work.a }}\"\n"
			   "        result: \"{{ result }}\"\n",
			   "{\"result\": \"led here\"}");
	kit_begin(&k);
	kit_pass(&k, "[3]");
	assert_json(tr_map_get_s(k.inputs, "own"), "[3]");
	assert_json(tr_map_get_s(k.inputs, "label"), "[3]");
	assert_json(tr_map_get_s(k.inputs, "result"), "[3]");
	kit_fini(&k);
}

static void result_is_that_of_the_step_that_led_here_until_there_is_an_own_one(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", "- step: work\n  tool:\n    - a: { kind: noop, x: \"{{ result }}\" }\n", "work",
		 "{\"result\": \"led here\"}");
	kit_begin(&k);
	assert_json(tr_map_get_s(k.inputs, "x"), "\"led here\"");
	kit_fini(&k);
}

static void outcome_falls_through_to_the_results_body(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a:\n"
		 "        kind: http\n"
		 "        url: http://x\n"
		 "        eval:\n"
		 "          - else:\n"
		 "              do: continue\n"
		 "              set_vars:\n"
		 "                status: \"{{ outcome.status }}\"\n"
		 "                code: \"{{ outcome.status_code }}\"\n"
		 "                orders: \"{{ outcome.orders }}\"\n"
		 "                data: \"{{ outcome.data.status_code }}\"\n"
		 "                output: \"{{ output.data.data.orders }}\"\n"
		 "                helper: \"{{ outcome.http.status }}\"\n"
		 "                attempt: \"{{ outcome.meta.attempt }}\"\n"
		 "                started: \"{{ outcome.meta.started_at }}\"\n"
		 "                whole: \"{{ outcome.keys() | sort }}\"\n"
		 "    - b: { kind: noop, vars: \"{{ vars }}\" }\n",
		 "work", "");
	kit_begin(&k);
	kit_outcome(&k, "{\"status\": \"success\", \"result\": {\"status_code\": 200, \"data\": {\"orders\": [1]}},"
			" \"http\": {\"status\": 200}}");
	kit_go_on(&k);
	assert_json(
	    tr_map_get_s(k.inputs, "vars"),
	    "{\"status\": \"success\", \"code\": 200, \"orders\": [1], \"data\": 200, \"output\": [1], \"helper\": 200,"
	    " \"attempt\": 1, \"started\": \"2023-11-14T22:13:20.000000Z\","
	    " \"whole\": [\"http\", \"meta\", \"result\", \"status\"]}");
	kit_fini(&k);
}

static void undefined_is_false_and_null_with_one_warning_a_place(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a:\n"
		 "        kind: noop\n"
		 "        x: \"{{ vars.nothing }}\"\n"
		 "        eval:\n"
		 "          - { expr: \"{{ outcome.error.retryable }}\", do: fail }\n"
		 "          - { expr: \"{{ outcome.result != 'last' }}\", do: jump, to: a }\n",
		 "work", "");
	kit_begin(&k);
	assert_json(tr_map_get_s(k.inputs, "x"), "null");
	for (int i = 0; i < 3; i++)
		kit_pass(&k, "\"more\"");
	kit_ok(&k, "\"last\"");
	assert_done(&k);
	assert_int_equal(kit_count(&k, EVENT_WARNING), 2);
	const event *e = kit_event(&k, EVENT_WARNING);
	assert_json(tr_map_get_s(e->payload, "code"), "\"undefined\"");
	assert_json(tr_map_get_s(e->payload, "file"), "\"kit.yaml\"");
	assert_json(tr_map_get_s(e->payload, "line"), "11");
	kit_fini(&k);
}

static void strict_templates_make_undefined_an_error(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "executor: { spec: { strict_templates: true } }\n",
		 "- step: work\n  tool:\n    - a: { kind: noop, x: \"{{ vars.nothing }}\" }\n", "work", "");
	kit_begin(&k);
	assert_failed(&k);
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "kind"), "\"template\"");
	kit_fini(&k);
}

static void an_error_in_a_condition_is_no_match_and_a_warning(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a: { kind: noop, eval: [ { expr: \"{{ 1 // 0 }}\", do: fail } ] }\n",
		 "work", "");
	kit_begin(&k);
	kit_ok(&k, "1");
	assert_done(&k);
	assert_json(tr_map_get_s(kit_event(&k, EVENT_WARNING)->payload, "code"), "\"condition\"");
	kit_fini(&k);
}

static void set_vars_in_a_parallel_loop_writes_to_iter_and_says_so_once(void **state)
{
	(void)state;
	kit k;
	kit_load(
	    &k, "",
	    "- step: work\n"
	    "  loop: { in: [1], iterator: item, spec: { mode: parallel } }\n"
	    "  tool:\n"
	    "    - a: { kind: noop, eval: [ { else: { do: continue, set_vars: { n: \"{{ outcome.result }}\" } } } ] }\n"
	    "    - b: { kind: noop, x: \"{{ iter.n }}\", y: \"{{ vars.n is defined }}\","
	    " eval: [ { else: { do: continue, set_vars: { m: 1 } } } ] }\n",
	    "work", "");
	k.iteration = 0;
	k.parallel = true;
	kit_begin(&k);
	kit_pass(&k, "4");
	assert_json(tr_map_get_s(k.inputs, "x"), "4");
	assert_json(tr_map_get_s(k.inputs, "y"), "false");
	kit_ok(&k, "1");
	assert_done(&k);
	assert_false(tr_is_valid(pipeline_written_vars(k.pipe)));
	assert_int_equal(kit_count(&k, EVENT_WARNING), 1);
	kit_fini(&k);
}

static void set_shared_without_a_loop_writes_to_vars_at_once(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a: { kind: noop, eval: [ { else: { do: continue, set_shared: { sum: { add: \"{{ outcome.result "
		 "}}\" },"
		 " all: { append: \"{{ outcome.result }}\" } } } } ] }\n"
		 "    - b: { kind: noop, x: \"{{ vars }}\" }\n",
		 "work", "{\"vars\": {\"sum\": 1}}");
	kit_begin(&k);
	kit_pass(&k, "2");
	assert_json(tr_map_get_s(k.inputs, "x"), "{\"sum\": 3, \"all\": [2]}");
	kit_fini(&k);
}

static void set_shared_with_a_value_that_does_not_suit_fails_the_task(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a: { kind: noop, eval: [ { else: { do: continue, set_shared: { sum: { add: \"{{ outcome.result "
		 "}}\" } } } } ] }\n",
		 "work", "");
	kit_begin(&k);
	kit_ok(&k, "\"two\"");
	assert_failed(&k);
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "kind"), "\"set_shared\"");
	kit_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bare_names_are_looked_up_in_order),
	    cmocka_unit_test(pipeline_locals_come_first),
	    cmocka_unit_test(set_on_a_task_makes_a_pipeline_local_name),
	    cmocka_unit_test(a_step_gives_its_result_and_offers_more),
	    cmocka_unit_test(the_results_own_keys_win_over_what_is_offered),
	    cmocka_unit_test(a_steps_own_name_is_bound_while_it_runs),
	    cmocka_unit_test(result_is_that_of_the_step_that_led_here_until_there_is_an_own_one),
	    cmocka_unit_test(outcome_falls_through_to_the_results_body),
	    cmocka_unit_test(undefined_is_false_and_null_with_one_warning_a_place),
	    cmocka_unit_test(strict_templates_make_undefined_an_error),
	    cmocka_unit_test(an_error_in_a_condition_is_no_match_and_a_warning),
	    cmocka_unit_test(set_vars_in_a_parallel_loop_writes_to_iter_and_says_so_once),
	    cmocka_unit_test(set_shared_without_a_loop_writes_to_vars_at_once),
	    cmocka_unit_test(set_shared_with_a_value_that_does_not_suit_fails_the_task),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
