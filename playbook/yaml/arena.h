/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Memory that is given back all at once: what a YAML document or a playbook is made of. The first failed allocation
 * sticks (`failed`), so a long construction is checked once at its end. Not thread-safe.
 */
#ifndef TROUPE_PLAYBOOK_ARENA_H
#define TROUPE_PLAYBOOK_ARENA_H

#include <troupe/value.h>

typedef struct arena_block arena_block;

typedef struct arena {
	arena_block *blocks;
	size_t used; /* bytes handed out, in all */
	bool failed;
	tr_value *values; /* dropped with the arena */
	size_t value_count, value_capacity;
} arena;

void arena_init(arena *a);
void arena_fini(arena *a);
/** Zeroed memory, aligned for anything; NULL when there is none. */
void *arena_alloc(arena *a, size_t n);
void *arena_alloc_array(arena *a, size_t count, size_t size);
void *arena_copy(arena *a, const void *p, size_t n);
/** A NUL-terminated copy of the text; the empty view when there is no memory. */
tr_str arena_str(arena *a, tr_str s);
tr_str arena_strf(arena *a, const char *fmt, ...) TR_PRINTF(2, 3);
/** Take v: it lives as long as the arena. An invalid v marks the arena as failed and gives nil. */
tr_value arena_own(arena *a, tr_value v);

#endif
