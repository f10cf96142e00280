/* SPDX-License-Identifier: Apache-2.0 */
/* Timers that send, and the firing of wheels. */
#include "runtime/time/timer.h"

#include "runtime/actor/mailbox.h"
#include "runtime/actor/ref.h"

#define FIRE_BATCH  256u
#define WHEEL_TIMER 1 /* wheel_node.sort of a struct timer; 0 is an actor's wait */

/* A hundred thousand that wait for a sign of life have one each. */
_Static_assert(sizeof(struct timer) == 64, "a line");
_Static_assert(NODE_SCHEDS_MAX < UINT16_MAX, "see wheel_node.wheel");

/* ref: index 30 bits, generation 32 bits, sort 2 bits */
static tr_ref timer_ref(uint32_t index, uint32_t generation)
{
	return (tr_ref){((uint64_t)index << 34) | ((uint64_t)generation << 2) | REF_TIMER};
}

struct firing {
	struct sched *s;
	struct timer *due; /* linked through node.next, in order */
	struct timer **end;
};

/* Under the wheel's lock: nobody can cancel or free the thing meanwhile. */
static void fire(struct wheel_node *node, void *arg)
{
	struct firing *f = arg;
	if (node->sort != WHEEL_TIMER) {
		struct actor *a = (struct actor *)(void *)((char *)node - offsetof(struct actor, timer));
		actor_poke(f->s, a);
		return;
	}
	struct timer *t = (struct timer *)(void *)node;
	atomic_fetch_add_explicit(&t->generation, 1, memory_order_relaxed);
	node->next = NULL;
	*f->end = t;
	f->end = (struct timer **)(void *)&node->next;
}

void timer_expire(struct sched *s, struct wheel *w, int64_t now)
{
	for (;;) {
		struct firing f = {.s = s, .due = NULL};
		f.end = &f.due;
		size_t n = wheel_expire(w, now, FIRE_BATCH, fire, &f);
		while (f.due != NULL) {
			struct timer *t = f.due;
			f.due = (struct timer *)(void *)t->node.next;
			tr_pid to = t->to;
			tr_value message = t->message;
			slab_give(&s->node->timers, &s->timers, t);
			(void)mailbox_send(s, to, message, false);
		}
		if (n < FIRE_BATCH)
			return;
	}
}

tr_ref tr_send_at(tr_pid to, tr_value message, int64_t deadline)
{
	struct sched *s = sched_self();
	struct timer *t = NULL;
	if (s != NULL && !s->outside && tr_is_valid(message))
		t = slab_take(&s->node->timers, &s->timers);
	if (t == NULL) {
		tr_drop(message);
		return (tr_ref){0};
	}
	uint32_t generation = atomic_load_explicit(&t->generation, memory_order_relaxed) + 1;
	t->to = to;
	t->message = message;
	t->node.sort = WHEEL_TIMER;
	atomic_store_explicit(&t->node.last, (uint16_t)(s->wheel.number + 1), memory_order_relaxed);
	atomic_store_explicit(&t->generation, generation, memory_order_release);
	tr_ref ref = timer_ref(t->index, generation);
	/* After this it may fire on another thread at any time. */
	(void)wheel_arm(&s->wheel, &t->node, deadline);
	return ref;
}

/* Under the wheel's lock: is it still the timer that the ref means? */
struct cancel {
	struct timer *t;
	uint32_t generation;
	int64_t deadline;
	tr_value message;
};

static bool still_armed(struct wheel_node *node, void *arg)
{
	struct cancel *c = arg;
	struct timer *t = (struct timer *)(void *)node;
	if (atomic_load_explicit(&t->generation, memory_order_relaxed) != c->generation)
		return false;
	atomic_store_explicit(&t->generation, c->generation + 1, memory_order_relaxed);
	c->deadline = node->deadline;
	c->message = t->message;
	return true;
}

int64_t tr_cancel_timer(tr_ref ref)
{
	struct sched *s = sched_self();
	if (s == NULL || (ref.bits & REF_SORT) != REF_TIMER)
		return -1;
	struct timer *t = slab_at(&s->node->timers, (uint32_t)(ref.bits >> 34));
	struct cancel c = {.t = t, .generation = (uint32_t)(ref.bits >> 2)};
	if (t == NULL || (c.generation & 1) == 0 ||
	    atomic_load_explicit(&t->generation, memory_order_acquire) != c.generation)
		return -1;
	uint32_t number = atomic_load_explicit(&t->node.last, memory_order_relaxed);
	struct sched *holder =
	    number == 0 ? NULL : atomic_load_explicit(&s->node->scheds[number - 1], memory_order_acquire);
	if (holder == NULL || !wheel_disarm_if(&holder->wheel, &t->node, still_armed, &c))
		return -1;
	slab_give(&s->node->timers, &s->timers, t);
	tr_drop(c.message);
	int64_t left = c.deadline - node_now(s->node);
	return left > 0 ? left : 0;
}

void timer_drop_all(tr_node *node)
{
	struct slab *slab = &node->timers;
	for (uint32_t i = 0; i < slab->bump; i++) {
		struct timer *t = slab_at(slab, i);
		if (t != NULL && (atomic_load(&t->generation) & 1) != 0)
			tr_drop(t->message);
	}
}
