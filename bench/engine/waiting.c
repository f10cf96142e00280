/* SPDX-License-Identifier: Apache-2.0 */
/* What an execution takes while it waits: for its worker, with a step handed over and not done. */
#include <stdio.h>
#include <stdlib.h>

#include "actors/protocol.h"
#include "bench/engine/bench.h"

#define POOL "command.nobody"

struct waiting {
	int64_t n;
};

/* A pool that takes commands and performs none. */
static void pool_body(tr_value arg)
{
	int64_t left = tr_as_int(tr_array_at(arg, 0), 0);
	tr_pid told = tr_as_pid(tr_array_at(arg, 1));

	while (left > 0) {
		tr_value m = tr_receive(TR_FOREVER);

		left -= TR_IS_A(tr_array_at(m, 0), command);
		tr_drop(m);
	}
	tr_send(told, TR_A(ok));
	tr_drop(tr_receive(TR_FOREVER));
}

static tr_pid pool_spawn(int64_t expected)
{
	tr_spawn_options options = {.label = "pool", .name = POOL};

	return tr_spawn_opt(pool_body, TR_LIST(tr_int(expected), tr_pid_value(tr_self())), &options).pid;
}

static void perform(void *context)
{
	struct waiting *w = context;
	tr_buf text = {0};
	double before;

	(void)pool_spawn(w->n + 100);
	playbook_waiting(&text);
	tr_value hash = host_put(&text);
	for (int64_t i = 0; i < 100; i++)
		host_start(hash);
	before = resident_bytes();
	for (int64_t i = 0; i < w->n; i++)
		host_start(hash);
	for (bool all = false; !all;) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));

		if (!tr_is_valid(m)) {
			fprintf(stderr, "bench_engine: the executions do not come to wait\n");
			exit(1);
		}
		all = TR_IS_A(m, ok);
		tr_drop(m);
	}
	bench_result("waiting_execution", "troupe", (resident_bytes() - before) / (double)w->n, "bytes");
	host_leave();
}

void bench_waiting(void)
{
	struct waiting w = {.n = scaled(100000)};

	with_engine(DURABILITY_BATCHED, perform, &w);
}
