/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's benchmarks.
 *
 *   bench_kernel [--quick] [--schedulers N] [--cpu] [NAME…]
 *
 * Every benchmark runs in a process of its own, so that peaks of memory do not mix.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/kernel/bench.h"

static const struct {
	const char *name;
	void (*run)(void);
} benches[] = {
    {"ping_pong", bench_ping_pong}, {"ring", bench_ring},
    {"fan_in", bench_fan_in},       {"all_to_all", bench_all_to_all},
    {"spawn", bench_spawn},         {"skynet", bench_skynet},
    {"idle", bench_idle},           {"parked", bench_parked},
    {"call", bench_call},           {"clients", bench_clients},
    {"timers", bench_timers},       {"restarts", bench_restarts},
    {"latency", bench_latency},     {"million", bench_million},
};

static uint32_t schedulers;
static int64_t divisor = 1;
static bool use_cpu;

void result(const char *bench, double value, const char *unit)
{
	printf("{\"bench\":\"%s\",\"subject\":\"troupe\",\"value\":%.6g,\"unit\":\"%s\"}\n", bench, value, unit);
	fflush(stdout);
}

int64_t scaled(int64_t n)
{
	return n / divisor > 0 ? n / divisor : 1;
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

double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
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

double resident_bytes(void)
{
	long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%ld %ld", &pages, &resident) != 2)
		resident = 0;
	fclose(f);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static int run(size_t i)
{
	int status = 1;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		benches[i].run();
		exit(0);
	}
	waitpid(child, &status, 0);
	return status;
}

static bool wanted(const char *name, int argc, char **argv, int first)
{
	for (int i = first; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return first == argc;
}

int main(int argc, char **argv)
{
	int first = 1, failed = 0;
	for (; first < argc && argv[first][0] == '-'; first++) {
		if (strcmp(argv[first], "--quick") == 0)
			divisor = 5;
		else if (strcmp(argv[first], "--cpu") == 0)
			use_cpu = true;
		else if (strcmp(argv[first], "--schedulers") == 0 && first + 1 < argc)
			schedulers = (uint32_t)strtoul(argv[++first], NULL, 10);
		else
			return fprintf(stderr, "usage: bench_kernel [--quick] [--schedulers N] [--cpu] [NAME...]\n"), 2;
	}
	for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++)
		if (wanted(benches[i].name, argc, argv, first))
			failed |= run(i) != 0;
	return failed;
}
