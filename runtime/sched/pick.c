/* SPDX-License-Identifier: Apache-2.0 */
/* Which actor runs next: putting ready actors into queues, taking them out, stealing. */
#include "runtime/actor/node.h"
#include "runtime/sched/sched.h"

#define LIFO_STREAK 64u /* at most so many new actors go ahead of the queue */
#define SHARE       32u /* a queue of this length is shared at once */
#define STEAL_MAX   32u

/* ---- putting in ----------------------------------------------------------------------------------------------------
 */

/* Is it worth the microseconds to wake another scheduler? Not if one is looking already. */
static bool someone_could_help(tr_node *node)
{
	return atomic_load_explicit(&node->idle, memory_order_seq_cst) > 0 &&
	       atomic_load_explicit(&node->spinning, memory_order_seq_cst) == 0;
}

static void push_inject(tr_node *node, struct actor *a)
{
	lane_push(&node->inject.lane, a);
	if (!node->manual && someone_could_help(node))
		sched_wake_one(node);
}

uint32_t sched_aged(struct sched *s)
{
	uint32_t head = atomic_load_explicit(&s->fifo.head, memory_order_relaxed);
	uint32_t tail = atomic_load_explicit(&s->fifo.tail, memory_order_relaxed);
	uint32_t mark = atomic_load_explicit(&s->aged, memory_order_relaxed);
	if (head == tail)
		return 0;
	if (atomic_load_explicit(&s->slow, memory_order_relaxed))
		return tail - head;
	int64_t now = node_now(s->node);
	/* All that was there has gone: look again later. Any thread may do so; a mark that two of them mix up is only
	 * an inexact one. */
	if (mark - head - 1 >= QUEUE_SIZE) {
		atomic_store_explicit(&s->aged, tail, memory_order_relaxed);
		atomic_store_explicit(&s->aged_at, now, memory_order_relaxed);
		return 0;
	}
	return now - atomic_load_explicit(&s->aged_at, memory_order_relaxed) >= SCHED_AGE ? mark - head : 0;
}

/* Wake somebody for what has waited here. */
static void share_fifo(struct sched *s)
{
	if (runq_length(&s->fifo) > 1 && someone_could_help(s->node) && sched_aged(s) > 0)
		sched_wake_one(s->node);
}

void sched_push_fifo(struct sched *s, struct actor *a)
{
	if (!runq_push(&s->fifo, a))
		push_inject(s->node, a);
	else if (runq_length(&s->fifo) % SHARE == 0)
		share_fifo(s);
}

/* Queues that are not this scheduler's rings; true when the actor went into one. */
static bool push_elsewhere(struct sched *s, struct actor *a)
{
	actor_set_status(a, STATUS_READY);
	if (s->lanes_only) {
		push_inject(s->node, a);
		return true;
	}
	uint8_t priority = atomic_load_explicit(&a->priority, memory_order_relaxed);
	if (priority == TR_PRIORITY_NORMAL)
		return false;
	lane_push(priority == TR_PRIORITY_HIGH ? &s->high : &s->low, a);
	return true;
}

void sched_ready_slow(struct sched *s, struct actor *a)
{
	if (push_elsewhere(s, a))
		return;
	struct actor *old = seat_swap(&s->next, a);
	if (old != NULL)
		sched_push_fifo(s, old);
}

void sched_requeue(struct sched *s, struct actor *a)
{
	if (push_elsewhere(s, a))
		return;
	sched_push_fifo(s, a);
	share_fifo(s);
}

void sched_spawned(struct sched *s, struct actor *a)
{
	if (push_elsewhere(s, a))
		return;
	if (!deque_push(&s->lifo, a))
		sched_push_fifo(s, a);
	else if (deque_length(&s->lifo) == SHARE && someone_could_help(s->node))
		sched_wake_one(s->node);
}

/* ---- taking out ----------------------------------------------------------------------------------------------------
 */

static struct actor *take_next(struct sched *s)
{
	return seat_taken(&s->next) ? seat_swap(&s->next, NULL) : NULL;
}

static void share_backlog(struct sched *s)
{
	if (deque_length(&s->lifo) > 1 && someone_could_help(s->node))
		sched_wake_one(s->node);
	else
		share_fifo(s);
}

/* Now and then: what the fast path would starve. */
static struct actor *housekeep(struct sched *s)
{
	if (wheel_next(&s->wheel) != WHEEL_NEVER ||
	    atomic_load_explicit(&s->node->watch.stuck, memory_order_relaxed) > 0)
		sched_timers(s, node_now(s->node));
	share_backlog(s);
	struct poll *p = atomic_load_explicit(&s->node->poll, memory_order_acquire);
	if (p != NULL)
		poll_look(p);
	struct actor *a = lane_pop(&s->node->inject.lane);
	if (a == NULL)
		a = lane_pop(&s->low);
	if (a == NULL)
		a = deque_steal(&s->lifo); /* the oldest of the new ones */
	return a;
}

/* `ticks` has been advanced. */
struct actor *sched_pick_local_slow(struct sched *s)
{
	struct actor *a;
	if (atomic_load_explicit(&s->retired, memory_order_relaxed))
		return NULL;
	if (s->ticks % SCHED_HOUSEKEEP == 0 && (a = housekeep(s)) != NULL)
		return a;
	if (lane_length(&s->high) > 0 && (a = lane_pop(&s->high)) != NULL)
		return a;
	if (s->next_streak < SCHED_NEXT_STREAK && (a = take_next(s)) != NULL) {
		s->next_streak++;
		return a;
	}
	s->next_streak = 0;
	if (s->lifo_streak < LIFO_STREAK && (a = deque_pop(&s->lifo)) != NULL) {
		s->lifo_streak++;
		return a;
	}
	s->lifo_streak = 0;
	/* What was injected takes turns with the queue. */
	if (lane_length(&s->node->inject.lane) > 0 && s->ticks % 2 == 0 &&
	    (a = lane_pop(&s->node->inject.lane)) != NULL)
		return a;
	if ((a = runq_pop(&s->fifo)) != NULL)
		return a;
	if ((a = take_next(s)) != NULL || (a = deque_pop(&s->lifo)) != NULL)
		return a;
	return lane_pop(&s->low);
}

bool sched_has_work(struct sched *s)
{
	if (++s->ticks % SCHED_HOUSEKEEP == 0 && wheel_next(&s->wheel) != WHEEL_NEVER)
		sched_timers(s, node_now(s->node));
	return s->node->manual || atomic_load_explicit(&s->retired, memory_order_relaxed) || seat_taken(&s->next) ||
	       runq_length(&s->fifo) > 0 || deque_length(&s->lifo) > 0 || lane_length(&s->high) > 0 ||
	       lane_length(&s->low) > 0 || lane_length(&s->node->inject.lane) > 0;
}

/* Some of the injected actors: enough to be worth the lock, few enough to leave some for the others. */
static struct actor *take_injected(struct sched *s)
{
	struct actor *first = lane_pop(&s->node->inject.lane);
	uint32_t more = lane_length(&s->node->inject.lane) / (s->node->n_scheds + 1);
	for (uint32_t i = 0; first != NULL && i < more && i < STEAL_MAX && runq_length(&s->fifo) < QUEUE_SIZE / 2;
	     i++) {
		struct actor *a = lane_pop(&s->node->inject.lane);
		if (a == NULL)
			break;
		if (!runq_push(&s->fifo, a)) {
			lane_push(&s->node->inject.lane, a);
			break;
		}
	}
	return first;
}

static struct actor *steal_from(struct sched *s, struct sched *victim)
{
	struct actor *batch[STEAL_MAX];
	struct actor *a = deque_steal(&victim->lifo);
	if (a != NULL)
		return a;
	uint32_t n = sched_aged(victim);
	if (n > 0)
		n = runq_steal(&victim->fifo, batch, n < STEAL_MAX ? n : STEAL_MAX);
	if (n > 0) {
		for (uint32_t i = 1; i < n; i++)
			sched_push_fifo(s, batch[i]);
		return batch[0];
	}
	if ((a = lane_pop(&victim->high)) != NULL || (a = lane_pop(&victim->low)) != NULL)
		return a;
	/* What is next in line there stays there, so that a pair that talks keeps its core; unless the core is stuck.
	 */
	return atomic_load_explicit(&victim->slow, memory_order_relaxed) ? seat_steal(&victim->next) : NULL;
}

static struct actor *steal(struct sched *s)
{
	uint32_t n = atomic_load_explicit(&s->node->sched_count, memory_order_acquire);
	if (n < 2)
		return NULL;
	s->seed = s->seed * 1664525u + 1013904223u;
	uint32_t start = (s->seed >> 8) % n;
	for (uint32_t i = 0; i < n; i++) {
		struct sched *victim = atomic_load_explicit(&s->node->scheds[(start + i) % n], memory_order_acquire);
		if (victim == NULL || victim == s)
			continue;
		struct actor *a = steal_from(s, victim);
		if (a != NULL) {
			stat_add(&s->stats.steals, 1);
			return a;
		}
	}
	return NULL;
}

struct actor *sched_pick(struct sched *s)
{
	struct actor *a = sched_pick_local(s);
	if (a == NULL && !atomic_load_explicit(&s->retired, memory_order_relaxed)) {
		a = take_injected(s);
		if (a == NULL)
			a = steal(s);
	}
	return a;
}
