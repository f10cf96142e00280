/* SPDX-License-Identifier: Apache-2.0 */
/** Events that were made and not yet sent, in order. */
#include "actors/worker/event_list.h"

event *event_list_add(event_list *l, event_type t)
{
	if (l->count == l->capacity) {
		size_t capacity = l->capacity == 0 ? 4 : l->capacity * 2;
		event *items = tr_realloc(l->items, capacity * sizeof *items);
		if (items == NULL) {
			l->failed = true;
			return NULL;
		}
		l->items = items;
		l->capacity = capacity;
	}
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
