/* SPDX-License-Identifier: Apache-2.0 */
/* Circular doubly linked lists whose links live inside the objects, so that moving between lists never allocates. */
#ifndef TROUPE_ENGINE_LIST_H
#define TROUPE_ENGINE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev, *next;
};

#define LINK_OF(l, type, member) ((type *)(void *)((char *)(l)-offsetof(type, member)))
#define LINK_EACH(l, list)       for (struct link *l = (list)->next; l != (list); l = l->next)
/* The same, while the body may remove l. */
#define LINK_EACH_SAFE(l, after, list) \
	for (struct link *l = (list)->next, *after = l->next; l != (list); l = after, after = l->next)

static inline void link_init(struct link *l)
{
	l->prev = l->next = l;
}
static inline bool link_alone(const struct link *l)
{
	return l->next == l;
}

static inline void link_push(struct link *list, struct link *l)
{
	l->prev = list->prev;
	l->next = list;
	list->prev->next = l;
	list->prev = l;
}

/* Harmless on a link that is in no list. */
static inline void link_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

#endif
