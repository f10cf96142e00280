/* SPDX-License-Identifier: Apache-2.0 */
/** What the iterations of a loop came to. */
#include "actors/worker/results.h"
#include "actors/protocol.h"

void results_init(results *r, const refs_origin *origin)
{
	*r = (results){.origin = *origin, .list = tr_array(), .parts = tr_array(), .failures = tr_array()};
}

static void entry_fini(results_entry *e)
{
	tr_drop(e->result);
	tr_drop(e->error);
	tr_drop(e->shared);
	*e = (results_entry){0};
}

void results_fini(results *r)
{
	for (size_t i = 0; i < r->capacity; i++)
		entry_fini(&r->window[i]);
	tr_free(r->window);
	r->window = NULL;
	r->capacity = 0;
	tr_clear(&r->list);
	tr_clear(&r->parts);
	tr_clear(&r->failures);
	tr_clear(&r->clash);
	shared_fini(&r->shared);
}

static tr_err make_room(results *r, size_t distance)
{
	if (distance < r->capacity)
		return TR_OK;
	size_t capacity = r->capacity == 0 ? 16 : r->capacity;
	while (capacity <= distance)
		capacity *= 2;
	results_entry *window = tr_alloc(capacity * sizeof *window);
	if (window == NULL)
		return TR_ENOMEM;
	for (size_t i = 0; i < r->capacity; i++) {
		size_t index = (size_t)r->next + i;
		window[index % capacity] = r->window[index % r->capacity];
	}
	tr_free(r->window);
	r->window = window;
	r->capacity = capacity;
	return TR_OK;
}

/* The list has grown large: what is there becomes a part in the store, if there is a store. */
static void close_part(results *r)
{
	tr_value part = refs_put(r->list, &r->origin, NULL);
	if (!refs_is(part)) {
		r->list = part;
		r->list_bytes = 0; /* do not ask again for a while */
		return;
	}
	r->parts = tr_array_push(r->parts, part);
	r->list = tr_array();
	r->list_bytes = 0;
}

static void fold(results *r, results_entry *e, tr_value vars)
{
	if (e->good) {
		r->success++;
	} else {
		r->failed++;
		if (tr_array_len(r->failures) < RESULTS_FAILURES)
			r->failures =
			    tr_array_push(r->failures, TR_DICT("index", tr_int(r->next), "error", tr_keep(e->error)));
	}
	tr_value shown =
	    e->good ? tr_keep(e->result) : TR_DICT("status", tr_string("error"), "error", tr_keep(e->error));
	r->list_bytes += sizeof shown + (shown.type >= (uint32_t)TR_STRING ? tr_value_size(shown) : 0);
	r->list = tr_array_push(r->list, shown);
	if (e->good && tr_array_len(e->shared) > 0 && !tr_is_valid(r->clash))
		shared_apply(&r->shared, e->shared, vars, &r->clash);
	entry_fini(e);
	r->next++;
	if (r->list_bytes > RESULTS_PART_BYTES)
		close_part(r);
}

tr_err results_add(results *r, int64_t index, bool good, tr_value result, tr_value error, tr_value shared,
		   tr_value vars)
{
	results_entry entry = {true, good, result, error, shared};
	if (index < r->next || make_room(r, (size_t)(index - r->next)) != TR_OK) {
		entry_fini(&entry);
		return index < r->next ? TR_EEXIST : TR_ENOMEM;
	}
	results_entry *slot = &r->window[(size_t)index % r->capacity];
	if (slot->there)
		entry_fini(slot);
	*slot = entry;
	while (r->window[(size_t)r->next % r->capacity].there)
		fold(r, &r->window[(size_t)r->next % r->capacity], vars);
	return TR_OK;
}

void results_close(results *r, tr_value vars)
{
	int64_t end = r->next + (int64_t)r->capacity;
	for (int64_t i = r->next; i < end; i++) {
		results_entry *e = &r->window[(size_t)i % r->capacity];
		if (!e->there)
			continue;
		r->next = i;
		fold(r, e, vars);
	}
}

tr_value results_take(results *r)
{
	tr_value list = r->list;
	r->list = tr_array();
	if (tr_array_len(r->parts) == 0)
		return refs_is_large(list, INLINE_LIMIT) ? refs_put(list, &r->origin, NULL) : list;
	if (tr_array_len(list) > 0) {
		tr_value part = refs_put(list, &r->origin, NULL);
		if (!refs_is(part)) /* the store is gone: its loader will say so of the other parts too */
			return part;
		r->parts = tr_array_push(r->parts, part);
	} else {
		tr_drop(list);
	}
	tr_value parts = r->parts;
	r->parts = tr_array();
	return refs_manifest(parts, r->next);
}

tr_value results_stats(const results *r)
{
	tr_value stats = TR_DICT("total", tr_int(r->success + r->failed), "success", tr_int(r->success), "failed",
				 tr_int(r->failed));
	if (r->failed > 0)
		stats = tr_map_put_s(stats, "failures", tr_keep(r->failures));
	return stats;
}
