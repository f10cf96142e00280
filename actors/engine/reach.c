/* SPDX-License-Identifier: Apache-2.0 */
/* Reachability by nearest dominators: see reach.h for why it is enough. */
#include "actors/engine/reach.h"

#include <stdlib.h>
#include <string.h>

/* The nodes between a node and its nearest dominator, by their places in the tree. */
struct between {
	uint32_t *places; /* sorted, or … */
	uint64_t *bits;   /* … from `base` on, whichever is smaller */
	uint32_t base, count;
};

struct reach {
	uint32_t n;      /* the root that stands before all is node n */
	uint32_t *up;    /* the nearest dominator */
	uint32_t *jump;  /* some dominator further up, so that any is found in few steps */
	uint32_t *depth; /* of the root: 0 */
	uint32_t *place; /* in an order in which what a node dominates stands right behind it … */
	uint32_t *size;  /* … and is so many with it */
	struct between *between;
};

/* What is needed only while it is made. */
struct making {
	reach *r;
	const uint32_t *first, *before;
	uint32_t *order; /* each node behind those before it */
	uint32_t *stack, *next;
	uint32_t *found; /* and how many */
	uint32_t found_count;
	uint32_t *seen; /* the last node for which it was found */
};

void reach_free(reach **slot)
{
	reach *r = *slot;

	*slot = NULL;
	if (r == NULL)
		return;
	for (uint32_t i = 0; r->between != NULL && i < r->n; i++) {
		tr_free(r->between[i].places);
		tr_free(r->between[i].bits);
	}
	tr_free(r->between);
	tr_free(r->up);
	tr_free(r->jump);
	tr_free(r->depth);
	tr_free(r->place);
	tr_free(r->size);
	tr_free(r);
}

/* ---- the tree ---- */

static uint32_t dominator_at(const reach *r, uint32_t v, uint32_t depth)
{
	while (r->depth[v] > depth)
		v = r->depth[r->jump[v]] >= depth ? r->jump[v] : r->up[v];
	return v;
}

static uint32_t lowest_common(const reach *r, uint32_t a, uint32_t b)
{
	uint32_t depth = r->depth[a] < r->depth[b] ? r->depth[a] : r->depth[b];

	a = dominator_at(r, a, depth);
	b = dominator_at(r, b, depth);
	while (a != b) {
		bool far = r->jump[a] != r->jump[b];

		a = far ? r->jump[a] : r->up[a];
		b = far ? r->jump[b] : r->up[b];
	}
	return a;
}

static void put_below(reach *r, uint32_t v, uint32_t up)
{
	uint32_t j = r->jump[up];

	r->up[v] = up;
	r->depth[v] = r->depth[up] + 1;
	r->jump[v] = r->depth[up] - r->depth[j] == r->depth[j] - r->depth[r->jump[j]] ? r->jump[j] : up;
}

/* A loop, not recursion: a chain may be as long as the file. `next` is where each node's look at those before it is. */
static void make_order(struct making *m)
{
	uint32_t n = m->r->n, count = 0;

	for (uint32_t i = 0; i < n; i++)
		m->next[i] = m->first[i];
	for (uint32_t root = 0; root < n; root++) {
		uint32_t depth = 0;

		if (m->seen[root] == 0) {
			m->seen[root] = 1;
			m->stack[depth++] = root;
		}
		while (depth > 0) {
			uint32_t v = m->stack[depth - 1], before;

			if (m->next[v] == m->first[v + 1]) {
				m->order[count++] = v;
				depth--;
				continue;
			}
			before = m->before[m->next[v]++];
			if (m->seen[before] == 0) {
				m->seen[before] = 1;
				m->stack[depth++] = before;
			}
		}
	}
}

static void make_tree(struct making *m)
{
	reach *r = m->r;
	uint32_t n = r->n;

	r->up[n] = r->jump[n] = n;
	r->depth[n] = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t v = m->order[i], up = m->first[v] < m->first[v + 1] ? m->before[m->first[v]] : n;

		for (uint32_t a = m->first[v]; a < m->first[v + 1]; a++)
			up = lowest_common(r, up, m->before[a]);
		put_below(r, v, up);
	}
	for (uint32_t i = 0; i <= n; i++)
		r->size[i] = 1;
	for (uint32_t i = n; i > 0; i--)
		r->size[r->up[m->order[i - 1]]] += r->size[m->order[i - 1]];
	r->place[n] = 0;
	m->next[n] = 1;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t v = m->order[i], up = r->up[v];

		r->place[v] = m->next[up];
		m->next[up] += r->size[v];
		m->next[v] = r->place[v] + 1;
	}
}

/* ---- what is between ---- */

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static tr_err keep_found(struct between *b, const uint32_t *places, uint32_t count)
{
	uint32_t words = (places[count - 1] - places[0]) / 64 + 1;

	b->base = places[0];
	if (words > count / 2) {
		b->places = tr_alloc(count * sizeof *b->places);
		b->count = count;
		if (b->places != NULL)
			memcpy(b->places, places, count * sizeof *places);
		return b->places != NULL ? TR_OK : TR_ENOMEM;
	}
	b->bits = tr_alloc(words * sizeof *b->bits);
	b->count = words * 64;
	for (uint32_t i = 0; b->bits != NULL && i < count; i++)
		b->bits[(places[i] - b->base) / 64] |= UINT64_C(1) << ((places[i] - b->base) % 64);
	return b->bits != NULL ? TR_OK : TR_ENOMEM;
}

/* Back from v to its nearest dominator. */
static tr_err find_between(struct making *m, uint32_t v)
{
	const reach *r = m->r;
	uint32_t depth = 0;

	m->found_count = 0;
	m->stack[depth++] = v;
	while (depth > 0) {
		uint32_t at = m->stack[--depth];

		for (uint32_t a = m->first[at]; a < m->first[at + 1]; a++) {
			uint32_t x = m->before[a];

			if (x == r->up[v] || m->seen[x] == v + 2)
				continue;
			m->seen[x] = v + 2; /* 1 is of the time before */
			m->found[m->found_count++] = r->place[x];
			m->stack[depth++] = x;
		}
	}
	if (m->found_count == 0)
		return TR_OK;
	qsort(m->found, m->found_count, sizeof *m->found, by_number);
	return keep_found(&m->r->between[v], m->found, m->found_count);
}

static bool is_between(const struct between *b, uint32_t place)
{
	if (b->bits != NULL)
		return place >= b->base && place - b->base < b->count &&
		       (b->bits[(place - b->base) / 64] >> ((place - b->base) % 64) & 1) != 0;
	return b->count > 0 && bsearch(&place, b->places, b->count, sizeof place, by_number) != NULL;
}

/* ---- all of it ---- */

static tr_err make(struct making *m)
{
	tr_err err = TR_OK;

	make_order(m);
	make_tree(m);
	for (uint32_t v = 0; v < m->r->n && err == TR_OK; v++)
		if (m->first[v + 1] - m->first[v] > 1)
			err = find_between(m, v);
	return err;
}

static uint32_t *numbers(uint32_t n)
{
	return tr_alloc((size_t)(n + 2) * sizeof(uint32_t));
}

reach *reach_new(uint32_t n, const uint32_t *first, const uint32_t *before)
{
	reach *r = tr_alloc(sizeof *r);
	struct making m = {.r = r, .first = first, .before = before};
	bool room;

	if (r == NULL)
		return NULL;
	*r = (reach){.n = n,
		     .up = numbers(n),
		     .jump = numbers(n),
		     .depth = numbers(n),
		     .place = numbers(n),
		     .size = numbers(n),
		     .between = tr_alloc((size_t)(n + 1) * sizeof *r->between)};
	m.order = numbers(n);
	m.stack = numbers(n);
	m.next = numbers(n);
	m.found = numbers(n);
	m.seen = numbers(n);
	room = r->up != NULL && r->jump != NULL && r->depth != NULL && r->place != NULL && r->size != NULL &&
	       r->between != NULL && m.order != NULL && m.stack != NULL && m.next != NULL && m.found != NULL &&
	       m.seen != NULL;
	if (!room || make(&m) != TR_OK)
		reach_free(&r);
	tr_free(m.order);
	tr_free(m.stack);
	tr_free(m.next);
	tr_free(m.found);
	tr_free(m.seen);
	return r;
}

bool reach_is(const reach *r, uint32_t x, uint32_t v)
{
	uint32_t common;

	if (x == v)
		return false;
	if (r->place[v] >= r->place[x] && r->place[v] - r->place[x] < r->size[x])
		return true;
	common = lowest_common(r, x, v);
	if (common == v)
		return false;
	return is_between(&r->between[dominator_at(r, v, r->depth[common] + 1)], r->place[x]);
}
