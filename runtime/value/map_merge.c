/* SPDX-License-Identifier: Apache-2.0 */
/* Building maps from several parts: literals, merging, walking paths. */
#include "runtime/value/box.h"
#include "runtime/value/map.h"

#define MERGE_MAX_DEPTH 128

/* What is wrong with two arguments that must be maps; drops both when something is. */
static tr_err not_maps(tr_value a, tr_value b)
{
	if (tr_is(a, TR_MAP) && tr_is(b, TR_MAP))
		return TR_OK;
	tr_value bad = !tr_is_valid(a) ? invalid_from(a) : !tr_is_valid(b) ? invalid_from(b) : tr_invalid(TR_ETYPE);
	tr_drop(a);
	tr_drop(b);
	return tr_value_err(bad);
}

tr_value tr_map_merge(tr_value base, tr_value over)
{
	tr_err err = not_maps(base, over);

	if (err != TR_OK)
		return tr_invalid(err);
	const struct box_map *from = box_map(over);
	for (uint32_t i = 0; i < from->n && tr_is_valid(base); i++)
		base = tr_map_put(base, tr_keep(from->entries[i].key), tr_keep(from->entries[i].value));
	tr_drop(over);
	return base;
}

static tr_value merge_deep(tr_value base, tr_value over, unsigned depth);

/* Merge one entry of the upper map, borrowed, into base, taken. */
static tr_value merge_entry(tr_value base, const tr_entry *e, unsigned depth)
{
	bool both = tr_is(e->value, TR_MAP) && tr_is(tr_map_get(base, e->key), TR_MAP);

	if (!both)
		return tr_map_put(base, tr_keep(e->key), tr_keep(e->value));
	if (depth == 0) {
		tr_drop(base);
		return tr_invalid(TR_EDEPTH);
	}
	tr_entry *at = map_own_entry(&base, e->key);
	if (at == NULL)
		return base;
	/* Out of its slot the inner map has one holder less and can perhaps change in place. */
	tr_value inner = at->value;
	at->value = tr_nil();
	at->value = merge_deep(inner, tr_keep(e->value), depth - 1);
	if (tr_is_valid(at->value))
		return base;
	tr_value bad = at->value;
	tr_drop(base);
	return bad;
}

static tr_value merge_deep(tr_value base, tr_value over, unsigned depth)
{
	const struct box_map *from = box_map(over);

	for (uint32_t i = 0; i < from->n && tr_is_valid(base); i++)
		base = merge_entry(base, &from->entries[i], depth);
	tr_drop(over);
	return base;
}

tr_value tr_map_merge_deep(tr_value base, tr_value over)
{
	tr_err err = not_maps(base, over);

	return err != TR_OK ? tr_invalid(err) : merge_deep(base, over, MERGE_MAX_DEPTH);
}

tr_value tr_value_path(tr_value v, const char *key, ...)
{
	va_list rest;

	va_start(rest, key);
	for (const char *k = key; k != NULL && tr_is_valid(v); k = va_arg(rest, const char *))
		v = tr_map_get_s(v, k);
	va_end(rest);
	return v;
}
