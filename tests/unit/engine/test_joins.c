/* SPDX-License-Identifier: Apache-2.0 */
/* Fan-out and fan-in: who waits for whom. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/engine/driver.h"

#include <stdio.h>

#define HEAD       "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define STEP(name) "- step: " name "\n  tool: {kind: noop}\n"
#define FORK(name) "- step: " name "\n  spec: {next_mode: inclusive}\n  tool: {kind: noop}\n"

#define DIAMOND(join)                                                                                                \
	HEAD "workflow:\n" FORK("split") "  next: [a, b]\n" STEP(                                                    \
	    "a") "  next: [{step: meet, args: {x: a, from_a: 1}}]\n" STEP("b") "  next: [{step: meet, args: {x: b, " \
									       "from_b: 1}}]\n" STEP("meet") join

static void fan_out_that_meets_again_runs_the_meeting_step_once(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, DIAMOND(""), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	assert_int_equal(driver_running(&d, "meet"), 0);
	driver_done(&d, "b", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_done(&d, "meet", NULL);
	assert_status(&d, "success");
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "meet"), 1);
	driver_fini(&d);
}

static void args_that_meet_are_merged_in_arc_order(void **state)
{
	driver d;

	(void)state;
	/* b comes first, but its arc is written second, so it wins. */
	driver_init(&d, DIAMOND(""), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "b", NULL);
	driver_done(&d, "a", NULL);
	assert_args(&d, "meet", "{\"x\": \"b\", \"from_a\": 1, \"from_b\": 1}");
	driver_fini(&d);
}

static void meeting_step_runs_when_only_one_branch_comes_through(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" FORK("split") "  next: [a, b]\n" STEP("a") "  next: meet\n" STEP(
			"b") "  next: [{step: meet, when: \"{{ b.go }}\"}]\n" STEP("meet"),
		    NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	assert_int_equal(driver_running(&d, "meet"), 0);
	driver_done(&d, "b", "{\"go\": false}");
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_done(&d, "meet", NULL);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void meeting_step_waits_for_a_token_that_is_far_away(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" FORK("split") "  next: [a, b]\n" STEP("a") "  next: meet\n" STEP(
			"b") "  next: c\n" STEP("c") "  next: e\n" STEP("e") "  next: meet\n" STEP("meet"),
		    NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	driver_done(&d, "b", NULL);
	driver_done(&d, "c", NULL);
	assert_int_equal(driver_running(&d, "meet"), 0);
	driver_done(&d, "e", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_fini(&d);
}

static void token_that_cannot_reach_the_join_is_not_waited_for(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" FORK("split") "  next: [a, b, other]\n" STEP("a") "  next: meet\n" STEP(
			"b") "  next: meet\n" STEP("meet") STEP("other"),
		    NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	driver_done(&d, "b", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	assert_int_equal(driver_running(&d, "other"), 1);
	driver_fini(&d);
}

static void failed_branch_is_not_waited_for(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, DIAMOND(""), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	driver_failed(&d, "b", "http", "no");
	assert_int_equal(driver_running(&d, "meet"), 1);
	assert_args(&d, "meet", "{\"x\": \"a\", \"from_a\": 1}");
	driver_done(&d, "meet", NULL);
	assert_status(&d, "failed");
	driver_fini(&d);
}

static void arcs_that_lead_back_do_not_count(void **state)
{
	driver d;

	(void)state;
	/* A loop round one step: the arc from again to work leads back, so work never waits. */
	driver_init(&d,
		    HEAD "workflow:\n" STEP("start") "  next: work\n" STEP(
			"work") "  next: [{step: again, when: \"{{ work < 3 }}\"}, "
				"{step: end}]\n" STEP("again") "  next: work\n" STEP("end"),
		    NULL);
	driver_done(&d, "start", NULL);
	driver_done(&d, "work", "1");
	driver_done(&d, "again", NULL);
	driver_done(&d, "work", "2");
	driver_done(&d, "again", NULL);
	driver_done(&d, "work", "3");
	driver_done(&d, "end", NULL);
	assert_status(&d, "success");
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "work"), 3);
	driver_fini(&d);
}

static void join_inside_a_loop_joins_in_every_round(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" FORK("split") "  next: [a, b]\n" STEP("a") "  next: meet\n" STEP(
			"b") "  next: meet\n" STEP("meet") "  next: [{step: split, when: \"{{ meet < 3 }}\"}]\n",
		    NULL);
	for (int round = 1; round <= 3; round++) {
		char n[4];

		(void)snprintf(n, sizeof n, "%d", round);
		driver_done(&d, "split", NULL);
		driver_done(&d, round == 2 ? "b" : "a", NULL);
		assert_int_equal(driver_running(&d, "meet"), 0);
		driver_done(&d, round == 2 ? "a" : "b", NULL);
		assert_int_equal(driver_running(&d, "meet"), 1);
		driver_done(&d, "meet", n);
	}
	assert_status(&d, "success");
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "meet"), 3);
	driver_fini(&d);
}

static void two_joins_never_wait_for_each_other(void **state)
{
	driver d;

	(void)state;
	/* p and q lead to each other: one of the arcs leads back. */
	driver_init(&d,
		    HEAD "workflow:\n" FORK("split") "  next: [p, q]\n" STEP(
			"p") "  next: [{step: q, when: \"{{ p == 1 }}\"}]\n" STEP("q") "  next: [{step: p, when: \"{{ "
										       "q == 1 }}\"}]\n",
		    NULL);
	driver_done(&d, "split", NULL);
	driver_run_out(&d, "0");
	assert_status(&d, "success");
	driver_fini(&d);
}

static void join_none_runs_each_token(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, DIAMOND("  spec: {join: none}\n"), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_done(&d, "b", NULL);
	assert_int_equal(driver_running(&d, "meet"), 2);
	driver_run_out(&d, NULL);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void join_any_runs_the_first_and_drops_the_rest_of_the_wave(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, DIAMOND("  spec: {join: any}\n"), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "b", NULL);
	assert_args(&d, "meet", "{\"x\": \"b\", \"from_b\": 1}");
	driver_done(&d, "meet", NULL);
	driver_done(&d, "a", NULL);
	assert_status(&d, "success");
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "meet"), 1);
	assert_json(tr_map_get_s(driver_event(&d, EVENT_TOKEN_DROPPED, 0)->payload, "why"), "\"joined\"");
	driver_fini(&d);
}

static void join_any_takes_one_of_tokens_that_come_together(void **state)
{
	driver d;

	(void)state;
	driver_init(
	    &d,
	    HEAD "workflow:\n" FORK("split") "  next: [{step: meet, args: {n: 1}}, {step: meet, args: {n: 2}}]\n" STEP(
		"meet") "  spec: {join: any}\n",
	    NULL);
	driver_done(&d, "split", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	assert_args(&d, "meet", "{\"n\": 1}");
	driver_done(&d, "meet", NULL);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void join_any_begins_a_new_wave_in_every_round(void **state)
{
	driver d;

	(void)state;
	driver_init(
	    &d,
	    HEAD
	    "workflow:\n" FORK("split") "  next: [a, b]\n" STEP("a") "  next: meet\n" STEP("b") "  next: meet\n" STEP(
		"meet") "  spec: {join: any}\n  next: [{step: split, when: \"{{ meet < 2 }}\"}]\n",
	    NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	driver_done(&d, "b", NULL);
	driver_done(&d, "meet", "1");
	driver_done(&d, "split", NULL);
	driver_done(&d, "b", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_done(&d, "a", NULL);
	driver_done(&d, "meet", "2");
	assert_status(&d, "success");
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "meet"), 2);
	assert_int_equal(driver_count(&d, EVENT_TOKEN_DROPPED), 2);
	driver_fini(&d);
}

/* The first wave is still open: a branch may yet come. Who comes round the loop does not belong to it. */
static void join_any_runs_again_for_who_comes_round_while_its_wave_is_open(void **state)
{
	driver d;

	(void)state;
	driver_init(
	    &d,
	    HEAD "workflow:\n" FORK("split") "  next: [a, slow]\n" STEP("a") "  next: meet\n" STEP(
		"slow") "  next: meet\n" STEP("meet") "  spec: {join: any}\n  next: [{step: again, when: \"{{ meet "
						      "< 2 }}\"}]\n" STEP("again") "  next: meet\n",
	    NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	driver_done(&d, "meet", "1");
	driver_done(&d, "again", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_done(&d, "meet", "2");
	driver_done(&d, "slow", NULL);
	assert_status(&d, "success");
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "meet"), 2);
	assert_int_equal(driver_count(&d, EVENT_TOKEN_DROPPED), 1);
	driver_fini(&d);
}

/* At rest the first join is let go and its guard is false; the one behind it need not wait for what does not move. */
static void a_join_whose_guard_is_false_holds_no_other_back(void **state)
{
	driver d;

	(void)state;
	driver_init(
	    &d,
	    HEAD "workflow:\n" FORK("split") "  next: [a, gate, c]\n" STEP("a") "  next: first\n" STEP(
		"gate") "  when: \"{{ ctx.never is defined }}\"\n  next: first\n" STEP("first") "  when: \"{{ "
												"ctx.never is "
												"defined }}\"\n  "
												"next: second\n" STEP(
												    "c") "  next: "
													 "second"
													 "\n" STEP("sec"
														   "on"
														   "d"),
	    NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	assert_int_equal(driver_running(&d, "second"), 0);
	driver_done(&d, "c", NULL);
	assert_int_equal(driver_running(&d, "second"), 1);
	driver_done(&d, "second", NULL);
	assert_status(&d, "stalled");
	assert_int_equal(driver_count_step(&d, EVENT_STEP_SCHEDULED, "first"), 0);
	driver_fini(&d);
}

#define THREE(join)                                                                             \
	HEAD "workflow:\n" FORK("split") "  next: [a, b, c]\n" STEP("a") "  next: meet\n" STEP( \
	    "b") "  next: meet\n" STEP("c") "  next: meet\n" STEP("meet") join

static void join_count_waits_for_that_many(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, THREE("  spec: {join: 3}\n"), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	driver_done(&d, "b", NULL);
	assert_int_equal(driver_running(&d, "meet"), 0);
	driver_done(&d, "c", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_done(&d, "meet", NULL);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void join_count_that_is_not_reached_is_stalled(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, THREE("  spec: {join: 2}\n"), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	driver_done(&d, "b", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_done(&d, "meet", NULL);
	driver_done(&d, "c", NULL); /* one of two: the other never comes */
	assert_status(&d, "stalled");
	driver_fini(&d);
}

static void guard_of_a_join_is_asked_once_all_are_there(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, DIAMOND("  when: \"{{ args.from_a and args.from_b and ctx.go }}\"\n"), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	assert_int_equal(driver_count(&d, EVENT_TOKEN_PENDING), 0);
	driver_patch(&d, "b", "{\"go\": true}");
	driver_done(&d, "b", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_fini(&d);
}

static void pending_token_upstream_does_not_block_a_join_for_ever(void **state)
{
	driver d;

	(void)state;
	/* b never becomes enabled unless meet writes: nothing else can move, so the join is let go. */
	driver_init(&d,
		    HEAD "workflow:\n" FORK("split") "  next: [a, b]\n" STEP("a") "  next: meet\n" STEP(
			"b") "  when: \"{{ ctx.go }}\"\n  next: meet\n" STEP("meet"),
		    NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_patch(&d, "meet", "{\"go\": true}");
	assert_int_equal(driver_running(&d, "b"), 1);
	driver_done(&d, "meet", NULL);
	driver_done(&d, "b", NULL);
	assert_int_equal(driver_running(&d, "meet"), 1);
	driver_done(&d, "meet", NULL);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void joins_in_a_row_are_let_go_from_the_front(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" FORK("split") "  next: [a, never, last]\n" STEP("a") "  next: first\n" STEP(
			"never") "  when: \"{{ ctx.no }}\"\n  next: first\n" STEP("last")
			STEP("first") "  next: last\n",
		    NULL);
	driver_done(&d, "split", NULL);
	assert_int_equal(driver_running(&d, "last"), 0);
	driver_done(&d, "a", NULL);
	assert_int_equal(driver_running(&d, "first"), 1);
	assert_int_equal(driver_running(&d, "last"), 0);
	driver_done(&d, "first", NULL);
	assert_int_equal(driver_running(&d, "last"), 1);
	driver_done(&d, "last", NULL);
	assert_status(&d, "stalled");
	driver_fini(&d);
}

static void result_is_that_of_the_branch_that_came_last(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, DIAMOND(""), NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "b", "\"from b\"");
	driver_done(&d, "a", "\"from a\"");
	tr_value c = driver_command(&d, "meet");
	assert_json(tr_map_get_s(c, "result"), "\"from a\"");
	tr_drop(c);
	driver_fini(&d);
}

static void a_thousand_branches_meet_in_one_step(void **state)
{
	tr_buf b = {0};
	driver d;

	(void)state;
	tr_buf_puts(&b, HEAD "workflow:\n" FORK("split") "  next:\n");
	for (int i = 0; i < 1000; i++)
		tr_buf_putf(&b, "  - b%d\n", i);
	for (int i = 0; i < 1000; i++)
		tr_buf_putf(&b, "- {step: b%d, tool: {kind: noop}, next: meet}\n", i);
	tr_buf_puts(&b, STEP("meet"));
	driver_load(&d, b.p);
	d.lean = true;
	driver_start(&d, NULL);
	driver_done(&d, "split", NULL);
	assert_int_equal(machine_run_count(d.live), 1000);
	driver_run_out(&d, NULL);
	assert_status(&d, "success");
	tr_value summary = machine_summary(d.live);
	assert_json(TR_GET(summary, "steps", "meet", "runs"), "1");
	tr_drop(summary);
	driver_fini(&d);
	tr_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fan_out_that_meets_again_runs_the_meeting_step_once),
	    cmocka_unit_test(args_that_meet_are_merged_in_arc_order),
	    cmocka_unit_test(meeting_step_runs_when_only_one_branch_comes_through),
	    cmocka_unit_test(meeting_step_waits_for_a_token_that_is_far_away),
	    cmocka_unit_test(token_that_cannot_reach_the_join_is_not_waited_for),
	    cmocka_unit_test(failed_branch_is_not_waited_for),
	    cmocka_unit_test(arcs_that_lead_back_do_not_count),
	    cmocka_unit_test(join_inside_a_loop_joins_in_every_round),
	    cmocka_unit_test(two_joins_never_wait_for_each_other),
	    cmocka_unit_test(join_none_runs_each_token),
	    cmocka_unit_test(join_any_runs_the_first_and_drops_the_rest_of_the_wave),
	    cmocka_unit_test(join_any_takes_one_of_tokens_that_come_together),
	    cmocka_unit_test(join_any_begins_a_new_wave_in_every_round),
	    cmocka_unit_test(join_any_runs_again_for_who_comes_round_while_its_wave_is_open),
	    cmocka_unit_test(a_join_whose_guard_is_false_holds_no_other_back),
	    cmocka_unit_test(join_count_waits_for_that_many),
	    cmocka_unit_test(join_count_that_is_not_reached_is_stalled),
	    cmocka_unit_test(guard_of_a_join_is_asked_once_all_are_there),
	    cmocka_unit_test(pending_token_upstream_does_not_block_a_join_for_ever),
	    cmocka_unit_test(joins_in_a_row_are_let_go_from_the_front),
	    cmocka_unit_test(result_is_that_of_the_branch_that_came_last),
	    cmocka_unit_test(a_thousand_branches_meet_in_one_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
