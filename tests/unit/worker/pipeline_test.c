/* SPDX-License-Identifier: Apache-2.0 */
/** Section "Pipeline" of docs/playbook.md, sentence by sentence, without any actor. */
#include "pipeline_kit.h"

#include <stdio.h>
#include <troupe/actor.h>

#define TWO_TASKS                       \
	"- step: work\n"                \
	"  tool:\n"                     \
	"    - first: { kind: noop }\n" \
	"    - second: { kind: noop, was: \"{{ _prev }}\" }\n"

static void tasks_run_in_order_and_hand_on_prev(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", TWO_TASKS, "work", "");
	kit_begin(&k);
	assert_performs(&k, "first");
	kit_pass(&k, "{\"n\": 1}");
	assert_performs(&k, "second");
	assert_json(tr_map_get_s(k.inputs, "was"), "{\"n\": 1}");
	kit_ok(&k, "2");
	assert_done(&k);
	assert_json(pipeline_result(k.pipe), "2");
	assert_int_equal(kit_count(&k, EVENT_TASK_STARTED), 2);
	assert_int_equal(kit_count(&k, EVENT_TASK_PROCESSED), 2);
	const event *e = kit_event(&k, EVENT_TASK_PROCESSED);
	assert_string_equal(e->status, "success");
	assert_int_equal(e->task_run_id, 2);
	assert_int_equal(e->duration_us, 3000);
	assert_json(tr_map_get_s(e->payload, "directive"), "\"continue\"");
	kit_fini(&k);
}

static void without_rules_an_error_fails(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", TWO_TASKS, "work", "");
	kit_begin(&k);
	kit_error(&k, "timeout", true);
	assert_failed(&k);
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "kind"), "\"timeout\"");
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "task"), "\"first\"");
	assert_json(tr_map_get_s(kit_event(&k, EVENT_TASK_PROCESSED)->payload, "directive"), "\"fail\"");
	kit_fini(&k);
}

static void the_first_matching_rule_wins(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a:\n"
		 "        kind: noop\n"
		 "        eval:\n"
		 "          - { expr: \"{{ outcome.status == 'error' }}\", do: fail }\n"
		 "          - { expr: \"{{ outcome.result > 1 }}\", do: jump, to: c }\n"
		 "          - { expr: \"{{ outcome.result > 0 }}\", do: break }\n"
		 "          - else: { do: continue }\n"
		 "    - b: { kind: noop }\n"
		 "    - c: { kind: noop }\n",
		 "work", "");
	kit_begin(&k);
	kit_pass(&k, "2");
	assert_performs(&k, "c");
	assert_json(tr_map_get_s(kit_event(&k, EVENT_TASK_PROCESSED)->payload, "to"), "\"c\"");
	pipeline_free(&k.pipe);
	kit_begin(&k);
	kit_ok(&k, "1");
	assert_done(&k); /* break ends the pipeline well */
	assert_json(pipeline_result(k.pipe), "1");
	pipeline_free(&k.pipe);
	kit_begin(&k);
	kit_pass(&k, "0");
	assert_performs(&k, "b");
	kit_fini(&k);
}

static void a_rule_may_let_an_error_continue_and_a_success_fail(void **state)
{
	(void)state;
	kit k;
	kit_load(
	    &k, "",
	    "- step: work\n"
	    "  tool:\n"
	    "    - a: { kind: noop, eval: [ { expr: \"{{ outcome.error.kind == 'not_found' }}\", do: continue } ] }\n"
	    "    - b: { kind: noop, eval: [ { expr: \"{{ not outcome.result }}\", do: fail, message: \"b gave {{ "
	    "outcome.result }}\" } ] }\n",
	    "work", "");
	kit_begin(&k);
	kit_error(&k, "not_found", false);
	kit_go_on(&k);
	assert_performs(&k, "b");
	kit_ok(&k, "[]");
	assert_failed(&k);
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "kind"), "\"failed\"");
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "message"), "\"b gave []\"");
	kit_fini(&k);
}

#define RETRIES(terms)                                                                    \
	"- step: work\n"                                                                  \
	"  tool:\n"                                                                       \
	"    - a:\n"                                                                      \
	"        kind: noop\n"                                                            \
	"        attempt: \"{{ _attempt }}\"\n"                                           \
	"        eval:\n"                                                                 \
	"          - { expr: \"{{ outcome.error.retryable }}\", do: retry, " terms " }\n" \
	"          - { expr: \"{{ outcome.status == 'error' }}\", do: continue }\n"       \
	"    - b: { kind: noop, attempt: \"{{ _attempt }}\" }\n"

static void attempts_counts_all_tries_and_when_spent_the_step_fails(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", RETRIES("attempts: 3, delay: 1"), "work", "");
	kit_begin(&k);
	assert_json(tr_map_get_s(k.inputs, "attempt"), "1");
	kit_error(&k, "server_error", true);
	assert_int_equal(kit_go_on(&k), 1000);
	assert_json(tr_map_get_s(k.inputs, "attempt"), "2");
	kit_error(&k, "server_error", true);
	assert_int_equal(kit_event(&k, EVENT_TASK_RETRIED)->attempt, 2);
	kit_go_on(&k);
	kit_error(&k, "server_error", true);
	assert_failed(&k); /* the rule below, which would continue, is not tried */
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "kind"), "\"server_error\"");
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "attempts"), "3");
	assert_int_equal(kit_count(&k, EVENT_TASK_RETRIED), 2);
	assert_int_equal(kit_count(&k, EVENT_TASK_STARTED), 3);
	kit_fini(&k);
}

static void a_good_outcome_still_to_be_retried_fails_when_spent(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - poll: { kind: noop, eval: [ { expr: \"{{ outcome.result != 'ready' }}\", do: retry, attempts: "
		 "2 } ] }\n",
		 "work", "");
	kit_begin(&k);
	kit_ok(&k, "\"waiting\"");
	assert_int_equal(kit_go_on(&k), 0);
	kit_ok(&k, "\"waiting\"");
	assert_failed(&k);
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "kind"), "\"retries_spent\"");
	kit_fini(&k);
}

static void attempt_starts_again_each_time_the_counter_enters_a_task(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", RETRIES("attempts: 9"), "work", "");
	kit_begin(&k);
	kit_error(&k, "busy", true);
	kit_go_on(&k);
	kit_error(&k, "busy", true);
	kit_go_on(&k);
	assert_json(tr_map_get_s(k.inputs, "attempt"), "3");
	kit_pass(&k, "1");
	assert_json(tr_map_get_s(k.inputs, "attempt"), "1");
	kit_fini(&k);
}

/* d, d·n, d·2^(n-1), capped by max_delay. */
static void waits_are(const char *terms, const int64_t *expected, size_t n)
{
	char workflow[1000];
	snprintf(workflow, sizeof workflow,
		 "- step: work\n"
		 "  tool:\n"
		 "    - a: { kind: noop, eval: [ { expr: \"{{ outcome.status == 'error' }}\", do: retry, attempts: 99, "
		 "%s } ] }\n",
		 terms);
	kit k;
	kit_load(&k, "", workflow, "work", "{\"args\": {\"pause\": 0.25}}");
	kit_begin(&k);
	for (size_t i = 0; i < n; i++) {
		kit_error(&k, "busy", true);
		assert_int_equal(kit_go_on(&k), expected[i]);
	}
	assert_int_equal(tr_as_int(tr_map_get_s(kit_event(&k, EVENT_TASK_RETRIED)->payload, "delay_us"), -1),
			 expected[n - 1] * 1000);
	kit_fini(&k);
}

static void backoff_is_fixed_linear_or_exponential(void **state)
{
	(void)state;
	waits_are("delay: 2", (int64_t[]){2000, 2000, 2000}, 3);
	waits_are("delay: 2, backoff: fixed", (int64_t[]){2000, 2000, 2000}, 3);
	waits_are("delay: 2, backoff: linear", (int64_t[]){2000, 4000, 6000, 8000}, 4);
	waits_are("delay: 1, backoff: exponential", (int64_t[]){1000, 2000, 4000, 8000, 16000}, 5);
	waits_are("delay: 1, backoff: exponential, max_delay: 5", (int64_t[]){1000, 2000, 4000, 5000, 5000}, 5);
	waits_are("delay: \"{{ args.pause * 2 }}\"", (int64_t[]){500, 500}, 2);
}

static void jump_goes_back_and_counts_visits(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: pages\n"
		 "  tool:\n"
		 "    - fetch:\n"
		 "        kind: http\n"
		 "        url: \"/orders?page={{ iter.page | default(1) }}\"\n"
		 "        eval:\n"
		 "          - expr: \"{{ outcome.result.next }}\"\n"
		 "            do: jump\n"
		 "            to: fetch\n"
		 "            set_iter: { page: \"{{ outcome.result.next }}\" }\n",
		 "pages", "");
	kit_begin(&k);
	assert_json(tr_map_get_s(k.inputs, "url"), "\"/orders?page=1\"");
	kit_pass(&k, "{\"next\": 2}");
	assert_json(tr_map_get_s(k.inputs, "url"), "\"/orders?page=2\"");
	kit_ok(&k, "{\"next\": null}");
	assert_done(&k);
	kit_fini(&k);
}

static void a_pipeline_that_jumps_for_ever_is_stopped_by_a_limit_that_says_so(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: ever\n"
		 "  spec: { max_directives: 50 }\n"
		 "  tool:\n"
		 "    - again: { kind: noop, eval: [ { else: { do: jump, to: again } } ] }\n",
		 "ever", "");
	kit_begin(&k);
	int turns = 0;
	while (k.action.what == PIPELINE_PERFORM) {
		kit_ok(&k, "1");
		if (k.action.what == PIPELINE_COMMIT)
			kit_go_on(&k);
		turns++;
	}
	assert_failed(&k);
	assert_int_equal(turns, 51);
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "kind"), "\"directive_limit\"");
	kit_fini(&k);
}

static void set_prev_replaces_what_the_next_task_gets(void **state)
{
	(void)state;
	kit k;
	kit_load(
	    &k, "",
	    "- step: work\n"
	    "  tool:\n"
	    "    - a: { kind: noop, eval: [ { else: { do: continue, set_prev: \"{{ outcome.result.rows }}\" } } ] }\n"
	    "    - b: { kind: noop, was: \"{{ _prev }}\" }\n",
	    "work", "");
	kit_begin(&k);
	kit_pass(&k, "{\"rows\": [1, 2]}");
	assert_json(tr_map_get_s(k.inputs, "was"), "[1, 2]");
	assert_json(tr_map_get_s(kit_event(&k, EVENT_TASK_PROCESSED)->payload, "prev"), "[1, 2]");
	kit_fini(&k);
}

static void all_writes_of_a_rule_are_rendered_before_any_is_applied(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a:\n"
		 "        kind: noop\n"
		 "        eval:\n"
		 "          - else:\n"
		 "              do: continue\n"
		 "              set_vars: { x: \"{{ vars.y }}\", y: \"{{ vars.x }}\" }\n"
		 "              set_ctx: { total.eur: \"{{ outcome.result }}\" }\n"
		 "    - b: { kind: noop, vars: \"{{ vars }}\", eur: \"{{ ctx.total.eur }}\" }\n",
		 "work", "{\"vars\": {\"x\": 1, \"y\": 2}, \"ctx\": {\"total\": {\"usd\": 5}}}");
	kit_begin(&k);
	kit_pass(&k, "7");
	assert_json(tr_map_get_s(k.inputs, "vars"), "{\"x\": 2, \"y\": 1}");
	assert_json(tr_map_get_s(k.inputs, "eur"), "7");
	const event *e = kit_event(&k, EVENT_TASK_PROCESSED);
	assert_json(tr_map_get_s(e->payload, "ctx"), "{\"total.eur\": 7}");
	kit_ok(&k, "1");
	assert_json(pipeline_written_vars(k.pipe), "{\"x\": 2, \"y\": 1}");
	kit_fini(&k);
}

static void a_task_guard_that_is_false_skips_the_task(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a: { kind: noop }\n"
		 "    - b: { kind: noop, when: \"{{ _prev == 'do b' }}\" }\n"
		 "    - c: { kind: noop, was: \"{{ _prev }}\" }\n",
		 "work", "");
	kit_begin(&k);
	kit_pass(&k, "\"no\"");
	assert_performs(&k, "c");
	assert_json(tr_map_get_s(k.inputs, "was"), "\"no\"");
	assert_int_equal(kit_count(&k, EVENT_TASK_STARTED), 2);
	pipeline_free(&k.pipe);
	kit_begin(&k);
	kit_pass(&k, "\"do b\"");
	assert_performs(&k, "b");
	kit_fini(&k);
}

static void a_task_timeout_becomes_the_commands_deadline(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a: { kind: noop, timeout: 2.5 }\n",
		 "work", "");
	kit_begin(&k);
	assert_int_equal(k.action.deadline_ns - k.clock.now_ns, 2500 * TR_MS);
	kit_fini(&k);
}

static void an_input_that_cannot_be_rendered_is_an_outcome_that_names_the_place(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a:\n"
		 "        kind: noop\n"
		 "        x: \"{{ 1 // 0 }}\"\n"
		 "        eval: [ { expr: \"{{ outcome.error.kind == 'template' }}\", do: continue, "
		 "set_vars: { why: \"{{ outcome.error.message }}\" } } ]\n"
		 "    - b: { kind: noop, why: \"{{ vars.why }}\" }\n",
		 "work", "");
	kit_begin(&k);
	assert_commits(&k);
	kit_go_on(&k);
	assert_performs(&k, "b");
	const char *why = tr_as_cstr(tr_map_get_s(k.inputs, "why"), "");
	assert_memory_equal(why, "kit.yaml:9:", 11);
	kit_fini(&k);
}

static void a_plugins_answer_that_is_no_outcome_is_an_error(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", TWO_TASKS, "work", "");
	kit_begin(&k);
	kit_outcome(&k, "[1, 2]");
	assert_failed(&k);
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "kind"), "\"bad_outcome\"");
	pipeline_free(&k.pipe);
	kit_begin(&k);
	kit_outcome(&k, "{\"status\": \"error\"}");
	assert_failed(&k);
	assert_json(tr_map_get_s(pipeline_error(k.pipe), "retryable"), "false");
	kit_fini(&k);
}

static void a_step_without_tasks_is_done_at_once(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", "- step: route\n  next: [ other ]\n- step: other\n  tool: { kind: noop }\n", "route", "");
	kit_begin(&k);
	assert_done(&k);
	assert_json(pipeline_result(k.pipe), "null");
	kit_fini(&k);
}

static void the_command_says_where_it_runs(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "", TWO_TASKS, "work", "{\"args\": {\"a\": 1}}");
	pipeline_setup setup = {
	    .run = tr_keep(k.run), .iteration = 3, .iter = kit_json("{\"item\": 9}"), .events = &k.events};
	pipeline *p = pipeline_new(&setup);
	pipeline_action a = pipeline_next(p, k.clock);
	tr_value c = tr_map_get_s(a.command, "context");
	assert_json(tr_map_get_s(a.command, "kind"), "\"noop\"");
	assert_json(tr_map_get_s(c, "execution_id"), "\"77\"");
	assert_json(tr_map_get_s(c, "playbook"), "\"tests/kit\"");
	assert_json(tr_map_get_s(c, "step"), "\"work\"");
	assert_json(tr_map_get_s(c, "label"), "\"first\"");
	assert_json(tr_map_get_s(c, "iteration"), "3");
	assert_json(tr_map_get_s(c, "idempotency_key"), "\"77/5/3/first/1\"");
	assert_json(TR_GET(c, "scope", "iter"), "{\"item\": 9}");
	assert_json(TR_GET(c, "scope", "args"), "{\"a\": 1}");
	tr_drop(a.command);
	pipeline_free(&p);
	kit_fini(&k);
}

static void the_idempotency_key_holds_over_retries_and_changes_with_the_visit(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a:\n"
		 "        kind: noop\n"
		 "        eval:\n"
		 "          - { expr: \"{{ outcome.status == 'error' }}\", do: retry, attempts: 5 }\n"
		 "          - { expr: \"{{ outcome.result == 'again' }}\", do: jump, to: a }\n",
		 "work", "");
	pipeline_setup setup = {.run = tr_keep(k.run), .iteration = -1, .events = &k.events};
	pipeline *p = pipeline_new(&setup);
	const char *expected[] = {"77/5/a/1", "77/5/a/1", "77/5/a/2"};
	const char *answers[] = {"{\"status\": \"error\"}", "{\"status\": \"success\", \"result\": \"again\"}",
				 "{\"status\": \"success\"}"};
	for (int i = 0; i < 3; i++) {
		pipeline_action a = pipeline_next(p, k.clock);
		assert_string_equal(tr_as_cstr(TR_GET(a.command, "context", "idempotency_key"), ""), expected[i]);
		tr_drop(a.command);
		pipeline_outcome(p, kit_json(answers[i]), k.clock);
	}
	pipeline_free(&p);
	kit_fini(&k);
}

static void a_workbook_task_is_the_entry_with_the_callers_inputs_over_its_defaults(void **state)
{
	(void)state;
	kit k;
	kit_load(&k,
		 "workbook:\n"
		 "  - name: weather\n"
		 "    kind: http\n"
		 "    url: \"https://example.org/{{ city }}\"\n"
		 "    args: { units: metric, days: 1 }\n",
		 "- step: work\n"
		 "  tool:\n"
		 "    - ask: { kind: workbook, name: weather, args: { city: \"{{ args.town }}\", days: 3 } }\n"
		 "    - bad: { kind: workbook, name: \"{{ 'weat' + 'er' }}\" }\n",
		 "work", "{\"args\": {\"town\": \"Oslo\"}}");
	pipeline_setup setup = {.run = tr_keep(k.run), .iteration = -1, .events = &k.events};
	pipeline *p = pipeline_new(&setup);
	pipeline_action a = pipeline_next(p, k.clock);
	assert_json(tr_map_get_s(a.command, "kind"), "\"http\"");
	assert_json(TR_GET(a.command, "input", "url"), "\"https://example.org/Oslo\"");
	assert_json(TR_GET(a.command, "input", "args"), "{\"units\": \"metric\", \"days\": 3, \"city\": \"Oslo\"}");
	tr_drop(a.command);
	pipeline_outcome(p, kit_json("{\"status\": \"success\"}"), k.clock);
	a = pipeline_next(p, k.clock);
	assert_int_equal(a.what, PIPELINE_FAILED);
	assert_json(tr_map_get_s(pipeline_error(p), "kind"), "\"workbook\"");
	pipeline_free(&p);
	kit_fini(&k);
}

static void result_policies_pick_what_is_kept(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  result: { total: \"{{ _prev.sum }}\", first: \"{{ work.a }}\" }\n"
		 "  tool:\n"
		 "    - a: { kind: http, url: http://x, result: \"{{ outcome.result.rows | length }}\" }\n"
		 "    - b: { kind: python, code: \"x\", args: { n: \"{{ _prev }}\" } }\n",
		 "work", "");
	kit_begin(&k);
	kit_pass(&k, "{\"rows\": [7, 8, 9]}");
	assert_json(TR_GET(k.inputs, "args", "n"), "3");
	kit_ok(&k, "{\"sum\": 24}");
	assert_done(&k);
	assert_json(pipeline_result(k.pipe), "{\"total\": 24, \"first\": 3}");
	kit_fini(&k);
}

static void a_tasks_result_sees_its_outcome_and_the_prev_of_before(void **state)
{
	(void)state;
	kit k;
	kit_load(
	    &k, "",
	    "- step: work\n"
	    "  result: { value: \"{{ _prev.rows }}\" }\n"
	    "  tool:\n"
	    "    - a: { kind: python, code: \"x\", result: { value: \"{{ outcome.result.rows }}\" } }\n"
	    "    - b: { kind: python, code: \"x\", args: { n: \"{{ _prev }}\" }, result: { value: \"{{ _prev }}\" } }\n"
	    "    - c: { kind: python, code: \"x\", args: { n: \"{{ _prev }}\" } }\n",
	    "work", "");
	kit_begin(&k);
	kit_pass(&k, "{\"rows\": [7, 8]}");
	assert_json(TR_GET(k.inputs, "args", "n"), "[7, 8]");
	kit_pass(&k, "{\"rows\": [9]}");
	assert_json(TR_GET(k.inputs, "args", "n"), "[7, 8]");
	kit_ok(&k, "{\"rows\": [10]}");
	assert_done(&k);
	assert_json(pipeline_result(k.pipe), "[10]");
	kit_fini(&k);
}

static void set_on_a_step_is_applied_when_it_is_done(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  set: { ctx.last: \"{{ work }}\", step.seen: \"{{ _prev + 1 }}\" }\n"
		 "  tool:\n"
		 "    - a: { kind: noop }\n",
		 "work", "");
	kit_begin(&k);
	kit_ok(&k, "4");
	assert_done(&k);
	assert_json(tr_map_get_s(kit_event(&k, EVENT_TASK_PROCESSED)->payload, "ctx"), "{\"last\": 4}");
	assert_json(pipeline_written_vars(k.pipe), "{\"seen\": 5}");
	kit_fini(&k);
}

static void a_rule_that_tries_again_may_write_ctx(void **state)
{
	(void)state;
	kit k;
	kit_load(&k, "",
		 "- step: work\n"
		 "  tool:\n"
		 "    - a: { kind: noop, n: \"{{ ctx.tries }}\", eval: [ { expr: \"{{ outcome.status == 'error' }}\", "
		 "do: retry,"
		 " attempts: 3, set_ctx: { tries: \"{{ _attempt }}\" } } ] }\n",
		 "work", "");
	kit_begin(&k);
	kit_error(&k, "busy", true);
	kit_go_on(&k);
	assert_json(tr_map_get_s(k.inputs, "n"), "1");
	assert_json(tr_map_get_s(kit_event(&k, EVENT_TASK_PROCESSED)->payload, "ctx"), "{\"tries\": 1}");
	kit_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tasks_run_in_order_and_hand_on_prev),
	    cmocka_unit_test(without_rules_an_error_fails),
	    cmocka_unit_test(the_first_matching_rule_wins),
	    cmocka_unit_test(a_rule_may_let_an_error_continue_and_a_success_fail),
	    cmocka_unit_test(attempts_counts_all_tries_and_when_spent_the_step_fails),
	    cmocka_unit_test(a_good_outcome_still_to_be_retried_fails_when_spent),
	    cmocka_unit_test(attempt_starts_again_each_time_the_counter_enters_a_task),
	    cmocka_unit_test(backoff_is_fixed_linear_or_exponential),
	    cmocka_unit_test(jump_goes_back_and_counts_visits),
	    cmocka_unit_test(a_pipeline_that_jumps_for_ever_is_stopped_by_a_limit_that_says_so),
	    cmocka_unit_test(set_prev_replaces_what_the_next_task_gets),
	    cmocka_unit_test(all_writes_of_a_rule_are_rendered_before_any_is_applied),
	    cmocka_unit_test(a_task_guard_that_is_false_skips_the_task),
	    cmocka_unit_test(a_task_timeout_becomes_the_commands_deadline),
	    cmocka_unit_test(an_input_that_cannot_be_rendered_is_an_outcome_that_names_the_place),
	    cmocka_unit_test(a_plugins_answer_that_is_no_outcome_is_an_error),
	    cmocka_unit_test(a_step_without_tasks_is_done_at_once),
	    cmocka_unit_test(the_command_says_where_it_runs),
	    cmocka_unit_test(the_idempotency_key_holds_over_retries_and_changes_with_the_visit),
	    cmocka_unit_test(a_workbook_task_is_the_entry_with_the_callers_inputs_over_its_defaults),
	    cmocka_unit_test(result_policies_pick_what_is_kept),
	    cmocka_unit_test(a_tasks_result_sees_its_outcome_and_the_prev_of_before),
	    cmocka_unit_test(set_on_a_step_is_applied_when_it_is_done),
	    cmocka_unit_test(a_rule_that_tries_again_may_write_ctx),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
