/* SPDX-License-Identifier: Apache-2.0 */
/* Children by a 64-bit key. */
#include "supervisors/table.h"

#define TABLE_FIRST_CAP 8

void table_fini(struct table *t)
{
	tr_free(t->slots);
	t->slots = NULL;
	t->cap = t->count = 0;
}

/* Keys are slot numbers and counters as often as hashes, so spread them (Fibonacci hashing with a fold). */
static size_t home(const struct table *t, uint64_t key)
{
	uint64_t h = key * UINT64_C(0x9E3779B97F4A7C15);

	return (size_t)(h ^ (h >> 32)) & (t->cap - 1);
}

static void insert(struct table *t, uint64_t key, struct child *child)
{
	size_t i = home(t, key);

	while (t->slots[i].child != NULL)
		i = (i + 1) & (t->cap - 1);
	t->slots[i] = (struct table_slot){key, child};
	t->count++;
}

tr_err table_reserve(struct table *t)
{
	if (t->cap != 0 && t->count + 1 <= t->cap - t->cap / 4)
		return TR_OK;
	struct table bigger = {NULL, t->cap == 0 ? TABLE_FIRST_CAP : t->cap * 2, 0};
	bigger.slots = tr_alloc(bigger.cap * sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return TR_ENOMEM;
	for (size_t i = 0; i < t->cap; i++) {
		if (t->slots[i].child != NULL)
			insert(&bigger, t->slots[i].key, t->slots[i].child);
	}
	tr_free(t->slots);
	*t = bigger;
	return TR_OK;
}

tr_err table_put(struct table *t, uint64_t key, struct child *child)
{
	tr_err err = table_reserve(t);

	if (err == TR_OK)
		insert(t, key, child);
	return err;
}

/* Close the gap at `hole`, so that no probe ends early. */
static void close_gap(struct table *t, size_t hole)
{
	for (size_t i = (hole + 1) & (t->cap - 1); t->slots[i].child != NULL; i = (i + 1) & (t->cap - 1)) {
		size_t want = home(t, t->slots[i].key);
		if (((i - want) & (t->cap - 1)) >= ((i - hole) & (t->cap - 1))) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = (struct table_slot){0, NULL};
}

bool table_remove(struct table *t, uint64_t key, const struct child *child)
{
	if (t->cap == 0)
		return false;
	for (size_t i = home(t, key); t->slots[i].child != NULL; i = (i + 1) & (t->cap - 1)) {
		if (t->slots[i].key == key && t->slots[i].child == child) {
			close_gap(t, i);
			t->count--;
			return true;
		}
	}
	return false;
}

struct child *table_find(const struct table *t, uint64_t key, bool (*match)(const struct child *, const void *),
			 const void *arg)
{
	if (t->cap == 0)
		return NULL;
	for (size_t i = home(t, key); t->slots[i].child != NULL; i = (i + 1) & (t->cap - 1)) {
		if (t->slots[i].key == key && (match == NULL || match(t->slots[i].child, arg)))
			return t->slots[i].child;
	}
	return NULL;
}
