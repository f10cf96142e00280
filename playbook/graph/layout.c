/* SPDX-License-Identifier: Apache-2.0 */
/* Layer of a step: the longest way to it from where nothing leads, arcs that close a cycle aside. */
#include "playbook/graph/layout.h"
#include <stdlib.h>
#include <string.h>

enum {
	SWEEPS = 6
};

typedef struct visit {
	uint32_t step;
	size_t arc;
} visit;

typedef struct walk {
	const playbook *p;
	uint8_t *state; /* 0: not seen, 1: on the way, 2: done */
	uint32_t *done; /* in order of completion */
	size_t done_count;
	visit *visits;
} walk;

static void walk_from(walk *w, uint32_t start)
{
	size_t depth = 0;
	if (w->state[start] != 0)
		return;
	w->state[start] = 1;
	w->visits[depth++] = (visit){.step = start};
	while (depth > 0) {
		visit *v = &w->visits[depth - 1];
		const pb_step *s = &w->p->steps[v->step];
		if (v->arc < s->arc_count) {
			uint32_t to = s->arcs[v->arc++].to;
			if (w->state[to] == 0) {
				w->state[to] = 1;
				w->visits[depth++] = (visit){.step = to};
			}
			continue;
		}
		w->state[v->step] = 2;
		w->done[w->done_count++] = v->step;
		depth--;
	}
}

/* Reverse completion order is a topological one when back arcs are left out; a back arc goes to an earlier step in it.
 */
static void layers_assign(layout *l, const walk *w, uint32_t *position)
{
	for (size_t i = 0; i < w->done_count; i++)
		position[w->done[i]] = (uint32_t)(w->done_count - 1 - i);
	for (size_t i = w->done_count; i-- > 0;) {
		uint32_t at = w->done[i];
		const pb_step *s = &w->p->steps[at];
		for (size_t k = 0; k < s->arc_count; k++) {
			uint32_t to = s->arcs[k].to;
			if (position[to] > position[at] && l->nodes[to].layer < l->nodes[at].layer + 1)
				l->nodes[to].layer = l->nodes[at].layer + 1;
		}
	}
	for (size_t i = 0; i < w->done_count; i++) {
		if (l->layers < l->nodes[i].layer + 1)
			l->layers = l->nodes[i].layer + 1;
	}
}

static int by_rank(const void *pa, const void *pb, void *arg)
{
	const layout *l = arg;
	const layout_node *a = &l->nodes[*(const uint32_t *)pa], *b = &l->nodes[*(const uint32_t *)pb];
	if (a->layer != b->layer)
		return a->layer < b->layer ? -1 : 1;
	if (a->rank < b->rank || a->rank > b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order ? 1 : 0;
}

static void orders_assign(layout *l, size_t count)
{
	qsort_r(l->by_layer, count, sizeof *l->by_layer, by_rank, l);
	uint32_t order = 0;
	for (size_t i = 0; i < count; i++) {
		layout_node *n = &l->nodes[l->by_layer[i]];
		order = i > 0 && l->nodes[l->by_layer[i - 1]].layer == n->layer ? order + 1 : 0;
		n->order = order;
		l->sizes[n->layer] = order + 1;
		l->widest = l->widest > order + 1 ? l->widest : order + 1;
	}
}

/* Each step moves to the average place of the steps that lead to it. */
static void ranks_from_incoming(layout *l, const playbook *p)
{
	for (size_t i = 0; i < p->step_count; i++) {
		const pb_step *s = &p->steps[i];
		double sum = 0, n = 0;
		for (size_t k = 0; k < s->incoming_count; k++) {
			const layout_node *from = &l->nodes[s->incoming[k]];
			if (from->layer >= l->nodes[i].layer)
				continue;
			sum += (from->order + 0.5) / l->sizes[from->layer];
			n += 1;
		}
		l->nodes[i].rank = n > 0 ? sum / n : (l->nodes[i].order + 0.5) / l->sizes[l->nodes[i].layer];
	}
}

static bool walk_init(walk *w, const playbook *p)
{
	*w = (walk){.p = p};
	w->state = tr_alloc(p->step_count * sizeof *w->state);
	w->done = tr_alloc(p->step_count * sizeof *w->done);
	w->visits = tr_alloc(p->step_count * sizeof *w->visits);
	return w->state != NULL && w->done != NULL && w->visits != NULL;
}

static void walk_fini(walk *w)
{
	tr_free(w->state);
	tr_free(w->done);
	tr_free(w->visits);
}

bool layout_init(layout *l, const playbook *p)
{
	walk w;
	memset(l, 0, sizeof *l);
	l->nodes = tr_alloc(p->step_count * sizeof *l->nodes);
	l->by_layer = tr_alloc(p->step_count * sizeof *l->by_layer);
	l->sizes = tr_alloc((p->step_count + 1) * sizeof *l->sizes);
	uint32_t *position = tr_alloc(p->step_count * sizeof *position);
	bool ok = walk_init(&w, p) && l->nodes != NULL && l->by_layer != NULL && l->sizes != NULL && position != NULL;
	if (ok) {
		walk_from(&w, p->entry);
		for (uint32_t i = 0; i < p->step_count; i++)
			walk_from(&w, i);
		layers_assign(l, &w, position);
		for (uint32_t i = 0; i < p->step_count; i++) {
			l->by_layer[i] = i;
			l->nodes[i].order = i;
		}
		orders_assign(l, p->step_count);
		for (int sweep = 0; sweep < SWEEPS; sweep++) {
			ranks_from_incoming(l, p);
			orders_assign(l, p->step_count);
		}
	}
	walk_fini(&w);
	tr_free(position);
	if (!ok)
		layout_fini(l);
	return ok;
}

void layout_fini(layout *l)
{
	tr_free(l->nodes);
	tr_free(l->by_layer);
	tr_free(l->sizes);
	memset(l, 0, sizeof *l);
}
