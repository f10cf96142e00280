/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing and backward-shift deletion, so there are no tombstones to sweep. */
#include "plugins/host/table.h"

static size_t home(const table *t, uint64_t key)
{
	key ^= key >> 32;
	key *= UINT64_C(0x9e3779b97f4a7c15);
	key ^= key >> 29;
	return (size_t)key & (t->cap - 1);
}

void keytable_fini(table *t)
{
	tr_free(t->slots);
	*t = (table){NULL, 0, 0};
}

static size_t find(const table *t, uint64_t key)
{
	size_t i = home(t, key);

	while (t->slots[i].key != 0 && t->slots[i].key != key)
		i = (i + 1) & (t->cap - 1);
	return i;
}

static tr_err grow(table *t)
{
	table bigger = {NULL, t->cap == 0 ? 16 : t->cap * 2, t->count};

	bigger.slots = tr_alloc(bigger.cap * sizeof(keytable_slot));
	if (bigger.slots == NULL)
		return TR_ENOMEM;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].key != 0)
			bigger.slots[find(&bigger, t->slots[i].key)] = t->slots[i];
	tr_free(t->slots);
	*t = bigger;
	return TR_OK;
}

tr_err keytable_put(table *t, uint64_t key, void *value)
{
	if (key == 0)
		return TR_EINVAL;
	if ((t->count + 1) * 4 > t->cap * 3) {
		tr_err err = grow(t);
		if (err != TR_OK)
			return err;
	}
	keytable_slot *slot = &t->slots[find(t, key)];
	if (slot->key == 0)
		t->count++;
	*slot = (keytable_slot){key, value};
	return TR_OK;
}

void *keytable_get(const table *t, uint64_t key)
{
	if (t->count == 0 || key == 0)
		return NULL;
	return t->slots[find(t, key)].value;
}

void *keytable_del(table *t, uint64_t key)
{
	if (t->count == 0 || key == 0)
		return NULL;
	size_t hole = find(t, key), mask = t->cap - 1;
	void *value = t->slots[hole].value;
	if (t->slots[hole].key == 0)
		return NULL;
	for (size_t i = (hole + 1) & mask; t->slots[i].key != 0; i = (i + 1) & mask) {
		/* Move back what would no longer be found once the hole is empty. */
		if (((i - home(t, t->slots[i].key)) & mask) >= ((i - hole) & mask)) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole] = (keytable_slot){0, NULL};
	t->count--;
	return value;
}

void *keytable_any(const table *t, uint64_t *key)
{
	for (size_t i = 0; t->count > 0 && i < t->cap; i++)
		if (t->slots[i].key != 0) {
			*key = t->slots[i].key;
			return t->slots[i].value;
		}
	return NULL;
}
