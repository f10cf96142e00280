/* SPDX-License-Identifier: Apache-2.0 */
/* From asking for an execution of one noop step to hearing that it is done, one after the other, beside the disk's own
 * sync in the same minute. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/engine/bench.h"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double at(double *times, int64_t n, double part)
{
	qsort(times, (size_t)n, sizeof *times, by_value);
	return times[(int64_t)((double)(n - 1) * part)] * 1e3;
}

struct rounds {
	int64_t n;
	double *times;
};

static void perform(void *context)
{
	struct rounds *r = context;
	tr_buf text = {0};

	playbook_chain(&text, 1);
	tr_value hash = host_put(&text);
	for (int64_t i = 0; i < 20; i++) {
		host_start(hash);
		host_wait(1);
	}
	for (int64_t i = 0; i < r->n; i++) {
		double start = wall_seconds();
		host_start(hash);
		host_wait(1);
		r->times[i] = wall_seconds() - start;
	}
	tr_drop(hash);
}

/* Appending what such an execution appends at a time, and syncing. */
static void sync_times(struct rounds *r)
{
	folder data;
	char path[300], bytes[1500] = {0};
	int fd;

	folder_make(data);
	(void)snprintf(path, sizeof path, "%s/bytes", data);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	for (int64_t i = 0; i < r->n; i++) {
		double start = wall_seconds();
		if (fd < 0 || write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fdatasync(fd) != 0) {
			perror(path);
			exit(1);
		}
		r->times[i] = wall_seconds() - start;
	}
	close(fd);
	folder_remove(data);
}

void bench_latency(void)
{
	struct rounds r = {.n = scaled(2000)};
	double sync, p50;

	r.times = tr_alloc((size_t)r.n * sizeof *r.times);
	if (r.times == NULL)
		exit(1);
	sync_times(&r);
	sync = at(r.times, r.n, 0.5);
	bench_result("sync_p50", "disk", sync, "ms");
	with_engine(DURABILITY_STRICT, perform, &r);
	p50 = at(r.times, r.n, 0.5);
	bench_result("one_step_p50", "troupe", p50, "ms");
	bench_result("one_step_p99", "troupe", at(r.times, r.n, 0.99), "ms");
	bench_result("one_step_p50_beyond_two_syncs", "troupe", p50 - 2 * sync, "ms");
	with_engine(DURABILITY_BATCHED, perform, &r);
	bench_result("one_step_p50_batched", "troupe", at(r.times, r.n, 0.5), "ms");
	tr_free(r.times);
}
