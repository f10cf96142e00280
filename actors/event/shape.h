/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads that are no maps, written as if they were. */
#ifndef TROUPE_EVENT_SHAPE_H
#define TROUPE_EVENT_SHAPE_H

#include "actors/event/event.h"

/* The payload of a shaped event as the msgpack of its map. */
tr_err shape_encode(tr_buf *out, const event *e);

#endif
