/* SPDX-License-Identifier: Apache-2.0 */
/* Lives: spawn bursts, skynet, idle actors and parked ones. A million at once: million.c. */
#include "bench/kernel/bench.h"

static void leaf(tr_value arg)
{
	tr_drop(tr_receive(TR_FOREVER));
	(void)arg;
}

/* Spawn, one message, exit; so many at a time. */
static void spawn_waves(int64_t total, int64_t wave, const char *name)
{
	int64_t t = clock_ns();
	static tr_ref last;
	for (int64_t done = 0; done < total; done += wave) {
		for (int64_t i = 0; i < wave - 1; i++)
			tr_send(tr_spawn(leaf, tr_nil()), tr_int(i));
		tr_spawned s = tr_spawn_opt(leaf, tr_nil(), &(tr_spawn_options){.monitor = true});
		last = s.monitor;
		tr_send(s.pid, tr_nil());
		tr_drop(tr_receive_ref(last, TR_FOREVER));
		/* The newest ran first; wait for the rest. */
		tr_value stats;
		int64_t alive;
		do {
			tr_yield();
			stats = tr_node_stats(tr_here());
			alive = tr_as_int(tr_map_get_s(stats, "actors"), 0);
			tr_drop(stats);
		} while (alive > 2);
	}
	result(name, (double)total * 1e6 / (double)(clock_ns() - t), "k actors/s");
}
static void spawn(tr_value arg)
{
	(void)arg;
	spawn_waves(scaled(2000000), 1000, "spawn_by_1000");
	spawn_waves(scaled(1000000), scaled(1000000), "spawn_burst");
}
void bench_spawn(void)
{
	with_node(spawn);
}

/* ---- skynet
 * ----------------------------------------------------------------------------------------------------------- */

static void node_of_skynet(tr_value arg)
{
	tr_pid parent = tr_as_pid(tr_array_at(arg, 0));
	int64_t number = tr_as_int(tr_array_at(arg, 1), 0), size = tr_as_int(tr_array_at(arg, 2), 0);
	if (size == 1) {
		tr_send(parent, tr_int(number));
		return;
	}
	int64_t sum = 0;
	for (int64_t i = 0; i < 10; i++)
		tr_spawn(node_of_skynet,
			 TR_LIST(tr_pid_value(tr_self()), tr_int(number + i * (size / 10)), tr_int(size / 10)));
	for (int i = 0; i < 10; i++)
		sum += tr_as_int(tr_receive(TR_FOREVER), 0);
	tr_send(parent, tr_int(sum));
}
static void skynet(tr_value arg)
{
	(void)arg;
	int64_t size = 1000000, t = clock_ns();
	tr_spawn(node_of_skynet, TR_LIST(tr_pid_value(tr_self()), tr_int(0), tr_int(size)));
	int64_t sum = tr_as_int(tr_receive(TR_FOREVER), 0);
	if (sum != size * (size - 1) / 2)
		tr_exitf("skynet's sum is %lld", (long long)sum);
	result("skynet", (double)(clock_ns() - t) / 1e9, "s");
	result("skynet_peak", peak_megabytes(), "MB");
}
void bench_skynet(void)
{
	with_node(skynet);
}

/* ---- idle
 * -------------------------------------------------------------------------------------------------------------- */

struct small {
	int64_t n;
};
static void small_handle(void *state, tr_value m)
{
	((struct small *)state)->n += tr_as_int(m, 0);
}
static const tr_behaviour small = {.name = "small", .state_size = sizeof(struct small), .handle = small_handle};
static void idle(tr_value arg)
{
	(void)arg;
	int64_t n = scaled(1000000);
	double before = resident_bytes();
	for (int64_t i = 0; i < n; i++)
		tr_send(tr_spawn_behaviour(&small, tr_nil(), NULL).pid, tr_int(1));
	tr_sleep_until(tr_in(200 * TR_MS));
	result("idle", (resident_bytes() - before) / (double)n, "bytes");
}
void bench_idle(void)
{
	with_node(idle);
}

static void parked(tr_value arg)
{
	(void)arg;
	int64_t n = scaled(100000);
	double before = resident_bytes();
	tr_pid *pids = tr_alloc((size_t)n * sizeof *pids);
	for (int64_t i = 0; i < n; i++)
		pids[i] = tr_spawn(leaf, tr_nil());
	tr_sleep_until(tr_in(200 * TR_MS));
	result("idle_bare", (resident_bytes() - before) / (double)n, "bytes");
	for (int64_t i = 0; i < n; i++)
		tr_send(pids[i], tr_nil());
	tr_free(pids);
}
void bench_parked(void)
{
	with_node(parked);
}
