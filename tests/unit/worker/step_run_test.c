/* SPDX-License-Identifier: Apache-2.0 */
/** Step runs as actors: commands to plugins, events to the execution, acks, timeouts, crashes, cancellation. */
#include "actor_kit.h"
#include "actors/protocol.h"

#include <string.h>

static tr_value ok(tr_value result)
{
	return TR_DICT("status", tr_string("success"), "result", result);
}

static tr_value plugin_ok(world *w, tr_value command)
{
	(void)w;
	tr_value result = TR_GET(command, "input", "give");
	return ok(tr_is_valid(result) ? tr_keep(result) : tr_nil());
}

static tr_value plugin_hold(world *w, tr_value command)
{
	(void)w;
	(void)command;
	return tr_absent();
}

static tr_value plugin_crash(world *w, tr_value command)
{
	(void)w;
	(void)command;
	tr_exit(tr_atom("on_purpose"));
}

#define TWO                                  \
	"- step: work\n"                     \
	"  tool:\n"                          \
	"    - a: { kind: noop, give: 1 }\n" \
	"    - b: { kind: noop, give: \"{{ _prev + 1 }}\" }\n"

static void a_step_runs_and_tells_every_event_in_order(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, TWO);
	world_plugin(&w, "noop", plugin_ok);
	world_run(&w, 3, 1, "work", "{\"trace_id\": 9}");
	world_wait(&w, &w.terminal, 1);
	static const event_type order[] = {EVENT_STEP_STARTED, EVENT_TASK_STARTED,   EVENT_TASK_PROCESSED,
					   EVENT_TASK_STARTED, EVENT_TASK_PROCESSED, EVENT_STEP_DONE};
	assert_int_equal(w.events.count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(w.events.items[i].type, order[i]);
		assert_int_equal(w.events.items[i].step_run_id, 3);
		assert_int_equal(w.events.items[i].trace_id, 9);
		assert_true(w.events.items[i].time_us > 0);
	}
	world_assert_json(tr_map_get_s(world_event(&w, EVENT_STEP_DONE)->payload, "result"), "2");
	world_assert_json(tr_map_get_s(w.events.items[0].payload, "step"), "\"work\"");
	/* Fast tasks: the start of a task travels with its end. */
	assert_int_equal(w.messages, 2);
	world_stop(&w);
}

static void the_next_task_waits_for_the_ack_of_the_one_before(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, TWO);
	world_plugin(&w, "noop", plugin_ok);
	w.hold_acks = true;
	world_run(&w, 1, 1, "work", "");
	world_wait_event(&w, EVENT_TASK_PROCESSED, 1);
	assert_int_equal(world_count(&w, EVENT_TASK_STARTED), 1);
	assert_int_equal(w.calls, 1);
	world_ack(&w);
	world_wait(&w, &w.terminal, 1);
	assert_int_equal(w.calls, 2);
	world_stop(&w);
}

static void a_slow_task_has_its_start_told_before_it_ends(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, TWO);
	world_plugin(&w, "noop", plugin_hold);
	world_run(&w, 1, 1, "work", "");
	world_wait_event(&w, EVENT_TASK_STARTED, 1);
	assert_int_equal(world_count(&w, EVENT_TASK_PROCESSED), 0);
	world_actor(&w, "step work");
	world_stop(&w);
}

static void a_kind_without_a_plugin_is_an_error_of_its_own(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, "- step: work\n  tool: { kind: noop }\n");
	world_run(&w, 1, 1, "work", "");
	world_wait(&w, &w.terminal, 1);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"no_plugin\"");
	world_stop(&w);
}

static void a_plugin_that_ends_while_it_works_is_a_crash_and_may_be_retried(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, "- step: work\n"
			   "  tool:\n"
			   "    - a:\n"
			   "        kind: noop\n"
			   "        eval:\n"
			   "          - { expr: \"{{ outcome.error.kind == 'crash' }}\", do: continue }\n"
			   "    - b: { kind: python, code: \"1\", give: \"{{ a is defined }}\" }\n");
	world_plugin(&w, "noop", plugin_crash);
	world_plugin(&w, "python", plugin_ok);
	world_run(&w, 1, 1, "work", "");
	world_wait(&w, &w.terminal, 1);
	assert_int_equal(world_count(&w, EVENT_STEP_DONE), 1);
	tr_value error = TR_GET(w.events.items[2].payload, "outcome", "error");
	world_assert_json(tr_map_get_s(error, "kind"), "\"crash\"");
	assert_non_null(strstr(tr_as_cstr(tr_map_get_s(error, "message"), ""), "on_purpose"));
	world_stop(&w);
}

static void a_task_that_overstays_is_cancelled_with_error_timeout(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, "- step: work\n  tool:\n    - a: { kind: noop, timeout: 0.05 }\n");
	world_plugin(&w, "noop", plugin_hold);
	world_run(&w, 1, 1, "work", "");
	world_wait(&w, &w.terminal, 1);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"timeout\"");
	world_wait(&w, &w.cancels, 1);
	world_stop(&w);
}

static void a_step_that_overstays_is_ended(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, "- step: work\n  spec: { timeout: 0.05 }\n  tool:\n    - a: { kind: noop }\n");
	world_plugin(&w, "noop", plugin_hold);
	world_run(&w, 1, 1, "work", "");
	world_wait(&w, &w.terminal, 1);
	world_assert_json(TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error", "kind"), "\"timeout\"");
	world_wait(&w, &w.cancels, 1);
	world_stop(&w);
}

static void a_retry_waits_its_delay_without_a_stack(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(
	    &w, "- step: work\n"
		"  tool:\n"
		"    - a:\n"
		"        kind: noop\n"
		"        give: \"{{ _attempt }}\"\n"
		"        eval: [ { expr: \"{{ outcome.result < 3 }}\", do: retry, attempts: 5, delay: 0.03 } ]\n");
	world_plugin(&w, "noop", plugin_ok);
	world_run(&w, 1, 1, "work", "");
	world_wait(&w, &w.terminal, 1);
	assert_int_equal(world_count(&w, EVENT_TASK_RETRIED), 2);
	const event *first = &w.events.items[0], *last = &w.events.items[w.events.count - 1];
	assert_true(last->time_us - first->time_us >= 60000);
	world_assert_json(tr_map_get_s(last->payload, "result"), "3");
	world_stop(&w);
}

static void cancelling_ends_the_command_that_is_out(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, TWO);
	world_plugin(&w, "noop", plugin_hold);
	world_run(&w, 4, 1, "work", "");
	world_wait(&w, &w.held_count, 1);
	world_cancel(&w, 4);
	world_wait(&w, &w.terminal, 1);
	world_wait(&w, &w.cancels, 1);
	tr_value error = TR_GET(world_event(&w, EVENT_STEP_FAILED)->payload, "error");
	world_assert_json(tr_map_get_s(error, "kind"), "\"cancelled\"");
	world_assert_json(tr_map_get_s(error, "message"), "\"not wanted any more\"");
	world_stop(&w);
}

static void a_stale_step_run_ends_without_another_word(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, TWO);
	world_plugin(&w, "noop", plugin_ok);
	w.verdict = "stale";
	world_run(&w, 1, 1, "work", "");
	world_wait(&w, &w.acked, 1);
	/* Another one runs to its end meanwhile; the first says nothing more. */
	pthread_mutex_lock(&w.lock);
	w.verdict = NULL;
	pthread_mutex_unlock(&w.lock);
	world_run(&w, 2, 1, "work", "");
	world_wait(&w, &w.terminal, 1);
	for (size_t i = 0; i < w.events.count; i++)
		assert_true(w.events.items[i].step_run_id == 2 || w.events.items[i].type != EVENT_STEP_DONE);
	assert_int_equal(w.calls, 3);
	world_stop(&w);
}

static void a_step_run_goes_on_behind_what_was_appended(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w, TWO);
	world_plugin(&w, "noop", plugin_ok);
	event done;
	event_init(&done, EVENT_TASK_PROCESSED);
	done.time_us = 1;
	done.step_run_id = 6;
	done.attempt = 1;
	done.task_run_id = 1;
	done.payload = world_json(
	    "{\"label\": \"a\", \"directive\": \"continue\", \"outcome\": {\"status\": \"success\", \"result\": 40}}");
	tr_value values = TR_DICT("resume", TR_LIST(event_to_value(&done)));
	event_fini(&done);
	world_run_value(&w, 6, 2, "work", values);
	world_wait(&w, &w.terminal, 1);
	assert_int_equal(w.calls, 1);
	world_assert_json(tr_map_get_s(world_event(&w, EVENT_STEP_DONE)->payload, "result"), "41");
	world_stop(&w);
}

static tr_value plugin_large(world *w, tr_value command)
{
	(void)w;
	(void)command;
	tr_value rows = tr_array();
	for (int64_t i = 0; i < 50000; i++)
		rows = tr_array_push(rows, tr_int(i));
	return ok(TR_DICT("rows", rows));
}

static void a_large_result_travels_by_reference_and_loads_when_used(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(
	    &w, "- step: big\n  tool: { kind: python, code: \"1\" }\n"
		"- step: use\n  tool: { kind: noop, give: \"{{ [big.rows | sum, big.rows[-1], big._ref.kind] }}\" }\n");
	world_plugin(&w, "python", plugin_large);
	world_plugin(&w, "noop", plugin_ok);
	world_run(&w, 1, 1, "big", "");
	world_wait(&w, &w.terminal, 1);
	tr_value ref = tr_map_get_s(world_event(&w, EVENT_STEP_DONE)->payload, "result");
	world_assert_json(tr_map_get_s(ref, "kind"), "\"result_ref\"");
	world_assert_json(TR_GET(world_event(&w, EVENT_TASK_PROCESSED)->payload, "outcome", "result", "kind"),
			  "\"result_ref\"");
	world_run_value(&w, 2, 1, "use", TR_DICT("steps", TR_DICT("big", tr_keep(ref))));
	world_wait(&w, &w.terminal, 2);
	world_assert_json(tr_map_get_s(world_event(&w, EVENT_STEP_DONE)->payload, "result"),
			  "[1249975000, 49999, \"result_ref\"]");
	world_stop(&w);
}

static void a_result_policy_says_what_is_kept_inline(void **state)
{
	(void)state;
	world w;
	world_start(&w, 0);
	world_playbook(&w,
		       "- step: small\n"
		       "  tool:\n"
		       "    - a:\n"
		       "        kind: python\n"
		       "        code: \"1\"\n"
		       "        give: { id: 7, name: { first: Ada }, text: \"a text of more than thirty bytes\" }\n"
		       "        result: { inline_max: 30, select: { id: id, first: name.first } }\n"
		       "- step: use\n  tool: { kind: noop, give: \"{{ [small.id, small.first, small._ref.kind] }}\" }\n"
		       "- step: load\n  tool: { kind: noop, give: \"{{ small.text | length }}\" }\n");
	world_plugin(&w, "python", plugin_ok);
	world_plugin(&w, "noop", plugin_ok);
	world_run(&w, 1, 1, "small", "");
	world_wait(&w, &w.terminal, 1);
	tr_value ref = tr_map_get_s(world_event(&w, EVENT_STEP_DONE)->payload, "result");
	world_assert_json(tr_map_get_s(ref, "selected"), "{\"id\": 7, \"first\": \"Ada\"}");
	assert_int_equal(tr_array_len(w.stored), 2);
	/* What was selected is there without the store. */
	tr_value stored = w.stored;
	w.stored = tr_array();
	world_run_value(&w, 2, 1, "use", TR_DICT("steps", TR_DICT("small", tr_keep(ref))));
	world_wait(&w, &w.terminal, 2);
	world_assert_json(tr_map_get_s(world_event(&w, EVENT_STEP_DONE)->payload, "result"),
			  "[7, \"Ada\", \"result_ref\"]");
	tr_drop(w.stored);
	w.stored = stored;
	world_run_value(&w, 3, 1, "load", TR_DICT("steps", TR_DICT("small", tr_keep(ref))));
	world_wait(&w, &w.terminal, 3);
	world_assert_json(tr_map_get_s(world_event(&w, EVENT_STEP_DONE)->payload, "result"), "32");
	world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_step_runs_and_tells_every_event_in_order),
	    cmocka_unit_test(the_next_task_waits_for_the_ack_of_the_one_before),
	    cmocka_unit_test(a_slow_task_has_its_start_told_before_it_ends),
	    cmocka_unit_test(a_kind_without_a_plugin_is_an_error_of_its_own),
	    cmocka_unit_test(a_plugin_that_ends_while_it_works_is_a_crash_and_may_be_retried),
	    cmocka_unit_test(a_task_that_overstays_is_cancelled_with_error_timeout),
	    cmocka_unit_test(a_step_that_overstays_is_ended),
	    cmocka_unit_test(a_retry_waits_its_delay_without_a_stack),
	    cmocka_unit_test(cancelling_ends_the_command_that_is_out),
	    cmocka_unit_test(a_stale_step_run_ends_without_another_word),
	    cmocka_unit_test(a_step_run_goes_on_behind_what_was_appended),
	    cmocka_unit_test(a_result_policy_says_what_is_kept_inline),
	    cmocka_unit_test(a_large_result_travels_by_reference_and_loads_when_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
