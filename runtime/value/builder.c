/* SPDX-License-Identifier: Apache-2.0 */
/* The builder behind both decoders. */
#include <string.h>

#include "runtime/value/box.h"
#include "runtime/value/builder.h"
#include "runtime/value/map.h"
#include "runtime/value/view.h"

#define FIRST_FRAMES  16
#define LONGEST_KEY   64 /* that is worth remembering */
#define ROOM_BELIEVED 1024
#define FIRST_ROOM    4

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

/* Entries whose key cannot be there yet are not looked for. */
static tr_value with_entry(struct builder_frame *f, tr_value v)
{
	struct box_map *map = box_map(f->container);

	if (!f->in_step)
		return tr_map_put(f->container, f->key, v);
	if (map->index != NULL || map->n == map->u.cap)
		return map_insert(f->container, f->key, v);
	map->entries[map->n++] = (tr_entry){f->key, v};
	return f->container;
}

static tr_value with_item(tr_value container, tr_value v)
{
	struct box_array *array = box_array(container);

	if (array->n == array->u.cap)
		return tr_array_push(container, v);
	array->items[array->n++] = v;
	return container;
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
		f->container = with_item(f->container, v);
	} else if (!tr_is_valid(f->key)) {
		f->key = v;
		f->in_step = false;
		return true;
	} else {
		f->container = with_entry(f, v);
		f->key = tr_absent();
	}
	return tr_is_valid(f->container) || stop(b, tr_value_err(f->container));
}

bool builder_put(struct builder *b, tr_value v)
{
	return admit(b, v) && place(b, v);
}

/* The key that the row before has at this place, when this is its text; borrowed. */
static const tr_value *key_before(const struct builder_frame *f, const char *p, size_t n)
{
	uint32_t at = box_map(f->container)->n;

	if (!f->in_step || at >= box_map(f->before)->n)
		return NULL;
	const tr_value *key = &box_map(f->before)->entries[at].key;
	if (!tr_is(*key, TR_STRING) || box_text(*key)->n != n || !view_same_bytes(box_text(*key)->data, p, n))
		return NULL;
	return key;
}

/* A key is a part of the innermost map, which waits for one. */
bool builder_key(struct builder *b, const char *p, size_t n)
{
	struct builder_frame *f = &b->frames[b->n - 1];
	const tr_value *before = b->err == TR_OK ? key_before(f, p, n) : NULL;

	if (before != NULL && b->items < b->max_items) {
		b->items++;
		f->key = tr_keep(*before);
		return true;
	}
	if (n > LONGEST_KEY)
		return builder_put(b, tr_string_n(p, n));
	tr_value *known = &b->keys[text_hash(p, n) % BUILDER_KEYS];
	if (!tr_is_valid(*known) || !tr_str_eq(tr_as_str(*known), (tr_str){p, n}))
		tr_assign(known, tr_string_n(p, n));
	return builder_put(b, tr_keep(*known));
}

static bool push_frame(struct builder *b, tr_value container, tr_value before, size_t expected)
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
	b->frames[b->n++] = (struct builder_frame){container, tr_absent(), expected, before, tr_is(before, TR_MAP)};
	return true;
}

/* What stands where the next container comes in the row before: in a list the item before it (for the first one: the
 * first of the list before), in a map the value of the same key. */
static tr_value value_before(const struct builder *b)
{
	if (b->n == 0)
		return tr_absent();
	const struct builder_frame *f = &b->frames[b->n - 1];
	if (tr_is(f->container, TR_ARRAY)) {
		size_t n = box_array(f->container)->n;
		return n > 0 ? box_array(f->container)->items[n - 1] : tr_array_at(f->before, 0);
	}
	return f->in_step && tr_is_valid(f->key) ? box_map(f->before)->entries[box_map(f->container)->n].value
						 : tr_absent();
}

bool builder_open(struct builder *b, tr_type kind, size_t room, size_t expected)
{
	if (b->err != TR_OK)
		return false;
	if (b->n >= b->max_depth)
		return stop(b, TR_EDEPTH);
	tr_value before = value_before(b);
	if (!tr_is(before, kind))
		before = tr_absent();
	else if (room == ROOM_UNKNOWN)
		room = kind == TR_MAP ? box_map(before)->n : box_array(before)->n;
	if (room > ROOM_BELIEVED)
		room = room == ROOM_UNKNOWN ? FIRST_ROOM : ROOM_BELIEVED;
	tr_value container = kind == TR_MAP ? tr_map_with(room) : tr_array_with(room);
	return admit(b, container) && push_frame(b, container, before, expected);
}

bool builder_close(struct builder *b)
{
	if (b->err != TR_OK)
		return false;
	return place(b, b->frames[--b->n].container);
}
