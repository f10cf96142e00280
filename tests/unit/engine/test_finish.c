/* SPDX-License-Identifier: Apache-2.0 */
/* The start and the end: workload, statuses, failure policies, final step, cancel, pause, timeouts, fencing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/engine/driver.h"

#include <string.h>

#define HEAD           "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define STEP(name)     "- step: " name "\n  tool: {kind: noop}\n"
#define FORK(name)     "- step: " name "\n  spec: {next_mode: inclusive}\n  tool: {kind: noop}\n"
#define POLICY(policy) HEAD "executor: {spec: {on_failure: " policy "}}\nworkflow:\n"
#define TWO            FORK("split") "  next: [a, b]\n" STEP("a") "  next: after\n" STEP("b") STEP("after")

static void workload_is_rendered_in_key_order_with_the_payload_over_it(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workload:\n  base: 10\n  twice: \"{{ base * 2 }}\"\n  again: \"{{ workload.twice + 1 }}\"\n"
			 "  deep: {a: 1, b: \"{{ who }}\"}\n  lost: \"{{ 1 / 0 }}\"\n  id: \"{{ execution_id }}\"\n  "
			 "home: \"{{ env.HOME }}\"\n"
			 "workflow:\n" STEP("one"),
		    "{\"base\": 5, \"deep\": {\"a\": 2}, \"who\": \"me\", \"lost\": 0}");
	tr_value c = driver_command(&d, "one");
	assert_json(tr_map_get_s(c, "workload"), "{\"base\": 5, \"twice\": 10, \"again\": 11, \"deep\": {\"a\": 2, "
						 "\"b\": \"me\"}, \"lost\": 0, \"id\": \"4711\", "
						 "\"home\": \"/srv/me\", \"who\": \"me\"}");
	tr_drop(c);
	driver_fini(&d);
}

static void what_was_rendered_is_not_rendered_again(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workload: {a: \"{{ b }}\"}\nworkflow:\n" STEP("one"), "{\"b\": \"{{ 1 + 1 }}\"}");
	tr_value c = driver_command(&d, "one");
	assert_json(tr_map_get_s(c, "workload"), "{\"a\": \"{{ 1 + 1 }}\", \"b\": \"{{ 1 + 1 }}\"}");
	tr_drop(c);
	driver_fini(&d);
}

static void workload_that_cannot_be_rendered_fails_the_execution(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workload: {a: \"{{ 1 / 0 }}\"}\nworkflow:\n" STEP("one"), NULL);
	assert_status(&d, "failed");
	tr_value summary = machine_summary(d.live);
	tr_value failure = tr_array_at(tr_map_get_s(summary, "failures"), 0);
	assert_json(tr_map_get_s(failure, "kind"), "\"workload\"");
	assert_non_null(strstr(tr_as_cstr(tr_map_get_s(failure, "message"), ""), "line 4"));
	tr_drop(summary);
	driver_fini(&d);
}

static void execution_result_is_that_of_the_branch_that_ended_last(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" TWO, NULL);
	driver_done(&d, "split", "0");
	driver_done(&d, "b", "\"b\"");
	driver_done(&d, "a", "\"a\"");
	driver_done(&d, "after", "{\"n\": 1}");
	assert_status(&d, "success");
	tr_value s = machine_summary(d.live);
	assert_json(tr_map_get_s(s, "result"), "{\"n\": 1}");
	assert_json(TR_GET(s, "steps", "b", "status"), "\"success\"");
	assert_json(TR_GET(s, "steps", "b", "runs"), "1");
	assert_json(TR_GET(s, "steps", "b", "result"), "\"b\"");
	assert_json(tr_map_get_s(s, "failures"), "[]");
	assert_true(tr_as_int(tr_map_get_s(s, "duration_us"), 0) > 0);
	tr_drop(s);
	driver_fini(&d);
}

static void policy_finish_lets_other_branches_run_out(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, POLICY("finish") TWO, NULL);
	driver_done(&d, "split", NULL);
	driver_failed(&d, "b", "http", "no");
	assert_int_equal(driver_running(&d, "a"), 1);
	driver_done(&d, "a", NULL);
	driver_done(&d, "after", NULL);
	assert_status(&d, "failed");
	driver_fini(&d);
}

static void policy_fail_fast_cancels_what_runs(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, POLICY("fail_fast") TWO, NULL);
	driver_done(&d, "split", NULL);
	uint64_t run = driver_run(&d, "a");
	driver_failed(&d, "b", "http", "no");
	assert_status(&d, "failed");
	assert_int_equal(driver_effects(&d, MACHINE_CANCEL), 1);
	assert_int_equal(driver_report(&d, run, 1, EVENT_STEP_DONE, "{\"result\": 1}"), TR_ENOENT);
	tr_value s = machine_summary(d.live);
	assert_json(TR_GET(s, "steps", "a", "status"), "\"cancelled\"");
	assert_int_equal(tr_array_len(tr_map_get_s(s, "failures")), 1);
	tr_drop(s);
	driver_fini(&d);
}

static void policy_partial_needs_a_branch_that_succeeded(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, POLICY("partial") TWO, NULL);
	driver_done(&d, "split", NULL);
	driver_failed(&d, "b", "http", "no");
	driver_done(&d, "a", NULL);
	driver_done(&d, "after", NULL);
	assert_status(&d, "partial");
	driver_fini(&d);

	driver_init(&d, POLICY("partial") TWO, NULL);
	driver_done(&d, "split", NULL);
	driver_failed(&d, "b", "http", "no");
	driver_failed(&d, "a", "http", "no");
	assert_status(&d, "failed");
	driver_fini(&d);
}

#define FINAL(policy)                                                  \
	HEAD "executor: {spec: {final_step: last, on_failure: " policy \
	     "}}\nworkflow:\n" TWO STEP("last") "  next: after\n"

static void final_step_runs_once_at_quiescence(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, FINAL("finish"), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	driver_done(&d, "after", NULL);
	assert_int_equal(driver_running(&d, "last"), 0);
	driver_failed(&d, "b", "http", "no");
	assert_int_equal(driver_running(&d, "last"), 1);
	tr_value c = driver_command(&d, "last");
	tr_value args = tr_map_get_s(c, "args");
	assert_json(tr_map_get_s(args, "execution_id"), "\"4711\"");
	assert_json(tr_map_get_s(args, "steps"), "{\"total\": 4, \"runs\": 4, \"success\": 3, \"failed\": 1}");
	assert_json(tr_map_get_s(args, "branches"), "{\"total\": 2, \"success\": 1, \"failed\": 1}");
	assert_int_equal(tr_array_len(tr_map_get_s(args, "failures")), 1);
	assert_json(tr_map_get_s(args, "results"), "{}");
	tr_drop(c);
	driver_done(&d, "last", "\"bye\"");
	assert_status(&d, "failed");
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "last"), 1);
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "after"), 1); /* its arcs lead nowhere */
	tr_value s = machine_summary(d.live);
	assert_json(tr_map_get_s(s, "result"), "\"bye\"");
	tr_drop(s);
	driver_fini(&d);
}

static void final_step_runs_after_fail_fast_but_not_after_cancel(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, FINAL("fail_fast"), NULL);
	driver_done(&d, "split", NULL);
	driver_failed(&d, "b", "http", "no");
	assert_int_equal(driver_running(&d, "last"), 1);
	driver_done(&d, "last", NULL);
	assert_status(&d, "failed");
	driver_fini(&d);

	driver_init(&d, FINAL("finish"), NULL);
	driver_done(&d, "split", NULL);
	assert_int_equal(machine_cancel(d.live, &d.world, &d.sink, tr_s("enough")), TR_OK);
	assert_status(&d, "cancelled");
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "last"), 0);
	driver_fini(&d);
}

static void final_step_that_fails_fails_the_execution(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "executor: {spec: {final_step: last}}\nworkflow:\n" STEP("one") STEP("last"), NULL);
	driver_done(&d, "one", NULL);
	driver_failed(&d, "last", "python", "oops");
	assert_status(&d, "failed");
	driver_fini(&d);
}

static void cancel_ends_steps_and_tokens(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" FORK("split") "  next: [a, b, w]\n" STEP("a") "  next: meet\n" STEP(
			"b") "  next: meet\n" STEP("w") "  when: \"{{ ctx.x }}\"\n" STEP("meet"),
		    NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	assert_int_equal(machine_cancel(d.live, &d.world, &d.sink, tr_s("enough")), TR_OK);
	assert_status(&d, "cancelled");
	assert_int_equal(driver_effects(&d, MACHINE_CANCEL), 1);
	assert_int_equal(machine_token_count(d.live), 0);
	assert_int_equal(machine_run_count(d.live), 0);
	assert_json(tr_map_get_s(driver_event(&d, EVENT_EXECUTION_CANCELLED, 0)->payload, "reason"), "\"enough\"");
	/* Twice is once. */
	assert_int_equal(machine_cancel(d.live, &d.world, &d.sink, tr_s("again")), TR_EINVAL);
	driver_fini(&d);
}

static void pause_starts_nothing_new(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") "  next: two\n" STEP("two"), NULL);
	assert_int_equal(machine_pause(d.live, &d.world, &d.sink, false), TR_OK);
	assert_int_equal(machine_pause(d.live, &d.world, &d.sink, false), TR_EINVAL);
	driver_done(&d, "one", NULL);
	assert_int_equal(driver_running(&d, "two"), 0);
	assert_string_equal(driver_status(&d), "paused");
	assert_int_equal(machine_unpause(d.live, &d.world, &d.sink, false), TR_OK);
	assert_int_equal(driver_running(&d, "two"), 1);
	driver_done(&d, "two", NULL);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void cancel_reaches_a_paused_execution(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") "  next: two\n" STEP("two"), NULL);
	assert_int_equal(machine_pause(d.live, &d.world, &d.sink, false), TR_OK);
	driver_done(&d, "one", NULL);
	assert_int_equal(machine_cancel(d.live, &d.world, &d.sink, tr_s("enough")), TR_OK);
	assert_status(&d, "cancelled");
	driver_fini(&d);
}

static void one_that_was_paused_when_it_failed_can_be_let_go(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, POLICY("fail_fast") FORK("split") "  next: [a, b]\n" STEP("a") STEP("b"), NULL);
	driver_done(&d, "split", NULL);
	assert_int_equal(machine_pause(d.live, &d.world, &d.sink, false), TR_OK);
	driver_failed(&d, "a", "test", "as asked");
	assert_false(d.finished);
	assert_int_equal(machine_pause(d.live, &d.world, &d.sink, false), TR_EINVAL);
	assert_int_equal(machine_unpause(d.live, &d.world, &d.sink, false), TR_OK);
	assert_status(&d, "failed");
	driver_fini(&d);
}

/* A repair pauses what has lost a part of its log, wherever that is. */
static void a_pause_does_not_hold_up_what_was_cancelled(void **state)
{
	driver d;
	size_t n = 0;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") "  next: two\n" STEP("two"), NULL);
	assert_int_equal(machine_cancel(d.live, &d.world, &d.sink, tr_s("enough")), TR_OK);
	while (d.events[n].type != EVENT_EXECUTION_CANCELLED)
		n++;
	machine *m = driver_replay(&d, n + 1);
	event e;
	event_init(&e, EVENT_EXECUTION_PAUSED);
	e.execution_id = machine_execution_id(m);
	e.seq = machine_seq(m) + 1;
	e.event_id = machine_last_event_id(m) + 1;
	e.payload = TR_DICT("by", tr_string("repair"));
	assert_int_equal(machine_apply(m, &e), TR_OK);
	event_fini(&e);
	machine_free(&d.live);
	d.live = m;
	d.lean = true;
	assert_int_equal(machine_recover(m, &d.world, &d.sink), TR_OK);
	assert_int_equal(machine_phase_of(m), MACHINE_FINISHED);
	driver_fini(&d);
}

static void timeout_of_a_step_is_rendered_when_it_is_scheduled(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workload: {t: 1.5}\nworkflow:\n" STEP("one") "  spec: {timeout: \"{{ workload.t * 2 }}\"}\n",
		    NULL);
	assert_int_equal(d.effects[0].kind, MACHINE_RUN);
	assert_int_equal(d.effects[0].timeout_us, 3000000);
	assert_int_equal(machine_fail_run(d.live, &d.world, &d.sink, 1, 1, "timeout", "too slow"), TR_OK);
	assert_status(&d, "failed");
	assert_int_equal(driver_effects(&d, MACHINE_CANCEL), 1);
	assert_int_equal(machine_fail_run(d.live, &d.world, &d.sink, 1, 1, "timeout", "too slow"), TR_ENOENT);
	/* As errors of tasks, it says where: the timeout. */
	tr_value s = machine_summary(d.live), failure = tr_array_at(tr_map_get_s(s, "failures"), 0);
	assert_json(tr_map_get_s(failure, "file"), "\"test.yaml\"");
	assert_json(tr_map_get_s(failure, "line"), "8");
	assert_json(tr_map_get_s(failure, "column"), "19");
	tr_drop(s);
	driver_fini(&d);
}

static void timeout_of_the_execution_fails_it(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "executor: {spec: {timeout: 60, final_step: last}}\nworkflow:\n" STEP("one") STEP("last"),
		    NULL);
	assert_int_equal(machine_deadline_us(d.live), machine_started_us(d.live) + 60000000);
	assert_int_equal(machine_expire(d.live, &d.world, &d.sink), TR_OK);
	assert_status(&d, "failed");
	tr_value s = machine_summary(d.live);
	assert_json(TR_GET(tr_array_at(tr_map_get_s(s, "failures"), 0), "kind"), "\"timeout\"");
	tr_drop(s);
	driver_fini(&d);
}

static void late_and_foreign_reports_are_refused(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") "  next: two\n" STEP("two"), NULL);
	uint64_t seq = machine_seq(d.live);
	assert_int_equal(driver_report(&d, 1, 2, EVENT_STEP_DONE, "{\"result\": 1}"), TR_ENOENT); /* another attempt */
	assert_int_equal(driver_report(&d, 7, 1, EVENT_STEP_DONE, "{\"result\": 1}"), TR_ENOENT); /* another step run */
	assert_int_equal(driver_report(&d, 1, 1, EVENT_TOKEN_CREATED, "{\"token\": 5}"), TR_EINVAL);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_STEP_FAILED, "{}"), TR_EINVAL);
	assert_int_equal(machine_seq(d.live), seq);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_STEP_DONE, "{\"result\": 1}"), TR_OK);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_STEP_DONE, "{\"result\": 1}"), TR_ENOENT); /* it has ended */
	driver_fini(&d);
}

static void warning_of_a_worker_is_kept_once_a_place(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one"), NULL);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_WARNING, "{\"code\": \"vars-in-loop\", \"message\": \"m\"}"),
			 TR_OK);
	assert_int_equal(driver_count(&d, EVENT_WARNING), 1);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_WARNING, "{\"code\": \"vars-in-loop\", \"message\": \"m\"}"),
			 TR_OK);
	assert_int_equal(driver_count(&d, EVENT_WARNING), 1);
	assert_int_equal(
	    driver_report(&d, 1, 1, EVENT_WARNING, "{\"code\": \"vars-in-loop\", \"message\": \"m\", \"line\": 4}"),
	    TR_OK);
	assert_int_equal(driver_count(&d, EVENT_WARNING), 2);
	driver_fini(&d);
}

static void every_execution_is_told_from_its_first_to_its_last_event(void **state)
{
	static const event_type types[] = {
	    EVENT_EXECUTION_REQUESTED, EVENT_REQUEST_EVALUATED, EVENT_WORKFLOW_STARTED,
	    EVENT_TOKEN_CREATED,       EVENT_STEP_SCHEDULED,    EVENT_STEP_DONE,
	    EVENT_NEXT_EVALUATED,      EVENT_WORKFLOW_FINISHED, EVENT_PLAYBOOK_PROCESSED};
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one"), NULL);
	driver_done(&d, "one", NULL);
	assert_int_equal(d.event_count, sizeof types / sizeof types[0]);
	for (size_t i = 0; i < d.event_count; i++) {
		assert_int_equal(d.events[i].type, types[i]);
		assert_int_equal(d.events[i].seq, i + 1);
		assert_int_equal(d.events[i].execution_id, 4711);
		assert_true(d.events[i].event_id > (i == 0 ? 0 : d.events[i - 1].event_id));
		assert_true(d.events[i].time_us > 0);
		if (i > 0)
			assert_true(d.events[i].parent_id > 0 && d.events[i].parent_id < d.events[i].event_id);
	}
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(workload_is_rendered_in_key_order_with_the_payload_over_it),
	    cmocka_unit_test(what_was_rendered_is_not_rendered_again),
	    cmocka_unit_test(workload_that_cannot_be_rendered_fails_the_execution),
	    cmocka_unit_test(execution_result_is_that_of_the_branch_that_ended_last),
	    cmocka_unit_test(policy_finish_lets_other_branches_run_out),
	    cmocka_unit_test(policy_fail_fast_cancels_what_runs),
	    cmocka_unit_test(policy_partial_needs_a_branch_that_succeeded),
	    cmocka_unit_test(final_step_runs_once_at_quiescence),
	    cmocka_unit_test(final_step_runs_after_fail_fast_but_not_after_cancel),
	    cmocka_unit_test(final_step_that_fails_fails_the_execution),
	    cmocka_unit_test(cancel_ends_steps_and_tokens),
	    cmocka_unit_test(pause_starts_nothing_new),
	    cmocka_unit_test(cancel_reaches_a_paused_execution),
	    cmocka_unit_test(timeout_of_a_step_is_rendered_when_it_is_scheduled),
	    cmocka_unit_test(timeout_of_the_execution_fails_it),
	    cmocka_unit_test(one_that_was_paused_when_it_failed_can_be_let_go),
	    cmocka_unit_test(a_pause_does_not_hold_up_what_was_cancelled),
	    cmocka_unit_test(late_and_foreign_reports_are_refused),
	    cmocka_unit_test(warning_of_a_worker_is_kept_once_a_place),
	    cmocka_unit_test(every_execution_is_told_from_its_first_to_its_last_event),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
