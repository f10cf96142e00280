/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays: one block of items that grows in place while its value has one holder, and is copied otherwise. */
#include <string.h>

#include "runtime/value/box.h"

#define FIRST_CAPACITY 4

static struct box_array *array_new(size_t cap)
{
	size_t size = alloc_times(cap, sizeof(tr_value));

	if (size > PTRDIFF_MAX - sizeof(struct box_array))
		return NULL;
	struct box_array *array = alloc_raw(sizeof(*array) + size);
	if (array == NULL)
		return NULL;
	box_init(&array->head, TR_ARRAY);
	array->u.cap = cap;
	array->n = 0;
	return array;
}

static tr_value array_value(struct box_array *array)
{
	return array != NULL ? box_value(TR_ARRAY, &array->head) : tr_invalid(TR_ENOMEM);
}

/* Empty arrays are all the same one, which nobody counts. */
static struct box_array no_items = {.head = {.refs = BOX_IMMORTAL, .kind = TR_ARRAY}};

tr_value tr_array(void)
{
	return box_value(TR_ARRAY, &no_items.head);
}

tr_value tr_array_with(size_t capacity)
{
	return array_value(array_new(capacity));
}

/* Append borrowed items; there is room. */
static void array_copy(struct box_array *to, const tr_value *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to->items[to->n++] = tr_keep(items[i]);
}

static void drop_all(const tr_value *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tr_drop(items[i]);
}

tr_value tr_array_from(const tr_value *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!tr_is_valid(items[i])) {
			tr_value bad = invalid_from(items[i]);
			drop_all(items, n);
			return bad;
		}
	}
	struct box_array *array = array_new(n);
	if (array == NULL) {
		drop_all(items, n);
		return tr_invalid(TR_ENOMEM);
	}
	if (n > 0)
		memcpy(array->items, items, n * sizeof(*items));
	array->n = n;
	return array_value(array);
}

/* The array (taken), writable and with room for `more` items; NULL when there is no memory, and then it is gone. */
static struct box_array *array_writable(tr_value v, size_t more)
{
	struct box_array *array = box_array(v);
	size_t need = array->n + more;

	if (box_is_own(v.as.box) && need <= array->u.cap)
		return array;
	size_t cap = array->u.cap < FIRST_CAPACITY ? FIRST_CAPACITY : array->u.cap;
	if (need > array->u.cap)
		cap += array->u.cap / 2;
	if (cap < need || more == 0)
		cap = need;
	struct box_array *to;
	if (box_is_own(v.as.box)) {
		size_t size = alloc_times(cap, sizeof(tr_value));
		to = size > PTRDIFF_MAX / 2 ? NULL : tr_realloc(array, sizeof(*array) + size);
		if (to != NULL)
			to->u.cap = cap;
		else
			tr_drop(v);
		return to;
	}
	to = array_new(cap);
	if (to != NULL)
		array_copy(to, array->items, array->n);
	tr_drop(v);
	return to;
}

tr_value tr_array_push(tr_value v, tr_value item)
{
	if (!tr_is(v, TR_ARRAY) || !tr_is_valid(item)) {
		tr_value bad = !tr_is_valid(v)      ? invalid_from(v)
			       : !tr_is_valid(item) ? invalid_from(item)
						    : tr_invalid(TR_ETYPE);
		tr_drop(v);
		tr_drop(item);
		return bad;
	}
	struct box_array *array = array_writable(v, 1);
	if (array == NULL) {
		tr_drop(item);
		return tr_invalid(TR_ENOMEM);
	}
	array->items[array->n++] = item;
	return array_value(array);
}

tr_value tr_array_set(tr_value v, size_t at, tr_value item)
{
	tr_value bad = tr_absent();

	if (!tr_is_valid(v))
		bad = invalid_from(v);
	else if (!tr_is_valid(item))
		bad = invalid_from(item);
	else if (!tr_is(v, TR_ARRAY))
		bad = tr_invalid(TR_ETYPE);
	else if (at >= box_array(v)->n)
		bad = tr_invalid(TR_ERANGE);
	struct box_array *array = tr_value_err(bad) == TR_OK ? array_writable(v, 0) : NULL;
	if (array == NULL) {
		if (tr_value_err(bad) != TR_OK)
			tr_drop(v);
		tr_drop(item);
		return tr_value_err(bad) != TR_OK ? bad : tr_invalid(TR_ENOMEM);
	}
	tr_assign(&array->items[at], item);
	return array_value(array);
}

tr_value tr_array_concat(tr_value a, tr_value b)
{
	if (!tr_is(a, TR_ARRAY) || !tr_is(b, TR_ARRAY)) {
		tr_value bad = !tr_is_valid(a)   ? invalid_from(a)
			       : !tr_is_valid(b) ? invalid_from(b)
						 : tr_invalid(TR_ETYPE);
		tr_drop(a);
		tr_drop(b);
		return bad;
	}
	if (box_array(b)->n == 0) {
		tr_drop(b);
		return a;
	}
	struct box_array *to = array_writable(a, box_array(b)->n);
	if (to != NULL)
		array_copy(to, box_array(b)->items, box_array(b)->n);
	tr_drop(b);
	return array_value(to);
}

tr_value tr_array_slice(tr_value v, size_t from, size_t to)
{
	if (!tr_is(v, TR_ARRAY))
		return tr_is_valid(v) ? tr_invalid(TR_ETYPE) : invalid_from(v);
	if (to > box_array(v)->n)
		to = box_array(v)->n;
	if (from > to)
		from = to;
	struct box_array *array = array_new(to - from);
	if (array != NULL)
		array_copy(array, box_array(v)->items + from, to - from);
	return array_value(array);
}

size_t tr_array_len(tr_value v)
{
	return tr_is(v, TR_ARRAY) ? box_array(v)->n : 0;
}

tr_value tr_array_at(tr_value v, size_t at)
{
	return at < tr_array_len(v) ? box_array(v)->items[at] : tr_absent();
}

const tr_value *tr_array_items(tr_value v)
{
	return tr_array_len(v) > 0 ? box_array(v)->items : NULL;
}
