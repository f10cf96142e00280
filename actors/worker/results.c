/* SPDX-License-Identifier: Apache-2.0 */
/** What the iterations of a loop came to. */
#include "actors/worker/results.h"
#include "actors/worker/controllers.h"

static tr_value ask(const results *r, tr_value question, tr_value *error)
{
	return controllers_answer(r->origin.pures, CONTROLLER_RESULT, question, error);
}

/* A number of the answer; never 0. */
static size_t number(tr_value answer, const char *key)
{
	int64_t n = tr_as_int(tr_map_get_s(answer, key), 1);
	return n < 1 ? 1 : (size_t)n;
}

bool results_init(results *r, const refs_origin *origin, tr_value *error)
{
	*r = (results){.origin = *origin, .list = tr_array(), .parts = tr_array(), .failures = tr_array()};
	tr_value answer = ask(r, TR_DICT("ask", tr_word("loop")), error);
	r->part_bytes = number(answer, "part_bytes");
	r->failures_most = number(answer, "failures");
	r->inline_max = number(answer, "inline_max");
	tr_drop(answer);
	return tr_is_valid(answer);
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
		if (tr_array_len(r->failures) < r->failures_most)
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
	if (r->list_bytes > r->part_bytes)
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

/* What is left of the list is a part like the others, or, when the store does not take it, a part that is there itself.
 */
static void close_last(results *r)
{
	if (tr_array_len(r->parts) == 0 || tr_array_len(r->list) == 0)
		return;
	close_part(r);
	if (tr_array_len(r->list) == 0)
		return;
	r->parts = tr_array_push(r->parts, r->list);
	r->list = tr_array();
}

static tr_value aggregate(const results *r, tr_value list, tr_value *error)
{
	return ask(r,
		   TR_DICT("ask", tr_word("aggregate"), "results", list, "parts", tr_keep(r->parts), "count",
			   tr_int(r->next), "success", tr_int(r->success), "failed", tr_int(r->failed), "failures",
			   tr_keep(r->failures)),
		   error);
}

tr_value results_take(results *r, tr_value *error)
{
	close_last(r);
	tr_value list = r->list;
	r->list = tr_array();
	if (tr_array_len(r->parts) == 0 && refs_is_large(list, r->inline_max))
		list = refs_put(list, &r->origin, NULL);
	tr_value answer = aggregate(r, list, error);
	if (!tr_is_valid(answer) || tr_is(answer, TR_MAP))
		return answer;
	tr_drop(answer);
	tr_assign(error, controllers_fault(CONTROLLER_RESULT, "aggregate must give results and stats"));
	return tr_invalid(TR_ETYPE);
}

tr_value results_stats(const results *r)
{
	tr_value error = tr_absent(), answer = aggregate(r, tr_nil(), &error), stats = tr_map_get_s(answer, "stats");
	stats = tr_is_valid(stats) ? tr_keep(stats) : tr_nil();
	tr_drop(answer);
	tr_drop(error);
	return stats;
}
