/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tasks: run a function in an actor of its own and wait for what it returns.
 *
 * Source of the semantics: Elixir's Task. A task is linked to the actor that began it: if either ends abnormally, so
 * does the other (unless it traps exits). All functions run inside an actor.
 */
#ifndef TROUPE_TASK_H
#define TROUPE_TASK_H

#include <troupe/actor.h>

TR_EXTERN_C_BEGIN

/** What a task does. Borrows arg, returns a fresh reference. */
typedef tr_value tr_task_fn(tr_value arg);

typedef struct tr_task {
	tr_pid pid; /* 0: it could not be started */
	tr_ref ref;
} tr_task;

/** Begin fn(arg). Takes arg. */
TR_API tr_task tr_task_async(tr_task_fn *fn, tr_value arg);
/** As tr_task_async, but not linked: only the one who awaits it learns of its end. */
TR_API tr_task tr_task_async_nolink(tr_task_fn *fn, tr_value arg);
/** The result (fresh reference), or invalid: TR_ETIMEOUT (the task goes on and may be awaited again), TR_EDOWN (it
 * ended; the reason goes to *reason as a fresh reference unless that is NULL), TR_ENOPROC (it was never started). */
TR_API tr_value tr_task_await(tr_task *task, int64_t deadline, tr_value *reason);
/** End a task that is not needed any more: ask it to shut down, kill it at the deadline. A result that is already there
 * is returned, else absent. */
TR_API tr_value tr_task_shutdown(tr_task *task, int64_t deadline);

typedef struct tr_stream_options {
	size_t concurrency; /* most tasks at once; 0: 2 */
	bool unordered;     /* results as they come, not in the order of the items */
	int64_t timeout_ns; /* for each task; 0: none. One that takes longer is killed, its result is [exit, timeout] */
} tr_stream_options;

/** Sees each result while the others still run: [ok, value] or [exit, reason] (borrowed), and the index of its item.
 * Return false to stop: running tasks are killed, no further ones begin. */
typedef bool tr_stream_fn(void *arg, size_t index, tr_value result);

/** Run fn over the items of an array (taken), at most `concurrency` at once. Tasks are not linked: a crash is a result.
 * Gives the number of results seen; tr_err tells when no task could be started. */
TR_API tr_err tr_task_stream(tr_task_fn *fn, tr_value items, const tr_stream_options *options, tr_stream_fn *each,
			     void *arg, size_t *seen);
/** All results in order as an array of [ok, value] and [exit, reason]. Takes items; fresh reference. */
TR_API tr_value tr_task_map(tr_task_fn *fn, tr_value items, const tr_stream_options *options);

TR_EXTERN_C_END

#endif
