/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues of ready actors. All are intrusive or of fixed size: putting an actor into one cannot fail for memory.
 *
 *   runq    first in, first out; owner pushes and pops, thieves take up to half with one compare-and-swap
 *   deque   owner pushes and pops at the bottom (last in, first out), thieves take the oldest at the top
 *   seat    one actor, the next in line; plain stores for its owner, who pays nothing for the rare thief: he locks the
 *           seat and has the kernel order memory on all cores (membarrier) before he looks whether the owner is at it
 *   lane    a locked list: other priorities, and what belongs to no scheduler yet
 */
#ifndef TROUPE_SCHED_QUEUE_H
#define TROUPE_SCHED_QUEUE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/actor/lock.h"

struct actor;

#define QUEUE_SIZE 256u

struct runq {
	alignas(64) _Atomic uint32_t head; /* consumers, by compare-and-swap */
	alignas(64) _Atomic uint32_t tail; /* owner */
	_Atomic(struct actor *) at[QUEUE_SIZE];
};

struct deque {
	alignas(64) _Atomic int64_t top;    /* thieves, by compare-and-swap; the owner for the last one */
	alignas(64) _Atomic int64_t bottom; /* owner */
	_Atomic(struct actor *) at[QUEUE_SIZE];
};

struct seat {
	_Atomic(struct actor *) actor;
	_Atomic uint8_t busy;   /* the owner is at it */
	_Atomic uint8_t locked; /* a thief is at it */
};

struct lane {
	spin lock;
	struct actor *head;
	struct actor *tail;
	_Atomic uint32_t n;
};

/** False when full. */
bool runq_push(struct runq *q, struct actor *a);
struct actor *runq_pop(struct runq *q);
/** Take at most max and at most half (at least one) of what is there. Returns how many. */
uint32_t runq_steal(struct runq *q, struct actor **into, uint32_t max);
static inline uint32_t runq_length(struct runq *q)
{
	return atomic_load_explicit(&q->tail, memory_order_relaxed) -
	       atomic_load_explicit(&q->head, memory_order_relaxed);
}

bool deque_push(struct deque *d, struct actor *a);
struct actor *deque_pop(struct deque *d);
struct actor *deque_steal(struct deque *d);
static inline uint32_t deque_length(struct deque *d)
{
	int64_t n = atomic_load_explicit(&d->bottom, memory_order_relaxed) -
		    atomic_load_explicit(&d->top, memory_order_relaxed);
	return n > 0 ? (uint32_t)n : 0;
}

/** For the whole process, once before seats are used; false: thieves must keep off. */
bool seat_prepare(void);
/** Wait for a thief to go away. */
void seat_wait(struct seat *t);
/** Thief. NULL when it is empty or the owner is at it. */
struct actor *seat_steal(struct seat *t);

/** Owner: put `a` (or NULL) there and get who was there. */
static inline struct actor *seat_swap(struct seat *t, struct actor *a)
{
	atomic_store_explicit(&t->busy, 1, memory_order_relaxed);
	/* For the compiler only; for the processor the thief's membarrier does it. */
	atomic_signal_fence(memory_order_seq_cst);
	if (__builtin_expect(atomic_load_explicit(&t->locked, memory_order_relaxed) != 0, 0))
		seat_wait(t);
	struct actor *old = atomic_load_explicit(&t->actor, memory_order_relaxed);
	atomic_store_explicit(&t->actor, a, memory_order_relaxed);
	/* Pairs with the thief's look at busy. */
	atomic_store_explicit(&t->busy, 0, memory_order_release);
	return old;
}
static inline bool seat_taken(struct seat *t)
{
	return atomic_load_explicit(&t->actor, memory_order_relaxed) != NULL;
}

void lane_push(struct lane *l, struct actor *a);
struct actor *lane_pop(struct lane *l);
/** The i-th from the front (i < n). Walks; for the stepped mode. */
struct actor *lane_take(struct lane *l, uint32_t i);
static inline uint32_t lane_length(struct lane *l)
{
	return atomic_load_explicit(&l->n, memory_order_relaxed);
}

#endif
