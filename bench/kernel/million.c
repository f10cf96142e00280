/* SPDX-License-Identifier: Apache-2.0 */
/* A million actors alive, a tenth of them blocked in the middle of a handler; what they weigh; and how all of them end
 * cleanly. */
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/kernel/bench.h"

#define IDLE 1
#define HOLD 2
#define STOP 3

struct member {
	int64_t n;
};

static _Atomic int64_t ended;

static void member_handle(void *state, tr_value m)
{
	struct member *s = state;
	int64_t what = tr_as_int(m, 0);
	if (what == STOP)
		tr_exit(TR_A(normal));
	if (what == HOLD)
		what = tr_as_int(tr_receive(TR_FOREVER), 0); /* in the middle: the stack stays with the actor */
	s->n += what;
}
static void member_terminate(void *state, tr_value reason)
{
	/* Has seen all its messages: `n` is IDLE, or IDLE + IDLE when it was held. */
	struct member *s = state;
	if (TR_IS_A(reason, normal) && (s->n == IDLE || s->n == 2 * IDLE))
		atomic_fetch_add_explicit(&ended, 1, memory_order_relaxed);
}
static const tr_behaviour member = {
    .name = "member", .state_size = sizeof(struct member), .handle = member_handle, .terminate = member_terminate};

static int64_t counter(const char *name)
{
	tr_value stats = tr_node_stats(tr_here());
	int64_t n = tr_as_int(tr_map_get_s(stats, name), -1);
	tr_drop(stats);
	return n;
}

static void until_received(int64_t received)
{
	while (counter("received") < received)
		tr_sleep_until(tr_in(TR_MS));
}

static void million(tr_value arg)
{
	(void)arg;
	int64_t n = scaled(1000000), held = n / 10, before = counter("actors");
	tr_pid *pids = tr_own_alloc((size_t)n * sizeof *pids);
	if (pids == NULL)
		tr_exitf("no memory");
	for (int64_t i = 0; i < n; i++)
		pids[i] = tr_self(); /* touched now: not counted below */
	double empty = resident_bytes();
	int64_t received = counter("received"), t = tr_now();
	for (int64_t i = 0; i < n; i++) {
		pids[i] = tr_spawn_behaviour(&member, tr_nil(), NULL).pid;
		tr_send(pids[i], tr_int(IDLE));
	}
	until_received(received + n);
	double idle = resident_bytes();
	for (int64_t i = 0; i < held; i++)
		tr_send(pids[i * 10], tr_int(HOLD));
	until_received(received + n + held);
	double all = resident_bytes();
	if (counter("actors") != before + n)
		tr_exitf("some of a million are missing");
	result("million_made", (double)(tr_now() - t) / 1e9, "s");
	result("million_idle_actor", (idle - empty) / (double)n, "bytes");
	result("million_parked_actor", (all - idle) / (double)held, "bytes more");
	result("million_resident", (all - empty) / 1048576, "MB");
	t = tr_now();
	for (int64_t i = 0; i < held; i++)
		tr_send(pids[i * 10], tr_int(IDLE));
	for (int64_t i = 0; i < n; i++)
		tr_send(pids[i], tr_int(STOP));
	while (counter("actors") > before)
		tr_sleep_until(tr_in(TR_MS));
	if (atomic_load(&ended) != n)
		tr_exitf("only %lld of %lld ended cleanly", (long long)atomic_load(&ended), (long long)n);
	result("million_ended", (double)(tr_now() - t) / 1e9, "s");
}
void bench_million(void)
{
	atomic_store(&ended, 0);
	with_node(million);
	if (atomic_load(&ended) != scaled(1000000))
		exit(1);
}
