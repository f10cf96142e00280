/* SPDX-License-Identifier: Apache-2.0 */
/* The process dies with a step run again and again: that is counted, and at some time it is enough. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "actors/engine/redrive.h"
#include "tests/unit/engine/driver.h"

#include <string.h>

#define HEAD       "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define STEP(name) "- step: " name "\n  tool: {kind: noop}\n"
#define FORK(name) "- step: " name "\n  spec: {next_mode: inclusive}\n  tool: {kind: noop}\n"
#define SECOND     INT64_C(1000000)
#define LIMIT      5u
#define WITH_ONE   (LIMIT + 6u) /* beside it */
#define WITH_FOUR  (LIMIT + 10u)

/* The process ran for so long after the last event, died, and another takes the execution up. */
static void die(driver *d, int64_t after_us)
{
	d->world.now_us += after_us;
	d->world.died_us = d->world.now_us;
	d->world.most_deaths = LIMIT;
	d->world.now_us += SECOND;
	assert_int_equal(machine_recover(d->live, &d->world, &d->sink), TR_OK);
	d->world.died_us = 0;
}

static void ended_well(driver *d)
{
	d->world.now_us += SECOND;
	assert_int_equal(machine_recover(d->live, &d->world, &d->sink), TR_OK);
}

static uint32_t attempt_of(driver *d, size_t n)
{
	return driver_event(d, EVENT_STEP_SCHEDULED, n)->attempt;
}

/* What the machine decides along its own log is what it says. */
static void expect_same_again(driver *d)
{
	redrive_result r;
	tr_value events = tr_array();
	machine_world world = d->world;

	for (size_t i = 0; i < d->event_count; i++)
		events = tr_array_push(events, event_to_value(&d->events[i]));
	assert_int_equal(redrive(d->routes, 4711, events, &world, &r), TR_OK);
	assert_int_equal(r.differences, 0);
	assert_int_equal(r.events, d->event_count);
	assert_int_equal(r.given + r.decided, d->event_count);
	redrive_fini(&r);
	tr_drop(events);
}

static tr_value failure(driver *d)
{
	tr_value summary = machine_summary(d->live), v;

	v = tr_keep(tr_array_at(tr_map_get_s(summary, "failures"), 0));
	tr_drop(summary);
	return v;
}

static void a_step_that_ends_the_process_each_time_fails(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("first") "  next: bad\n" STEP("bad"), NULL);
	driver_done(&d, "first", NULL);
	for (uint32_t deaths = 1; deaths < LIMIT; deaths++) {
		assert_int_equal(machine_deaths(d.live, 0), deaths - 1);
		die(&d, 2 * SECOND);
		assert_int_equal(driver_running(&d, "bad"), 1);
		assert_int_equal(machine_deaths(d.live, 0), deaths);
		expect_same_again(&d);
	}
	die(&d, 0); /* the clock of a file system may be behind */
	assert_status(&d, "failed");
	tr_value f = failure(&d);
	assert_json(tr_map_get_s(f, "kind"), "\"process_died\"");
	assert_json(tr_map_get_s(f, "step"), "\"bad\"");
	assert_json(tr_map_get_s(f, "file"), "\"test.yaml\"");
	assert_json(tr_map_get_s(f, "line"), "8");
	assert_json(tr_map_get_s(f, "column"), "3");
	assert_non_null(strstr(tr_as_cstr(tr_map_get_s(f, "message"), ""), "ended 5 times in a row"));
	assert_non_null(strstr(tr_as_cstr(tr_map_get_s(f, "message"), ""), "--crash-limit"));
	tr_drop(f);
	expect_same_again(&d);
	driver_fini(&d);
}

static void what_gets_on_is_not_counted(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") "  loop: {in: [1, 2, 3], iterator: i}\n", NULL);
	for (uint32_t i = 1; i <= 3 * LIMIT; i++) {
		assert_int_equal(driver_report(&d, 1, i, EVENT_ITERATION_DONE, "{\"status\": \"success\"}"), TR_OK);
		die(&d, SECOND);
		assert_int_equal(machine_deaths(d.live, 0), 0);
	}
	assert_int_equal(driver_running(&d, "one"), 1);
	die(&d, SECOND);
	die(&d, SECOND);
	assert_int_equal(machine_deaths(d.live, 0), 2);
	assert_int_equal(driver_report(&d, 1, 3 * LIMIT + 3, EVENT_ITERATION_DONE, "{\"status\": \"success\"}"), TR_OK);
	assert_int_equal(machine_deaths(d.live, d.world.now_us), 0); /* from the beginning */
	expect_same_again(&d);
	driver_fini(&d);
}

static void what_lives_long_or_ends_well_is_not_counted(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("long"), NULL);
	for (uint32_t i = 0; i < 2 * LIMIT; i++)
		die(&d, MACHINE_DEATH_US + SECOND);
	assert_int_equal(machine_deaths(d.live, 0), 0);
	die(&d, SECOND);
	die(&d, SECOND);
	assert_int_equal(machine_deaths(d.live, 0), 2);
	for (uint32_t i = 0; i < 2 * LIMIT; i++)
		ended_well(&d); /* what was counted stays */
	assert_int_equal(machine_deaths(d.live, 0), 2);
	assert_int_equal(driver_running(&d, "long"), 1);
	expect_same_again(&d);
	driver_fini(&d);
}

/* Nothing of the run is between those that took it up: each has its own death, or none. */
static void deaths_of_those_that_follow_are_their_own(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" FORK("split") "  next: [a, b]\n" STEP("a") STEP("b"), NULL);
	driver_done(&d, "split", NULL);
	ended_well(&d);
	die(&d, SECOND);
	expect_same_again(&d);
	ended_well(&d);
	ended_well(&d);
	die(&d, SECOND);
	die(&d, MACHINE_DEATH_US + SECOND);
	die(&d, SECOND);
	assert_int_equal(machine_deaths(d.live, 0), 3);
	expect_same_again(&d);
	driver_fini(&d);
}

static void without_a_limit_it_goes_on_for_ever(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("bad"), NULL);
	for (uint32_t i = 0; i < 40; i++) {
		d.world.died_us = d.world.now_us += SECOND;
		assert_int_equal(machine_recover(d.live, &d.world, &d.sink), TR_OK);
	}
	assert_int_equal(machine_deaths(d.live, 0), 40);
	assert_int_equal(attempt_of(&d, 40), 41);
	expect_same_again(&d);
	driver_fini(&d);
}

static void a_branch_beside_it_goes_its_own_way(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "executor: {spec: {on_failure: partial}}\nworkflow:\n" FORK(
			"split") "  next: [bad, good]\n" STEP("bad") STEP("good") "  next: more\n" STEP("more"),
		    NULL);
	driver_done(&d, "split", NULL);
	die(&d, SECOND);
	die(&d, SECOND);
	driver_task(&d, "good", "noop", "{\"status\": \"success\"}");
	for (uint32_t deaths = 3; deaths < WITH_ONE; deaths++)
		die(&d, SECOND);
	assert_int_equal(driver_running(&d, "bad"), 1);
	expect_same_again(&d);
	die(&d, SECOND); /* of good it is less than that */
	expect_same_again(&d);
	assert_int_equal(driver_running(&d, "bad"), 0);
	assert_int_equal(driver_running(&d, "good"), 1);
	driver_done(&d, "good", NULL);
	driver_done(&d, "more", NULL);
	assert_status(&d, "partial");
	expect_same_again(&d);
	driver_fini(&d);
}

/* What is over is none beside it, nor is who waits for a child; other executions are. */
static void it_takes_more_where_others_were_under_way(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" FORK("split") "  next: [bad, good]\n" STEP("bad") STEP("good"), NULL);
	driver_done(&d, "split", NULL);
	for (uint32_t i = 1; i <= LIMIT; i++)
		die(&d, SECOND);
	assert_int_equal(driver_running(&d, "bad") + driver_running(&d, "good"), 2);
	driver_done(&d, "good", NULL);
	d.world.beside = 2;
	for (uint32_t i = 1; i < 4; i++)
		die(&d, SECOND);
	assert_int_equal(machine_deaths(d.live, 0), LIMIT + 3);
	assert_int_equal(driver_running(&d, "bad"), 1);
	d.world.beside = 0;
	die(&d, SECOND);
	assert_status(&d, "failed");
	expect_same_again(&d);
	driver_fini(&d);
}

static void several_may_fail_at_once(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "executor: {spec: {on_failure: partial}}\nworkflow:\n" FORK(
			"split") "  next: [a, bad, b, worse, c]\n" STEP("a") STEP("bad") "  next: more\n" STEP("b")
			STEP("worse") STEP("c") STEP("more"),
		    NULL);
	driver_done(&d, "split", NULL);
	for (uint32_t i = 1; i < WITH_FOUR; i++)
		die(&d, SECOND);
	assert_int_equal(driver_running(&d, "bad") + driver_running(&d, "worse"), 2);
	driver_task(&d, "a", "noop", "{\"status\": \"success\"}");
	driver_task(&d, "b", "noop", "{\"status\": \"success\"}");
	driver_task(&d, "c", "noop", "{\"status\": \"success\"}");
	die(&d, SECOND);
	assert_int_equal(driver_running(&d, "bad") + driver_running(&d, "worse"), 0);
	assert_int_equal(driver_running(&d, "a") + driver_running(&d, "b") + driver_running(&d, "c"), 3);
	expect_same_again(&d);
	driver_fini(&d);
}

static void who_waits_for_a_child_is_not_to_blame(void **state)
{
	driver d;
	tr_value key = tr_string("1.-1.task.1"), text = tr_string("x");

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("parent"), NULL);
	machine_child c = {.key = key,
			   .step_run_id = 1,
			   .iteration = -1,
			   .label = text,
			   .path = text,
			   .hash = text,
			   .waited = true,
			   .execution_id = 99};
	assert_int_equal(machine_child_start(d.live, &d.world, &d.sink, &c), TR_OK);
	for (uint32_t i = 0; i < 2 * LIMIT; i++)
		die(&d, SECOND);
	assert_int_equal(driver_running(&d, "parent"), 1);
	expect_same_again(&d);
	tr_drop(key);
	tr_drop(text);
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_step_that_ends_the_process_each_time_fails),
	    cmocka_unit_test(what_gets_on_is_not_counted),
	    cmocka_unit_test(what_lives_long_or_ends_well_is_not_counted),
	    cmocka_unit_test(deaths_of_those_that_follow_are_their_own),
	    cmocka_unit_test(without_a_limit_it_goes_on_for_ever),
	    cmocka_unit_test(a_branch_beside_it_goes_its_own_way),
	    cmocka_unit_test(it_takes_more_where_others_were_under_way),
	    cmocka_unit_test(several_may_fail_at_once),
	    cmocka_unit_test(who_waits_for_a_child_is_not_to_blame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
