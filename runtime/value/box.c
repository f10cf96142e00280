/* SPDX-License-Identifier: Apache-2.0 */
/* References: counting them, and freeing a value of any depth without recursion. */
#include "runtime/value/box.h"

void tr_box_keep(tr_box *box)
{
	if (!box_is_immortal(box))
		atomic_fetch_add_explicit(&box->refs, 1, memory_order_relaxed);
}

/* Give a reference back; true when it was the last. */
static inline bool box_release(tr_box *box)
{
	/* Being the only holder needs no write. */
	if (box_is_immortal(box))
		return false;
	return box_is_own(box) || atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) == 1;
}

/* Free what has no children; put what has on the list. */
static void box_end(tr_box *box, tr_box **dead)
{
	tr_value v = box_value((tr_type)box->kind, box);

	switch ((tr_type)box->kind) {
	case TR_ARRAY:
		box_array(v)->u.next_dead = *dead;
		*dead = box;
		return;
	case TR_MAP:
		box_map(v)->u.next_dead = *dead;
		*dead = box;
		return;
	case TR_OBJECT:
		if (box_object(v)->cls->destroy != NULL)
			box_object(v)->cls->destroy(box_object(v)->data);
		break;
	default:
		break;
	}
	tr_free(box);
}

static inline void value_release(tr_value v, tr_box **dead)
{
	if (!is_boxed(v) || !box_release(v.as.box))
		return;
	if (tr_is(v, TR_STRING))
		tr_free(v.as.box);
	else
		box_end(v.as.box, dead);
}

void tr_box_drop(tr_box *box)
{
	tr_box *dead = NULL;

	if (!box_release(box))
		return;
	box_end(box, &dead);
	while (dead != NULL) {
		tr_value v = box_value((tr_type)dead->kind, dead);
		if (tr_is(v, TR_ARRAY)) {
			struct box_array *array = box_array(v);
			dead = array->u.next_dead;
			for (size_t i = 0; i < array->n; i++)
				value_release(array->items[i], &dead);
		} else {
			struct box_map *map = box_map(v);
			dead = map->u.next_dead;
			for (uint32_t i = 0; i < map->n; i++) {
				value_release(map->entries[i].key, &dead);
				value_release(map->entries[i].value, &dead);
			}
			tr_free(map->index);
		}
		tr_free(v.as.box);
	}
}

void tr_clear(tr_value *slot)
{
	tr_value old = *slot;

	*slot = tr_absent();
	tr_drop(old);
}

void tr_assign(tr_value *slot, tr_value v)
{
	tr_value old = *slot;

	*slot = v;
	tr_drop(old);
}

uint32_t tr_refcount(tr_value v)
{
	return is_boxed(v) ? atomic_load_explicit(&v.as.box->refs, memory_order_acquire) : 1;
}
