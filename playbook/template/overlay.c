/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs in a list, with an index over them once there are many. */
#include <string.h>

#include "playbook/template/overlay.h"

#define SCANNED 8

void overlay_fini(struct overlay *o)
{
	for (size_t i = 0; i < o->n; i++) {
		tr_drop(o->pairs[i].of);
		tr_drop(o->pairs[i].now);
	}
	tr_free(o->pairs);
	tr_free(o->index);
	memset(o, 0, sizeof(*o));
}

static size_t first_slot(const struct overlay *o, tr_value of)
{
	return (size_t)((of.as.bits >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20) & o->mask;
}

struct overlay_pair *overlay_find(const struct overlay *o, tr_value of)
{
	if (o->index == NULL) {
		for (size_t i = 0; i < o->n; i++)
			if (o->pairs[i].of.as.box == of.as.box)
				return &o->pairs[i];
		return NULL;
	}
	for (size_t at = first_slot(o, of); o->index[at] != 0; at = (at + 1) & o->mask)
		if (o->pairs[o->index[at] - 1].of.as.box == of.as.box)
			return &o->pairs[o->index[at] - 1];
	return NULL;
}

static void index_put(struct overlay *o, size_t position)
{
	size_t at = first_slot(o, o->pairs[position].of);

	while (o->index[at] != 0)
		at = (at + 1) & o->mask;
	o->index[at] = (uint32_t)position + 1;
}

/* Room for one more pair, and an index at most half full. */
static bool grow(struct overlay *o)
{
	size_t cap = o->cap == 0 ? 4 : o->cap * 2;
	struct overlay_pair *pairs = cap < UINT32_MAX / 4 ? tr_realloc(o->pairs, cap * sizeof(*pairs)) : NULL;

	if (pairs == NULL)
		return false;
	o->pairs = pairs;
	if (cap > SCANNED) {
		uint32_t *index = tr_alloc(cap * 2 * sizeof(*index));
		if (index == NULL)
			return false;
		tr_free(o->index);
		o->index = index;
		o->mask = cap * 2 - 1;
		for (size_t i = 0; i < o->n; i++)
			index_put(o, i);
	}
	o->cap = cap;
	return true;
}

bool overlay_add(struct overlay *o, tr_value of, tr_value now)
{
	if (o->n == o->cap && !grow(o)) {
		tr_drop(now);
		return false;
	}
	o->pairs[o->n] = (struct overlay_pair){tr_keep(of), now};
	if (o->index != NULL)
		index_put(o, o->n);
	o->n++;
	return true;
}
