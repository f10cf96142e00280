/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that double up to a bound; large requests get a block of their own. */
#include "playbook/yaml/arena.h"
#include <stdio.h>
#include <string.h>

enum {
	BLOCK_FIRST = 4096,
	BLOCK_MAX = 256 * 1024
};

void arena_init(arena *a)
{
	memset(a, 0, sizeof *a);
}

void arena_fini(arena *a)
{
	for (size_t i = 0; i < a->value_count; i++)
		tr_drop(a->values[i]);
	tr_free(a->values);
	for (arena_block *b = a->blocks, *next; b != NULL; b = next) {
		next = b->next;
		tr_free(b);
	}
	arena_init(a);
}

static arena_block *block_add(arena *a, size_t n)
{
	size_t size = a->blocks == NULL ? BLOCK_FIRST : a->blocks->size * 2;
	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (size < n)
		size = n;
	arena_block *b = tr_realloc(NULL, sizeof *b + size); /* zeroed where it is handed out */
	if (b == NULL) {
		a->failed = true;
		return NULL;
	}
	b->size = size;
	b->used = 0;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *arena_room(arena *a, size_t n)
{
	const size_t step = alignof(max_align_t);
	if (a->failed || n > SIZE_MAX / 4) {
		a->failed = true;
		return NULL;
	}
	n = (n + step - 1) / step * step;
	arena_block *b = a->blocks;
	if (b == NULL || b->size - b->used < n)
		b = block_add(a, n);
	if (b == NULL)
		return NULL;
	void *p = b->data + b->used;
	b->used += n;
	a->used += n;
	return p;
}

void *arena_alloc_array(arena *a, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / 4 / size) {
		a->failed = true;
		return NULL;
	}
	return arena_alloc(a, count * size);
}

void *arena_copy(arena *a, const void *p, size_t n)
{
	void *to = arena_room(a, n);
	if (to != NULL && n > 0)
		memcpy(to, p, n);
	return to;
}

tr_str arena_str(arena *a, tr_str s)
{
	char *p = arena_room(a, s.n + 1);
	if (p == NULL)
		return tr_s("");
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return (tr_str){p, s.n};
}

tr_str arena_strf(arena *a, const char *fmt, ...)
{
	char text[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return arena_str(a, tr_s(text));
}

tr_value arena_own(arena *a, tr_value v)
{
	if (!tr_is_valid(v)) {
		a->failed = true;
		return tr_nil();
	}
	if (v.type < (uint32_t)TR_STRING)
		return v; /* nothing to give back */
	if (a->value_count == a->value_capacity) {
		size_t capacity = a->value_capacity == 0 ? 64 : a->value_capacity * 2;
		tr_value *grown = tr_realloc(a->values, capacity * sizeof *grown);
		if (grown == NULL) {
			tr_drop(v);
			a->failed = true;
			return tr_nil();
		}
		a->values = grown;
		a->value_capacity = capacity;
	}
	a->values[a->value_count++] = v;
	return v;
}
