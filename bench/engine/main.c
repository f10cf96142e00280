/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's benchmarks, in one process each, so that peaks of memory do not mix.
 *
 *   bench_engine [--quick] [--strict | --batched] [NAME…]
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/engine/bench.h"

static const struct {
	const char *name;
	void (*run)(void);
} benches[] = {{"append", bench_append},         {"chain", bench_chain},     {"fan", bench_fan},
	       {"concurrent", bench_concurrent}, {"latency", bench_latency}, {"waiting", bench_waiting},
	       {"linear", bench_linear}};

static int64_t divisor = 1;
static bool only_strict, only_batched;

bool durability_wanted(durability d)
{
	return !((only_strict && d != DURABILITY_STRICT) || (only_batched && d != DURABILITY_BATCHED));
}

void result(const char *bench, const char *subject, double value, const char *unit)
{
	printf("{\"bench\":\"%s\",\"subject\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", bench, subject, value, unit);
	fflush(stdout);
}

int64_t scaled(int64_t n)
{
	return n / divisor > 0 ? n / divisor : 1;
}

void folder_make(folder out)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(out, sizeof(folder), "%s/bench-engine-XXXXXX", base != NULL ? base : "/tmp");
	if (mkdtemp(out) == NULL) {
		perror(out);
		exit(1);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void folder_remove(const folder path)
{
	(void)nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

double wall_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
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
	pid_t child;

	fflush(stdout);
	child = fork();
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

static bool known(const char *name)
{
	for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++)
		if (strcmp(benches[i].name, name) == 0)
			return true;
	return false;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_engine [--quick] [--strict | --batched] [NAME...]\nnames:");
	for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++)
		fprintf(stderr, " %s", benches[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	int first = 1, failed = 0;

	for (; first < argc && argv[first][0] == '-'; first++) {
		if (strcmp(argv[first], "--quick") == 0)
			divisor = 20;
		else if (strcmp(argv[first], "--strict") == 0)
			only_strict = true;
		else if (strcmp(argv[first], "--batched") == 0)
			only_batched = true;
		else
			return usage();
	}
	for (int i = first; i < argc; i++)
		if (!known(argv[i]))
			return usage();
	for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++)
		if (wanted(benches[i].name, argc, argv, first))
			failed |= run(i) != 0;
	return failed;
}
