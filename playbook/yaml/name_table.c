/* SPDX-License-Identifier: Apache-2.0 */
/* Linear probing, at most half full. */
#include "playbook/yaml/name_table.h"
#include "runtime/value/box.h"
#include <string.h>

static uint32_t name_hash(tr_str name)
{
	return (uint32_t)text_hash(name.n == 0 ? "" : name.p, name.n);
}

static name_slot *slot_of(const name_table *t, tr_str name, uint32_t hash)
{
	size_t at = name_table_start(t->slots, hash, t->capacity);
	while (t->slots[at].used && !(t->slots[at].hash == hash && tr_str_eq(t->slots[at].name, name)))
		at = (at + 1) & (t->capacity - 1);
	return &t->slots[at];
}

void name_table_fini(name_table *t)
{
	tr_free(t->slots);
	memset(t, 0, sizeof *t);
}

uint32_t *name_table_find(const name_table *t, tr_str name)
{
	if (t->count == 0)
		return NULL;
	name_slot *s = slot_of(t, name, name_hash(name));
	return s->used ? &s->value : NULL;
}

static bool name_table_grow(name_table *t)
{
	name_table bigger = {.capacity = t->capacity == 0 ? 16 : t->capacity * 2, .count = t->count};
	bigger.slots = tr_alloc(bigger.capacity * sizeof *bigger.slots);
	if (bigger.slots == NULL)
		return false;
	for (size_t i = 0; i < t->capacity; i++) {
		if (t->slots[i].used)
			*slot_of(&bigger, t->slots[i].name, t->slots[i].hash) = t->slots[i];
	}
	tr_free(t->slots);
	*t = bigger;
	return true;
}

bool name_table_put(name_table *t, tr_str name, uint32_t value)
{
	if ((t->count + 1) * 2 > t->capacity && !name_table_grow(t))
		return false;
	uint32_t hash = name_hash(name);
	name_slot *s = slot_of(t, name, hash);
	if (!s->used)
		t->count++;
	*s = (name_slot){.name = name, .hash = hash, .value = value, .used = true};
	return true;
}
