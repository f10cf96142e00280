/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A closed workload from one number, checked by conservation laws: every message sent was received or is a dead letter,
 * every link and monitor was answered exactly once, every actor that was spawned has ended.
 *
 * A hundred or so actors send, link, unlink, monitor, call, kill, spawn and exit at random. STRESS_SEED replays one
 * seed, STRESS_SEEDS says how many to run.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/actor/kit.h"

#define ACTORS 64
#define STEPS  60

struct random {
	uint64_t x;
};

static uint32_t draw(struct random *r, uint32_t n)
{
	r->x ^= r->x << 13;
	r->x ^= r->x >> 7;
	r->x ^= r->x << 17;
	return (uint32_t)((r->x >> 33) % n);
}

/* What the victims share with the test: pids by number, 0 while unknown. */
struct world {
	_Atomic uint64_t pids[ACTORS];
	_Atomic uint32_t downs_expected;
	_Atomic uint32_t downs_seen;
	_Atomic uint32_t owned;
	_Atomic uint32_t released;
};
static struct world *shared;

static tr_pid someone(struct random *r)
{
	return (tr_pid){atomic_load(&shared->pids[draw(r, ACTORS)])};
}

static void release(void *ptr)
{
	(void)ptr;
	atomic_fetch_add(&shared->released, 1);
}

static void answer(tr_value m)
{
	tr_from from;
	tr_value request;
	if (tr_is_call(m, &from, &request))
		tr_reply(from, tr_keep(request));
	tr_drop(m);
}

/* Names come, go and are taken; whoever has one is written to and called. */
static void name_step(struct random *r, tr_pid to)
{
	static const char *const names[] = {"a", "b", "c"};
	const char *name = names[draw(r, 3)];
	switch (draw(r, 4)) {
	case 0:
		(void)tr_register(name, draw(r, 2) ? to : tr_self());
		break;
	case 1:
		(void)tr_unregister(name);
		break;
	case 2:
		tr_drop(tr_call_name(name, tr_string("by name"), tr_in((int64_t)draw(r, 500) * 1000)));
		break;
	default:
		(void)tr_send_name(name, tr_string("by name"));
		break;
	}
}

static void group_step(struct random *r, tr_pid to)
{
	switch (draw(r, 3)) {
	case 0:
		(void)tr_group_join("all", to);
		break;
	case 1:
		(void)tr_group_leave("all", to);
		break;
	default:
		(void)tr_group_send("all", tr_string("to all"));
		break;
	}
}

/* Shortlived children: linked, watched, or neither; one of them also tells of its end. */
static void child(tr_value arg)
{
	tr_send(tr_as_pid(arg), tr_string("from a child"));
	if (tr_random() % 4 == 0)
		tr_sleep_until(tr_in((int64_t)(tr_random() % 100000)));
	if (tr_random() % 8 == 0)
		tr_exit(tr_string("a child's reason"));
}

static void spawn_step(struct random *r)
{
	tr_spawn_options o = {
	    .link = draw(r, 3) == 0, .monitor = draw(r, 2) == 0, .name = draw(r, 4) == 0 ? "child" : NULL};
	tr_spawned s = tr_spawn_opt(child, tr_pid_value(someone(r)), &o);
	EXPECT(s.err == TR_OK || s.err == TR_EEXIST);
	if (s.monitor.bits != 0 && draw(r, 2) == 0)
		tr_demonitor(s.monitor);
}

static void one_step(struct random *r)
{
	tr_pid to = someone(r);
	switch (draw(r, 15)) {
	case 0:
	case 1:
	case 2:
		tr_send(to, TR_LIST(tr_int(1), tr_string("payload")));
		break;
	case 3:
		tr_link(to);
		break;
	case 4:
		tr_unlink(to);
		break;
	case 5: {
		tr_ref ref = tr_monitor(to);
		if (draw(r, 2))
			tr_demonitor(ref);
		break;
	}
	case 6:
		tr_drop(tr_call(to, TR_LIST(tr_int(2), tr_string("request")), tr_in((int64_t)draw(r, 2000) * 1000)));
		break;
	case 7:
		if (draw(r, 8) == 0)
			tr_exit_signal(to, draw(r, 2) ? TR_A(kill) : TR_LIST(tr_string("because")));
		break;
	case 8:
		(void)tr_cancel_timer(tr_send_at(to, tr_string("later"), tr_in((int64_t)draw(r, 3000000))));
		break;
	case 9:
		tr_send_at(to, tr_string("timer"), tr_in((int64_t)draw(r, 2000000)));
		break;
	case 11:
		name_step(r, to);
		break;
	case 12:
		group_step(r, to);
		break;
	case 13:
		spawn_step(r);
		break;
	case 10:
		answer(tr_receive(tr_in((int64_t)draw(r, 200000))));
		break;
	default:
		tr_yield();
	}
}

static void victim(tr_value arg)
{
	struct random r = {(uint64_t)tr_as_int(arg, 1) * UINT64_C(0x9e3779b97f4a7c15) | 1};
	if (draw(&r, 3) == 0)
		tr_trap_exit(true);
	atomic_fetch_add(&shared->owned, 1);
	tr_own(NULL, release);
	for (int i = 0; i < STEPS; i++) {
		one_step(&r);
		tr_value m;
		while (tr_is_valid(m = tr_receive(0)))
			answer(m);
	}
	if (draw(&r, 3) == 0)
		tr_exit(tr_string("done with this"));
}

/* A behaviour among them, so that both kinds meet. */
static void busy_handle(void *state, tr_value m)
{
	uint64_t *n = state;
	tr_from from;
	tr_value request;
	if (tr_is_call(m, &from, &request))
		tr_reply(from, tr_keep(request));
	if (++*n % 7 == 0)
		tr_sleep_until(tr_in(1000));
	if (*n > 200)
		tr_exit(TR_A(normal));
}
static const tr_behaviour busy = {.name = "busy", .state_size = sizeof(uint64_t), .handle = busy_handle};

static void stress(tr_value arg)
{
	struct random r = {(uint64_t)tr_as_int(arg, 1) * UINT64_C(0xd1342543de82ef95) | 1};
	tr_ref monitors[ACTORS];
	tr_trap_exit(true);
	for (uint32_t i = 0; i < ACTORS; i++) {
		tr_spawn_options o = {.monitor = true, .link = draw(&r, 2) == 0};
		tr_spawned s;
		if (draw(&r, 5) == 0)
			s = tr_spawn_behaviour(&busy, tr_nil(), &o);
		else
			s = tr_spawn_opt(victim, tr_int((int64_t)draw(&r, 1u << 30) + 1), &o);
		EXPECT(s.err == TR_OK);
		monitors[i] = s.monitor;
		atomic_store(&shared->pids[i], s.pid.bits);
	}
	tr_sleep_until(tr_in(TR_MS * 2));
	for (uint32_t i = 0; i < ACTORS; i++)
		if (draw(&r, 2))
			tr_exit_signal((tr_pid){atomic_load(&shared->pids[i])}, tr_string("time is up"));
	/* Every monitor fires exactly once. Behaviours may live on: they are killed. */
	for (uint32_t i = 0; i < ACTORS; i++) {
		tr_value down = tr_receive_ref(monitors[i], tr_in(50 * TR_MS));
		if (!tr_is_valid(down)) {
			tr_exit_signal((tr_pid){atomic_load(&shared->pids[i])}, TR_A(kill));
			down = tr_receive_ref(monitors[i], tr_in(60 * TR_SECOND));
		}
		if (!tr_is_valid(down))
			tr_exit(tr_info(tr_here(), (tr_pid){atomic_load(&shared->pids[i])}));
		EXPECT(TR_IS_A(tr_array_at(down, 0), down));
		tr_drop(down);
	}
	for (uint32_t i = 0; i < ACTORS; i++)
		EXPECT(tr_is(tr_receive_ref(monitors[i], 0), TR_INVALID));
}

static int64_t stat(tr_value stats, const char *key)
{
	return tr_as_int(tr_map_get_s(stats, key), -1);
}

static void run_seed(uint64_t seed)
{
	struct world w = {0};
	tr_err err;
	tr_node_options o = kit_options(seed % 3 == 0 ? 1 : seed % 3 == 1 ? 2 : 4);
	tr_node *node = tr_node_start(&o, &err);
	assert_non_null(node);
	shared = &w;
	tr_spawn_options so = {.label = "stress"};
	tr_spawned s = tr_node_spawn(node, stress, tr_int((int64_t)(seed * 2 + 1)), &so);
	tr_value reason = tr_node_wait(node, s.pid, 200 * TR_SECOND);
	if (!TR_IS_A(reason, normal) && !TR_IS_A(reason, noproc)) {
		tr_buf b = {0};
		tr_show(&b, reason, 1000);
		printf("seed %llu failed: %s; replay: STRESS_SEED=%llu\n", (unsigned long long)seed, b.p,
		       (unsigned long long)seed);
		tr_buf_fini(&b);
		fail();
	}
	tr_drop(reason);
	/* Timers that are still armed hold messages that nobody has sent yet. Wait until the last has fired. */
	tr_value stats = tr_nil();
	for (int i = 0; i < 100000; i++) {
		tr_drop(stats);
		stats = tr_node_stats(node);
		if (stat(stats, "timers") == 0 && stat(stats, "actors") == 0 &&
		    stat(stats, "spawned") == stat(stats, "exited") &&
		    stat(stats, "messages") == stat(stats, "received") + stat(stats, "dead_letters"))
			break;
		tr_drop(tr_node_wait(node, (tr_pid){0}, TR_MS));
	}
	if (stat(stats, "messages") != stat(stats, "received") + stat(stats, "dead_letters"))
		printf("seed %llu: %lld sent, %lld received, %lld dead letters; replay: STRESS_SEED=%llu\n",
		       (unsigned long long)seed, (long long)stat(stats, "messages"), (long long)stat(stats, "received"),
		       (long long)stat(stats, "dead_letters"), (unsigned long long)seed);
	assert_int_equal(stat(stats, "messages"), stat(stats, "received") + stat(stats, "dead_letters"));
	assert_int_equal(stat(stats, "spawned"), stat(stats, "exited"));
	assert_int_equal(atomic_load(&w.owned), atomic_load(&w.released));
	tr_drop(stats);
	tr_node_stop(&node);
	assert_null(node);
}

static void conservation(void **state)
{
	(void)state;
	const char *one = getenv("STRESS_SEED"), *many = getenv("STRESS_SEEDS");
	if (one != NULL) {
		run_seed(strtoull(one, NULL, 10));
		return;
	}
	uint64_t n = many != NULL ? strtoull(many, NULL, 10) : 30;
	for (uint64_t seed = 1; seed <= n; seed++)
		run_seed(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(conservation)};
	return cmocka_run_group_tests_name("kernel.stress", tests, NULL, NULL);
}
