/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Memory that is given back all at once: what a YAML document or a playbook is made of. The first failed allocation
 * sticks (`failed`), so a long construction is checked once at its end. Not thread-safe.
 */
#ifndef TROUPE_PLAYBOOK_ARENA_H
#define TROUPE_PLAYBOOK_ARENA_H

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include <troupe/value.h>

typedef struct arena_block {
	struct arena_block *next;
	size_t size, used;
	alignas(max_align_t) unsigned char data[];
} arena_block;

typedef struct arena {
	arena_block *blocks;
	size_t used; /* bytes handed out, in all */
	bool failed;
	tr_value *values; /* dropped with the arena */
	size_t value_count, value_capacity;
} arena;

void arena_init(arena *a);
void arena_fini(arena *a);
/** Memory with any content, aligned for anything, from a block of its own when need be; NULL when there is none. */
void *arena_room(arena *a, size_t n);
/** Zeroed memory, aligned for anything; NULL when there is none. */
static inline void *arena_alloc(arena *a, size_t n)
{
	const size_t step = alignof(max_align_t);
	arena_block *b = a->blocks;
	void *p;
	if (b != NULL && n <= b->size - b->used && (n + step - 1) / step * step <= b->size - b->used) {
		p = b->data + b->used;
		b->used += (n + step - 1) / step * step;
		a->used += (n + step - 1) / step * step;
	} else {
		p = arena_room(a, n);
	}
	if (p != NULL)
		memset(p, 0, n);
	return p;
}
void *arena_alloc_array(arena *a, size_t count, size_t size);
void *arena_copy(arena *a, const void *p, size_t n);
/** A NUL-terminated copy of the text; the empty view when there is no memory. */
tr_str arena_str(arena *a, tr_str s);
tr_str arena_strf(arena *a, const char *fmt, ...) TR_PRINTF(2, 3);
/** Take v: it lives as long as the arena. An invalid v marks the arena as failed and gives nil. */
tr_value arena_own(arena *a, tr_value v);

#endif
