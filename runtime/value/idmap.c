/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing and back-shifting deletion: no tombstones, so a table in long use stays fast. */
#include "runtime/value/idmap.h"

#define SMALLEST 4u

static struct idmap_slot *slots_of(const idmap *m)
{
	return (struct idmap_slot *)m->at; /* NOLINT(performance-no-int-to-ptr) */
}

static void *only_of(const idmap *m)
{
	return (void *)(m->at - 1); /* NOLINT(performance-no-int-to-ptr) */
}

static void set_only(idmap *m, uint64_t id, void *ptr)
{
	m->at = (uintptr_t)ptr | 1;
	m->u.id = id;
}

static uint32_t home(uint64_t id, uint32_t capacity)
{
	/* Ids that differ in their upper bits alone, as pids may, must not meet. */
	return (uint32_t)(((id ^ id >> 32) * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (capacity - 1);
}

void idmap_fini(idmap *m)
{
	if (!idmap_is_one(m))
		tr_free(slots_of(m));
	*m = (idmap){0};
}

static struct idmap_slot *slot_of(const idmap *m, uint64_t id)
{
	struct idmap_slot *slots = slots_of(m);
	uint32_t mask = m->u.slots.capacity - 1, i = home(id, m->u.slots.capacity);

	while (slots[i].id != 0 && slots[i].id != id)
		i = (i + 1) & mask;
	return &slots[i];
}

void *idmap_get(const idmap *m, uint64_t id)
{
	if (idmap_is_one(m))
		return m->u.id == id ? only_of(m) : NULL;
	return m->u.slots.count == 0 || id == 0 ? NULL : slot_of(m, id)->ptr;
}

static tr_err idmap_resize(idmap *m, uint32_t capacity)
{
	struct idmap_slot *slots = tr_alloc(capacity * sizeof *slots);
	idmap bigger = {.at = (uintptr_t)slots, .u.slots = {capacity, idmap_count(m)}};
	uint32_t place = 0;
	uint64_t id = 0;
	void *ptr;

	if (slots == NULL)
		return TR_ENOMEM;
	while ((ptr = idmap_next(m, &place, &id)) != NULL)
		*slot_of(&bigger, id) = (struct idmap_slot){id, ptr};
	idmap_fini(m);
	*m = bigger;
	return TR_OK;
}

static bool is_full(const idmap *m)
{
	return (idmap_count(m) + 1) * 4 > idmap_capacity(m) * 3;
}

tr_err idmap_put(idmap *m, uint64_t id, void *ptr)
{
	bool even = ((uintptr_t)ptr & 1) == 0;
	struct idmap_slot *s;

	if (id == 0 || ptr == NULL)
		return TR_EINVAL;
	if (even && (m->at == 0 || (idmap_is_one(m) && m->u.id == id))) {
		set_only(m, id, ptr);
		return TR_OK;
	}
	if (is_full(m)) {
		uint32_t capacity = idmap_capacity(m);
		tr_err err = idmap_resize(m, capacity == 0 ? SMALLEST : capacity * 2);

		if (err != TR_OK)
			return err;
	}
	s = slot_of(m, id);
	if (s->id == 0)
		m->u.slots.count++;
	*s = (struct idmap_slot){id, ptr};
	return TR_OK;
}

/* Close the gap that is left there. */
static void close_gap(idmap *m, uint32_t at)
{
	struct idmap_slot *slots = slots_of(m);
	uint32_t capacity = m->u.slots.capacity, mask = capacity - 1;

	for (uint32_t i = (at + 1) & mask; slots[i].id != 0; i = (i + 1) & mask) {
		/* May the entry at i move into the hole? Only if its home is not between the hole and i. */
		if (((i - home(slots[i].id, capacity)) & mask) >= ((i - at) & mask)) {
			slots[at] = slots[i];
			at = i;
		}
	}
	slots[at] = (struct idmap_slot){0};
}

void *idmap_del(idmap *m, uint64_t id)
{
	void *ptr = idmap_get(m, id);

	if (ptr == NULL)
		return NULL;
	if (idmap_is_one(m)) {
		*m = (idmap){0};
		return ptr;
	}
	close_gap(m, (uint32_t)(slot_of(m, id) - slots_of(m)));
	m->u.slots.count--;
	if (m->u.slots.count == 0 && m->u.slots.capacity > SMALLEST)
		idmap_fini(m);
	else if (m->u.slots.capacity > 64 && m->u.slots.count * 8 < m->u.slots.capacity)
		(void)idmap_resize(m, m->u.slots.capacity / 2); /* failing to shrink is no failure */
	return ptr;
}

void *idmap_next(const idmap *m, uint32_t *place, uint64_t *id)
{
	const struct idmap_slot *slots = slots_of(m);
	const struct idmap_slot only = {m->u.id, idmap_is_one(m) ? only_of(m) : NULL};
	uint32_t end = idmap_is_one(m) ? 1 : m->u.slots.capacity;

	for (; *place < end; ++*place) {
		const struct idmap_slot *s = idmap_is_one(m) ? &only : &slots[*place];

		if (s->id == 0)
			continue;
		if (id != NULL)
			*id = s->id;
		++*place;
		return s->ptr;
	}
	return NULL;
}

void *idmap_any(const idmap *m, uint64_t *id)
{
	uint32_t place = 0;

	return idmap_next(m, &place, id);
}
