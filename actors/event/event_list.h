/* SPDX-License-Identifier: Apache-2.0 */
/** Events that were made and not yet sent, in order. The list owns them. */
#ifndef TROUPE_EVENT_LIST_H
#define TROUPE_EVENT_LIST_H

#include "actors/event/event.h"

typedef struct event_list {
	event *items;
	size_t count, capacity;
	bool failed; /* memory ran out; what is there is incomplete */
} event_list;

/** A new event at the end, initialised with the type; NULL when memory ran out (then `failed` sticks). */
event *event_list_add(event_list *l, event_type t);
/** Move the first n of `from` to the end of `to`. */
tr_err event_list_move(event_list *to, event_list *from, size_t n);
/** Drop what is there. */
void event_list_clear(event_list *l);
void event_list_fini(event_list *l);

#endif
