/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which steps' results may a step read while it runs? Those that its templates name, so that a step run is sent no more
 * than it needs. `steps` used without a constant attribute means all.
 */
#include "playbook/model/loader.h"
#include <string.h>

typedef struct using
{
	loader *l;
	uint32_t *marks; /* by step: marked when equal to `mark` */
	uint32_t mark;
	uint32_t *found; /* room for every step */
	size_t count;
	bool all;
}
using;

static void mark_step(using *u, tr_str name)
{
	int32_t at = step_index(u->l, name);
	if (at < 0 || u->marks[at] == u->mark)
		return;
	u->marks[at] = u->mark;
	u->found[u->count++] = (uint32_t)at;
}

static void on_name(void *arg, tr_str name, tr_str attribute)
{
	using *u = arg;
	if (!tr_str_is(name, "steps"))
		mark_step(u, name);
	else if (attribute.n > 0)
		mark_step(u, attribute);
	else
		u->all = true;
}

/* Depth is bounded by the YAML reader's. */
static void in_expr(using *u, const pb_expr *e)
{
	if (e == NULL)
		return;
	if (e->kind == PB_TEMPLATE)
		tr_template_names(e->compiled, on_name, u);
	for (size_t i = 0; e->kind == PB_LIST && i < e->count; i++)
		in_expr(u, e->items[i]);
	for (size_t i = 0; e->kind == PB_MAP && i < e->count; i++) {
		in_expr(u, e->pairs[i].key);
		in_expr(u, e->pairs[i].value);
	}
}

static void in_sets(using *u, const pb_set *sets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		in_expr(u, sets[i].value);
}

static void in_result(using *u, const pb_result_policy *r)
{
	in_expr(u, r->value);
	in_expr(u, r->store);
}

static void in_rule(using *u, const pb_rule *r)
{
	in_expr(u, r->when);
	in_expr(u, r->attempts);
	in_expr(u, r->delay);
	in_expr(u, r->max_delay);
	in_expr(u, r->jitter);
	in_expr(u, r->message);
	in_sets(u, r->sets, r->set_count);
}

static void in_task(using *u, const pb_task *t)
{
	in_expr(u, t->config);
	in_expr(u, t->when);
	in_expr(u, t->timeout);
	for (size_t i = 0; i < t->rule_count; i++)
		in_rule(u, &t->rules[i]);
	in_sets(u, t->sets, t->set_count);
	in_result(u, &t->result);
}

static void in_step(using *u, const playbook *p, const pb_step *s)
{
	in_expr(u, s->args);
	in_expr(u, s->timeout);
	in_expr(u, s->loop.in);
	in_expr(u, s->loop.max_in_flight);
	in_sets(u, s->sets, s->set_count);
	in_result(u, &s->result);
	for (size_t i = 0; i < s->task_count; i++) {
		in_task(u, &s->tasks[i]);
		/* Which entry a workbook task means may itself be a template. */
		for (size_t k = 0; tr_str_is(s->tasks[i].kind, "workbook") && k < p->workbook_count; k++)
			in_task(u, &p->workbook[k].task);
	}
	/* The worker evaluates a keychain entry where it is first read. */
	for (size_t i = 0; i < p->keychain_count; i++)
		in_expr(u, p->keychain[i].config);
}

static void keep(using *u, pb_step *s)
{
	s->uses_all = u->all;
	if (u->all || u->count == 0)
		return;
	uint32_t *list = arena_alloc_array(u->l->mem, u->count, sizeof *list);
	if (list == NULL)
		return;
	memcpy(list, u->found, u->count * sizeof *list);
	s->uses = list;
	s->uses_count = u->count;
}

void check_uses(loader *l, pb_step *steps, size_t count)
{
	using u = {.l = l,
		   .marks = tr_alloc((count + 1) * sizeof(uint32_t)),
		   .found = tr_alloc((count + 1) * sizeof(uint32_t))};
	if (u.marks == NULL || u.found == NULL)
		l->mem->failed = true;
	for (size_t i = 0; !l->mem->failed && i < count; i++) {
		u.mark = (uint32_t)i + 1;
		u.count = 0;
		u.all = false;
		in_step(&u, &l->box->pub, &steps[i]);
		keep(&u, &steps[i]);
	}
	tr_free(u.marks);
	tr_free(u.found);
}
