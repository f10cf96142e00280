/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stepped mode: a node that was started with kernel_options.manual has no threads; one thread drives it, slice by
 * slice, in an order of its choosing. With a world whose clock and randomness come from a seed the run is reproducible.
 * tr_dirty runs its function at once in this mode, and there is no watch.
 */
#ifndef TROUPE_SCHED_STEP_H
#define TROUPE_SCHED_STEP_H

#include <troupe/node.h>

/** Which of the n ready actors (0 is the one that is ready longest) goes first. */
typedef size_t step_pick(void *arg, size_t n);

/** Fire due timers, then let one ready actor run until it waits, yields, ends or has used its slice. NULL picks the
 * first. False when none is ready. Always from the same thread. */
bool sched_step(tr_node *node, step_pick *pick, void *arg);
/** The same in two steps, for who drives several nodes: fire due timers; let the i-th ready actor run, with a slice of
 * `budget` reductions (0: the usual). False when there is no such actor. */
void step_fire(tr_node *node);
bool step_run(tr_node *node, size_t i, uint32_t budget);
/** How many actors are ready. */
size_t step_ready(tr_node *node);
/** When the next timer may be due (a little early at most, never late); INT64_MAX: none is armed. */
int64_t step_next_timer(tr_node *node);
/** Called when a thread waits for an answer and no actor is ready: wait on the real clock for the next timer. False
 * when there is none, or the clock does not move by itself. */
bool step_advance(tr_node *node);

#endif
