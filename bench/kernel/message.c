/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: ping-pong, a ring of 503, fan-in of 100 to 1, all to all of 1,000. */
#include "bench/kernel/bench.h"

/* ---- ping-pong ----------------------------------------------------------------------------------------------------
 */

static void pong(tr_value arg)
{
	tr_pid to = tr_as_pid(arg);
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER);
		tr_send(to, m);
	}
}
static void ping_pong(tr_value arg)
{
	(void)arg;
	int64_t n = scaled(4000000);
	tr_pid p = tr_spawn_link(pong, tr_pid_value(tr_self()));
	int64_t t = clock_ns();
	for (int64_t i = 0; i < n; i++) {
		tr_send(p, tr_int(i));
		tr_drop(tr_receive(TR_FOREVER));
	}
	result("ping_pong", (double)(clock_ns() - t) / (double)(2 * n), "ns/message");
}

/* The same with behaviours: no stacks change. */
struct half {
	tr_pid peer, owner;
	int64_t left;
};
static void half_handle(void *state, tr_value m)
{
	struct half *h = state;
	if (tr_is(m, TR_PID)) {
		h->peer = tr_as_pid(m);
		return;
	}
	if (tr_is(m, TR_ARRAY)) {
		h->owner = tr_as_pid(tr_array_at(m, 0));
		h->left = tr_as_int(tr_array_at(m, 1), 0);
		tr_send(h->peer, tr_int(0));
		return;
	}
	if (h->owner.bits != 0 && h->left-- == 0)
		tr_send(h->owner, TR_A(done));
	else
		tr_send(h->peer, tr_int(1));
}
static const tr_behaviour half = {.name = "half", .state_size = sizeof(struct half), .handle = half_handle};
static void ping_pong_behaviour(tr_value arg)
{
	(void)arg;
	int64_t n = scaled(4000000);
	tr_pid a = tr_spawn_behaviour(&half, tr_nil(), NULL).pid, b = tr_spawn_behaviour(&half, tr_nil(), NULL).pid;
	tr_send(a, tr_pid_value(b));
	tr_send(b, tr_pid_value(a));
	int64_t t = clock_ns();
	tr_send(a, TR_LIST(tr_pid_value(tr_self()), tr_int(n)));
	tr_drop(tr_receive(TR_FOREVER));
	result("ping_pong_behaviour", (double)(clock_ns() - t) / (double)(2 * n), "ns/message");
}

void bench_ping_pong(void)
{
	with_node(ping_pong);
	with_node(ping_pong_behaviour);
}

/* ---- ring
 * ------------------------------------------------------------------------------------------------------------ */

#define RING 503

static void link_of_ring(tr_value arg)
{
	tr_pid next = tr_as_pid(arg);
	for (;;)
		tr_send(next, tr_receive(TR_FOREVER));
}
static void ring(tr_value arg)
{
	(void)arg;
	int64_t rounds = scaled(10000);
	tr_pid next = tr_self();
	for (int i = 0; i < RING - 1; i++)
		next = tr_spawn_link(link_of_ring, tr_pid_value(next));
	tr_send(next, tr_int(0));
	tr_drop(tr_receive(TR_FOREVER));
	int64_t t = clock_ns();
	for (int64_t i = 0; i < rounds; i++) {
		tr_send(next, tr_int(i));
		tr_drop(tr_receive(TR_FOREVER));
	}
	result("ring", (double)(clock_ns() - t) / (double)(rounds * RING), "ns/hop");
}
void bench_ring(void)
{
	with_node(ring);
}

/* ---- fan-in
 * ---------------------------------------------------------------------------------------------------------- */

static void source(tr_value arg)
{
	tr_pid to = tr_as_pid(tr_array_at(arg, 0));
	int64_t n = tr_as_int(tr_array_at(arg, 1), 0);
	for (int64_t i = 0; i < n; i++)
		tr_send(to, tr_int(i));
}
static void fan_in(tr_value arg)
{
	(void)arg;
	int64_t each = scaled(100000), n = each * 100;
	int64_t t = clock_ns();
	for (int i = 0; i < 100; i++)
		tr_spawn(source, TR_LIST(tr_pid_value(tr_self()), tr_int(each)));
	for (int64_t i = 0; i < n; i++)
		tr_drop(tr_receive(TR_FOREVER));
	result("fan_in", (double)n * 1e3 / (double)(clock_ns() - t), "M messages/s");
}
void bench_fan_in(void)
{
	with_node(fan_in);
}

/* ---- all to all
 * ------------------------------------------------------------------------------------------------------- */

#define ALL 1000

static tr_pid all[ALL];

static void one_of_all(tr_value arg)
{
	tr_drop(tr_receive(TR_FOREVER)); /* the start */
	for (int i = 0; i < ALL; i++)
		tr_send(all[i], tr_int(i));
	for (int i = 0; i < ALL; i++)
		tr_drop(tr_receive(TR_FOREVER));
	tr_send(tr_as_pid(arg), TR_A(done));
}
static void all_to_all(tr_value arg)
{
	(void)arg;
	for (int i = 0; i < ALL; i++)
		all[i] = tr_spawn(one_of_all, tr_pid_value(tr_self()));
	tr_yield();
	int64_t t = clock_ns();
	for (int i = 0; i < ALL; i++)
		tr_send(all[i], TR_A(start));
	for (int i = 0; i < ALL; i++)
		tr_drop(tr_receive(TR_FOREVER));
	result("all_to_all", (double)(clock_ns() - t) / 1e9, "s");
}
void bench_all_to_all(void)
{
	with_node(all_to_all);
}
