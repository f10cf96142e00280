/* SPDX-License-Identifier: Apache-2.0 */
/* The open-addressing index of a map with more than MAP_SMALL entries: linear probing, no tombstones. */
#ifndef TROUPE_VALUE_MAP_INDEX_H
#define TROUPE_VALUE_MAP_INDEX_H

#include "runtime/value/box.h"

extern const uint64_t *const map_seed;

/*
 * A key's hash as the index uses it. Mixed with a number drawn when the process begins, so that nobody outside can
 * choose keys that all fall into one slot. Nothing that can be seen of a map depends on it.
 */
static inline uint32_t map_hash(uint64_t hash)
{
	return (uint32_t)(((hash ^ *map_seed) * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

/* Slots for this many entries (a power of two, at most three quarters full), all free; NULL when there is no memory. */
struct map_slot *map_index_new(uint32_t cap, uint32_t *mask);
/* Enter the entry at position `at`, whose key has this hash and is not in the index. */
void map_index_add(struct map_slot *index, uint32_t mask, uint32_t hash, uint32_t at);
/* Take the entry at position `at` out and move the positions behind it one down. */
void map_index_remove(struct map_slot *index, uint32_t mask, uint32_t hash, uint32_t at);

#endif
