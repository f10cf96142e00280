/* SPDX-License-Identifier: Apache-2.0 */
/* Benchmarks by name, each in its process. */
#include "bench/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t divisor = 1;

void bench_result(const char *name, const char *subject, double value, const char *unit)
{
	printf("{\"bench\":\"%s\",\"subject\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", name, subject, value, unit);
	fflush(stdout);
}

int64_t scaled(int64_t n)
{
	return n / divisor > 0 ? n / divisor : 1;
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

static int run(const benchmark *b)
{
	int status = 1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		b->run();
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

static bool known(const benchmark *all, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].name, name) == 0)
			return true;
	return false;
}

static int refuse(const benchmark *all, size_t count, const char *usage)
{
	fprintf(stderr, "usage: %s [NAME...]\nnames:", usage);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, " %s", all[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int bench_main(const benchmark *all, size_t count, int64_t quick, bench_option *option, const char *usage, int argc,
	       char **argv)
{
	int first = 1, failed = 0;

	for (; first < argc && argv[first][0] == '-'; first++) {
		if (strcmp(argv[first], "--quick") == 0)
			divisor = quick;
		else if (!option(argc, argv, &first))
			return refuse(all, count, usage);
	}
	for (int i = first; i < argc; i++)
		if (!known(all, count, argv[i]))
			return refuse(all, count, usage);
	for (size_t i = 0; i < count; i++)
		if (wanted(all[i].name, argc, argv, first))
			failed |= run(&all[i]) != 0;
	return failed;
}
