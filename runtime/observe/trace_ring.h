/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded ring that any thread puts events into and one takes them out of, without locks. Each cell has a turn: it is
 * free for the producer whose ticket equals it, and full for the consumer when it is one more.
 */
#ifndef TROUPE_OBSERVE_TRACE_RING_H
#define TROUPE_OBSERVE_TRACE_RING_H

#include <stdatomic.h>

#include <troupe/actor.h>

struct trace_event {
	unsigned kind;   /* one of enum tr_trace_events */
	uint32_t traces; /* bit set: which traces want it */
	int64_t time_us;
	tr_pid actor;
	tr_pid other;   /* send: the receiver; spawn: the child */
	tr_value value; /* message, argument or reason (held), spawn: label */
	const char *module;
	const char *function;
	int64_t ns; /* return: how long it took */
};

struct trace_cell {
	_Atomic uint32_t turn;
	struct trace_event event;
};

#define TRACE_RING_SIZE 4096u /* a power of two */

struct trace_ring {
	_Atomic uint32_t head; /* next ticket of a producer */
	uint32_t tail;         /* the consumer's */
	struct trace_cell cells[TRACE_RING_SIZE];
};

void trace_ring_init(struct trace_ring *ring);
/* Takes event.value when it returns true; false: the ring is full. */
bool trace_ring_put(struct trace_ring *ring, const struct trace_event *event);
/* The value is the caller's. False when there is none. */
bool trace_ring_take(struct trace_ring *ring, struct trace_event *event);

#endif
