/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: results, crashes, time-outs, shutting down, and streams with bounded concurrency. */
#include "tests/unit/behaviour/actor_case.h"

#include <troupe/task.h>

#include <stdatomic.h>

static tr_value twice(tr_value arg)
{
	return tr_int(2 * tr_as_int(arg, 0));
}

static tr_value crash(tr_value arg)
{
	tr_exit(tr_keep(arg));
}

static tr_value for_ever(tr_value arg)
{
	(void)arg;
	return tr_receive(TR_FOREVER);
}

static bool quiet(void)
{
	tr_value m = tr_receive(0);
	bool none = !tr_is_valid(m);

	tr_drop(m);
	return none;
}

ACTOR_CASE(a_task_gives_its_result)
{
	tr_task a = tr_task_async(twice, tr_int(4));
	tr_task b = tr_task_async_nolink(twice, tr_int(5));

	THAT(tr_as_int(tr_task_await(&b, SOON, NULL), 0) == 10);
	THAT(tr_as_int(tr_task_await(&a, SOON, NULL), 0) == 8);
	THAT(tr_value_err(tr_task_await(&a, SOON, NULL)) == TR_ENOPROC); /* it is over */
	THAT(quiet());
}

ACTOR_CASE(an_unlinked_crash_is_told_on_await)
{
	tr_task t = tr_task_async_nolink(crash, tr_string("bang"));
	tr_value reason;

	THAT(tr_value_err(tr_task_await(&t, SOON, &reason)) == TR_EDOWN);
	THAT(case_answer_is(reason, tr_string("bang")));
	THAT(quiet());
}

static void owner_of_crash(tr_value arg)
{
	(void)arg;
	tr_task t = tr_task_async(crash, tr_string("bang"));

	tr_drop(tr_task_await(&t, TR_FOREVER, NULL));
	tr_drop(tr_receive(TR_FOREVER));
}

ACTOR_CASE(a_linked_crash_takes_its_owner_along)
{
	tr_spawn_options options = {.monitor = true};
	tr_spawned s = tr_spawn_opt(owner_of_crash, tr_nil(), &options);

	THAT(case_answer_is(case_await(s.monitor), tr_string("bang")));
}

ACTOR_CASE(a_task_can_be_awaited_again_after_a_timeout)
{
	tr_task t = tr_task_async(for_ever, tr_nil());

	THAT(tr_value_err(tr_task_await(&t, tr_in(TR_MS), NULL)) == TR_ETIMEOUT);
	tr_send(t.pid, tr_int(3));
	THAT(tr_as_int(tr_task_await(&t, SOON, NULL), 0) == 3);
	THAT(quiet());
}

ACTOR_CASE(shutting_down_gives_what_is_there)
{
	tr_trap_exit(true);
	tr_task waiting = tr_task_async(for_ever, tr_nil());
	tr_pid pid = waiting.pid;
	THAT(!tr_is_valid(tr_task_shutdown(&waiting, SOON)));
	THAT(!tr_alive(pid));
	tr_task quick = tr_task_async(twice, tr_int(1));
	tr_ref end = tr_monitor(quick.pid);
	tr_drop(case_await(end));
	THAT(tr_as_int(tr_task_shutdown(&quick, SOON), 0) == 2);
	THAT(quiet());
}

static void dies_before_its_task(tr_value arg)
{
	tr_task t = tr_task_async(for_ever, tr_nil());

	tr_send(tr_as_pid(arg), tr_pid_value(t.pid));
	tr_exit(tr_string("gone"));
}

ACTOR_CASE(a_task_does_not_outlive_its_owner)
{
	tr_spawn(dies_before_its_task, tr_pid_value(tr_self()));
	tr_value pid = tr_receive(SOON);
	tr_ref ref = tr_monitor(tr_as_pid(pid));
	tr_value reason = case_await(ref);

	THAT(tr_str_is(tr_as_str(reason), "gone") || TR_IS_A(reason, noproc));
	tr_drop(reason);
}

/* ---- streams
 * -------------------------------------------------------------------------------------------------------------- */

static tr_value numbers(int64_t n)
{
	tr_value items = tr_array();

	for (int64_t i = 0; i < n; i++)
		items = tr_array_push(items, tr_int(i));
	return items;
}

ACTOR_CASE(results_come_in_order)
{
	tr_stream_options options = {.concurrency = 7};
	tr_value results = tr_task_map(twice, numbers(500), &options);

	THAT(tr_array_len(results) == 500);
	for (size_t i = 0; i < 500; i++)
		THAT(case_is_pair(tr_array_at(results, i), TR_A(ok), tr_int(2 * (int64_t)i)));
	tr_drop(results);
	results = tr_task_map(twice, tr_array(), NULL);
	THAT(tr_array_len(results) == 0 && tr_is_valid(results));
	tr_drop(results);
	THAT(tr_value_err(tr_task_map(twice, tr_int(3), NULL)) == TR_ETYPE);
	THAT(quiet());
}

/* What runs at once is counted by a server-like test actor: each task asks it for leave and says when it goes. */
static tr_value counted(tr_value watcher)
{
	tr_value leave = tr_call(tr_as_pid(watcher), TR_A(start), SOON);

	tr_drop(leave);
	tr_send(tr_as_pid(watcher), TR_A(done));
	return tr_nil();
}

struct at_once {
	int64_t now;
	int64_t most;
};

static void count_at_once(tr_value arg)
{
	struct at_once c = {0, 0};
	tr_from held[8];
	size_t n = 0;
	int64_t want = tr_as_int(tr_array_at(arg, 1), 0);

	for (int64_t done = 0; done < 100;) {
		tr_value m = tr_receive(SOON);
		tr_from from;
		tr_value request;
		if (tr_is_call(m, &from, &request)) {
			held[n++] = from;
			c.now++;
			c.most = c.now > c.most ? c.now : c.most;
		} else {
			c.now--;
			done++;
		}
		/* Nobody goes on until as many as may run do run. */
		if (c.now == want || done + c.now == 100) {
			while (n > 0)
				tr_reply(held[--n], tr_nil());
		}
		tr_drop(m);
	}
	tr_send(tr_as_pid(tr_array_at(arg, 0)), tr_int(c.most));
}

ACTOR_CASE(no_more_run_at_once_than_allowed)
{
	tr_pid watcher = tr_spawn(count_at_once, TR_LIST(tr_pid_value(tr_self()), tr_int(5)));
	tr_value items = tr_array();
	tr_stream_options options = {.concurrency = 5, .unordered = true};

	for (int i = 0; i < 100; i++)
		items = tr_array_push(items, tr_pid_value(watcher));
	tr_value results = tr_task_map(counted, items, &options);
	THAT(tr_array_len(results) == 100);
	tr_drop(results);
	THAT(case_next_is(tr_int(5)));
}

static tr_value mixed(tr_value arg)
{
	switch (tr_as_int(arg, 0) % 3) {
	case 0:
		return tr_int(0);
	case 1:
		tr_exit(tr_string("odd"));
	default:
		return tr_receive(TR_FOREVER);
	}
}

/* Is this what the quick task i of `mixed` gives? */
static bool is_own_result(tr_value r, int64_t i)
{
	return i % 3 == 0 ? case_is_pair(r, TR_A(ok), tr_int(0)) : case_is_pair(r, TR_A(exit), tr_string("odd"));
}

ACTOR_CASE(crashes_and_slow_tasks_are_results)
{
	tr_value items = tr_array();

	for (int i = 0; i < 9; i++) {
		if (i % 3 != 2)
			items = tr_array_push(items, tr_int(i));
	}
	tr_value results = tr_task_map(mixed, items, &(tr_stream_options){.concurrency = 9});
	for (size_t i = 0; i < 6; i++)
		THAT(is_own_result(tr_array_at(results, i), (int64_t)(i / 2 * 3 + i % 2)));
	tr_drop(results);
	/* Beside slow ones. On a slow machine the others may be late as well. */
	results = tr_task_map(mixed, numbers(9), &(tr_stream_options){.concurrency = 9, .timeout_ns = 300 * TR_MS});
	for (size_t i = 0; i < 9; i++) {
		tr_value r = tr_array_at(results, i);
		bool late = case_is_pair(r, TR_A(exit), TR_A(timeout));
		THAT(late || (i % 3 != 2 && is_own_result(r, (int64_t)i)));
	}
	tr_drop(results);
	THAT(quiet());
}

static bool three_only(void *arg, size_t index, tr_value result)
{
	int *count = arg;

	(void)index;
	(void)result;
	return ++*count < 3;
}

ACTOR_CASE(a_consumer_may_stop)
{
	int count = 0;
	size_t seen = 0;

	THAT(tr_task_stream(twice, numbers(1000), NULL, three_only, &count, &seen) == TR_OK);
	THAT(count == 3 && seen == 3);
	THAT(quiet());
}

static bool each_once(void *arg, size_t index, tr_value result)
{
	int *counts = arg;

	counts[index]++;
	return tr_as_int(tr_array_at(result, 1), -1) == 2 * (int64_t)index;
}

ACTOR_CASE(unordered_gives_each_once)
{
	tr_stream_options options = {.concurrency = 10, .unordered = true};
	int counts[300] = {0};
	size_t seen = 0;

	THAT(tr_task_stream(twice, numbers(300), &options, each_once, counts, &seen) == TR_OK);
	THAT(seen == 300);
	for (int i = 0; i < 300; i++)
		THAT(counts[i] == 1);
	THAT(quiet());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_task_gives_its_result),
	    cmocka_unit_test(an_unlinked_crash_is_told_on_await),
	    cmocka_unit_test(a_linked_crash_takes_its_owner_along),
	    cmocka_unit_test(a_task_can_be_awaited_again_after_a_timeout),
	    cmocka_unit_test(shutting_down_gives_what_is_there),
	    cmocka_unit_test(a_task_does_not_outlive_its_owner),
	    cmocka_unit_test(results_come_in_order),
	    cmocka_unit_test(no_more_run_at_once_than_allowed),
	    cmocka_unit_test(crashes_and_slow_tasks_are_results),
	    cmocka_unit_test(a_consumer_may_stop),
	    cmocka_unit_test(unordered_gives_each_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
