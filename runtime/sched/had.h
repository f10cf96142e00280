/* SPDX-License-Identifier: Apache-2.0 */
/**
 * How long a handler has really run: the time that its thread waited for a processor, since others had them, is not the
 * handler's. Asked by the watch.
 */
#ifndef TROUPE_SCHED_HAD_H
#define TROUPE_SCHED_HAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A scheduler's thread, as others may ask the system for it. */
struct had_thread {
	_Atomic int tid; /* 0: it has not begun */
	_Atomic int clock;
};

/** The calling thread says who it is. */
void had_enter(struct had_thread *t);
/** Nanoseconds on a processor, ever; -1 when that cannot be told. */
int64_t had_cpu_ns(const struct had_thread *t);
/** Is it on a processor, or would it be if one were free? False when it sleeps in the kernel, and when that cannot be
 * told. */
bool had_runnable(const struct had_thread *t);

#endif
