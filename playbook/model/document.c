/* SPDX-License-Identifier: Apache-2.0 */
/* The document: metadata, executor, keychain, workload, workbook, and the list of steps. */
#include "playbook/model/loader.h"
#include <string.h>

static tr_str scalar_text(loader *l, const yaml_node *n)
{
	return n == NULL ? LITERAL("") : arena_str(l->mem, n->text);
}

/* "a/b/orders.yaml" -> "orders" */
static tr_str stem_of(loader *l, const char *file)
{
	const char *slash = strrchr(file, '/'), *from = slash == NULL ? file : slash + 1;
	const char *dot = strrchr(from, '.');
	return arena_str(l->mem, (tr_str){from, dot == NULL || dot == from ? strlen(from) : (size_t)(dot - from)});
}

static void metadata_load(loader *l, const yaml_node *root, const yaml_node *n, const where *w)
{
	fields f = {.table = &schema_metadata};
	playbook *p = &l->box->pub;
	p->labels = tr_nil();
	if (n != NULL)
		fields_read(l, n, &schema_metadata, NULL, w, &f);
	p->name = fields_text(l, &f, "name");
	p->path = fields_text(l, &f, "path");
	p->description = fields_text(l, &f, "description");
	p->version = scalar_text(l, fields_get(&f, "version"));
	const yaml_node *labels = fields_get(&f, "labels");
	if (labels != NULL)
		p->labels = arena_own(l->mem, yaml_to_value(labels));
	if (p->name.n == 0 && fields_key(&f, "name") == NULL) {
		p->name = stem_of(l, p->file);
		load_warn(l, w, n != NULL ? n : root, "no-name", "add metadata: { name: …, path: … }",
			  "the playbook has no name; it is called '%.*s' after its file", TR_STR(p->name));
	}
	if (p->path.n == 0)
		p->path = arena_str(l->mem, tr_s(p->file));
}

static void executor_load(loader *l, const yaml_node *n, const where *w)
{
	fields f, spec;
	playbook *p = &l->box->pub;
	p->pool = LITERAL("");
	p->final_step = -1;
	if (n == NULL || !fields_read(l, n, &schema_executor, NULL, w, &f))
		return;
	p->pool = fields_text(l, &f, "pool");
	where here = where_key(w, LITERAL("spec"));
	const yaml_node *s = fields_get(&f, "spec");
	if (s == NULL || !fields_read(l, s, &schema_executor_spec, NULL, &here, &spec))
		return;
	where wentry = where_key(&here, LITERAL("entry_step")), wfinal = where_key(&here, LITERAL("final_step"));
	const yaml_node *entry = fields_get(&spec, "entry_step"), *final = fields_get(&spec, "final_step");
	int32_t at = entry == NULL ? 0 : step_wanted(l, entry, &wentry, "'entry_step'");
	p->entry = at < 0 ? 0 : (uint32_t)at;
	p->final_step = final == NULL ? -1 : step_wanted(l, final, &wfinal, "'final_step'");
	p->on_failure = (pb_on_failure)fields_choice(&spec, "on_failure", PB_FAILURE_FINISH);
	p->discard_disabled = fields_choice(&spec, "on_disabled", 0) == 1;
	p->strict_templates = fields_bool(&spec, "strict_templates", false);
	p->no_next_is_error = fields_bool(&spec, "no_next_is_error", false);
	seconds_check(l, &spec, "timeout", &here);
	p->timeout = expr_or_null(l, fields_get(&spec, "timeout"), &here, "timeout");
	const yaml_node *pool = fields_get(&spec, "pool");
	if (pool != NULL && p->pool.n > 0)
		fault_both(l, w, fields_key(&f, "pool"), "pool", fields_key(&spec, "pool"), "spec.pool");
	if (pool != NULL)
		p->pool = fields_text(l, &spec, "pool");
}

static void workload_load(loader *l, const yaml_node *n, const where *w)
{
	playbook *p = &l->box->pub;
	p->workload = n == NULL ? expr_const(l, tr_map(), (pb_pos){0, 0}) : expr_of(l, n, w);
}

/* Names first, so that arcs may lead forward. */
static void step_names(loader *l, const yaml_node *list, pb_step *steps, const where *w)
{
	for (size_t i = 0; i < list->count; i++) {
		const yaml_node *n = list->items[i], *name = yaml_get(n, "step");
		where here = where_at(w, i), wname = where_key(&here, LITERAL("step"));
		steps[i].index = (uint32_t)i;
		steps[i].name = LITERAL("");
		if (n->kind != YAML_MAPPING)
			continue; /* said when the step is read */
		if (is_null(name)) {
			load_fault(l, &here, n, "step-without-name", "such as - step: fetch", "the step has no name");
			continue;
		}
		if (name->kind != YAML_SCALAR)
			continue; /* a wrong type: said when the step is read */
		if (!is_text(name) || name->text.n == 0) {
			if (is_text(name))
				name_of(l, name, &wname, "the name of a step");
			continue;
		}
		steps[i].name = arena_str(l->mem, name->text);
		uint32_t *first = name_table_find(&l->box->steps, steps[i].name);
		if (first != NULL) {
			const yaml_node *before = yaml_get(list->items[*first], "step");
			load_fault(l, &wname, name, "duplicate-step", "names of steps must differ",
				   "the step '%.*s' is already on line %u", TR_STR(steps[i].name),
				   (unsigned)before->line);
			l->arc_astray = true;
		} else if (!name_table_put(&l->box->steps, steps[i].name, (uint32_t)i)) {
			l->mem->failed = true;
		}
	}
}

static pb_step *workflow_names(loader *l, const yaml_node *root, const yaml_node *list, bool said, const where *w)
{
	playbook *p = &l->box->pub;
	if (list == NULL || list->count == 0) {
		if (!said)
			load_fault(l, w, list != NULL ? list : root, "no-steps",
				   "add workflow: [ { step: …, tool: … } ]",
				   "the playbook has no steps: 'workflow' is %s", list == NULL ? "missing" : "empty");
		return NULL;
	}
	if (list->count > STEPS_MAX) {
		load_fault(l, w, list, "too-many-steps", "split it into playbooks that call each other",
			   "the workflow has %zu steps; at most %d are possible", list->count, (int)STEPS_MAX);
		return NULL;
	}
	pb_step *steps = arena_alloc_array(l->mem, list->count, sizeof *steps);
	if (steps == NULL)
		return NULL;
	step_names(l, list, steps, w);
	p->steps = steps;
	p->step_count = list->count;
	return steps;
}

static void vars_load(loader *l, const yaml_node *root)
{
	const yaml_node *vars = yaml_get(root, "vars");
	where w = where_key(NULL, LITERAL("vars"));
	if (vars == NULL || !l->options.lenient)
		return;
	load_warn(l, &w, yaml_key(root, "vars"), "deprecated", "use workload for inputs, ctx for what changes",
		  "'vars' at the root is an older form");
	if (vars->kind == YAML_MAPPING)
		l->box->pub.vars = expr_of(l, vars, &w);
	else if (!is_null(vars))
		load_fault(l, &w, vars, "wrong-type", NULL, "'vars' must be a mapping, not %s", node_kind_name(vars));
}

static void version_check(loader *l, const fields *f)
{
	const yaml_node *version = fields_get(f, "apiVersion");
	where w = where_key(NULL, LITERAL("apiVersion"));
	if (version != NULL && !tr_str_is(version->text, "noetl.io/v2"))
		load_warn(l, &w, version, "api-version", "write apiVersion: noetl.io/v2",
			  "'%.*s' is read as noetl.io/v2", TR_STR(version->text));
}

static void inputs_collect(loader *l, const yaml_node *workload)
{
	l->declares = workload != NULL && workload->kind == YAML_MAPPING;
	for (size_t i = 0; l->declares && i < workload->count; i++)
		if (!name_table_put(&l->inputs, workload->pairs[i].key->text, 0))
			l->mem->failed = true;
}

void document_load(loader *l, const yaml_node *root)
{
	fields f;
	if (root->kind != YAML_MAPPING) {
		load_fault(l, NULL, root, "wrong-type", "it begins with apiVersion: noetl.io/v2",
			   "a playbook must be a mapping, not %s", node_kind_name(root));
		return;
	}
	fields_read(l, root, l->options.lenient ? &schema_root_lenient : &schema_root, NULL, NULL, &f);
	version_check(l, &f);
	where wmeta = where_key(NULL, LITERAL("metadata")), wexec = where_key(NULL, LITERAL("executor"));
	where wload = where_key(NULL, LITERAL("workload")), wflow = where_key(NULL, LITERAL("workflow"));
	where wbook = where_key(NULL, LITERAL("workbook")), wkeys = where_key(NULL, LITERAL("keychain"));
	const yaml_node *list = fields_get(&f, "workflow");
	pb_step *steps = workflow_names(l, root, list, list == NULL && fields_key(&f, "workflow") != NULL, &wflow);
	inputs_collect(l, fields_get(&f, "workload"));
	l->keychain = fields_get(&f, "keychain");
	check_names_collect(l, root);
	metadata_load(l, root, fields_get(&f, "metadata"), &wmeta);
	executor_load(l, fields_get(&f, "executor"), &wexec);
	keychain_load(l, fields_get(&f, "keychain"), &wkeys);
	workload_load(l, fields_get(&f, "workload"), &wload);
	vars_load(l, root);
	workbook_load(l, fields_get(&f, "workbook"), &wbook);
	for (size_t i = 0; steps != NULL && i < list->count && !l->mem->failed; i++) {
		where here = where_at(&wflow, i);
		step_load(l, list->items[i], &here, &steps[i]);
	}
	if (steps != NULL && !l->mem->failed)
		check_reach(l);
	if (steps != NULL && !l->mem->failed)
		check_uses(l, steps, l->box->pub.step_count);
}
