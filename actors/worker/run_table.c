/* SPDX-License-Identifier: Apache-2.0 */
/** The step runs of a pool, found by (execution, step run) and by pid. */
#include "actors/worker/run_table.h"

static size_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ (b * UINT64_C(0x9e3779b97f4a7c15))) * UINT64_C(0xbf58476d1ce4e5b9);
	return (size_t)(h ^ h >> 31);
}

static size_t run_bucket(const run_table *t, int64_t execution_id, uint64_t step_run_id)
{
	return mix((uint64_t)execution_id, step_run_id) & (t->buckets - 1);
}

static size_t pid_bucket(const run_table *t, tr_pid pid)
{
	return mix(pid.bits, 1) & (t->buckets - 1);
}

static void link_entry(run_table *t, run_entry *e)
{
	size_t run = run_bucket(t, e->execution_id, e->step_run_id), pid = pid_bucket(t, e->pid);
	e->next_by_run = t->by_run[run];
	t->by_run[run] = e;
	e->next_by_pid = t->by_pid[pid];
	t->by_pid[pid] = e;
}

static bool grow(run_table *t)
{
	size_t buckets = t->buckets == 0 ? 64 : t->buckets * 2;
	run_table bigger = {.by_run = tr_alloc(buckets * sizeof(run_entry *)),
			    .by_pid = tr_alloc(buckets * sizeof(run_entry *)),
			    .buckets = buckets,
			    .count = t->count};
	if (bigger.by_run == NULL || bigger.by_pid == NULL) {
		tr_free(bigger.by_run);
		tr_free(bigger.by_pid);
		return t->buckets > 0; /* a fuller table still works */
	}
	for (size_t i = 0; i < t->buckets; i++) {
		for (run_entry *e = t->by_run[i], *next; e != NULL; e = next) {
			next = e->next_by_run;
			link_entry(&bigger, e);
		}
	}
	tr_free(t->by_run);
	tr_free(t->by_pid);
	*t = bigger;
	return true;
}

void run_table_fini(run_table *t)
{
	for (size_t i = 0; i < t->buckets; i++) {
		for (run_entry *e = t->by_run[i], *next; e != NULL; e = next) {
			next = e->next_by_run;
			tr_free(e);
		}
	}
	tr_free(t->by_run);
	tr_free(t->by_pid);
	*t = (run_table){0};
}

run_entry *run_table_add(run_table *t, const run_entry *e)
{
	if (t->count >= t->buckets && !grow(t))
		return NULL;
	run_entry *own = tr_alloc(sizeof *own);
	if (own == NULL)
		return NULL;
	*own = *e;
	link_entry(t, own);
	t->count++;
	return own;
}

run_entry *run_table_find(const run_table *t, int64_t execution_id, uint64_t step_run_id)
{
	run_entry *e = t->buckets > 0 ? t->by_run[run_bucket(t, execution_id, step_run_id)] : NULL;
	while (e != NULL && (e->execution_id != execution_id || e->step_run_id != step_run_id))
		e = e->next_by_run;
	return e;
}

run_entry *run_table_of_pid(const run_table *t, tr_pid pid)
{
	run_entry *e = t->buckets > 0 ? t->by_pid[pid_bucket(t, pid)] : NULL;
	while (e != NULL && !tr_pid_eq(e->pid, pid))
		e = e->next_by_pid;
	return e;
}

void run_table_remove(run_table *t, run_entry *e)
{
	run_entry **at = &t->by_run[run_bucket(t, e->execution_id, e->step_run_id)];
	while (*at != e)
		at = &(*at)->next_by_run;
	*at = e->next_by_run;
	at = &t->by_pid[pid_bucket(t, e->pid)];
	while (*at != e)
		at = &(*at)->next_by_pid;
	*at = e->next_by_pid;
	t->count--;
	tr_free(e);
}

void run_table_each(const run_table *t, int64_t execution_id, void (*fn)(void *arg, const run_entry *e), void *arg)
{
	for (size_t i = 0; i < t->buckets; i++) {
		for (run_entry *e = t->by_run[i]; e != NULL; e = e->next_by_run) {
			if (e->execution_id == execution_id)
				fn(arg, e);
		}
	}
}
