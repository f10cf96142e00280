/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that wait for a number of tokens: can so many come? Linear in steps and arcs. */
#include "playbook/model/loader.h"

enum {
	MANY = 1 << 30 /* a step in a cycle, or behind one, may run any number of times */
};

typedef struct count_of {
	uint64_t tokens; /* that come at most, as far as it is known */
	uint32_t waits;  /* arcs from steps that are not counted yet */
	bool again;      /* some step that leads here may run more than once */
} count_of;

/* How often it runs at most, once all that leads to it is counted. */
static uint64_t runs_of(const pb_step *s, const count_of *c)
{
	uint64_t tokens = c->tokens > MANY ? MANY : c->tokens;
	if (s->join == PB_JOIN_NONE)
		return tokens;
	if (s->join == PB_JOIN_COUNT && s->join_count > 0)
		return tokens / s->join_count;
	return tokens > 1 && !c->again ? 1 : tokens;
}

/* In the order of the arcs; what is never reached so is in a cycle or behind one. `queue` has room for all steps. */
static void count_all(const playbook *p, count_of *counts, uint32_t *queue)
{
	size_t head = 0, tail = 0;
	for (size_t i = 0; i < p->step_count; i++)
		for (size_t k = 0; k < p->steps[i].arc_count; k++)
			counts[p->steps[i].arcs[k].to].waits++;
	counts[p->entry].tokens++;
	if (p->final_step >= 0)
		counts[p->final_step].tokens++;
	for (uint32_t i = 0; i < p->step_count; i++)
		if (counts[i].waits == 0)
			queue[tail++] = i;
	while (head < tail) {
		const pb_step *s = &p->steps[queue[head]];
		uint64_t runs = runs_of(s, &counts[queue[head++]]);
		for (size_t k = 0; k < s->arc_count; k++) {
			count_of *to = &counts[s->arcs[k].to];
			to->tokens += runs;
			to->again = to->again || runs > 1;
			if (--to->waits == 0)
				queue[tail++] = s->arcs[k].to;
		}
	}
}

/* Where it is written. */
static pb_pos join_pos(const loader *l, uint32_t i)
{
	const playbook *p = &l->box->pub;
	const yaml_node *step =
	    l->workflow != NULL && l->workflow->kind == YAML_SEQUENCE && l->workflow->count == p->step_count
		? l->workflow->items[i]
		: NULL;
	const yaml_node *spec = step == NULL ? NULL : yaml_get(step, "spec");
	const yaml_node *join = spec == NULL || spec->kind != YAML_MAPPING ? NULL : yaml_get(spec, "join");
	return join == NULL ? p->steps[i].pos : pos_of(join);
}

static void warn(loader *l, uint32_t i, uint64_t tokens)
{
	const pb_step *s = &l->box->pub.steps[i];
	where flow = where_key(NULL, LITERAL("workflow")), step = where_at(&flow, i),
	      spec = where_key(&step, LITERAL("spec")), here = where_key(&spec, LITERAL("join"));
	load_say(l, DIAGNOSTIC_WARNING, &here, join_pos(l, i), "join-never-met",
		 "join: auto waits for all that can still come", "'%.*s' waits for %u tokens, and at most %u can come",
		 TR_STR(s->name), (unsigned)s->join_count, (unsigned)tokens);
}

void check_joins(loader *l)
{
	const playbook *p = &l->box->pub;
	bool any = false;
	for (size_t i = 0; i < p->step_count && !any; i++)
		any = p->steps[i].join == PB_JOIN_COUNT;
	if (!any)
		return;
	count_of *counts = tr_alloc(p->step_count * sizeof *counts);
	uint32_t *queue = tr_alloc(p->step_count * sizeof *queue);
	if (counts == NULL || queue == NULL)
		l->mem->failed = true;
	else
		count_all(p, counts, queue);
	for (uint32_t i = 0; !l->mem->failed && i < p->step_count; i++) {
		const count_of *c = &counts[i];
		if (p->steps[i].join == PB_JOIN_COUNT && c->waits == 0 && c->tokens > 0 &&
		    c->tokens < p->steps[i].join_count)
			warn(l, i, c->tokens);
	}
	tr_free(counts);
	tr_free(queue);
}
