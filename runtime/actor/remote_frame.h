/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal as bytes. All numbers most significant byte first:
 *
 *   0  version (1)          4  id, 2 bytes            8  from, pid, 8 bytes     24  ref, 8 bytes
 *   1  kind                 6  error, 2 bytes        16  to, pid, 8 bytes       32  value, MessagePack; absent when
 *   2  flags                   (of an invalid value)                                the length is 32
 *   3  0
 */
#ifndef TROUPE_ACTOR_REMOTE_FRAME_H
#define TROUPE_ACTOR_REMOTE_FRAME_H

#include "runtime/actor/envelope.h"

#define FRAME_VERSION 1
#define FRAME_HEAD    32u
#define FRAME_NAMED   64 /* a message for a name: value is [name, message] */

struct frame {
	uint8_t kind; /* enum envelope_kind, whose order is part of the format, or FRAME_NAMED */
	uint8_t flags;
	uint16_t id;
	tr_pid from;
	tr_pid to;
	tr_ref ref;
	tr_value value;
};

/** Append; failures stay in out->err. Borrows the value. */
void frame_write(tr_buf *out, const struct frame *f);
/** TR_ECORRUPT when it is none, TR_ENOMEM. On success f->value is a fresh reference. */
tr_err frame_read(tr_str bytes, struct frame *f);

#endif
