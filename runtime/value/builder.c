/* SPDX-License-Identifier: Apache-2.0 */
/* The builder behind both decoders. */
#include <string.h>

#include "runtime/value/box.h"
#include "runtime/value/builder.h"

#define FIRST_FRAMES  16
#define LONGEST_KEY   64 /* that is worth remembering */
#define ROOM_BELIEVED 1024

size_t decode_max_bytes(const tr_decode_limits *limits)
{
	return limits != NULL && limits->max_bytes > 0 ? limits->max_bytes : DECODE_BYTES;
}

void builder_init(struct builder *b, const tr_decode_limits *limits)
{
	memset(b, 0, sizeof(*b));
	b->max_depth = limits != NULL && limits->max_depth > 0 ? limits->max_depth : DECODE_DEPTH;
	b->max_items = limits != NULL && limits->max_items > 0 ? limits->max_items : DECODE_ITEMS;
}

void builder_fini(struct builder *b)
{
	for (size_t i = 0; i < b->n; i++) {
		tr_drop(b->frames[i].container);
		tr_drop(b->frames[i].key);
	}
	for (size_t i = 0; i < BUILDER_KEYS; i++)
		tr_drop(b->keys[i]);
	tr_free(b->frames);
}

static bool stop(struct builder *b, tr_err err)
{
	if (b->err == TR_OK)
		b->err = err;
	return false;
}

/* One more value: may it be? */
static bool admit(struct builder *b, tr_value v)
{
	if (b->err == TR_OK && !tr_is_valid(v))
		stop(b, tr_value_err(invalid_from(v)));
	else if (b->err == TR_OK && ++b->items > b->max_items)
		stop(b, TR_ELIMIT);
	if (b->err != TR_OK)
		tr_drop(v);
	return b->err == TR_OK;
}

/* Into the innermost container, or the result. */
static bool place(struct builder *b, tr_value v)
{
	if (b->n == 0) {
		b->result = v;
		return true;
	}
	struct builder_frame *f = &b->frames[b->n - 1];
	if (tr_is(f->container, TR_ARRAY)) {
		f->container = tr_array_push(f->container, v);
	} else if (!tr_is_valid(f->key)) {
		f->key = v;
		return true;
	} else {
		f->container = tr_map_put(f->container, f->key, v);
		f->key = tr_absent();
	}
	return tr_is_valid(f->container) || stop(b, tr_value_err(f->container));
}

bool builder_put(struct builder *b, tr_value v)
{
	return admit(b, v) && place(b, v);
}

bool builder_key(struct builder *b, const char *p, size_t n)
{
	if (n > LONGEST_KEY)
		return builder_put(b, tr_string_n(p, n));
	tr_value *known = &b->keys[text_hash(p, n) % BUILDER_KEYS];
	if (!tr_is_valid(*known) || !tr_str_eq(tr_as_str(*known), (tr_str){p, n}))
		tr_assign(known, tr_string_n(p, n));
	return builder_put(b, tr_keep(*known));
}

static bool push_frame(struct builder *b, tr_value container, size_t expected)
{
	if (b->n == b->cap) {
		size_t cap = b->cap > 0 ? b->cap * 2 : FIRST_FRAMES;
		struct builder_frame *bigger = tr_realloc(b->frames, alloc_times(cap, sizeof(*bigger)));
		if (bigger == NULL) {
			tr_drop(container);
			return stop(b, TR_ENOMEM);
		}
		b->frames = bigger;
		b->cap = cap;
	}
	b->frames[b->n++] = (struct builder_frame){container, tr_absent(), expected};
	return true;
}

bool builder_open(struct builder *b, tr_type kind, size_t room, size_t expected)
{
	if (b->err != TR_OK)
		return false;
	if (b->n >= b->max_depth)
		return stop(b, TR_EDEPTH);
	if (room > ROOM_BELIEVED)
		room = ROOM_BELIEVED;
	tr_value container = kind == TR_MAP ? tr_map_with(room) : tr_array_with(room);
	return admit(b, container) && push_frame(b, container, expected);
}

bool builder_close(struct builder *b)
{
	if (b->err != TR_OK)
		return false;
	return place(b, b->frames[--b->n].container);
}
