/* SPDX-License-Identifier: Apache-2.0 */
/* Builds one value from a stream of parts, as decoders meet them: bounded, with an explicit stack. */
#ifndef TROUPE_VALUE_BUILDER_H
#define TROUPE_VALUE_BUILDER_H

#include <troupe/codec.h>

#define BUILDER_KEYS 64

struct builder_frame {
	tr_value container;
	tr_value key;    /* a map's key that waits for its value */
	size_t expected; /* parts still to come, for decoders that know */
	/* The container of the same kind that was last closed at this place, as the row before this one has it; absent.
	 * Borrowed: it stands in a container that is still open, or in one that stands there. */
	tr_value before;
	bool in_step; /* the keys so far are those of `before` */
};

struct builder {
	tr_value result;
	tr_err err; /* why it stopped; sticky */
	struct builder_frame *frames;
	size_t n;
	size_t cap;
	size_t items;
	size_t max_depth;
	size_t max_items;
	tr_value keys[BUILDER_KEYS]; /* map keys seen last: rows of a table share theirs */
};

void builder_init(struct builder *b, const tr_decode_limits *limits);
/* Drops everything but the result. */
void builder_fini(struct builder *b);
/* Each gives false when the builder has stopped; then what was given is dropped. */
bool builder_put(struct builder *b, tr_value v);
/* Text that must be UTF-8. */
bool builder_key(struct builder *b, const char *p, size_t n);
#define ROOM_UNKNOWN SIZE_MAX
/* Begin an array or map; `room` is a hint: how many there will be. */
bool builder_open(struct builder *b, tr_type kind, size_t room, size_t expected);
bool builder_close(struct builder *b);

#define DECODE_DEPTH 128
#define DECODE_BYTES ((size_t)256 << 20)
#define DECODE_ITEMS ((size_t)16 << 20)

/* The largest input these limits allow. */
size_t decode_max_bytes(const tr_decode_limits *limits);

#endif
