/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults. A stack overflow of an actor becomes its exit reason `stack_overflow` when it happened in code that can be
 * left safely; every other fault of the process, and abort(), writes a crash dump (dump.h), then the process dies of
 * it.
 */
#ifndef TROUPE_ACTOR_FAULT_H
#define TROUPE_ACTOR_FAULT_H

#include <stdbool.h>

#include <troupe/node.h>

struct sched;

/** Install the process's handlers (idempotent; the former ones are called for what is not ours). */
void fault_install(void);
/** From now on, and up to now, a crash dump tells of this node. */
void fault_add_node(tr_node *node);
void fault_remove_node(tr_node *node);
/** Give the calling scheduler thread its alternate signal stack, and take it away. */
bool fault_thread_enter(struct sched *s);
void fault_thread_leave(struct sched *s);

#endif
