/* SPDX-License-Identifier: Apache-2.0 */
/** What a loop goes over. */
#include "actors/worker/loop_source.h"
#include "actors/worker/refs.h"

static tr_value no_source(tr_value v)
{
	return TR_DICT(
	    "kind", tr_string("loop"), "message",
	    tr_stringf("loop.in gives a value of type %s; it must be a list, a mapping, a whole number, null, or a "
		       "reference to one of these",
		       tr_type_name(tr_type_of(v))),
	    "retryable", tr_bool(false));
}

static tr_value not_loaded(tr_err err)
{
	return TR_DICT("kind", tr_string("loop"), "message",
		       tr_stringf("loop.in is a reference that could not be loaded: %s", tr_err_text(err)), "retryable",
		       tr_bool(true));
}

bool loop_source_init(loop_source *s, tr_value in, tr_value *error)
{
	*s = (loop_source){.items = tr_nil()};
	if (refs_is(in)) {
		tr_value loaded = refs_load(in);
		tr_drop(in);
		if (!tr_is_valid(loaded)) {
			tr_assign(error, not_loaded(tr_value_err(loaded)));
			return false;
		}
		in = loaded;
	}
	switch (tr_type_of(in)) {
	case TR_NIL:
		return true;
	case TR_ARRAY:
		s->count = (int64_t)tr_array_len(in);
		break;
	case TR_MAP:
		s->count = (int64_t)tr_map_len(in);
		break;
	case TR_INT:
		s->count = tr_as_int(in, 0) > 0 ? tr_as_int(in, 0) : 0;
		break;
	default:
		tr_assign(error, no_source(in));
		tr_drop(in);
		return false;
	}
	s->items = in;
	return true;
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
