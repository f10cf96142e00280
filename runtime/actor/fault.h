/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults. A stack overflow of an actor becomes its exit reason `stack_overflow` when it happened in code that can be
 * left safely; every other fault on a scheduler thread prints a crash dump that names the actor, then the process dies.
 */
#ifndef TROUPE_ACTOR_FAULT_H
#define TROUPE_ACTOR_FAULT_H

#include <stdbool.h>

struct sched;

/** Install the process's handlers (idempotent; the former ones are called for what is not ours). */
void fault_install(void);
/** Give the calling scheduler thread its alternate signal stack, and take it away. */
bool fault_thread_enter(struct sched *s);
void fault_thread_leave(struct sched *s);

#endif
