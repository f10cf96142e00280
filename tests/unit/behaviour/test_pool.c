/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: lending, waiting, overflow, ends of workers and borrowers. */
#include "tests/unit/behaviour/actor_case.h"

#include <troupe/pool.h>

static tr_next worker_init(void *state, tr_value arg)
{
	(void)state;
	if (tr_whereis("sick").bits != 0)
		return tr_next_stop(tr_string("sick"));
	return TR_IS_A(arg, error) ? tr_next_stop(tr_string("never")) : tr_noreply();
}

static tr_next worker_call(void *state, tr_value request, tr_from from)
{
	(void)state;
	(void)from;
	if (TR_IS_A(request, crash))
		tr_exit(tr_string("crash"));
	return tr_next_reply(tr_pid_value(tr_self()));
}

static const tr_gen_server worker = {.name = "worker", .init = worker_init, .handle_call = worker_call};

static tr_pid start(size_t size, size_t overflow, size_t max_waiting)
{
	tr_pool_options options = {
	    .worker = &worker, .arg = tr_nil(), .size = size, .overflow = overflow, .max_waiting = max_waiting};

	tr_trap_exit(true);
	tr_started s = tr_pool_start_link(&options, SOON);
	THAT(s.pid.bits != 0);
	return s.pid;
}

static int64_t status(tr_pid pool, const char *key)
{
	tr_value s = tr_pool_status(pool, SOON);
	int64_t n = tr_as_int(tr_map_get_s(s, key), -1);

	tr_drop(s);
	return n;
}

static void becomes(tr_pid pool, const char *key, int64_t n)
{
	int64_t deadline = SOON;

	while (status(pool, key) != n) {
		THAT(tr_now() < deadline);
		tr_yield();
	}
}

static void stop(tr_pid pool)
{
	tr_unlink(pool);
	THAT(tr_stop(pool, TR_A(shutdown), SOON) == TR_OK);
}

ACTOR_CASE(workers_are_lent_one_at_a_time)
{
	tr_pid pool = start(2, 0, 0);
	tr_pid a, b, c;

	THAT(tr_pool_checkout(pool, SOON, &a) == TR_OK);
	THAT(tr_pool_checkout(pool, SOON, &b) == TR_OK);
	THAT(a.bits != b.bits);
	THAT(status(pool, "idle") == 0 && status(pool, "lent") == 2);
	THAT(tr_pool_checkout(pool, tr_in(5 * TR_MS), &c) == TR_ETIMEOUT);
	THAT(c.bits == 0);
	becomes(pool, "waiting", 0); /* the wish is taken back */
	tr_pool_checkin(pool, a);
	tr_pool_checkin(pool, a); /* twice does no harm */
	THAT(tr_pool_checkout(pool, SOON, &c) == TR_OK);
	THAT(c.bits == a.bits);
	stop(pool);
	THAT(!tr_alive(a) && !tr_alive(b));
}

ACTOR_CASE(overflow_comes_and_goes)
{
	tr_pid pool = start(1, 2, 0);
	tr_pid w[3];

	for (int i = 0; i < 3; i++)
		THAT(tr_pool_checkout(pool, SOON, &w[i]) == TR_OK);
	THAT(status(pool, "overflow") == 2);
	tr_ref ref = tr_monitor(w[1]);
	tr_pool_checkin(pool, w[1]);
	tr_drop(case_await(ref));
	tr_pool_checkin(pool, w[0]);
	tr_pool_checkin(pool, w[2]);
	THAT(status(pool, "overflow") == 0);
	THAT(status(pool, "idle") == 1);
	stop(pool);
}

static void borrower(tr_value arg)
{
	tr_pid w;
	tr_err err = tr_pool_checkout(tr_as_pid(arg), SOON, &w);

	if (err == TR_OK)
		tr_drop(tr_receive(TR_FOREVER));
	tr_exit(TR_LIST(TR_A(shutdown), tr_int((int64_t)err)));
}

/* A worker beyond the pool's size stays while somebody waits for one. */
ACTOR_CASE(overflow_serves_who_waits)
{
	tr_pid pool = start(1, 1, 0);
	tr_pid w[2], next;

	for (int i = 0; i < 2; i++)
		THAT(tr_pool_checkout(pool, SOON, &w[i]) == TR_OK);
	tr_pid waiting = tr_spawn(borrower, tr_pid_value(pool));
	becomes(pool, "waiting", 1);
	tr_pool_checkin(pool, w[1]);
	becomes(pool, "waiting", 0);
	THAT(status(pool, "lent") == 2);
	THAT(tr_alive(w[1]));
	tr_pool_checkin(pool, w[0]);
	tr_exit_signal(waiting, TR_A(kill));
	becomes(pool, "lent", 0);
	THAT(tr_pool_checkout(pool, SOON, &next) == TR_OK);
	stop(pool);
}

ACTOR_CASE(what_a_borrower_held_comes_back)
{
	tr_pid pool = start(1, 0, 0);
	tr_pid holder = tr_spawn(borrower, tr_pid_value(pool));

	becomes(pool, "lent", 1);
	tr_pid waiting = tr_spawn(borrower, tr_pid_value(pool));
	becomes(pool, "waiting", 1);
	tr_exit_signal(waiting, TR_A(kill));
	becomes(pool, "waiting", 0);
	tr_exit_signal(holder, TR_A(kill));
	becomes(pool, "idle", 1);
	tr_pid w;
	THAT(tr_pool_checkout(pool, SOON, &w) == TR_OK);
	stop(pool);
}

ACTOR_CASE(only_so_many_may_wait)
{
	tr_pid pool = start(1, 0, 1);
	tr_pid w;

	THAT(tr_pool_checkout(pool, SOON, &w) == TR_OK);
	tr_spawn_options options = {.monitor = true};
	tr_spawned waiting = tr_spawn_opt(borrower, tr_pid_value(pool), &options);
	becomes(pool, "waiting", 1);
	tr_pid other;
	THAT(tr_pool_checkout(pool, SOON, &other) == TR_EFULL);
	tr_pool_checkin(pool, w);
	becomes(pool, "waiting", 0);
	tr_send(waiting.pid, tr_nil());
	tr_value reason = case_await(waiting.monitor);
	THAT(case_is_pair(reason, TR_A(shutdown), tr_int(TR_OK)));
	tr_drop(reason);
	stop(pool);
}

ACTOR_CASE(an_ended_worker_is_replaced)
{
	tr_pid pool = start(1, 0, 0);
	tr_value crashed = tr_pool_call(pool, TR_A(crash), SOON);

	THAT(tr_value_err(crashed) == TR_EDOWN);
	tr_value pid = tr_pool_call(pool, TR_A(request), SOON);
	THAT(tr_is(pid, TR_PID));
	tr_exit_signal(tr_as_pid(pid), TR_A(kill));
	tr_value again;
	do { /* the pool may not have seen the end yet */
		again = tr_pool_call(pool, TR_A(request), SOON);
	} while (!tr_is_valid(again));
	THAT(tr_as_pid(again).bits != tr_as_pid(pid).bits);
	stop(pool);
}

ACTOR_CASE(a_pool_that_cannot_fill_itself_ends)
{
	tr_pool_options options = {.worker = &worker, .arg = TR_A(error), .size = 2};

	tr_trap_exit(true);
	tr_started s = tr_pool_start_link(&options, SOON);
	THAT(s.pid.bits == 0);
	THAT(case_answer_is(s.reason, tr_string("never")));
	tr_pid pool = start(1, 0, 0);
	tr_value pid = tr_pool_call(pool, TR_A(request), SOON);
	tr_register("sick", tr_self());
	tr_exit_signal(tr_as_pid(pid), TR_A(kill));
	THAT(case_next_is(TR_LIST(TR_A(exit), tr_pid_value(pool), tr_string("sick"))));
}

static void client(tr_value arg)
{
	tr_pid pool = tr_as_pid(tr_array_at(arg, 0));

	for (int i = 0; i < 200; i++) {
		tr_value v = tr_pool_call(pool, TR_A(request), SOON);
		THAT(tr_is(v, TR_PID));
	}
	tr_send(tr_as_pid(tr_array_at(arg, 1)), TR_A(done));
}

ACTOR_CASE(many_clients)
{
	tr_pid pool = start(3, 2, 0);

	for (int i = 0; i < 50; i++)
		tr_spawn_link(client, TR_LIST(tr_pid_value(pool), tr_pid_value(tr_self())));
	for (int done = 0; done < 50;) {
		tr_value m = tr_receive(SOON);
		THAT(tr_is_valid(m));
		done += TR_IS_A(m, done);
		tr_drop(m);
	}
	becomes(pool, "lent", 0);
	THAT(status(pool, "idle") == 3);
	stop(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(workers_are_lent_one_at_a_time),
	    cmocka_unit_test(overflow_comes_and_goes),
	    cmocka_unit_test(overflow_serves_who_waits),
	    cmocka_unit_test(what_a_borrower_held_comes_back),
	    cmocka_unit_test(only_so_many_may_wait),
	    cmocka_unit_test(an_ended_worker_is_replaced),
	    cmocka_unit_test(a_pool_that_cannot_fill_itself_ends),
	    cmocka_unit_test(many_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
