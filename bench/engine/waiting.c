/* SPDX-License-Identifier: Apache-2.0 */
/* What an execution takes while it waits: for its worker, with a step handed over and not done; and what stays of it
 * when it has ended. */
#include <stdio.h>
#include <stdlib.h>

#include "actors/protocol.h"
#include "bench/engine/bench.h"

#define POOL "command.nobody"

/* From then on the store no longer keeps what they appended in memory. */
#define QUIET_NS (5 * TR_SECOND)

/* So many are started, written and wait before the next: measured is what waits, not what queues for the disk. */
#define GROUP 1000

struct waiting {
	int64_t n;
};

/* A pool that takes commands and performs none, and tells of each group. */
static void pool_body(tr_value arg)
{
	tr_pid told = tr_as_pid(arg);

	for (int64_t taken = 0;;) {
		tr_value m = tr_receive(TR_FOREVER);

		taken += TR_IS_A(tr_array_at(m, 0), command);
		tr_drop(m);
		if (taken == GROUP) {
			taken = 0;
			tr_send(told, TR_A(ok));
		}
	}
}

static void pool_spawn(void)
{
	tr_spawn_options options = {.label = "pool", .name = POOL};

	(void)tr_spawn_opt(pool_body, tr_pid_value(tr_self()), &options);
}

static void start_group(tr_value hash, int64_t *ids)
{
	for (int i = 0; i < GROUP; i++)
		ids[i] = host_start(hash);
	for (bool all = false; !all;) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));

		if (!tr_is_valid(m)) {
			fprintf(stderr, "bench_engine: the executions do not come to wait\n");
			exit(1);
		}
		all = TR_IS_A(m, ok);
		tr_drop(m);
	}
}

/* All at once, as the disk would else be waited for a thousand times; whoever answers is not listened to. */
static void end_group(const int64_t *ids)
{
	for (int i = 0; i < GROUP; i++)
		(void)tr_send_name(SUBJECT_EXECUTIONS,
				   TR_LIST(TR_A(call), tr_ref_value(tr_make_ref()), tr_pid_value((tr_pid){0}),
					   TR_LIST(TR_A(cancel), tr_int(ids[i]), tr_string("enough"))));
	for (int ended = 0; ended < GROUP;) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));

		if (!tr_is_valid(m)) {
			fprintf(stderr, "bench_engine: the executions do not end\n");
			exit(1);
		}
		ended += TR_IS_A(tr_array_at(m, 0), done);
		tr_drop(m);
	}
}

static void perform(void *context)
{
	struct waiting *w = context;
	int64_t groups = w->n / GROUP, *ids = tr_alloc((size_t)(groups + 1) * GROUP * sizeof *ids);
	tr_buf text = {0};
	double before;

	pool_spawn();
	playbook_waiting(&text);
	tr_value hash = host_put(&text);
	if (ids == NULL) {
		fprintf(stderr, "bench_engine: out of memory\n");
		exit(1);
	}
	start_group(hash, ids + groups * GROUP);
	tr_sleep_until(tr_in(QUIET_NS));
	before = resident_bytes();
	for (int64_t i = 0; i < groups; i++)
		start_group(hash, ids + i * GROUP);
	tr_sleep_until(tr_in(QUIET_NS));
	bench_result("waiting_execution", "troupe", (resident_bytes() - before) / (double)w->n, "bytes");
	for (int64_t i = 0; i < groups; i++)
		end_group(ids + i * GROUP);
	tr_sleep_until(tr_in(QUIET_NS));
	bench_result("ended_execution", "troupe", (resident_bytes() - before) / (double)w->n, "bytes");
	host_leave();
}

void bench_waiting(void)
{
	struct waiting w = {.n = scaled(100000)};

	with_engine(DURABILITY_STRICT, perform, &w);
}
