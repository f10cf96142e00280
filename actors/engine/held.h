/* SPDX-License-Identifier: Apache-2.0 */
/* What waits until events are durable, in order: acknowledgements, answers, effects, events for watchers. */
#ifndef TROUPE_ENGINE_HELD_H
#define TROUPE_ENGINE_HELD_H

#include "actors/engine/machine.h"
#include <troupe/actor.h>

typedef enum held_kind {
	HELD_MESSAGE,
	HELD_REPLY,
	HELD_EVENT,
	HELD_EFFECT
} held_kind;

typedef struct held {
	held_kind kind;
	uint64_t seq; /* may go once this is durable */
	tr_from to;   /* MESSAGE (pid only), REPLY */
	tr_value value;
	machine_effect effect;
} held;

/* A queue in a ring. Zeroed memory is an empty one. */
typedef struct held_queue {
	held *items;
	uint32_t first, count, capacity; /* capacity: a power of two or 0 */
} held_queue;

void held_fini(held_queue *q);
/* Takes h->value, also on failure. */
tr_err held_push(held_queue *q, const held *h);
/* The next one whose seq is durable moves into *out (the caller then owns its value); false when there is none. */
bool held_pop(held_queue *q, uint64_t durable, held *out);

#endif
