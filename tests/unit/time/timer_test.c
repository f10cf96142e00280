/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of actors, on the real clock and on a virtual one. */
#include <stdatomic.h>

#include "runtime/actor/node.h"
#include "runtime/sched/step.h"
#include "tests/unit/actor/kit.h"

static void send_at_body(tr_value arg)
{
	(void)arg;
	int64_t start = tr_now();
	tr_send_at(tr_self(), tr_int(3), start + 6 * TR_MS);
	tr_send_at(tr_self(), tr_int(1), start + 2 * TR_MS);
	tr_send_at(tr_self(), tr_int(2), start + 4 * TR_MS);
	tr_ref gone = tr_send_at(tr_self(), tr_string("cancelled"), start + 3000 * TR_SECOND);
	int64_t left = tr_cancel_timer(gone);
	EXPECT(left > 0 && left <= 3000 * TR_SECOND);
	EXPECT(tr_cancel_timer(gone) == -1);
	for (int i = 1; i <= 3; i++) {
		EXPECT(tr_as_int(tr_receive(TR_FOREVER), 0) == i);
		EXPECT(tr_now() >= start + 2 * i * TR_MS); /* never early */
	}
	EXPECT(tr_cancel_timer((tr_ref){0}) == -1);
	EXPECT(tr_cancel_timer(tr_make_ref()) == -1);
	tr_ref fired = tr_send_at(tr_self(), tr_int(4), 0);
	EXPECT(tr_as_int(tr_receive(TR_FOREVER), 0) == 4);
	EXPECT(tr_cancel_timer(fired) == -1);
	EXPECT(tr_send_at(tr_self(), tr_invalid(TR_ETYPE), 0).bits == 0);
}
static void send_at(void **state)
{
	(void)state;
	kit_run(send_at_body, 0);
	kit_run(send_at_body, 1);
}

static void canceller(tr_value arg)
{
	tr_ref ref = tr_as_ref(tr_array_at(arg, 0));
	tr_send(tr_as_pid(tr_array_at(arg, 1)), TR_LIST(tr_bool(tr_cancel_timer(ref) >= 0)));
}
static bool is_answer(void *arg, tr_value m)
{
	(void)arg;
	return tr_is(m, TR_ARRAY);
}
/* Cancelled from other actors while it fires: exactly one of message and successful cancel. */
static void race_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 500; i++) {
		tr_ref t = tr_send_at(tr_self(), tr_int(i), tr_in(i % 5 * 20000));
		tr_spawn(canceller, TR_LIST(tr_ref_value(t), tr_pid_value(tr_self())));
		tr_value answer = tr_receive_match(is_answer, NULL, tr_in(60 * TR_SECOND));
		EXPECT(tr_is_valid(answer));
		bool cancelled = tr_as_bool(tr_array_at(answer, 0), false);
		tr_drop(answer);
		/* One that comes although it was cancelled would be taken for the next one. */
		if (!cancelled)
			EXPECT(tr_as_int(tr_receive(tr_in(60 * TR_SECOND)), -1) == i);
	}
	EXPECT(!tr_is_valid(tr_receive(tr_in(2 * TR_MS))));
}
static void cancel_races(void **state)
{
	(void)state;
	kit_run(race_body, 2);
}

static void sleep_body(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		int64_t until = tr_in(i * 100000);
		tr_send(tr_self(), tr_int(i)); /* messages do not end a sleep */
		tr_sleep_until(until);
		EXPECT(tr_now() >= until);
	}
	for (int i = 0; i < 20; i++)
		EXPECT(tr_as_int(tr_receive(0), -1) == i);
	/* An earlier deadline after a later one, and the other way round. */
	EXPECT(!tr_is_valid(tr_receive(tr_in(3 * TR_MS))));
	tr_send_at(tr_self(), tr_int(1), tr_in(TR_MS));
	EXPECT(tr_as_int(tr_receive(tr_in(60 * TR_SECOND)), 0) == 1);
	int64_t before = tr_now();
	EXPECT(!tr_is_valid(tr_receive(tr_in(TR_MS))));
	EXPECT(tr_now() - before < 50 * TR_SECOND);
}
static void sleeping(void **state)
{
	(void)state;
	kit_run(sleep_body, 0);
}

static void many_body(tr_value arg)
{
	(void)arg;
	enum {
		N = 20000
	};
	static tr_ref refs[N];
	int64_t start = tr_now();
	for (int i = 0; i < N; i++)
		refs[i] = tr_send_at(tr_self(), tr_int(1), start + (i % 1000) * 20000);
	int64_t sum = 0, cancelled = 0;
	for (int i = 0; i < N; i += 3)
		cancelled += tr_cancel_timer(refs[i]) >= 0;
	for (int i = 0; i < N - cancelled; i++)
		sum += tr_as_int(tr_receive(tr_in(60 * TR_SECOND)), 0);
	EXPECT(sum == N - cancelled);
	EXPECT(!tr_is_valid(tr_receive(tr_in(2 * TR_MS))));
}
static void many(void **state)
{
	(void)state;
	kit_run(many_body, 0);
}

/* ---- a clock that moves when told
 * -------------------------------------------------------------------------------------- */

struct virtual_world {
	int64_t now;
	uint64_t seed;
};
static int64_t virtual_now(void *arg)
{
	return ((struct virtual_world *)arg)->now;
}
static int64_t virtual_wall(void *arg)
{
	return ((struct virtual_world *)arg)->now / 1000;
}
static uint64_t virtual_random(void *arg)
{
	struct virtual_world *w = arg;
	w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return w->seed >> 16;
}

static uint64_t trace;
static void mark(uint64_t v)
{
	trace = (trace ^ v) * UINT64_C(0x100000001b3);
}

static void talker(tr_value arg)
{
	for (int i = 0; i < 50; i++) {
		tr_value m = tr_receive(tr_in((int64_t)(tr_random() % 1000) * TR_MS));
		mark((uint64_t)tr_as_int(arg, 0) * 1000 + (uint64_t)tr_as_int(m, 777));
		tr_drop(m);
		tr_pid to = tr_whereis(tr_random() % 2 ? "a" : "b");
		if (to.bits != 0)
			tr_send(to, tr_int((int64_t)(tr_random() % 500)));
	}
}
static size_t seeded_pick(void *arg, size_t n)
{
	return virtual_random(arg) % n;
}

static uint64_t replay(uint64_t seed)
{
	struct virtual_world w = {.now = TR_SECOND, .seed = seed};
	tr_world world = {.monotonic_ns = virtual_now, .wall_us = virtual_wall, .random = virtual_random, .arg = &w};
	tr_node_options o = kit_options(1);
	o.world = &world;
	o.id = 1;
	struct kernel_options k = {.manual = true};
	tr_node *node = node_start(&o, &k, NULL);
	assert_non_null(node);
	trace = 14695981039346656037u;
	assert_int_equal(tr_node_spawn(node, talker, tr_int(1), &(tr_spawn_options){.name = "a"}).err, TR_OK);
	assert_int_equal(tr_node_spawn(node, talker, tr_int(2), &(tr_spawn_options){.name = "b"}).err, TR_OK);
	tr_node_spawn(node, talker, tr_int(3), NULL);
	for (;;) {
		if (sched_step(node, seeded_pick, &w))
			continue;
		int64_t next = step_next_timer(node);
		if (next == INT64_MAX)
			break;
		w.now = next > w.now ? next : w.now + 1;
	}
	assert_int_equal(step_ready(node), 0);
	tr_value stats = tr_node_stats(node);
	assert_int_equal(tr_as_int(tr_map_get_s(stats, "actors"), -1), 0);
	tr_drop(stats);
	tr_node_stop(&node);
	return trace;
}
static void the_same_seed_is_the_same_run(void **state)
{
	(void)state;
	uint64_t one = replay(4711);
	assert_true(replay(4711) == one);
	assert_true(replay(4711) == one);
	assert_true(replay(4712) != one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(send_at),
	    cmocka_unit_test(cancel_races),
	    cmocka_unit_test(sleeping),
	    cmocka_unit_test(many),
	    cmocka_unit_test(the_same_seed_is_the_same_run),
	};
	return cmocka_run_group_tests_name("kernel.timer", tests, NULL, NULL);
}
