/* SPDX-License-Identifier: Apache-2.0 */
/* What an actor must give back when it ends. */
#include "runtime/actor/own.h"

_Static_assert(sizeof(struct owned) == sizeof(struct envelope), "both come from one slab");

void own_release_all(struct sched *s, struct actor *a)
{
	while (a->owned != NULL) {
		struct owned *o = a->owned;
		a->owned = o->next;
		void *ptr = o->ptr;
		void (*destructor)(void *) = o->destructor;
		slab_give(&s->node->envelopes, &s->envelopes, o);
		destructor(ptr);
	}
}

tr_err tr_own(void *ptr, void (*destructor)(void *))
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	struct owned *o = a == NULL ? NULL : slab_take(&s->node->envelopes, &s->envelopes);
	if (o == NULL) {
		destructor(ptr);
		return a == NULL ? TR_ENOTACTOR : TR_ENOMEM;
	}
	*o = (struct owned){.next = a->owned, .ptr = ptr, .destructor = destructor};
	a->owned = o;
	return TR_OK;
}

static void count_bytes(struct actor *a, size_t change)
{
	size_t old = atomic_load_explicit(&a->extra->owned_bytes, memory_order_relaxed);
	atomic_store_explicit(&a->extra->owned_bytes, old + change, memory_order_relaxed);
}

bool tr_disown(void *ptr)
{
	struct sched *s = sched_self();
	struct actor *a = sched_actor();
	if (a == NULL)
		return false;
	for (struct owned **at = &a->owned; *at != NULL; at = &(*at)->next) {
		struct owned *o = *at;
		if (o->ptr != ptr)
			continue;
		*at = o->next;
		if (o->size > 0)
			count_bytes(a, -o->size);
		slab_give(&s->node->envelopes, &s->envelopes, o);
		return true;
	}
	return false;
}

void *tr_own_alloc(size_t n)
{
	if (sched_actor() == NULL)
		return NULL;
	void *p = tr_alloc(n);
	if (p == NULL || tr_own(p, tr_free) != TR_OK)
		return NULL;
	struct actor *a = sched_actor();
	if (actor_extra(a) != NULL) {
		a->owned->size = n;
		count_bytes(a, n);
	}
	return p;
}

static void drop_box(void *box)
{
	tr_box_drop(box);
}

tr_value tr_own_value(tr_value v)
{
	if (v.type < (uint32_t)TR_STRING)
		return v;
	return tr_own(v.as.box, drop_box) == TR_OK ? v : tr_invalid(TR_ENOMEM);
}
