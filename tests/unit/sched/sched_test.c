/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling: fairness, priorities, migration, stealing, the watch, the dirty pool, idleness. */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "runtime/sched/sched.h"
#include "tests/unit/actor/kit.h"

/* ---- resting -------------------------------------------------------------------------------------------------------
 */

static _Atomic uint64_t turns;
static _Atomic bool changed_enough, all_done;

static void wanders_along(tr_value arg)
{
	for (;;)
		tr_send(tr_as_pid(arg), tr_receive(TR_FOREVER));
}
/* Blocks, yields and waits for timers, with a partner, until schedulers have come and gone often enough. */
static void restless(tr_value arg)
{
	tr_pid partner = tr_spawn_link(wanders_along, tr_pid_value(tr_self()));
	for (int i = 0; !atomic_load(&changed_enough); i++) {
		EXPECT(tr_send(partner, tr_int(i)) == TR_OK);
		EXPECT(tr_as_int(tr_receive(TR_FOREVER), -1) == i);
		if (i % 8 == 0)
			tr_sleep_until(tr_in((int64_t)(tr_random() % 100000)));
		else if (i % 8 == 4)
			tr_yield();
		atomic_fetch_add(&turns, 1);
	}
	tr_send(tr_as_pid(arg), TR_A(done));
}
static void rest_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 64; i++)
		tr_spawn(restless, tr_pid_value(tr_self()));
	for (int i = 0; i < 64; i++)
		EXPECT(TR_IS_A(tr_receive(TR_FOREVER), done));
	atomic_store(&all_done, true);
}
static void schedulers_rest_and_come_back(void **state)
{
	(void)state;
	tr_node_options o = {.schedulers = 4};
	tr_node *node = tr_node_start(&o, NULL);
	assert_non_null(node);
	atomic_store(&turns, 0);
	atomic_store(&changed_enough, false);
	tr_pid p = tr_node_spawn(node, rest_body, tr_nil(), NULL).pid;
	uint32_t seed = 1;
	for (int i = 0; i < 300; i++) {
		uint64_t seen = atomic_load(&turns);
		seed = seed * 1664525u + 1013904223u;
		watch_use(node, 1 + (seed >> 16) % 4);
		while (atomic_load(&turns) < seen + 64)
			sched_yield();
	}
	atomic_store(&changed_enough, true);
	tr_drop(tr_node_wait(node, p, TR_FOREVER)); /* it may have ended before we ask: noproc */
	assert_true(atomic_load(&all_done));
	tr_node_stop(&node);
}

/* ---- migration ----------------------------------------------------------------------------------------------------
 */

static _Atomic int moved;

static void wanderer(tr_value arg)
{
	char mine[300];
	double f = 1.5;
	memset(mine, (int)tr_as_int(arg, 0) & 0x7f, sizeof mine);
	uint32_t at = sched_self()->id;
	int i = 0;
	/* On a busy machine the other threads may get no time while the first rounds are done. */
	for (int64_t until = tr_in(60 * TR_SECOND); i < 400 || (atomic_load(&moved) == 0 && tr_now() < until); i++) {
		if (i % 3 == 0)
			tr_yield();
		else
			tr_sleep_until(tr_in((int64_t)(tr_random() % 50000)));
		if (sched_self()->id != at)
			atomic_fetch_add(&moved, 1);
		at = sched_self()->id;
		f += 0.25;
		EXPECT(mine[0] == (char)(tr_as_int(arg, 0) & 0x7f) && mine[299] == mine[0]);
		errno = i;
	}
	EXPECT(f > 1.4 + i * 0.25 && f < 1.6 + i * 0.25);
}
static void migrate_body(tr_value arg)
{
	(void)arg;
	tr_ref refs[64];
	for (int i = 0; i < 64; i++)
		refs[i] = tr_spawn_opt(wanderer, tr_int(i), &(tr_spawn_options){.monitor = true}).monitor;
	for (int i = 0; i < 64; i++) {
		tr_value down = tr_receive_ref(refs[i], tr_in(90 * TR_SECOND));
		EXPECT(TR_IS_A(tr_array_at(down, 4), normal));
		tr_drop(down);
	}
	EXPECT(atomic_load(&moved) > 0);
}
static void actors_move_between_threads(void **state)
{
	(void)state;
	atomic_store(&moved, 0);
	kit_run(migrate_body, 4);
}

/* ---- fairness ------------------------------------------------------------------------------------------------------
 */

static _Atomic bool stop_spinning;
static void hog(tr_value arg)
{
	(void)arg;
	while (!atomic_load(&stop_spinning))
		tr_reduce(10);
}
static void echo(tr_value arg)
{
	(void)arg;
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER), request;
		tr_from from;
		if (tr_is_call(m, &from, &request))
			tr_reply(from, tr_keep(request));
		tr_drop(m);
	}
}
/* A pair that talks all the time must not starve the rest either. */
static void chatter(tr_value arg)
{
	tr_pid peer = tr_as_pid(arg);
	if (peer.bits == 0)
		peer = tr_as_pid(tr_receive(TR_FOREVER));
	tr_send(peer, tr_int(1));
	while (!atomic_load(&stop_spinning)) {
		tr_drop(tr_receive(tr_in(TR_SECOND)));
		tr_send(peer, tr_int(1));
	}
}
static void fair_body(tr_value arg)
{
	(void)arg;
	atomic_store(&stop_spinning, false);
	for (int i = 0; i < 8; i++)
		tr_spawn(hog, tr_nil());
	tr_pid a = tr_spawn(chatter, tr_nil());
	tr_pid b = tr_spawn(chatter, tr_pid_value(a));
	tr_send(a, tr_pid_value(b));
	tr_pid e = tr_spawn(echo, tr_nil());
	for (int i = 0; i < 100; i++)
		EXPECT(tr_as_int(tr_call(e, tr_int(i), tr_in(60 * TR_SECOND)), -1) == i);
	atomic_store(&stop_spinning, true);
}
static void nobody_starves(void **state)
{
	(void)state;
	kit_run(fair_body, 1);
	kit_run(fair_body, 2);
}

static void flood_handle(void *state, tr_value m)
{
	(void)state, (void)m;
	tr_send(tr_self(), tr_int(1));
}
static const tr_behaviour flood = {.name = "flood", .handle = flood_handle};
static void flood_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 4; i++)
		tr_send(tr_spawn_behaviour(&flood, tr_nil(), NULL).pid, tr_int(1));
	tr_pid e = tr_spawn(echo, tr_nil());
	for (int i = 0; i < 100; i++)
		EXPECT(tr_as_int(tr_call(e, tr_int(i), tr_in(60 * TR_SECOND)), -1) == i);
	tr_sleep_until(tr_in(3 * TR_MS)); /* timers fire under load */
}
static void endless_mail_is_sliced(void **state)
{
	(void)state;
	kit_run(flood_body, 1);
}

static _Atomic int done_order;
static void ranked(tr_value arg)
{
	int64_t *place = (int64_t *)(intptr_t)tr_as_int(arg, 0);
	for (int i = 0; i < 20; i++)
		tr_yield();
	*place = atomic_fetch_add(&done_order, 1);
}
static void priority_body(tr_value arg)
{
	(void)arg;
	static int64_t place[30];
	atomic_store(&done_order, 0);
	for (int i = 0; i < 30; i++) {
		tr_priority p = i < 10 ? TR_PRIORITY_LOW : i < 20 ? TR_PRIORITY_NORMAL : TR_PRIORITY_HIGH;
		tr_spawn_opt(ranked, tr_int((int64_t)(intptr_t)&place[i]), &(tr_spawn_options){.priority = p});
	}
	EVENTUALLY(atomic_load(&done_order) == 30);
	int64_t sums[3] = {0};
	for (int i = 0; i < 30; i++)
		sums[i / 10] += place[i];
	EXPECT(sums[2] < sums[1] && sums[1] < sums[0]);
}
static void priorities(void **state)
{
	(void)state;
	tr_node_options o = kit_options(1);
	o.long_handler_ns = 1000 * TR_SECOND; /* a spare would run the others beside it */
	tr_value reason = tr_run(&o, priority_body, tr_nil());
	assert_true(TR_IS_A(reason, normal));
}

/* ---- the watch
 * -------------------------------------------------------------------------------------------------------- */

static _Atomic int long_reports;
static void on_report(void *arg, tr_value report)
{
	(void)arg;
	if (tr_str_is(tr_as_str(tr_map_get_s(report, "report")), "long_handler"))
		atomic_fetch_add(&long_reports, 1);
	tr_drop(report);
}
static _Atomic bool release_blocker;
static void blocks_the_thread(tr_value arg)
{
	(void)arg;
	struct timespec ms = {0, 1000000};
	while (!atomic_load(&release_blocker))
		nanosleep(&ms, NULL);
}
static void spins_the_thread(tr_value arg)
{
	(void)arg;
	while (!atomic_load(&release_blocker))
		spin_pause();
}
static void stuck_body(tr_value arg)
{
	(void)arg;
	atomic_store(&release_blocker, false);
	tr_pid e = tr_spawn(echo, tr_nil());
	tr_spawn(blocks_the_thread, tr_nil());
	tr_spawn(spins_the_thread, tr_nil());
	/* Both schedulers are stuck now or soon; calls and timers go on. */
	for (int i = 0; i < 50; i++) {
		EXPECT(tr_as_int(tr_call(e, tr_int(i), tr_in(60 * TR_SECOND)), -1) == i);
		tr_sleep_until(tr_in(TR_MS));
	}
	EVENTUALLY(atomic_load(&long_reports) >= 2);
	atomic_store(&release_blocker, true);
	for (int i = 0; i < 50; i++)
		EXPECT(tr_as_int(tr_call(e, tr_int(i), tr_in(60 * TR_SECOND)), -1) == i);
}
static void stuck_handlers_do_not_stop_the_rest(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		atomic_store(&long_reports, 0);
		tr_node_options o = {.schedulers = 2, .report = on_report};
		tr_value reason = tr_run(&o, stuck_body, tr_nil());
		assert_true(TR_IS_A(reason, normal));
		assert_true(atomic_load(&long_reports) >= 2);
	}
}

/* ---- the dirty pool
 * ----------------------------------------------------------------------------------------------------- */

static _Atomic int in_pool, most_in_pool;
static void *work(void *arg)
{
	struct timespec ms = {0, 1000000};
	int n = atomic_fetch_add(&in_pool, 1) + 1;
	if (n > atomic_load(&most_in_pool))
		atomic_store(&most_in_pool, n);
	nanosleep(&ms, NULL);
	atomic_fetch_sub(&in_pool, 1);
	return (char *)arg + 1;
}
static _Atomic bool release_work;
static void *held_work(void *arg)
{
	struct timespec ms = {0, 1000000};
	atomic_fetch_add(&in_pool, 1);
	while (!atomic_load(&release_work))
		nanosleep(&ms, NULL);
	atomic_fetch_sub(&in_pool, 1);
	return arg;
}
static void dirty_held(tr_value arg)
{
	(void)arg;
	(void)tr_dirty(held_work, NULL, NULL);
	kit_failed(__FILE__, __LINE__, "it goes on after its kill");
}
static void dirty_user(tr_value arg)
{
	char here[4];
	tr_err err = TR_EIO;
	(void)arg;
	for (int i = 0; i < 10; i++) {
		EXPECT(tr_dirty(work, here, &err) == here + 1);
		EXPECT(err == TR_OK);
	}
}
static void dirty_body(tr_value arg)
{
	(void)arg;
	tr_ref refs[20];
	for (int i = 0; i < 20; i++)
		refs[i] = tr_spawn_opt(dirty_user, tr_nil(), &(tr_spawn_options){.monitor = true}).monitor;
	for (int i = 0; i < 20; i++) {
		tr_value down = tr_receive_ref(refs[i], tr_in(60 * TR_SECOND));
		EXPECT(TR_IS_A(tr_array_at(down, 4), normal));
		tr_drop(down);
	}
	EXPECT(atomic_load(&most_in_pool) >= 2 && atomic_load(&most_in_pool) <= 3);
	/* Killed meanwhile: its stack stays until the work is over. */
	atomic_store(&release_work, false);
	tr_spawned s = tr_spawn_opt(dirty_held, tr_nil(), &(tr_spawn_options){.monitor = true});
	EVENTUALLY(atomic_load(&in_pool) == 1);
	tr_exit_signal(s.pid, TR_A(kill));
	EXPECT(!tr_is_valid(tr_receive_ref(s.monitor, tr_in(5 * TR_MS))));
	EXPECT(atomic_load(&in_pool) == 1);
	atomic_store(&release_work, true);
	tr_value down = tr_receive_ref(s.monitor, tr_in(60 * TR_SECOND));
	EXPECT(TR_IS_A(tr_array_at(down, 4), killed));
	EXPECT(atomic_load(&in_pool) == 0);
	tr_drop(down);
}
static void dirty_work(void **state)
{
	(void)state;
	tr_node_options o = kit_options(2);
	o.dirty_threads = 3;
	tr_value reason = tr_run(&o, dirty_body, tr_nil());
	assert_true(TR_IS_A(reason, normal));
	tr_err err = TR_OK;
	assert_null(tr_dirty(work, NULL, &err));
	assert_int_equal(err, TR_ENOTACTOR);
}

/* ---- idleness
 * ------------------------------------------------------------------------------------------------------------ */

static int64_t cpu_us(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}
static void idle_node_uses_no_cpu(void **state)
{
	(void)state;
	tr_node_options o = kit_options(2);
	tr_node *node = tr_node_start(&o, NULL);
	tr_node_spawn(node, echo, tr_nil(), NULL);
	/* Waiting for the clock is what is tested here. */
	struct timespec settle = {0, 200000000}, watch = {0, 500000000};
	nanosleep(&settle, NULL);
	/* On a busy machine it takes longer until all threads have come to rest; one that never does is never idle. */
	int64_t used = INT64_MAX;
	for (int i = 0; i < 60 && used > 5000; i++) {
		int64_t before = cpu_us();
		nanosleep(&watch, NULL);
		used = cpu_us() - before;
	}
	assert_in_range(used, 0, 5000);
	tr_node_stop(&node);
}

/* Wakes that cross with parking must not be lost. */
static void bounce(tr_value arg)
{
	(void)arg;
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER), request;
		tr_from from;
		if (tr_is_call(m, &from, &request)) {
			tr_sleep_until(tr_in(tr_as_int(request, 0)));
			tr_reply(from, TR_A(ok));
		}
		tr_drop(m);
	}
}
static void parking_loses_no_wake(void **state)
{
	(void)state;
	tr_node_options o = kit_options(2);
	tr_node *node = tr_node_start(&o, NULL);
	tr_pid p = tr_node_spawn(node, bounce, tr_nil(), NULL).pid;
	for (int i = 0; i < 600; i++)
		assert_true(TR_IS_A(tr_node_call(node, p, tr_int(i * 200), 60 * TR_SECOND), ok));
	tr_node_stop(&node);
}

static void pinned(void **state)
{
	(void)state;
	tr_node_options o = kit_options(2);
	o.pin_schedulers = true;
	tr_node *node = tr_node_start(&o, NULL);
	tr_pid p = tr_node_spawn(node, echo, tr_nil(), NULL).pid;
	assert_int_equal(tr_as_int(tr_node_call(node, p, tr_int(5), TR_FOREVER), 0), 5);
	tr_node_stop(&node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(schedulers_rest_and_come_back),
	    cmocka_unit_test(actors_move_between_threads),
	    cmocka_unit_test(nobody_starves),
	    cmocka_unit_test(endless_mail_is_sliced),
	    cmocka_unit_test(priorities),
	    cmocka_unit_test(stuck_handlers_do_not_stop_the_rest),
	    cmocka_unit_test(dirty_work),
	    cmocka_unit_test(idle_node_uses_no_cpu),
	    cmocka_unit_test(parking_loses_no_wake),
	    cmocka_unit_test(pinned),
	};
	return cmocka_run_group_tests_name("kernel.sched", tests, NULL, NULL);
}
