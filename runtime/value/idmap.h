/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table from ids (pids, refs, numbers; never 0) to pointers. Not thread-safe. Zeroed memory is an empty table.
 * An only entry (whose pointer is even, as those to objects are) needs no memory of its own: most of the tables that
 * actors have hold one thing at a time.
 */
#ifndef TROUPE_VALUE_IDMAP_H
#define TROUPE_VALUE_IDMAP_H

#include <troupe/base.h>

struct idmap_slot {
	uint64_t id;
	void *ptr;
};

typedef struct idmap {
	uintptr_t at; /* the slots; or, with its lowest bit set, the pointer of the only entry */
	union {
		struct {
			uint32_t capacity; /* a power of two, or 0 */
			uint32_t count;
		} slots;
		uint64_t id; /* of the only entry */
	} u;
} idmap;

void idmap_fini(idmap *m); /* the pointers are the caller's */
void *idmap_get(const idmap *m, uint64_t id);
/* Put or replace. The pointer is not NULL. (One to a single byte works, too, but it may cost a table.) */
tr_err idmap_put(idmap *m, uint64_t id, void *ptr);
/* Take out; what was there, or NULL. Gives memory back when the table has become mostly empty. */
void *idmap_del(idmap *m, uint64_t id);
/* The first at or behind this place, which moves on behind it; NULL at the end. While they are walked nothing is put or
 * taken. With id != NULL, its id, too. */
void *idmap_next(const idmap *m, uint32_t *place, uint64_t *id);
/* Any one, or NULL when it is empty: for emptying it. */
void *idmap_any(const idmap *m, uint64_t *id);

static inline bool idmap_is_one(const idmap *m)
{
	return (m->at & 1) != 0;
}

static inline uint32_t idmap_count(const idmap *m)
{
	return idmap_is_one(m) ? 1 : m->u.slots.count;
}

/* How many slots it has memory for. */
static inline uint32_t idmap_capacity(const idmap *m)
{
	return idmap_is_one(m) ? 0 : m->u.slots.capacity;
}

#endif
