/* SPDX-License-Identifier: Apache-2.0 */
/* `next` in all its forms: a name, names, arcs, or { spec, arcs }. */
#include "playbook/model/loader.h"

int32_t step_index(const loader *l, tr_str name)
{
	const uint32_t *at = name_table_find(&l->box->steps, name);
	return at == NULL ? -1 : (int32_t)*at;
}

int32_t step_wanted(loader *l, const yaml_node *n, const where *w, const char *what)
{
	if (n->kind != YAML_SCALAR || !is_text(n)) {
		name_of(l, n, w, "the name of a step");
		return -1;
	}
	int32_t at = step_index(l, n->text);
	if (at >= 0)
		return at;
	suggestion s = load_suggestion(l, n->text);
	for (size_t i = 0; s.budget > 0 && i < l->box->steps.capacity; i++) {
		if (l->box->steps.slots[i].used)
			suggest_offer(&s, l->box->steps.slots[i].name);
	}
	l->arc_astray = true;
	char hint[120];
	load_fault(l, w, n, "no-such-step", suggest_text(&s, hint, sizeof hint),
		   "%s names the step '%.*s', which does not exist", what, TR_STR(n->text));
	return -1;
}

static void arc_sets(loader *l, const fields *f, const where *w, pb_arc *arc)
{
	const yaml_node *nodes[2] = {fields_get(f, "set"), fields_get(f, "set_ctx")};
	set_list sets;
	where wset = where_key(w, LITERAL("set")), wctx = where_key(w, LITERAL("set_ctx"));
	if (nodes[0] == NULL && nodes[1] == NULL)
		return;
	sets_reserve(l, &sets, nodes, 2, 0);
	sets_of_mixed(l, nodes[0], PB_SET_CTX, &wset, &sets);
	sets_of_scope(l, nodes[1], PB_SET_CTX, &wctx, &sets);
	arc->sets = sets.items;
	arc->set_count = sets.count;
}

static bool arc_load(loader *l, const yaml_node *n, const where *w, pb_arc *arc)
{
	fields f;
	arc->pos = pos_of(n);
	if (n->kind == YAML_SCALAR) {
		int32_t to = step_wanted(l, n, w, "next");
		arc->to = to < 0 ? 0 : (uint32_t)to;
		return to >= 0;
	}
	if (!fields_read(l, n, &schema_arc, NULL, w, &f))
		return false;
	where here = where_key(w, LITERAL("step"));
	const yaml_node *step = fields_get(&f, "step");
	int32_t to = step == NULL ? -1 : step_wanted(l, step, &here, "next");
	if (step == NULL && fields_key(&f, "step") == NULL)
		load_fault(l, w, n, "arc-without-step", "such as - { step: other, when: \"{{ … }}\" }",
			   "the arc does not say which step it leads to");
	arc->to = to < 0 ? 0 : (uint32_t)to;
	arc->when = condition_or_null(l, fields_get(&f, "when"), w, "when");
	arc->args = expr_or_null(l, fields_get(&f, "args"), w, "args");
	arc_sets(l, &f, w, arc);
	return to >= 0;
}

static void arcs_load(loader *l, const yaml_node *list, const where *w, pb_step *s)
{
	pb_arc *arcs = arena_alloc_array(l->mem, list->count, sizeof *arcs);
	if (arcs == NULL)
		return;
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		where here = where_at(w, i);
		arcs[count] = (pb_arc){0};
		count += arc_load(l, list->items[i], &here, &arcs[count]) ? 1 : 0;
	}
	s->arcs = arcs;
	s->arc_count = count;
}

/* One name, or one arc as a mapping. */
static void one_arc_load(loader *l, const yaml_node *n, const where *w, pb_step *s)
{
	pb_arc *arc = arena_alloc(l->mem, sizeof *arc);
	if (arc == NULL || !arc_load(l, n, w, arc))
		return;
	s->arcs = arc;
	s->arc_count = 1;
}

void next_load(loader *l, const yaml_node *n, const where *w, pb_step *s, bool *mode_given, const yaml_node **mode)
{
	fields f, spec = {0};
	*mode_given = false;
	if (n->kind == YAML_SEQUENCE) {
		arcs_load(l, n, w, s);
		return;
	}
	if (n->kind == YAML_SCALAR || yaml_get(n, "step") != NULL) {
		one_arc_load(l, n, w, s);
		return;
	}
	if (!fields_read(l, n, &schema_next, NULL, w, &f))
		return;
	where wspec = where_key(w, LITERAL("spec")), warcs = where_key(w, LITERAL("arcs"));
	const yaml_node *arcs = fields_get(&f, "arcs");
	if (arcs != NULL)
		arcs_load(l, arcs, &warcs, s);
	if (fields_get(&f, "spec") == NULL ||
	    !fields_read(l, fields_get(&f, "spec"), &schema_next_spec, NULL, &wspec, &spec))
		return;
	s->no_match_is_error = fields_choice(&spec, "on_no_match", 0) == 1;
	*mode_given = fields_key(&spec, "mode") != NULL;
	*mode = fields_key(&spec, "mode");
	s->inclusive = fields_choice(&spec, "mode", 0) == 1;
}
