/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's benchmarks share. */
#ifndef TROUPE_BENCH_KERNEL_H
#define TROUPE_BENCH_KERNEL_H

#include "bench/harness.h"
#include <troupe/node.h>

/** Print one result. */
void result(const char *bench, double value, const char *unit);

/** Run the body in a node of its own with the benchmark's options. */
void with_node(tr_body *body);

/** Nanoseconds that passed, or with --cpu that the process computed: the same on a quiet machine with one scheduler. */
int64_t clock_ns(void);

/** Peak resident megabytes of the process so far. */
double peak_megabytes(void);

void bench_ping_pong(void);
void bench_ring(void);
void bench_fan_in(void);
void bench_all_to_all(void);
void bench_spawn(void);
void bench_skynet(void);
void bench_idle(void);
void bench_parked(void);
void bench_million(void);
void bench_call(void);
void bench_clients(void);
void bench_timers(void);
void bench_restarts(void);
void bench_latency(void);

#endif
