/* SPDX-License-Identifier: Apache-2.0 */
/* Cost grows with the number of steps, memory with what is in flight. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/engine/driver.h"

#include <stdio.h>
#include <time.h>
#include <troupe/testing.h>

#define HEAD "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void chain_text(tr_buf *b, int n)
{
	tr_buf_puts(b, HEAD "workflow:\n");
	for (int i = 0; i < n; i++)
		tr_buf_putf(b,
			    i + 1 < n ? "- {step: s%d, tool: {kind: noop}, next: s%d}\n"
				      : "- {step: s%d, tool: {kind: noop}}\n",
			    i, i + 1);
}

/* The best of three, so that a busy machine does not decide. */
static double chain_seconds(int n)
{
	tr_buf b = {0};
	double best = 1e9;

	chain_text(&b, n);
	for (int round = 0; round < 3; round++) {
		driver d;

		driver_load(&d, b.p);
		d.lean = true;
		double begin = seconds();
		driver_start(&d, NULL);
		driver_run_out(&d, "1");
		double took = seconds() - begin;
		assert_status(&d, "success");
		assert_true(d.event_total > (uint64_t)n * 4);
		driver_fini(&d);
		best = took < best ? took : best;
	}
	tr_buf_fini(&b);
	return best;
}

static void chain_of_ten_thousand_steps_costs_ten_times_a_thousand(void **state)
{
	double small = chain_seconds(1000), large = chain_seconds(10000);

	(void)state;
	print_message("chain: 1,000 steps %.1f ms, 10,000 steps %.1f ms, %.2f µs a step\n", small * 1e3, large * 1e3,
		      large * 100);
	/* Ten times is linear, a hundred times is quadratic. */
	assert_true(large < small * 30);
}

/* Two steps in a loop: what is kept must not depend on how often it went round. */
static void memory_is_bounded_by_what_is_in_flight(void **state)
{
	int64_t blocks = 0;
	driver d;

	(void)state;
	(void)tr_test_live_blocks();
	driver_load(&d, HEAD "workflow:\n- {step: a, tool: {kind: noop}, next: [{step: b, args: {n: 1}}]}\n"
			     "- {step: b, tool: {kind: noop}, next: [{step: a, args: {n: 2}}]}\n");
	d.lean = true;
	driver_start(&d, NULL);
	for (int i = 0; i < 20000; i++) {
		driver_patch(&d, "a", "{\"seen\": 5}");
		driver_done(&d, "a", "{\"x\": [1, 2, 3]}");
		driver_done(&d, "b", "{\"x\": [1, 2, 3]}");
		d.effect_count = 0;
		if (i == 10)
			blocks = tr_test_live_blocks();
	}
	assert_int_equal(tr_test_live_blocks(), blocks);
	assert_int_equal(machine_run_count(d.live), 1);
	driver_fini(&d);
}

static double fan_seconds(int n)
{
	tr_buf b = {0};
	double best = 1e9;

	tr_buf_puts(&b,
		    HEAD "workflow:\n- step: split\n  spec: {next_mode: inclusive}\n  tool: {kind: noop}\n  next:\n");
	for (int i = 0; i < n; i++)
		tr_buf_putf(&b, "  - b%d\n", i);
	for (int i = 0; i < n; i++)
		tr_buf_putf(&b, "- {step: b%d, tool: {kind: noop}, next: meet}\n", i);
	tr_buf_puts(&b, "- {step: meet, tool: {kind: noop}}\n");
	for (int round = 0; round < 3; round++) {
		driver d;

		driver_load(&d, b.p);
		d.lean = true;
		double begin = seconds();
		driver_start(&d, NULL);
		/* Each run is ended by its number: looking for one would be the test's own cost. */
		assert_int_equal(driver_report(&d, 1, 1, EVENT_STEP_DONE, "{}"), TR_OK);
		for (int i = 0; i < n; i++)
			assert_int_equal(driver_report(&d, (uint64_t)i + 2, 1, EVENT_STEP_DONE, "{}"), TR_OK);
		assert_int_equal(driver_report(&d, (uint64_t)n + 2, 1, EVENT_STEP_DONE, "{}"), TR_OK);
		double took = seconds() - begin;
		assert_status(&d, "success");
		driver_fini(&d);
		best = took < best ? took : best;
	}
	tr_buf_fini(&b);
	return best;
}

static void fan_out_and_join_of_five_thousand_is_linear(void **state)
{
	double small = fan_seconds(500), large = fan_seconds(5000);

	(void)state;
	print_message("fan-out and join: 500 branches %.1f ms, 5,000 branches %.1f ms\n", small * 1e3, large * 1e3);
	assert_true(large < small * 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chain_of_ten_thousand_steps_costs_ten_times_a_thousand),
	    cmocka_unit_test(memory_is_bounded_by_what_is_in_flight),
	    cmocka_unit_test(fan_out_and_join_of_five_thousand_is_linear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
