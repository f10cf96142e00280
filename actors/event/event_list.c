/* SPDX-License-Identifier: Apache-2.0 */
/** Events that were made and not yet sent, in order. */
#include "actors/event/event_list.h"

#include <string.h>

static bool reserve(event_list *l, size_t more)
{
	size_t capacity = l->capacity == 0 ? 4 : l->capacity * 2;
	if (l->count + more <= l->capacity)
		return true;
	if (capacity < l->count + more)
		capacity = l->count + more;
	event *items = tr_realloc(l->items, capacity * sizeof *items);
	if (items == NULL) {
		l->failed = true;
		return false;
	}
	l->items = items;
	l->capacity = capacity;
	return true;
}

tr_err event_list_move(event_list *to, event_list *from, size_t n)
{
	if (to->count == 0 && n == from->count && to->capacity < from->capacity) {
		event_list empty = *to;
		*to = *from;
		*from = empty;
		return TR_OK;
	}
	if (!reserve(to, n))
		return TR_ENOMEM;
	if (n > 0)
		memcpy(to->items + to->count, from->items, n * sizeof *from->items);
	to->count += n;
	from->count -= n;
	if (from->count > 0)
		memmove(from->items, from->items + n, from->count * sizeof *from->items);
	return TR_OK;
}

event *event_list_add(event_list *l, event_type t)
{
	if (!reserve(l, 1))
		return NULL;
	event *e = &l->items[l->count++];
	event_init(e, t);
	return e;
}

void event_list_clear(event_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		event_fini(&l->items[i]);
	l->count = 0;
}

void event_list_fini(event_list *l)
{
	event_list_clear(l);
	tr_free(l->items);
	l->items = NULL;
	l->capacity = 0;
}
