/* SPDX-License-Identifier: Apache-2.0 */
/* Calls, timers, and latency under load. */
#include <stdlib.h>
#include <time.h>

#include "bench/kernel/bench.h"

static void server_handle(void *state, tr_value m)
{
	(void)state;
	tr_from from;
	tr_value request;
	if (tr_is_call(m, &from, &request))
		tr_reply(from, tr_keep(request));
}
static const tr_behaviour server = {.name = "server", .handle = server_handle};

static void one_client(tr_value arg)
{
	(void)arg;
	int64_t n = scaled(1000000);
	tr_pid s = tr_spawn_behaviour(&server, tr_nil(), NULL).pid;
	int64_t t = clock_ns();
	for (int64_t i = 0; i < n; i++)
		tr_drop(tr_call(s, tr_int(i), TR_FOREVER));
	result("call", (double)(clock_ns() - t) / (double)n, "ns/call");
	t = clock_ns();
	for (int64_t i = 0; i < n; i++)
		tr_drop(tr_call(s, tr_int(i), tr_in(5 * TR_SECOND)));
	result("call_with_deadline", (double)(clock_ns() - t) / (double)n, "ns/call");
}
void bench_call(void)
{
	with_node(one_client);
}

static void client(tr_value arg)
{
	tr_pid s = tr_as_pid(tr_array_at(arg, 0));
	int64_t n = tr_as_int(tr_array_at(arg, 2), 0);
	for (int64_t i = 0; i < n; i++)
		tr_drop(tr_call(s, tr_int(i), TR_FOREVER));
	tr_send(tr_as_pid(tr_array_at(arg, 1)), TR_A(done));
}
static void clients(tr_value arg)
{
	(void)arg;
	int64_t each = scaled(50000);
	tr_pid s = tr_spawn_behaviour(&server, tr_nil(), NULL).pid;
	int64_t t = clock_ns();
	for (int i = 0; i < 64; i++)
		tr_spawn(client, TR_LIST(tr_pid_value(s), tr_pid_value(tr_self()), tr_int(each)));
	for (int i = 0; i < 64; i++)
		tr_drop(tr_receive(TR_FOREVER));
	result("clients_64", (double)(each * 64) * 1e6 / (double)(clock_ns() - t), "k calls/s");
}
void bench_clients(void)
{
	with_node(clients);
}

/* ---- timers
 * ------------------------------------------------------------------------------------------------------------ */

static void timers(tr_value arg)
{
	(void)arg;
	int64_t n = scaled(1000000), t = tr_now();
	double cpu = cpu_seconds();
	for (int64_t i = 0; i < n; i++)
		tr_send_at(tr_self(), tr_int(i), t + TR_SECOND + (i * 7919 % 1000) * TR_MS);
	result("timers_arm", (double)(tr_now() - t) / 1e9, "s");
	for (int64_t i = 0; i < n; i++)
		tr_drop(tr_receive(TR_FOREVER));
	result("timers_cpu", cpu_seconds() - cpu, "CPU s");
}
void bench_timers(void)
{
	with_node(timers);
}

/* ---- latency
 * ------------------------------------------------------------------------------------------------------------ */

static void busy(tr_value arg)
{
	(void)arg;
	for (;;) {
		for (volatile int i = 0; i < 20000; i++)
			continue;
		tr_sleep_until(tr_in(200 * TR_MS + (int64_t)(tr_random() % 100) * TR_MS));
	}
}
static void spins(tr_value arg)
{
	int64_t until = tr_now() + tr_as_int(arg, 0);
	while (tr_now() < until)
		continue;
}
static void blocks(tr_value arg)
{
	struct timespec t = {tr_as_int(arg, 0) / TR_SECOND, tr_as_int(arg, 0) % TR_SECOND};
	nanosleep(&t, NULL);
}
static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}
static void latency(tr_value arg)
{
	(void)arg;
	enum {
		MAX = 200000
	};
	static int64_t took[MAX];
	size_t n = 0;
	tr_pid s = tr_spawn_behaviour(&server, tr_nil(), NULL).pid;
	for (int64_t i = 0; i < 10000; i++)
		tr_spawn(busy, tr_nil());
	tr_sleep_until(tr_in(500 * TR_MS));
	tr_spawn(spins, tr_int(scaled(5 * TR_SECOND)));
	tr_spawn(blocks, tr_int(scaled(5 * TR_SECOND)));
	for (int64_t until = tr_in(scaled(5 * TR_SECOND)); tr_now() < until && n < MAX; n++) {
		int64_t t = tr_now();
		tr_drop(tr_call(s, tr_nil(), TR_FOREVER));
		took[n] = tr_now() - t;
		tr_sleep_until(tr_in(TR_MS / 5));
	}
	qsort(took, n, sizeof took[0], by_value);
	result("latency_p50", (double)took[n / 2] / 1e6, "ms");
	result("latency_p99", (double)took[n * 99 / 100] / 1e6, "ms");
	result("latency_max", (double)took[n - 1] / 1e6, "ms");
}
void bench_latency(void)
{
	with_node(latency);
}
