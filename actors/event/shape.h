/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads that are no maps, written as if they were. */
#ifndef TROUPE_EVENT_SHAPE_H
#define TROUPE_EVENT_SHAPE_H

#include "actors/event/event.h"

/* A key, and behind it a number or a short text. */
#define SHAPE_KEY_MAX   15
#define SHAPE_SHORT_MAX 31
#define SHAPE_FIELD     (2 + SHAPE_KEY_MAX + 1 + SHAPE_SHORT_MAX)
#define SHAPE_ROOM      (3 + EVENT_FIELDS * SHAPE_FIELD)

/* The payload of a shaped event as the msgpack of its map, `n` bytes behind the buffer's end, where there is room for
 * them and SHAPE_ROOM more. */
tr_err shape_encode(tr_buf *out, size_t n, const event *e);

#endif
