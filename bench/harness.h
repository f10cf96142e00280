/* SPDX-License-Identifier: Apache-2.0 */
/* What all benchmark programs share. Each benchmark runs in a process of its own, so that peaks of memory do not mix,
 * and prints JSON lines {bench, subject, value, unit}. */
#ifndef TROUPE_BENCH_HARNESS_H
#define TROUPE_BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct benchmark {
	const char *name;
	void (*run)(void);
} benchmark;

/** Print one result. */
void bench_result(const char *name, const char *subject, double value, const char *unit);
/** A number scaled down by --quick, at least 1. */
int64_t scaled(int64_t n);

/** CPU seconds of the process so far; resident bytes now. */
double cpu_seconds(void);
double resident_bytes(void);

/** Take the option at argv[*i], with its argument; false: there is none such. */
typedef bool bench_option(int argc, char **argv, int *i);

/** The program: options (--quick divides by `quick`), then the names of benchmarks, none for all. Its exit status. */
int bench_main(const benchmark *all, size_t count, int64_t quick, bench_option *option, const char *usage, int argc,
	       char **argv);

#endif
