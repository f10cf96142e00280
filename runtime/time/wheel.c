/* SPDX-License-Identifier: Apache-2.0 */
/* The timer wheel. */
#include "runtime/time/wheel.h"

#include <string.h>

/* The tick in which a deadline is surely over. */
static uint64_t tick_of(int64_t deadline)
{
	uint64_t d = deadline < 0 ? 0 : (uint64_t)deadline;
	return (d + ((UINT64_C(1) << WHEEL_SHIFT) - 1)) >> WHEEL_SHIFT;
}

void wheel_init(struct wheel *w, uint32_t number, int64_t now)
{
	memset(w, 0, sizeof *w);
	w->number = number;
	w->tick = (uint64_t)(now < 0 ? 0 : now) >> WHEEL_SHIFT;
	atomic_store(&w->next, WHEEL_NEVER);
}

/* Under the lock. The level is the highest 6-bit digit in which the due tick differs from the current one. */
static void insert(struct wheel *w, struct wheel_node *node)
{
	uint64_t due = tick_of(node->deadline);
	if (due < w->tick)
		due = w->tick;
	uint64_t apart = due ^ w->tick;
	unsigned level = apart == 0 ? 0 : (63u - (unsigned)__builtin_clzll(apart)) / 6;
	unsigned slot = (unsigned)(due >> (6 * level)) & (WHEEL_SLOTS - 1);
	if (level >= WHEEL_LEVELS) {
		/* Beyond the horizon: the slot that is looked at last. */
		level = WHEEL_LEVELS - 1;
		slot = ((unsigned)(w->tick >> (6 * level)) - 1) & (WHEEL_SLOTS - 1);
	}
	node->level = (uint8_t)level;
	node->slot = (uint8_t)slot;
	struct wheel_list *list = &w->slots[level][slot];
	node->next = NULL;
	node->prev = list->tail;
	if (list->tail != NULL)
		list->tail->next = node;
	else
		list->head = node;
	list->tail = node;
	w->used[level] |= UINT64_C(1) << slot;
}

static void remove_node(struct wheel *w, struct wheel_node *node)
{
	struct wheel_list *list = &w->slots[node->level][node->slot];
	if (node->prev != NULL)
		node->prev->next = node->next;
	else
		list->head = node->next;
	if (node->next != NULL)
		node->next->prev = node->prev;
	else
		list->tail = node->prev;
	if (list->head == NULL)
		w->used[node->level] &= ~(UINT64_C(1) << node->slot);
}

/* The first tick at or after w->tick at which a slot must be looked at; UINT64_MAX when the wheel is empty. */
static uint64_t next_tick(const struct wheel *w)
{
	uint64_t best = UINT64_MAX;
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		if (w->used[level] == 0)
			continue;
		unsigned shift = 6 * level;
		unsigned at = (unsigned)(w->tick >> shift) & (WHEEL_SLOTS - 1);
		/* Rotate so that bit 0 is the current slot; above level 0 the current slot comes round last. */
		unsigned first = level == 0 ? at : (at + 1) & (WHEEL_SLOTS - 1);
		uint64_t turned =
		    first == 0 ? w->used[level] : (w->used[level] >> first) | (w->used[level] << (64 - first));
		uint64_t ahead = (uint64_t)__builtin_ctzll(turned) + (level == 0 ? 0 : 1);
		uint64_t tick = ((w->tick >> shift) + ahead) << shift;
		if (tick < best)
			best = tick;
	}
	return best;
}

static void publish_next(struct wheel *w)
{
	uint64_t tick = next_tick(w);
	int64_t next = tick >= (UINT64_C(1) << (63 - WHEEL_SHIFT)) ? WHEEL_NEVER : (int64_t)(tick << WHEEL_SHIFT);
	atomic_store_explicit(&w->next, next, memory_order_release);
}

bool wheel_arm(struct wheel *w, struct wheel_node *node, int64_t deadline)
{
	spin_lock(&w->lock);
	node->deadline = deadline;
	insert(w, node);
	atomic_store_explicit(&node->wheel, (uint16_t)(w->number + 1), memory_order_relaxed);
	atomic_fetch_add_explicit(&w->count, 1, memory_order_relaxed);
	/* Later levels can only be looked at later, so only an earlier look is news. */
	int64_t look = (int64_t)(tick_of(deadline) << WHEEL_SHIFT);
	bool first = look < atomic_load_explicit(&w->next, memory_order_relaxed);
	if (first)
		publish_next(w);
	spin_unlock(&w->lock);
	return first;
}

bool wheel_disarm_if(struct wheel *w, struct wheel_node *node, bool (*still)(struct wheel_node *node, void *arg),
		     void *arg)
{
	bool here = false;
	spin_lock(&w->lock);
	if (atomic_load_explicit(&node->wheel, memory_order_relaxed) == w->number + 1 &&
	    (still == NULL || still(node, arg))) {
		remove_node(w, node);
		atomic_store_explicit(&node->wheel, 0, memory_order_relaxed);
		atomic_fetch_sub_explicit(&w->count, 1, memory_order_relaxed);
		here = true;
	}
	spin_unlock(&w->lock);
	return here;
}

bool wheel_disarm(struct wheel *w, struct wheel_node *node)
{
	return wheel_disarm_if(w, node, NULL, NULL);
}

/* Bring the nodes of every upper slot that the new tick enters down to where they belong now. */
static void cascade(struct wheel *w)
{
	for (unsigned level = WHEEL_LEVELS - 1; level > 0; level--) {
		if ((w->tick & ((UINT64_C(1) << (6 * level)) - 1)) != 0)
			continue;
		unsigned slot = (unsigned)(w->tick >> (6 * level)) & (WHEEL_SLOTS - 1);
		struct wheel_node *list = w->slots[level][slot].head;
		w->slots[level][slot] = (struct wheel_list){NULL, NULL};
		w->used[level] &= ~(UINT64_C(1) << slot);
		while (list != NULL) {
			struct wheel_node *node = list;
			list = node->next;
			insert(w, node);
		}
	}
}

static struct wheel_node *merge(struct wheel_node *a, struct wheel_node *b)
{
	struct wheel_node *head = NULL, **end = &head;
	while (a != NULL && b != NULL) {
		struct wheel_node **least = b->deadline < a->deadline ? &b : &a;
		*end = *least;
		end = &(*end)->next;
		*least = *end;
	}
	*end = a != NULL ? a : b;
	return head;
}

/* Stable merge sort by deadline, bottom up: run i of `runs` has 2^i nodes. */
static void sort(struct wheel_list *list)
{
	struct wheel_node *runs[40] = {NULL};
	if (list->head == list->tail)
		return;
	for (struct wheel_node *node = list->head, *next; node != NULL; node = next) {
		unsigned i = 0;
		next = node->next;
		node->next = NULL;
		for (; runs[i] != NULL; i++) {
			node = merge(runs[i], node);
			runs[i] = NULL;
		}
		runs[i] = node;
	}
	struct wheel_node *all = NULL;
	for (unsigned i = 0; i < 40; i++)
		all = merge(runs[i], all);
	list->head = all;
	for (struct wheel_node *prev = NULL; all != NULL; prev = all, list->tail = all, all = all->next)
		all->prev = prev;
}

size_t wheel_expire(struct wheel *w, int64_t now, size_t max, void (*fire)(struct wheel_node *node, void *arg),
		    void *arg)
{
	if (now < wheel_next(w))
		return 0;
	uint64_t until = (uint64_t)now >> WHEEL_SHIFT;
	size_t n = 0;
	spin_lock(&w->lock);
	while (w->tick <= until && n < max) {
		uint64_t tick = next_tick(w);
		if (tick > until) {
			/* Slots between are empty: jump. The next tick to look at is `until` or later. */
			if (until > w->tick)
				w->tick = until;
			break;
		}
		if (tick > w->tick) {
			w->tick = tick;
			cascade(w);
		}
		struct wheel_list *slot = &w->slots[0][w->tick & (WHEEL_SLOTS - 1)];
		if (w->sorted != w->tick)
			sort(slot);
		w->sorted = w->tick;
		while (slot->head != NULL && n < max) {
			struct wheel_node *node = slot->head;
			remove_node(w, node);
			atomic_fetch_sub_explicit(&w->count, 1, memory_order_relaxed);
			atomic_store_explicit(&node->wheel, 0, memory_order_seq_cst);
			fire(node, arg);
			n++;
		}
	}
	publish_next(w);
	spin_unlock(&w->lock);
	return n;
}
