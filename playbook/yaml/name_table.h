/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Names to small numbers: anchors, keys of a large mapping, steps. Open addressing; names are borrowed and must outlive
 * the table. Not thread-safe.
 */
#ifndef TROUPE_PLAYBOOK_NAME_TABLE_H
#define TROUPE_PLAYBOOK_NAME_TABLE_H

#include <troupe/base.h>

typedef struct name_slot {
	tr_str name;
	uint32_t hash;
	uint32_t value;
	bool used;
} name_slot;

typedef struct name_table {
	name_slot *slots;
	size_t capacity, count; /* capacity: a power of two */
} name_table;

/** Where the search for a hash begins. Where a table lies is not known outside, so that nobody can choose names that
 * all fall together. */
static inline size_t name_table_start(const void *slots, uint32_t hash, size_t capacity)
{
	uint64_t seed = (uint64_t)((uintptr_t)slots >> 4) * UINT64_C(0x9E3779B97F4A7C15) | 1;
	return (size_t)(((uint64_t)hash * seed) >> 32) & (capacity - 1);
}

void name_table_fini(name_table *t); /* harmless on zeroed memory */
/** The value's place, or NULL when the name is not there. Valid until the next put. */
uint32_t *name_table_find(const name_table *t, tr_str name);
/** Add or replace. False: out of memory. */
bool name_table_put(name_table *t, tr_str name, uint32_t value);

#endif
