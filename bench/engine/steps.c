/* SPDX-License-Identifier: Apache-2.0 */
/* Noop steps a second, end to end: chains, fan-out, a thousand executions at once; and whether long is as cheap as
 * short. */
#include <stdio.h>

#include "bench/engine/bench.h"

struct load {
	const char *name;
	durability durability;
	void (*text)(tr_buf *out, int64_t n);
	int64_t size;       /* of the playbook */
	int64_t steps;      /* of one execution */
	int64_t executions; /* at once */
	double rate, cpu_us, peak;
};

static const char *durability_name(durability d)
{
	return d == DURABILITY_STRICT ? "strict" : d == DURABILITY_BATCHED ? "batched" : "none";
}

static void perform(void *context)
{
	struct load *l = context;
	tr_buf text = {0};
	double wall, cpu;

	l->text(&text, l->size);
	tr_value hash = host_put(&text);
	/* The first execution fills caches and grows tables. */
	host_start(hash);
	host_wait(1);
	wall = wall_seconds();
	cpu = cpu_seconds();
	for (int64_t i = 0; i < l->executions; i++)
		host_start(hash);
	host_wait(l->executions);
	wall = wall_seconds() - wall;
	cpu = cpu_seconds() - cpu;
	l->rate = (double)(l->steps * l->executions) / wall;
	l->cpu_us = cpu * 1e6 / (double)(l->steps * l->executions);
	tr_drop(hash);
}

static void tell(const struct load *l)
{
	char bench[80];

	(void)snprintf(bench, sizeof bench, "%s_%s", l->name, durability_name(l->durability));
	bench_result(bench, "troupe", l->rate, "steps/s");
	(void)snprintf(bench, sizeof bench, "%s_%s_processor", l->name, durability_name(l->durability));
	bench_result(bench, "troupe", l->cpu_us, "us/step");
}

static void both(struct load *l)
{
	static const durability how[] = {DURABILITY_STRICT, DURABILITY_BATCHED};

	for (size_t d = 0; d < sizeof how / sizeof how[0]; d++) {
		if (!durability_wanted(how[d]))
			continue;
		l->durability = how[d];
		with_engine(how[d], perform, l);
		tell(l);
	}
}

void bench_chain(void)
{
	both(&(struct load){
	    .name = "chain", .text = playbook_chain, .size = scaled(1000), .steps = scaled(1000), .executions = 1});
}

void bench_fan(void)
{
	both(&(struct load){
	    .name = "fan_out", .text = playbook_fan, .size = scaled(1000), .steps = scaled(1000) + 2, .executions = 1});
}

void bench_concurrent(void)
{
	both(&(struct load){
	    .name = "concurrent", .text = playbook_chain, .size = 20, .steps = 20, .executions = scaled(1000)});
}
