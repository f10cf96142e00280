/* SPDX-License-Identifier: Apache-2.0 */
/** The step runs of a pool, found by (execution, step run) and by pid. */
#ifndef TROUPE_WORKER_RUN_TABLE_H
#define TROUPE_WORKER_RUN_TABLE_H

#include <troupe/actor.h>

typedef struct run_entry {
	struct run_entry *next_by_run, *next_by_pid;
	int64_t execution_id;
	uint64_t step_run_id;
	uint32_t attempt;
	tr_pid pid;
	tr_ref monitor;
	tr_pid reply_to;
	bool counted; /* among the pool's concurrency */
} run_entry;

typedef struct run_table {
	run_entry **by_run, **by_pid;
	size_t buckets, count;
} run_table;

void run_table_fini(run_table *t);
/** Add a copy of *e. NULL when memory ran out. */
run_entry *run_table_add(run_table *t, const run_entry *e);
run_entry *run_table_find(const run_table *t, int64_t execution_id, uint64_t step_run_id);
run_entry *run_table_of_pid(const run_table *t, tr_pid pid);
void run_table_remove(run_table *t, run_entry *e);
/** Each entry of an execution. `fn` must not change the table. */
void run_table_each(const run_table *t, int64_t execution_id, void (*fn)(void *arg, const run_entry *e), void *arg);

#endif
