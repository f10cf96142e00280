/* SPDX-License-Identifier: Apache-2.0 */
/* Messages at a time: tr_send_at. And what happens when a wheel's nodes are due. */
#ifndef TROUPE_TIME_TIMER_H
#define TROUPE_TIME_TIMER_H

#include "runtime/actor/node.h"

/** A type-stable slab block; its number and generation are in the ref. */
struct timer {
	union {
		struct wheel_node node; /* first: tells it from an actor's wait timer by `message` */
		struct slab_link free;
	};
	uint32_t index;              /* constant */
	_Atomic uint32_t generation; /* odd while armed; changed under the wheel's lock */
	tr_pid to;
	tr_value message;
};

/** Fire everything in the wheel that is due. */
void timer_expire(struct sched *s, struct wheel *w, int64_t now);
/** The node stops: drop the messages of timers that never fired. No other thread runs. */
void timer_drop_all(tr_node *node);

#endif
