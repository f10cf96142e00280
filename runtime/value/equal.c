/* SPDX-License-Identifier: Apache-2.0 */
/* Equality, and the size of a value. Nesting is walked with an explicit stack. */
#include <math.h>

#include "runtime/value/box.h"
#include "runtime/value/walk.h"

/* 1 equal, 0 different, -1: two containers of the same kind and length, look inside. */
static int equal_shallow(tr_value a, tr_value b)
{
	if (a.type != b.type)
		return 0;
	switch (tr_type_of(a)) {
	case TR_INVALID:
		return a.aux == b.aux;
	case TR_FLOAT:
		return a.as.d == b.as.d || (isnan(a.as.d) && isnan(b.as.d));
	case TR_STRING:
	case TR_BINARY:
		return a.as.box == b.as.box || tr_str_eq(tr_as_str(a), tr_as_str(b));
	case TR_ARRAY:
		if (a.as.box == b.as.box)
			return 1;
		return tr_array_len(a) == tr_array_len(b) ? -1 : 0;
	case TR_MAP:
		if (a.as.box == b.as.box)
			return 1;
		return tr_map_len(a) == tr_map_len(b) ? -1 : 0;
	default:
		return a.as.bits == b.as.bits;
	}
}

/* The next pair inside the frame; false when there is none. An entry without partner is paired with absent. */
static bool next_pair(struct walk_frame *f, tr_value *a, tr_value *b)
{
	size_t at = f->at++;

	if (tr_is(f->a, TR_ARRAY)) {
		if (at >= box_array(f->a)->n)
			return false;
		*a = box_array(f->a)->items[at];
		*b = box_array(f->b)->items[at];
		return true;
	}
	if (at >= box_map(f->a)->n)
		return false;
	*a = box_map(f->a)->entries[at].value;
	*b = tr_map_get(f->b, box_map(f->a)->entries[at].key);
	return true;
}

bool tr_equal(tr_value a, tr_value b)
{
	struct walk w;
	int same = equal_shallow(a, b);

	if (same >= 0)
		return same > 0;
	walk_init(&w);
	bool equal = walk_push(&w, a, b);
	while (equal && w.n > 0) {
		if (!next_pair(walk_top(&w), &a, &b)) {
			w.n--;
			continue;
		}
		same = equal_shallow(a, b);
		equal = same > 0 || (same < 0 && walk_push(&w, a, b));
	}
	walk_fini(&w);
	return equal;
}

/* Values that share much can have more occurrences than anyone can count: beyond this many, "rough" is enough. */
#define SIZE_LOOKS (UINT32_C(1) << 24)

/* What v itself takes, beside what it holds. */
static size_t own_size(tr_value v)
{
	switch (tr_type_of(v)) {
	case TR_STRING:
	case TR_BINARY:
		return sizeof(struct box_text) + box_text(v)->n + 1;
	case TR_ARRAY:
		return sizeof(struct box_array) + box_array(v)->u.cap * sizeof(tr_value);
	case TR_MAP: {
		const struct box_map *map = box_map(v);
		size_t slots = map->index != NULL ? (size_t)map->mask + 1 : 0;
		return sizeof(*map) + map->u.cap * sizeof(tr_entry) + slots * sizeof(struct map_slot);
	}
	case TR_OBJECT:
		return sizeof(struct box_object);
	default:
		return 0;
	}
}

size_t tr_value_size(tr_value v)
{
	struct walk w;
	uint32_t looks = SIZE_LOOKS;
	size_t size = sizeof(v) + own_size(v);

	if (!is_container(v))
		return size;
	walk_init(&w);
	bool going = walk_push(&w, v, tr_absent());
	while (going && w.n > 0 && looks-- > 0) {
		struct walk_frame *f = walk_top(&w);
		size_t at = f->at++;
		tr_value item;
		if (tr_is(f->a, TR_ARRAY)) {
			item = tr_array_at(f->a, at);
		} else if (at / 2 < box_map(f->a)->n) {
			const tr_entry *e = &box_map(f->a)->entries[at / 2];
			item = at % 2 == 0 ? e->key : e->value;
		} else {
			item = tr_absent();
		}
		if (!tr_is_valid(item)) {
			w.n--;
			continue;
		}
		size += own_size(item);
		/* Without memory for the walk the number stays below the truth, which "rough" allows. */
		if (is_container(item))
			going = walk_push(&w, item, tr_absent());
	}
	walk_fini(&w);
	return size;
}
