/* SPDX-License-Identifier: Apache-2.0 */
/* The table of an actor's links, monitors and aliases. */
#include "runtime/actor/relation.h"

#include <string.h>

#include <troupe/base.h>

#define RELATION_LINEAR 8u

static uint32_t home(uint64_t key, uint32_t kind, uint32_t capacity)
{
	uint64_t h = (key ^ ((uint64_t)kind << 57)) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 32) & (capacity - 1);
}

struct relation *relation_find(struct relations *r, enum relation_kind kind, uint64_t key)
{
	if (r == NULL)
		return NULL;
	if (r->capacity <= RELATION_LINEAR) {
		for (uint32_t i = 0; i < r->n; i++)
			if (r->at[i].key == key && r->at[i].kind == (uint32_t)kind)
				return &r->at[i];
		return NULL;
	}
	for (uint32_t i = home(key, kind, r->capacity); r->at[i].kind != REL_NONE; i = (i + 1) & (r->capacity - 1))
		if (r->at[i].key == key && r->at[i].kind == (uint32_t)kind)
			return &r->at[i];
	return NULL;
}

static void place(struct relations *r, struct relation entry)
{
	uint32_t i = r->n;
	if (r->capacity > RELATION_LINEAR) {
		i = home(entry.key, entry.kind, r->capacity);
		while (r->at[i].kind != REL_NONE)
			i = (i + 1) & (r->capacity - 1);
	}
	r->at[i] = entry;
	r->n++;
}

static bool resize(struct relations **r, uint32_t capacity)
{
	struct relations *big = tr_alloc(sizeof *big + capacity * sizeof big->at[0]);
	if (big == NULL)
		return false;
	big->capacity = capacity;
	struct relation *e;
	for (uint32_t i = 0; (e = relation_next(*r, &i)) != NULL;)
		place(big, *e);
	tr_free(*r);
	*r = big;
	return true;
}

/* Most actors have few and keep them, so a small array is no larger than it must be. */
static uint32_t larger(uint32_t capacity)
{
	return capacity < 4                 ? (capacity == 0 ? 1 : capacity * 2)
	       : capacity < RELATION_LINEAR ? capacity + 1
					    : capacity * 2;
}

bool relation_add(struct relations **r, enum relation_kind kind, uint64_t key, uint64_t peer)
{
	uint32_t capacity = *r == NULL ? 0 : (*r)->capacity;
	/* A hash table stays at most three quarters full. */
	bool full = capacity <= RELATION_LINEAR ? *r == NULL || (*r)->n == capacity : (*r)->n >= capacity / 4 * 3;
	if (full && !resize(r, larger(capacity)))
		return false;
	place(*r, (struct relation){key, peer, (uint32_t)kind});
	return true;
}

/* Close the gap at i: move back every later entry of the run that may live there. */
static void close_gap(struct relations *r, uint32_t i)
{
	uint32_t mask = r->capacity - 1;
	for (uint32_t j = (i + 1) & mask; r->at[j].kind != REL_NONE; j = (j + 1) & mask) {
		uint32_t h = home(r->at[j].key, r->at[j].kind, r->capacity);
		if (((j - h) & mask) >= ((j - i) & mask)) {
			r->at[i] = r->at[j];
			i = j;
		}
	}
	r->at[i].kind = REL_NONE;
}

void relation_remove(struct relations **table, struct relation *at)
{
	struct relations *r = *table;
	uint32_t i = (uint32_t)(at - r->at);
	r->n--;
	if (r->capacity <= RELATION_LINEAR) {
		/* Keep the order of arrival. */
		memmove(&r->at[i], &r->at[i + 1], (r->n - i) * sizeof r->at[0]);
		r->at[r->n].kind = REL_NONE;
	} else {
		close_gap(r, i);
	}
	if (r->n == 0 && r->capacity > 2) {
		tr_free(r);
		*table = NULL;
	} else if (r->capacity > RELATION_LINEAR && r->n < r->capacity / 8) {
		(void)resize(table, r->capacity / 4); /* without memory it just stays large */
	}
}

struct relation *relation_next(struct relations *r, uint32_t *i)
{
	if (r == NULL)
		return NULL;
	while (*i < r->capacity) {
		struct relation *e = &r->at[(*i)++];
		if (e->kind != REL_NONE)
			return e;
	}
	return NULL;
}

uint32_t relation_count(struct relations *r, enum relation_kind kind)
{
	uint32_t n = 0;
	struct relation *e;
	for (uint32_t i = 0; (e = relation_next(r, &i)) != NULL;)
		n += e->kind == (uint32_t)kind;
	return n;
}
