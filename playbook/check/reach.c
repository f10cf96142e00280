/* SPDX-License-Identifier: Apache-2.0 */
/* Which steps lead to each step, and which ones nothing leads to. Linear in steps and arcs. */
#include "playbook/model/loader.h"
#include <string.h>

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

/* Mark what a token at `start` can come to. `queue` has room for all steps. */
static void mark_from(const playbook *p, uint32_t start, bool *found, uint32_t *queue)
{
	size_t head = 0, tail = 0;
	if (found[start])
		return;
	found[start] = true;
	queue[tail++] = start;
	while (head < tail) {
		const pb_step *s = &p->steps[queue[head++]];
		for (size_t k = 0; k < s->arc_count; k++) {
			uint32_t to = s->arcs[k].to;
			if (!found[to]) {
				found[to] = true;
				queue[tail++] = to;
			}
		}
	}
}

static void unreachable_warn(loader *l, const playbook *p)
{
	bool *found = tr_alloc(p->step_count * sizeof *found);
	uint32_t *queue = tr_alloc(p->step_count * sizeof *queue);
	where wflow = where_key(NULL, tr_s("workflow"));
	if (found == NULL || queue == NULL)
		l->mem->failed = true;
	if (!l->mem->failed)
		mark_from(p, p->entry, found, queue);
	if (!l->mem->failed && p->final_step >= 0)
		mark_from(p, (uint32_t)p->final_step, found, queue);
	for (uint32_t i = 0; !l->mem->failed && i < p->step_count; i++) {
		if (found[i] || p->steps[i].name.n == 0)
			continue;
		where here = where_at(&wflow, i);
		load_say(l, DIAGNOSTIC_WARNING, &here, p->steps[i].pos, "unreachable-step",
			 "add it to the 'next' of another step, or remove it", "no arc leads to the step '%.*s'",
			 TR_STR(p->steps[i].name));
	}
	tr_free(found);
	tr_free(queue);
}

/* Where the first arc that matches is taken, a second one without a guard is never its turn: a success takes the first,
 * a failure neither. */
static void shadowed_warn(loader *l, const playbook *p)
{
	where wflow = where_key(NULL, tr_s("workflow"));
	for (uint32_t i = 0; i < p->step_count; i++) {
		const pb_step *s = &p->steps[i];
		where at = where_at(&wflow, i), next = where_key(&at, tr_s("next"));
		bool plain = false;
		for (size_t k = 0; !s->inclusive && k < s->arc_count; k++) {
			where here = where_at(&next, k);
			if (s->arcs[k].when == NULL && plain)
				load_say(l, DIAGNOSTIC_WARNING, &here, s->arcs[k].pos, "arc-never-taken",
					 "for all of them set spec.next_mode: inclusive, or give the arcs before it a "
					 "'when'",
					 "an arc above is always taken first, so this one to '%.*s' never is",
					 TR_STR(p->steps[s->arcs[k].to].name));
			plain = plain || s->arcs[k].when == NULL;
		}
	}
}

void check_reach(loader *l)
{
	playbook *p = &l->box->pub;
	incoming_fill(l, (pb_step *)(uintptr_t)p->steps /* still ours to fill */, p->step_count);
	if (!l->mem->failed && !l->arc_astray)
		unreachable_warn(l, p);
	if (!l->mem->failed && l->out->errors == 0) /* a misspelt guard is no missing one */
		shadowed_warn(l, p);
	if (!l->mem->failed && l->out->errors == 0)
		check_joins(l);
}
