/* SPDX-License-Identifier: Apache-2.0 */
/* A growing ring. */
#include "actors/engine/held.h"

void held_fini(held_queue *q)
{
	for (size_t i = 0; i < q->count; i++)
		tr_drop(q->items[(q->first + i) & (q->capacity - 1)].value);
	tr_free(q->items);
	*q = (held_queue){0};
}

static tr_err held_grow(held_queue *q)
{
	uint32_t capacity = q->capacity == 0 ? 2 : q->capacity * 2;
	held *items = tr_alloc(capacity * sizeof *items);

	if (items == NULL)
		return TR_ENOMEM;
	for (size_t i = 0; i < q->count; i++)
		items[i] = q->items[(q->first + i) & (q->capacity - 1)];
	tr_free(q->items);
	q->items = items;
	q->first = 0;
	q->capacity = capacity;
	return TR_OK;
}

tr_err held_push(held_queue *q, const held *h)
{
	tr_err err = q->count == q->capacity ? held_grow(q) : TR_OK;

	if (err == TR_OK && !tr_is_valid(h->value))
		err = tr_value_err(h->value);
	if (err != TR_OK) {
		tr_drop(h->value);
		return err;
	}
	q->items[(q->first + q->count++) & (q->capacity - 1)] = *h;
	return TR_OK;
}

bool held_pop(held_queue *q, uint64_t durable, held *out)
{
	if (q->count == 0 || q->items[q->first].seq > durable)
		return false;
	*out = q->items[q->first];
	q->first = (q->first + 1) & (q->capacity - 1);
	/* An execution that only waits keeps nothing. */
	if (--q->count == 0)
		held_fini(q);
	return true;
}
