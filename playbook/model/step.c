/* SPDX-License-Identifier: Apache-2.0 */
/* One step: guard, args, loop, pipeline, arcs and policies. */
#include "playbook/model/loader.h"
#include <float.h>

enum {
	DIRECTIVES_DEFAULT = 1000000
};

static void join_load(loader *l, const fields *spec, const where *w, pb_step *s)
{
	const yaml_node *n = fields_get(spec, "join");
	if (n == NULL)
		return;
	if (!tr_is(n->value, TR_INT)) {
		s->join = (pb_join)fields_choice(spec, "join", PB_JOIN_AUTO);
		return;
	}
	if (n->value.as.i < 1 || n->value.as.i > UINT32_MAX)
		load_fault(l, w, n, "bad-value", NULL, "'join' counts tokens: at least 1");
	s->join = PB_JOIN_COUNT;
	s->join_count = (uint32_t)n->value.as.i;
}

static void guard_load(loader *l, const fields *f, const fields *spec, const where *w, const where *wspec, pb_step *s)
{
	fields policy = {0};
	const yaml_node *n = spec->table == NULL ? NULL : fields_get(spec, "policy");
	where wpolicy = where_key(wspec, LITERAL("policy")), wadmit = where_key(&wpolicy, LITERAL("admit"));
	if (n != NULL)
		fields_read(l, n, &schema_step_policy, NULL, &wpolicy, &policy);
	const yaml_node *admit = policy.table == NULL ? NULL : fields_get(&policy, "admit");
	const yaml_node *when = fields_get(f, "when");
	if (admit != NULL && when != NULL)
		fault_both(l, w, fields_key(f, "when"), fields_key(f, "when")->text.p, fields_key(&policy, "admit"),
			   "spec.policy.admit");
	s->admit = admit != NULL;
	s->when = admit != NULL ? admit_load(l, admit, &wadmit) : condition_or_null(l, when, w, "when");
}

static void spec_load(loader *l, const fields *f, const where *w, pb_step *s)
{
	fields spec = {0};
	const yaml_node *n = fields_get(f, "spec");
	where here = where_key(w, LITERAL("spec"));
	s->max_directives = DIRECTIVES_DEFAULT;
	s->pool = LITERAL("");
	if (n == NULL || !fields_read(l, n, &schema_step_spec, NULL, &here, &spec)) {
		guard_load(l, f, &(fields){0}, w, &here, s);
		return;
	}
	guard_load(l, f, &spec, w, &here, s);
	join_load(l, &spec, &here, s);
	seconds_check(l, &spec, "timeout", &here);
	s->timeout = expr_or_null(l, fields_get(&spec, "timeout"), &here, "timeout");
	s->pool = fields_text(l, &spec, "pool");
	const yaml_node *most = fields_get(&spec, "max_directives");
	number_check(l, most, &here, "max_directives", 1, DBL_MAX, "at least 1");
	if (most != NULL && most->value.as.i > 0)
		s->max_directives = (uint64_t)most->value.as.i;
	s->inclusive = fields_choice(&spec, "next_mode", 0) == 1;
}

/* spec.next_mode and next.spec.mode are two forms of one thing. */
static void arcs_load(loader *l, const fields *f, const where *w, pb_step *s)
{
	const yaml_node *n = fields_get(f, "next"), *mode = NULL;
	bool given = false;
	if (n == NULL)
		return;
	where here = where_key(w, LITERAL("next"));
	bool by_spec = s->inclusive;
	next_load(l, n, &here, s, &given, &mode);
	const yaml_node *spec = fields_get(f, "spec");
	const yaml_node *next_mode = spec == NULL ? NULL : yaml_key(spec, "next_mode");
	if (given && next_mode != NULL)
		fault_both(l, w, next_mode, "spec.next_mode", mode, "next.spec.mode");
	else if (!given)
		s->inclusive = by_spec;
}

static void step_sets(loader *l, const fields *f, const where *w, pb_step *s)
{
	const yaml_node *nodes[2] = {fields_get(f, "set"), fields_get(f, "vars")};
	set_list sets;
	where wset = where_key(w, LITERAL("set")), wvars = where_key(w, LITERAL("vars"));
	if (nodes[1] != NULL && !l->options.lenient) {
		load_fault(l, &wvars, fields_key(f, "vars"), "step-vars",
			   "write set_vars in a rule of the task, or accept the older form with --lenient",
			   "a step has no 'vars'");
		nodes[1] = NULL;
	} else if (nodes[1] != NULL) {
		load_warn(l, &wvars, fields_key(f, "vars"), "deprecated", "write set_vars in a rule of the task",
			  "'vars' of a step is an older form");
	}
	if (nodes[0] == NULL && nodes[1] == NULL)
		return;
	sets_reserve(l, &sets, nodes, 2, 0);
	sets_of_mixed(l, nodes[0], PB_SET_CTX, &wset, &sets);
	sets_of_scope(l, nodes[1], PB_SET_VARS, &wvars, &sets);
	s->sets = sets.items;
	s->set_count = sets.count;
}

static bool has_content(const yaml_node *n)
{
	return !is_null(n) && (n->kind == YAML_SCALAR || n->count > 0);
}

/* { spec, arcs } leads somewhere only by its arcs. */
static bool next_has_content(const yaml_node *n)
{
	if (n == NULL || n->kind != YAML_MAPPING || yaml_get(n, "step") != NULL)
		return has_content(n);
	return has_content(yaml_get(n, "arcs"));
}

void step_load(loader *l, const yaml_node *n, const where *w, pb_step *s)
{
	fields f;
	s->pos = pos_of(n);
	s->desc = LITERAL("");
	s->pool = LITERAL("");
	if (!fields_read(l, n, &schema_step, NULL, w, &f))
		return;
	s->desc = fields_text(l, &f, "desc");
	spec_load(l, &f, w, s);
	s->args = expr_or_null(l, fields_get(&f, "args"), w, "args");
	where wloop = where_key(w, LITERAL("loop")), wtool = where_key(w, LITERAL("tool"));
	if (fields_get(&f, "loop") != NULL)
		loop_load(l, fields_get(&f, "loop"), &wloop, &s->loop);
	l->iterator = s->loop.present ? s->loop.iterator : LITERAL("");
	if (fields_get(&f, "tool") != NULL)
		tool_load(l, fields_get(&f, "tool"), &wtool, s);
	l->iterator = LITERAL("");
	arcs_load(l, &f, w, s);
	bool unfit = (fields_key(&f, "tool") != NULL && fields_get(&f, "tool") == NULL) ||
		     (fields_key(&f, "next") != NULL && fields_get(&f, "next") == NULL);
	if (!unfit && !has_content(fields_get(&f, "tool")) && !next_has_content(fields_get(&f, "next")))
		load_fault(l, w, n, "empty-step", "a step that only ends a branch can be tool: { kind: noop }",
			   "the step '%.*s' has neither 'tool' nor 'next'", TR_STR(s->name));
	step_sets(l, &f, w, s);
	result_load(l, &f, w, &s->result);
}
