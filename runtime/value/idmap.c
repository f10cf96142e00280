/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing and back-shifting deletion: no tombstones, so a table in long use stays fast. */
#include "runtime/value/idmap.h"

#define SMALLEST 4u

static uint32_t home(const idmap *m, uint64_t id)
{
	/* Ids that differ in their upper bits alone, as pids may, must not meet. */
	return (uint32_t)(((id ^ id >> 32) * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (m->capacity - 1);
}

void idmap_fini(idmap *m)
{
	tr_free(m->slots);
	*m = (idmap){0};
}

static struct idmap_slot *slot_of(const idmap *m, uint64_t id)
{
	uint32_t i = home(m, id);

	while (m->slots[i].id != 0 && m->slots[i].id != id)
		i = (i + 1) & (m->capacity - 1);
	return &m->slots[i];
}

void *idmap_get(const idmap *m, uint64_t id)
{
	return m->count == 0 || id == 0 ? NULL : slot_of(m, id)->ptr;
}

static tr_err idmap_resize(idmap *m, uint32_t capacity)
{
	idmap bigger = {.slots = tr_alloc(capacity * sizeof(struct idmap_slot)), .capacity = capacity};

	if (bigger.slots == NULL)
		return TR_ENOMEM;
	for (uint32_t i = 0; i < m->capacity; i++)
		if (m->slots[i].id != 0)
			*slot_of(&bigger, m->slots[i].id) = m->slots[i];
	bigger.count = m->count;
	tr_free(m->slots);
	*m = bigger;
	return TR_OK;
}

tr_err idmap_put(idmap *m, uint64_t id, void *ptr)
{
	struct idmap_slot *s;

	if (id == 0)
		return TR_EINVAL;
	if ((m->count + 1) * 4 > m->capacity * 3) {
		tr_err err = idmap_resize(m, m->capacity == 0 ? SMALLEST : m->capacity * 2);

		if (err != TR_OK)
			return err;
	}
	s = slot_of(m, id);
	if (s->id == 0)
		m->count++;
	*s = (struct idmap_slot){id, ptr};
	return TR_OK;
}

void *idmap_del(idmap *m, uint64_t id)
{
	struct idmap_slot *hole;
	void *ptr;
	uint32_t at, i, mask = m->capacity - 1;

	if (m->count == 0 || id == 0)
		return NULL;
	hole = slot_of(m, id);
	if (hole->id == 0)
		return NULL;
	ptr = hole->ptr;
	at = (uint32_t)(hole - m->slots);
	for (i = (at + 1) & mask; m->slots[i].id != 0; i = (i + 1) & mask) {
		/* May the entry at i move into the hole? Only if its home is not between the hole and i. */
		if (((i - home(m, m->slots[i].id)) & mask) >= ((i - at) & mask)) {
			m->slots[at] = m->slots[i];
			at = i;
		}
	}
	m->slots[at] = (struct idmap_slot){0};
	m->count--;
	if (m->count == 0 && m->capacity > SMALLEST)
		idmap_fini(m);
	else if (m->capacity > 64 && m->count * 8 < m->capacity)
		(void)idmap_resize(m, m->capacity / 2); /* failing to shrink is no failure */
	return ptr;
}

void *idmap_any(const idmap *m, uint64_t *id)
{
	for (uint32_t i = 0; m->count > 0 && i < m->capacity; i++)
		if (m->slots[i].id != 0) {
			*id = m->slots[i].id;
			return m->slots[i].ptr;
		}
	return NULL;
}
