/* SPDX-License-Identifier: Apache-2.0 */
/* Looking into values without a call, for loops over many of them. Nothing here checks what the caller knows already:
 * each function says of which kind its argument must be. */
#ifndef TROUPE_VALUE_VIEW_H
#define TROUPE_VALUE_VIEW_H

#include <string.h>

#include "runtime/value/box.h"
#include "runtime/value/map.h"

/* Are these n bytes the same? Keys are short: no call up to 16 of them. */
static inline bool view_same_bytes(const char *a, const char *b, size_t n)
{
	uint64_t x, y, v, w;
	uint32_t i, j, k, l;

	if (n > 16)
		return memcmp(a, b, n) == 0;
	if (n >= 8) {
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		memcpy(&v, a + n - 8, 8);
		memcpy(&w, b + n - 8, 8);
		return x == y && v == w;
	}
	if (n >= 4) {
		memcpy(&i, a, 4);
		memcpy(&j, b, 4);
		memcpy(&k, a + n - 4, 4);
		memcpy(&l, b + n - 4, 4);
		return i == j && k == l;
	}
	return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

/* Of a string or binary. */
static inline tr_str view_text(tr_value v)
{
	return (tr_str){box_text(v)->data, box_text(v)->n};
}

/* Do two strings hold the same text? */
static inline bool view_same_text(tr_value a, tr_value b)
{
	return a.as.box == b.as.box || (box_text(a)->n == box_text(b)->n &&
					view_same_bytes(box_text(a)->data, box_text(b)->data, box_text(a)->n));
}

/* The value of a string key, borrowed; absent. *hint is where it was found the last time: records of one list have
 * their keys in the same places. */
static inline tr_value view_near(tr_value map, tr_value key, uint32_t *hint)
{
	const struct box_map *m = box_map(map);
	uint32_t at = *hint;

	if (at >= m->n || m->entries[at].key.type != (uint32_t)TR_STRING || !view_same_text(m->entries[at].key, key)) {
		at = map_place(map, key);
		if (at == MAP_NO_PLACE)
			return tr_absent();
		*hint = at;
	}
	return m->entries[at].value;
}

/* An array that only the caller holds: is there room for one more, and put it there (taken, valid). */
static inline bool view_has_room(tr_value array)
{
	return box_array(array)->n < box_array(array)->u.cap;
}
static inline void view_append(tr_value array, tr_value item)
{
	box_array(array)->items[box_array(array)->n++] = item;
}
/* Of such an array: its item at `at` (below its length), which is the caller's from then on; the others move up. */
static inline tr_value view_take(tr_value array, size_t at)
{
	struct box_array *a = box_array(array);
	tr_value item = a->items[at];

	a->n--;
	memmove(a->items + at, a->items + at + 1, (a->n - at) * sizeof(tr_value));
	return item;
}
/* Its last item goes to `at`; those from there on move down. */
static inline void view_last_to(tr_value array, size_t at)
{
	struct box_array *a = box_array(array);
	tr_value last = a->items[a->n - 1];

	memmove(a->items + at + 1, a->items + at, (a->n - 1 - at) * sizeof(tr_value));
	a->items[at] = last;
}

#endif
