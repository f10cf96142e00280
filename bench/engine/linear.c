/* SPDX-License-Identifier: Apache-2.0 */
/* Does a long chain, and a long loop, cost the same a step as a short one? Processor time in batched durability, so
 * that the disk's moods stay out of it; the peak of memory beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/engine/bench.h"

struct run {
	void (*text)(tr_buf *out, int64_t n);
	int64_t n, times;
	double cost, grown; /* µs of processor a step; bytes more than before */
};

static void sequential(tr_buf *out, int64_t n)
{
	playbook_loop(out, n, "sequential", 1);
}

static void parallel(tr_buf *out, int64_t n)
{
	playbook_loop(out, n, "parallel", 1000);
}

static void perform(void *context)
{
	struct run *r = context;
	tr_buf text = {0};
	double cpu, before;

	r->text(&text, r->n);
	tr_value hash = host_put(&text);
	before = resident_bytes();
	cpu = cpu_seconds();
	for (int64_t i = 0; i < r->times; i++) {
		host_start(hash);
		host_wait(1);
	}
	r->cost = (cpu_seconds() - cpu) * 1e6 / (double)(r->n * r->times);
	r->grown = resident_bytes() - before;
	tr_drop(hash);
}

/* In a process of its own: what one run leaves in the heap is no other's. */
static struct run apart(struct run r)
{
	int ends[2];
	struct run back = r;

	fflush(stdout);
	if (pipe(ends) != 0)
		exit(1);
	pid_t child = fork();
	if (child == 0) {
		with_engine(DURABILITY_BATCHED, perform, &r);
		_exit(write(ends[1], &r, sizeof r) == (ssize_t)sizeof r ? 0 : 1);
	}
	close(ends[1]);
	if (child < 0 || read(ends[0], &back, sizeof back) != (ssize_t)sizeof back)
		exit(1);
	close(ends[0]);
	waitpid(child, NULL, 0);
	return back;
}

static void compare(const char *name, void (*text)(tr_buf *out, int64_t n), int64_t small, int64_t large)
{
	struct run few = apart((struct run){.text = text, .n = small, .times = 10});
	struct run many = apart((struct run){.text = text, .n = large, .times = 1});
	char bench[80];

	(void)snprintf(bench, sizeof bench, "%s_%lld", name, (long long)small);
	bench_result(bench, "troupe", few.cost, "us/step");
	(void)snprintf(bench, sizeof bench, "%s_%lld", name, (long long)large);
	bench_result(bench, "troupe", many.cost, "us/step");
	(void)snprintf(bench, sizeof bench, "%s_long_to_short", name);
	bench_result(bench, "troupe", many.cost / few.cost, "times");
	(void)snprintf(bench, sizeof bench, "%s_memory", name);
	bench_result(bench, "troupe", many.grown / (double)large, "bytes/step");
}

void bench_linear(void)
{
	compare("chain", playbook_chain, scaled(1000), scaled(100000));
	compare("loop", parallel, scaled(10000), scaled(1000000));
	compare("sequential_loop", sequential, scaled(10000), scaled(100000));
}
