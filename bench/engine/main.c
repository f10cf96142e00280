/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's benchmarks.
 *
 *   bench_engine [--quick] [--strict | --batched] [NAME…]
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/engine/bench.h"

static const benchmark benches[] = {
    {"append", bench_append},   {"chain", bench_chain},     {"fan", bench_fan},      {"concurrent", bench_concurrent},
    {"latency", bench_latency}, {"waiting", bench_waiting}, {"linear", bench_linear}};

static bool only_strict, only_batched;

bool durability_wanted(durability d)
{
	return !((only_strict && d != DURABILITY_STRICT) || (only_batched && d != DURABILITY_BATCHED));
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

static bool take(int argc, char **argv, int *i)
{
	(void)argc;
	if (strcmp(argv[*i], "--strict") == 0)
		only_strict = true;
	else if (strcmp(argv[*i], "--batched") == 0)
		only_batched = true;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	return bench_main(benches, sizeof benches / sizeof benches[0], 20, take,
			  "bench_engine [--quick] [--strict | --batched]", argc, argv);
}
