/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's benchmarks.
 *
 *   bench_kernel [--quick] [--schedulers N] [--cpu] [NAME…]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/kernel/bench.h"

static const benchmark benches[] = {
    {"ping_pong", bench_ping_pong}, {"ring", bench_ring},
    {"fan_in", bench_fan_in},       {"all_to_all", bench_all_to_all},
    {"spawn", bench_spawn},         {"skynet", bench_skynet},
    {"idle", bench_idle},           {"parked", bench_parked},
    {"call", bench_call},           {"clients", bench_clients},
    {"timers", bench_timers},       {"restarts", bench_restarts},
    {"latency", bench_latency},     {"million", bench_million},
};

static uint32_t schedulers;
static bool use_cpu;

void result(const char *name, double value, const char *unit)
{
	bench_result(name, "troupe", value, unit);
}

static void drop_report(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report);
}

void with_node(tr_body *body)
{
	tr_node_options o = {.schedulers = schedulers, .report = drop_report};
	tr_drop(tr_run(&o, body, tr_nil()));
}

int64_t clock_ns(void)
{
	return use_cpu ? (int64_t)(cpu_seconds() * 1e9) : tr_now();
}

double peak_megabytes(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss / 1024.0;
}

static bool take(int argc, char **argv, int *i)
{
	if (strcmp(argv[*i], "--cpu") == 0)
		use_cpu = true;
	else if (strcmp(argv[*i], "--schedulers") == 0 && *i + 1 < argc)
		schedulers = (uint32_t)strtoul(argv[++*i], NULL, 10);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	return bench_main(benches, sizeof benches / sizeof benches[0], 5, take,
			  "bench_kernel [--quick] [--schedulers N] [--cpu]", argc, argv);
}
