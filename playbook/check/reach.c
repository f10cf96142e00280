/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which steps can a token at step i come to? Strongly connected components (Tarjan, without recursion) in the order
 * they are completed; a component's row is the union of the rows it has arcs to, and itself when it is a cycle.
 */
#include "playbook/model/loader.h"
#include <string.h>

typedef struct visit {
	uint32_t step;
	size_t arc; /* the next to follow */
} visit;

typedef struct reach {
	const pb_step *steps;
	size_t count, words;
	uint32_t *number, *low; /* 0: not seen */
	bool *on_stack;
	uint32_t *stack;
	size_t stack_count;
	visit *visits;
	uint64_t **rows;
	arena *mem;
	uint32_t next;
} reach;

static void bit_set(uint64_t *row, uint32_t i)
{
	row[i / 64] |= UINT64_C(1) << (i % 64);
}

/* The component at the top of the stack, down to `root`, is complete. */
static void component_close(reach *r, uint32_t root)
{
	size_t from = r->stack_count;
	do
		from--;
	while (r->stack[from] != root);
	uint64_t *row = arena_alloc_array(r->mem, r->words, sizeof *row);
	if (row == NULL)
		return;
	for (size_t i = from; i < r->stack_count; i++) {
		uint32_t at = r->stack[i];
		r->rows[at] = row; /* all of a component share it */
		r->on_stack[at] = false;
	}
	for (size_t i = from; i < r->stack_count; i++) {
		const pb_step *s = &r->steps[r->stack[i]];
		for (size_t k = 0; k < s->arc_count; k++) {
			uint32_t to = s->arcs[k].to;
			bit_set(row, to);
			for (size_t word = 0; r->rows[to] != row && word < r->words; word++)
				row[word] |= r->rows[to][word];
		}
	}
	r->stack_count = from;
}

static void enter(reach *r, uint32_t step, size_t *depth)
{
	r->number[step] = r->low[step] = ++r->next;
	r->stack[r->stack_count++] = step;
	r->on_stack[step] = true;
	r->visits[(*depth)++] = (visit){.step = step};
}

static void walk_from(reach *r, uint32_t start)
{
	size_t depth = 0;
	enter(r, start, &depth);
	while (depth > 0 && !r->mem->failed) {
		visit *v = &r->visits[depth - 1];
		const pb_step *s = &r->steps[v->step];
		if (v->arc < s->arc_count) {
			uint32_t to = s->arcs[v->arc++].to;
			if (r->number[to] == 0)
				enter(r, to, &depth);
			else if (r->on_stack[to] && r->number[to] < r->low[v->step])
				r->low[v->step] = r->number[to];
			continue;
		}
		if (r->low[v->step] == r->number[v->step])
			component_close(r, v->step);
		depth--;
		if (depth > 0 && r->low[v->step] < r->low[r->visits[depth - 1].step])
			r->low[r->visits[depth - 1].step] = r->low[v->step];
	}
}

static bool reach_init(reach *r, loader *l)
{
	const playbook *p = &l->box->pub;
	*r = (reach){.steps = p->steps, .count = p->step_count, .words = (p->step_count + 63) / 64, .mem = l->mem};
	r->number = tr_alloc(r->count * sizeof *r->number);
	r->low = tr_alloc(r->count * sizeof *r->low);
	r->on_stack = tr_alloc(r->count * sizeof *r->on_stack);
	r->stack = tr_alloc(r->count * sizeof *r->stack);
	r->visits = tr_alloc(r->count * sizeof *r->visits);
	r->rows = tr_alloc(r->count * sizeof *r->rows);
	return r->number != NULL && r->low != NULL && r->on_stack != NULL && r->stack != NULL && r->visits != NULL &&
	       r->rows != NULL;
}

static void reach_fini(reach *r)
{
	tr_free(r->number);
	tr_free(r->low);
	tr_free(r->on_stack);
	tr_free(r->stack);
	tr_free(r->visits);
	tr_free(r->rows);
}

/* Each step's sources, each source once, in the order of the steps. */
static void incoming_fill(loader *l, pb_step *steps, size_t count)
{
	uint32_t **lists = tr_alloc(count * sizeof *lists);
	size_t *room = tr_alloc(count * sizeof *room);
	if (lists == NULL || room == NULL)
		l->mem->failed = true;
	for (size_t i = 0; !l->mem->failed && i < count; i++) {
		for (size_t k = 0; k < steps[i].arc_count; k++)
			room[steps[i].arcs[k].to]++;
	}
	for (size_t i = 0; !l->mem->failed && i < count; i++) {
		lists[i] = arena_alloc_array(l->mem, room[i], sizeof **lists);
		steps[i].incoming = lists[i];
	}
	for (size_t i = 0; !l->mem->failed && i < count; i++) {
		for (size_t k = 0; k < steps[i].arc_count; k++) {
			pb_step *to = &steps[steps[i].arcs[k].to];
			bool twice = to->incoming_count > 0 && to->incoming[to->incoming_count - 1] == i;
			if (!twice)
				lists[to->index][to->incoming_count++] = (uint32_t)i;
		}
	}
	tr_free(lists);
	tr_free(room);
}

static void unreachable_warn(loader *l, const playbook *p)
{
	const uint64_t *from_entry = p->steps[p->entry].reaches;
	const uint64_t *from_final = p->final_step < 0 ? NULL : p->steps[p->final_step].reaches;
	where wflow = where_key(NULL, tr_s("workflow"));
	for (uint32_t i = 0; i < p->step_count; i++) {
		uint64_t bit = UINT64_C(1) << (i % 64);
		bool found = i == p->entry || (int32_t)i == p->final_step || (from_entry[i / 64] & bit) != 0 ||
			     (from_final != NULL && (from_final[i / 64] & bit) != 0);
		if (found || p->steps[i].name.n == 0)
			continue;
		where here = where_at(&wflow, i);
		load_say(l, DIAGNOSTIC_WARNING, &here, p->steps[i].pos, "unreachable-step",
			 "add it to the 'next' of another step, or remove it", "no arc leads to the step '%.*s'",
			 TR_STR(p->steps[i].name));
	}
}

void check_reach(loader *l)
{
	playbook *p = &l->box->pub;
	pb_step *steps = (pb_step *)(uintptr_t)p->steps; /* still ours to fill */
	reach r;
	if (!reach_init(&r, l)) {
		l->mem->failed = true;
		reach_fini(&r);
		return;
	}
	for (uint32_t i = 0; i < r.count && !l->mem->failed; i++) {
		if (r.number[i] == 0)
			walk_from(&r, i);
	}
	for (size_t i = 0; i < r.count; i++)
		steps[i].reaches = r.rows[i];
	reach_fini(&r);
	if (!l->mem->failed)
		incoming_fill(l, steps, p->step_count);
	if (!l->mem->failed && !l->arc_astray)
		unreachable_warn(l, p);
}
