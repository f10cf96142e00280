/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hierarchical timer wheel: six levels of 64 slots, one tick is 2^16 ns (65.5 µs), so it spans 52 days; what lies
 * further ahead waits in the last slot and is looked at again. Arming, cancelling and firing are constant time.
 *
 * The lock lets any thread arm and cancel on any scheduler's wheel. Nothing fires before its deadline; what is
 * due in one tick fires in order of deadlines.
 */
#ifndef TROUPE_TIME_WHEEL_H
#define TROUPE_TIME_WHEEL_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/actor/lock.h"

#define WHEEL_LEVELS 6
#define WHEEL_SLOTS  64
#define WHEEL_SHIFT  16
#define WHEEL_NEVER  INT64_MAX

/** Lives inside the thing that waits. `wheel` is which wheel holds it + 1, 0 for none; changed under that wheel's lock.
 */
struct wheel_node {
	struct wheel_node *next;
	struct wheel_node *prev;
	int64_t deadline;
	_Atomic uint16_t wheel;
	_Atomic uint16_t last; /* the owner's: which wheel + 1 it was to be put into */
	uint8_t level;
	uint8_t slot;
	uint8_t sort; /* what it lives in; of use to fire() only */
};

struct wheel_list {
	struct wheel_node *head;
	struct wheel_node *tail;
};

struct wheel {
	spin lock;
	uint32_t number;
	uint64_t tick;               /* everything before this tick has fired */
	uint64_t used[WHEEL_LEVELS]; /* one bit a slot that is not empty */
	uint64_t sorted;             /* the tick whose slot was put in order of deadlines */
	struct wheel_list slots[WHEEL_LEVELS][WHEEL_SLOTS];
	_Atomic int64_t next; /* no timer fires before this; WHEEL_NEVER when empty */
	_Atomic uint32_t count;
};

void wheel_init(struct wheel *w, uint32_t number, int64_t now);
/** Put an unarmed node in. Returns true when it is now the first to fire. */
bool wheel_arm(struct wheel *w, struct wheel_node *node, int64_t deadline);
/** Take the node out of w; false when it is not there (any more). */
bool wheel_disarm(struct wheel *w, struct wheel_node *node);

/** The same for a node that may belong to something else by now: only when `still`, called under the lock, says so. */
bool wheel_disarm_if(struct wheel *w, struct wheel_node *node, bool (*still)(struct wheel_node *node, void *arg),
		     void *arg);

/**
 * Take what is due at `now` and hand it to fire(), which runs under the wheel's lock, must not block, and may not use
 * the wheel. At most `max` nodes; returns how many.
 */
size_t wheel_expire(struct wheel *w, int64_t now, size_t max, void (*fire)(struct wheel_node *node, void *arg),
		    void *arg);

static inline int64_t wheel_next(struct wheel *w)
{
	return atomic_load_explicit(&w->next, memory_order_acquire);
}

#endif
