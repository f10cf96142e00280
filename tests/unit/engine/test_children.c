/* SPDX-License-Identifier: Apache-2.0 */
/* Executions that tasks start, as the machine sees them; and leases, which are an input too. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/engine/driver.h"

#include <string.h>

#define HEAD "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define CALL                                                                                                        \
	HEAD "workflow:\n- step: call\n  tool: {kind: playbook, path: x}\n  next: [after]\n- step: after\n  tool: " \
	     "{kind: noop}\n"

static machine_child child(driver *d, const char *key, int64_t id, bool waited)
{
	return (machine_child){.key = tr_string(key),
			       .step_run_id = driver_run(d, "call"),
			       .iteration = -1,
			       .label = tr_string("call"),
			       .path = tr_string("x"),
			       .hash = tr_string("h"),
			       .waited = waited,
			       .execution_id = id};
}

static void child_fini(machine_child *c)
{
	tr_drop(c->key);
	tr_drop(c->label);
	tr_drop(c->path);
	tr_drop(c->hash);
}

static tr_err start(driver *d, const char *key, int64_t id, bool waited, int64_t *known)
{
	machine_child c = child(d, key, id, waited), asked = c;
	tr_err err = machine_child_start(d->live, &d->world, &d->sink, &asked);

	*known = asked.execution_id;
	child_fini(&c);
	return err;
}

static tr_err ended(driver *d, int64_t id, const char *status)
{
	return machine_child_done(d->live, &d->world, &d->sink, id, status);
}

static void task_over(driver *d)
{
	driver_task(d, "call", "call", "{\"status\": \"success\", \"result\": 1}");
}

static void the_same_key_is_the_same_child(void **state)
{
	driver d;
	int64_t id;

	(void)state;
	driver_init(&d, CALL, NULL);
	assert_int_equal(start(&d, "k#1", 500, true, &id), TR_OK);
	assert_int_equal(start(&d, "k#1", 501, true, &id), TR_EEXIST);
	assert_int_equal(id, 500);
	assert_int_equal(start(&d, "k#2", 502, true, &id), TR_OK);
	assert_int_equal(driver_count(&d, EVENT_CHILD_STARTED), 2);
	assert_int_equal(ended(&d, 500, "success"), TR_OK);
	assert_int_equal(ended(&d, 500, "success"), TR_ENOENT);
	assert_int_equal(ended(&d, 777, "success"), TR_ENOENT);
	/* Still known: whoever asks again is told which one it was. */
	assert_int_equal(start(&d, "k#1", 503, true, &id), TR_EEXIST);
	assert_int_equal(id, 500);
	assert_int_equal(ended(&d, 502, "failed"), TR_OK);
	task_over(&d);
	driver_done(&d, "call", "1");
	assert_int_equal(driver_effects(&d, MACHINE_CHILD_CANCEL), 0);
	driver_done(&d, "after", "2");
	assert_true(d.finished);
	driver_fini(&d);
}

static void one_whose_task_is_over_is_cancelled_and_waited_for(void **state)
{
	driver d;
	int64_t id;

	(void)state;
	driver_init(&d, CALL, NULL);
	assert_int_equal(start(&d, "k#1", 500, true, &id), TR_OK);
	task_over(&d);
	assert_int_equal(driver_effects(&d, MACHINE_CHILD_CANCEL), 1);
	driver_done(&d, "call", "1");
	driver_done(&d, "after", "2");
	assert_false(d.finished);
	assert_int_equal(ended(&d, 500, "cancelled"), TR_OK);
	assert_true(d.finished);
	assert_status(&d, "success");
	driver_fini(&d);
}

static void nobody_waits_for_one_without_wait(void **state)
{
	driver d;
	int64_t id;

	(void)state;
	driver_init(&d, CALL, NULL);
	assert_int_equal(start(&d, "k#1", 500, false, &id), TR_OK);
	assert_int_equal(ended(&d, 500, "success"), TR_ENOENT);
	task_over(&d);
	driver_done(&d, "call", "1");
	driver_done(&d, "after", "2");
	assert_true(d.finished);
	assert_int_equal(driver_effects(&d, MACHINE_CHILD_CANCEL), 0);
	driver_fini(&d);
}

static void cancel_travels_down_and_its_end_comes_back(void **state)
{
	driver d;
	int64_t id;

	(void)state;
	driver_init(&d, CALL, NULL);
	assert_int_equal(start(&d, "k#1", 500, true, &id), TR_OK);
	assert_int_equal(machine_cancel(d.live, &d.world, &d.sink, tr_s("enough")), TR_OK);
	assert_int_equal(driver_effects(&d, MACHINE_CHILD_CANCEL), 1);
	assert_false(d.finished);
	assert_int_equal(start(&d, "k#9", 509, true, &id), TR_ENOENT);
	/* Killed before the child heard of it: told again. */
	assert_int_equal(machine_recover(d.live, &d.world, &d.sink), TR_OK);
	machine *again = driver_replay(&d, d.event_count);
	assert_int_equal(machine_recover(again, &d.world, &d.sink), TR_OK);
	assert_int_equal(driver_effects(&d, MACHINE_CHILD_CANCEL), 2);
	machine_free(&again);
	assert_int_equal(ended(&d, 500, "cancelled"), TR_OK);
	assert_true(d.finished);
	assert_status(&d, "cancelled");
	driver_fini(&d);
}

static void pause_travels_down(void **state)
{
	driver d;
	int64_t id;

	(void)state;
	driver_init(&d, CALL, NULL);
	assert_int_equal(start(&d, "k#1", 500, true, &id), TR_OK);
	size_t before = driver_effects(&d, MACHINE_CHILD_UNPAUSE);
	assert_int_equal(machine_pause(d.live, &d.world, &d.sink, false), TR_OK);
	assert_int_equal(driver_effects(&d, MACHINE_CHILD_PAUSE), 1);
	assert_int_equal(start(&d, "k#2", 502, true, &id), TR_OK); /* one that is started meanwhile */
	assert_int_equal(driver_effects(&d, MACHINE_CHILD_PAUSE), 2);
	assert_int_equal(machine_unpause(d.live, &d.world, &d.sink, false), TR_OK);
	assert_int_equal(driver_effects(&d, MACHINE_CHILD_UNPAUSE), before + 2);
	driver_fini(&d);
}

static void a_parent_lets_go_only_what_it_paused(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, CALL, NULL);
	assert_int_equal(machine_pause(d.live, &d.world, &d.sink, false), TR_OK);
	assert_int_equal(machine_pause(d.live, &d.world, &d.sink, true), TR_EINVAL);
	assert_int_equal(machine_unpause(d.live, &d.world, &d.sink, true), TR_EINVAL);
	assert_int_equal(machine_unpause(d.live, &d.world, &d.sink, false), TR_OK);
	assert_int_equal(machine_pause(d.live, &d.world, &d.sink, true), TR_OK);
	assert_int_equal(machine_unpause(d.live, &d.world, &d.sink, true), TR_OK);
	assert_false(machine_paused(d.live));
	driver_fini(&d);
}

static void a_lost_step_run_is_given_out_again_so_often_and_no_more(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, CALL, NULL);
	uint64_t run = driver_run(&d, "call");
	for (uint32_t attempt = 1; attempt <= MACHINE_MOST_LOST; attempt++) {
		assert_int_equal(machine_lose_run(d.live, &d.world, &d.sink, run, attempt, "it fell silent"), TR_OK);
		assert_int_equal(machine_lose_run(d.live, &d.world, &d.sink, run, attempt, "twice"), TR_ENOENT);
		/* Fencing: the old attempt is refused. */
		assert_int_equal(driver_report(&d, run, attempt, EVENT_STEP_DONE, "{\"result\": 1}"), TR_ENOENT);
	}
	assert_int_equal(driver_count(&d, EVENT_STEP_SCHEDULED), 1 + MACHINE_MOST_LOST);
	assert_int_equal(machine_lose_run(d.live, &d.world, &d.sink, run, 1 + MACHINE_MOST_LOST, "it fell silent"),
			 TR_OK);
	assert_true(d.finished);
	assert_status(&d, "failed");
	assert_json(TR_GET(driver_event(&d, EVENT_STEP_FAILED, 0)->payload, "error", "kind"), "\"worker_lost\"");
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_key_is_the_same_child),
	    cmocka_unit_test(one_whose_task_is_over_is_cancelled_and_waited_for),
	    cmocka_unit_test(nobody_waits_for_one_without_wait),
	    cmocka_unit_test(cancel_travels_down_and_its_end_comes_back),
	    cmocka_unit_test(pause_travels_down),
	    cmocka_unit_test(a_parent_lets_go_only_what_it_paused),
	    cmocka_unit_test(a_lost_step_run_is_given_out_again_so_often_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
