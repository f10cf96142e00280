/* SPDX-License-Identifier: Apache-2.0 */
/* The three kinds of ready queues. */
#include "runtime/sched/queue.h"

#include "runtime/actor/actor.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOT(i) ((i) & (QUEUE_SIZE - 1))

bool runq_push(struct runq *q, struct actor *a)
{
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	/* Acquire pairs with the consumers' swap: a slot counts as free only after it was read. */
	if (tail - atomic_load_explicit(&q->head, memory_order_acquire) == QUEUE_SIZE)
		return false;
	atomic_store_explicit(&q->at[SLOT(tail)], a, memory_order_relaxed);
	atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
	return true;
}

struct actor *runq_pop(struct runq *q)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	for (;;) {
		if (head == atomic_load_explicit(&q->tail, memory_order_relaxed))
			return NULL;
		struct actor *a = atomic_load_explicit(&q->at[SLOT(head)], memory_order_relaxed);
		if (atomic_compare_exchange_weak_explicit(&q->head, &head, head + 1, memory_order_acq_rel,
							  memory_order_relaxed))
			return a;
	}
}

uint32_t runq_steal(struct runq *q, struct actor **into, uint32_t max)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
	for (;;) {
		uint32_t n = atomic_load_explicit(&q->tail, memory_order_acquire) - head;
		if (n == 0 || n > QUEUE_SIZE)
			return 0;
		n -= n / 2;
		if (n > max)
			n = max;
		for (uint32_t i = 0; i < n; i++)
			into[i] = atomic_load_explicit(&q->at[SLOT(head + i)], memory_order_relaxed);
		/* If a slot was reused meanwhile, head has moved and this fails. */
		if (atomic_compare_exchange_weak_explicit(&q->head, &head, head + n, memory_order_acq_rel,
							  memory_order_relaxed))
			return n;
	}
}

bool deque_push(struct deque *d, struct actor *a)
{
	int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed);
	if (bottom - atomic_load_explicit(&d->top, memory_order_acquire) >= (int64_t)QUEUE_SIZE)
		return false;
	atomic_store_explicit(&d->at[SLOT(bottom)], a, memory_order_relaxed);
	atomic_store_explicit(&d->bottom, bottom + 1, memory_order_release);
	return true;
}

struct actor *deque_pop(struct deque *d)
{
	int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_relaxed);
	if (bottom == atomic_load_explicit(&d->top, memory_order_relaxed))
		return NULL; /* top only grows, and only the owner grows bottom */
	bottom--;
	/* Sequentially consistent, as the load after it: either a thief sees the smaller bottom or we its larger top.
	 */
	atomic_store_explicit(&d->bottom, bottom, memory_order_seq_cst);
	int64_t top = atomic_load_explicit(&d->top, memory_order_seq_cst);
	struct actor *a = NULL;
	if (top <= bottom)
		a = atomic_load_explicit(&d->at[SLOT(bottom)], memory_order_relaxed);
	if (top < bottom)
		return a;
	/* The last one, or none: settle with the thieves through top. */
	if (top == bottom && !atomic_compare_exchange_strong_explicit(&d->top, &top, top + 1, memory_order_seq_cst,
								      memory_order_relaxed))
		a = NULL;
	atomic_store_explicit(&d->bottom, bottom + 1, memory_order_release);
	return a;
}

struct actor *deque_steal(struct deque *d)
{
	int64_t top = atomic_load_explicit(&d->top, memory_order_seq_cst);
	int64_t bottom = atomic_load_explicit(&d->bottom, memory_order_seq_cst);
	if (top >= bottom)
		return NULL;
	struct actor *a = atomic_load_explicit(&d->at[SLOT(top)], memory_order_relaxed);
	if (!atomic_compare_exchange_strong_explicit(&d->top, &top, top + 1, memory_order_seq_cst,
						     memory_order_relaxed))
		return NULL;
	return a;
}

bool seat_prepare(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void seat_wait(struct seat *t)
{
	/* A thief whose thread was put aside would be waited for in vain. */
	for (int i = 0; atomic_load_explicit(&t->locked, memory_order_acquire) != 0; i++) {
		if (i < 100)
			spin_pause();
		else
			sched_yield();
	}
}

struct actor *seat_steal(struct seat *t)
{
	uint8_t free = 0;
	struct actor *a = NULL;
	if (!seat_taken(t) || !atomic_compare_exchange_strong(&t->locked, &free, 1))
		return NULL;
	/* From here on the owner sees the lock, or we see that he is at it. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0 &&
	    atomic_load_explicit(&t->busy, memory_order_acquire) == 0) {
		a = atomic_load_explicit(&t->actor, memory_order_relaxed);
		atomic_store_explicit(&t->actor, NULL, memory_order_relaxed);
	}
	atomic_store_explicit(&t->locked, 0, memory_order_release);
	return a;
}

void lane_push(struct lane *l, struct actor *a)
{
	a->link = NULL;
	spin_lock(&l->lock);
	if (l->tail != NULL)
		l->tail->link = a;
	else
		l->head = a;
	l->tail = a;
	atomic_fetch_add(&l->n, 1); /* sequentially consistent: see park */
	spin_unlock(&l->lock);
}

struct actor *lane_take(struct lane *l, uint32_t i)
{
	spin_lock(&l->lock);
	struct actor *prev = NULL, *a = l->head;
	for (; a != NULL && i > 0; i--) {
		prev = a;
		a = a->link;
	}
	if (a != NULL) {
		if (prev != NULL)
			prev->link = a->link;
		else
			l->head = a->link;
		if (l->tail == a)
			l->tail = prev;
		atomic_fetch_sub_explicit(&l->n, 1, memory_order_relaxed);
	}
	spin_unlock(&l->lock);
	return a;
}

struct actor *lane_pop(struct lane *l)
{
	return lane_length(l) == 0 ? NULL : lane_take(l, 0);
}
