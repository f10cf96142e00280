/* SPDX-License-Identifier: Apache-2.0 */
/** What a loop goes over. */
#include "actors/worker/loop_source.h"

bool loop_source_init(loop_source *s, tr_value items)
{
	*s = (loop_source){.items = items};
	switch (tr_type_of(items)) {
	case TR_NIL:
		return true;
	case TR_ARRAY:
		s->count = (int64_t)tr_array_len(items);
		return true;
	case TR_MAP:
		s->count = (int64_t)tr_map_len(items);
		return true;
	case TR_INT:
		s->count = tr_as_int(items, 0) > 0 ? tr_as_int(items, 0) : 0;
		return true;
	default:
		loop_source_fini(s);
		return false;
	}
}

void loop_source_fini(loop_source *s)
{
	tr_clear(&s->items);
}

tr_value loop_source_at(const loop_source *s, int64_t i)
{
	if (tr_is(s->items, TR_ARRAY))
		return tr_keep(tr_array_at(s->items, (size_t)i));
	if (!tr_is(s->items, TR_MAP))
		return tr_int(i);
	const tr_entry *e = tr_map_entries(s->items) + i;
	return TR_LIST(tr_keep(e->key), tr_keep(e->value));
}
