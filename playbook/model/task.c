/* SPDX-License-Identifier: Apache-2.0 */
/* One task: what every task has goes into its fields, the rest into `config` for its plugin. */
#include "playbook/model/loader.h"
#include <string.h>

/* ---- the kind ---- */

/* A kind of the language is one only where a plugin provides it. The workbook is the language's own. */
bool kind_known(const loader *l, tr_str kind)
{
	if (l->options.knows_kind == NULL || tr_str_is(kind, "workbook"))
		return kind_find(kind) != NULL;
	return l->options.knows_kind(l->options.arg, kind);
}

/* What it was perhaps meant to be; NULL. */
static const tool_kind *kind_fault(loader *l, const yaml_node *at, tr_str kind, const where *w)
{
	where here = where_key(w, LITERAL("kind"));
	if (kind_find(kind) != NULL) {
		load_fault(l, &here, at, "unknown-kind",
			   "load one that does: --plugin-path, plugins.paths in config.yaml, or troupe plugin load",
			   "no loaded plugin provides the kind '%.*s'", TR_STR(kind));
		return kind_find(kind);
	}
	size_t count;
	const tool_kind *const *table = kind_table(&count);
	suggestion s = load_suggestion(l, kind);
	for (size_t i = 0; i < count; i++)
		if (kind_known(l, tr_s(table[i]->name)))
			suggest_offer(&s, tr_s(table[i]->name));
	char hint[120];
	suggest_text(&s, hint, sizeof hint);
	load_fault(l, &here, at, "unknown-kind", hint[0] != '\0' ? hint : "is the plugin that provides it loaded?",
		   "no tool kind is called '%.*s'", TR_STR(kind));
	return s.best.n > 0 ? kind_find(s.best) : NULL;
}

/* The description that a loaded plugin gives of its kind; NULL. */
static const tool_kind *kind_described(const loader *l, tr_str kind)
{
	return l->options.describe == NULL ? NULL : l->options.describe(l->options.arg, kind);
}

/* The kind, and what is written out of its inputs. */
static void kind_load(loader *l, const yaml_node *body, const fields *f, bool named, const where *w, pb_task *t)
{
	const yaml_node *kind = fields_get(f, "kind");
	if (kind == NULL) {
		if (fields_key(f, "kind") == NULL)
			load_fault(l, w, body, "no-kind", "add kind: http (or another kind of tool)",
				   "the task '%.*s' does not say its kind", TR_STR(t->label));
		return;
	}
	t->kind = arena_str(l->mem, kind->text);
	if (!kind_known(l, t->kind)) {
		check_stray_keys(l, kind_fault(l, kind, t->kind, w), body, w);
		return;
	}
	const tool_kind *known = kind_find(t->kind);
	if (known == NULL)
		known = kind_described(l, t->kind);
	if (known != NULL && !l->options.recorded)
		check_inputs(l, known, body, named, w);
}

/* ---- what goes to the plugin ---- */

static void config_add(loader *l, pb_expr_pair *pairs, size_t *count, tr_str key, const yaml_node *at,
		       const pb_expr *value)
{
	pairs[*count].key = expr_const(l, tr_string_n(key.p, key.n), pos_of(at));
	pairs[(*count)++].value = value;
}

/* One key of the body that is the plugin's. */
static void config_own(loader *l, const tool_kind *kind, const yaml_pair *pair, const where *w, pb_expr_pair *pairs,
		       size_t *count)
{
	const kind_key *k = kind_key_find(kind, pair->key->text);
	where here = where_key(w, pair->key->text);
	bool body = k != NULL && k->body;
	config_add(l, pairs, count, pair->key->text, pair->key,
		   body ? expr_of_body(l, pair->value, &here) : expr_of(l, pair->value, &here));
}

static void config_shared(loader *l, const fields *f, const char *key, const where *w, pb_expr_pair *pairs,
			  size_t *count)
{
	const yaml_node *n = fields_get(f, key);
	if (n == NULL)
		return;
	where here = where_key(w, fields_key(f, key)->text);
	config_add(l, pairs, count, tr_s(key), fields_key(f, key), expr_of(l, n, &here));
}

/* Where the first line of its code, or the path of its playbook, is in the file. */
static pb_pos body_pos(const yaml_node *task)
{
	static const char *const keys[] = {"code", "script", "path"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const yaml_node *n = yaml_get(task, keys[i]);
		if (n != NULL && n->kind == YAML_SCALAR)
			return (pb_pos){.line = n->line + n->block, .column = n->column};
	}
	return (pb_pos){0};
}

/* Where what the task is about is written: whoever looks for an error looks there. */
static pb_pos input_pos(const yaml_node *task)
{
	static const char *const keys[] = {"url",  "endpoint", "query",     "command", "commands", "script", "code",
					   "cmds", "path",     "operation", "action",  "source",   "file"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const yaml_node *n = yaml_key(task, keys[i]);
		if (n != NULL)
			return pos_of(n);
	}
	return (pb_pos){0};
}

static pb_code *code_add(loader *l)
{
	if (l->code_count == l->code_capacity) {
		size_t capacity = l->code_capacity == 0 ? 4 : l->code_capacity * 2;
		pb_code *grown = arena_alloc_array(l->mem, capacity, sizeof *grown);
		if (grown == NULL)
			return NULL;
		if (l->code_count > 0)
			memcpy(grown, l->codes, l->code_count * sizeof *grown);
		l->codes = grown;
		l->code_capacity = capacity;
	}
	return &l->codes[l->code_count++];
}

/* Python that is written out; a script of one line is a path. */
static void code_note(loader *l, const yaml_node *body, const where *w)
{
	const yaml_node *code = yaml_get(body, "code"), *script = yaml_get(body, "script");
	const yaml_node *n = !is_null(code) ? code : script;
	where here = where_key(w, tr_s(n == code ? "code" : "script"));
	if (n == NULL || !is_text(n) || n->text.n == 0 || tr_template_has_syntax(n->text) ||
	    (n == script && memchr(n->text.p, '\n', n->text.n) == NULL))
		return;
	pb_code *c = code_add(l);
	if (c != NULL)
		*c = (pb_code){.text = arena_str(l->mem, n->text), .pos = pos_of(n), .path = where_text(l, &here)};
}

static const pb_expr *config_load(loader *l, const tool_kind *kind, const yaml_node *body, const fields *f, bool named,
				  const where *w)
{
	pb_expr_pair *pairs = arena_alloc_array(l->mem, body->count + 3, sizeof *pairs);
	size_t count = 0;
	if (pairs == NULL)
		return expr_const(l, tr_map(), pos_of(body));
	for (size_t i = 0; i < body->count; i++) {
		const yaml_node *key = body->pairs[i].key;
		bool own = kind_key_find(kind, key->text) != NULL;
		bool shared = is_text(key) && schema_find(&schema_task, key->text) != NULL;
		if (kind == NULL && !named && tr_str_is(key->text, "name"))
			shared = false; /* a plugin's kind may have a `name` of its own */
		if (own || !shared)
			config_own(l, kind, &body->pairs[i], w, pairs, &count);
	}
	config_shared(l, f, "args", w, pairs, &count);
	config_shared(l, f, "auth", w, pairs, &count);
	return expr_map(l, pairs, count, pos_of(body));
}

/* ---- rules and the rest ---- */

/* `eval`, `spec.policy.rules` and `retry` are three forms of one thing. */
static void task_rules(loader *l, const fields *f, const fields *spec, const label_list *labels, const where *w,
		       pb_task *t)
{
	fields policy = {0};
	where wspec = where_key(w, LITERAL("spec")), wpolicy = where_key(&wspec, LITERAL("policy"));
	const yaml_node *n = spec->table == NULL ? NULL : fields_get(spec, "policy");
	if (n != NULL)
		fields_read(l, n, &schema_task_policy, NULL, &wpolicy, &policy);
	const yaml_node *eval = fields_get(f, "eval"), *retry = fields_get(f, "retry");
	const yaml_node *rules = policy.table == NULL ? NULL : fields_get(&policy, "rules");
	if (eval != NULL && rules != NULL)
		fault_both(l, w, fields_key(f, "eval"), "eval", fields_key(&policy, "rules"), "spec.policy.rules");
	if (retry != NULL && (eval != NULL || rules != NULL))
		fault_both(l, w, fields_key(f, "retry"), "retry",
			   eval != NULL ? fields_key(f, "eval") : fields_key(&policy, "rules"),
			   eval != NULL ? "eval" : "spec.policy.rules");
	where here = where_key(eval != NULL    ? w
			       : rules != NULL ? &wpolicy
					       : w,
			       tr_s(eval != NULL    ? "eval"
				    : rules != NULL ? "rules"
						    : "retry"));
	if (eval != NULL || rules != NULL)
		rules_load(l, eval != NULL ? eval : rules, labels, &here, t);
	else if (retry != NULL)
		rules_of_retry(l, retry, &here, t);
}

static void task_sets(loader *l, const fields *f, const where *w, pb_task *t)
{
	const yaml_node *set = fields_get(f, "set");
	set_list sets;
	if (set == NULL)
		return;
	where here = where_key(w, LITERAL("set"));
	sets_reserve(l, &sets, &set, 1, 0);
	sets_of_mixed(l, set, PB_SET_LOCAL, &here, &sets);
	t->sets = sets.items;
	t->set_count = sets.count;
}

static void task_timeout(loader *l, const fields *f, const fields *spec, const where *w, pb_task *t)
{
	const yaml_node *own = fields_get(f, "timeout");
	const yaml_node *of_spec = spec->table == NULL ? NULL : fields_get(spec, "timeout");
	if (own != NULL && of_spec != NULL)
		fault_both(l, w, fields_key(f, "timeout"), "timeout", fields_key(spec, "timeout"), "spec.timeout");
	where wspec = where_key(w, LITERAL("spec"));
	seconds_check(l, f, "timeout", w); /* a kind's own `timeout` is not among these fields */
	if (spec->table != NULL)
		seconds_check(l, spec, "timeout", &wspec);
	t->timeout = expr_or_null(l, own != NULL ? own : of_spec, w, "timeout");
}

static void entry_check(loader *l, const yaml_node *body, const where *w, const pb_task *t)
{
	const yaml_node *name = yaml_get(body, "name");
	if (!tr_str_is(t->kind, "workbook") || name == NULL || !is_text(name) || tr_template_has_syntax(name->text) ||
	    name_table_find(&l->entries, name->text) != NULL)
		return;
	suggestion s = load_suggestion(l, name->text);
	for (size_t i = 0; s.budget > 0 && i < l->entries.capacity; i++) {
		if (l->entries.slots[i].used)
			suggest_offer(&s, l->entries.slots[i].name);
	}
	char hint[120];
	load_fault(l, w, name, "no-such-entry", suggest_text(&s, hint, sizeof hint), "the workbook has no entry '%.*s'",
		   TR_STR(name->text));
}

void task_load(loader *l, const yaml_node *body, const yaml_node *name, tr_str label, bool named,
	       const label_list *labels, const where *w, pb_task *t)
{
	fields f, spec = {0};
	t->pos = pos_of(name != NULL ? name : body);
	t->label = label;
	t->kind = LITERAL("");
	if (body->kind != YAML_MAPPING) {
		load_fault(l, w, body, "wrong-type", "such as fetch: { kind: http, url: … }",
			   "the task '%.*s' must be a mapping, not %s", TR_STR(label), node_kind_name(body));
		t->config = expr_const(l, tr_map(), t->pos);
		return;
	}
	const yaml_node *k = yaml_get(body, "kind");
	const tool_kind *kind = k != NULL && is_text(k) ? kind_find(k->text) : NULL;
	fields_read(l, body, &schema_task, kind, w, &f);
	kind_load(l, body, &f, named, w, t);
	where wspec = where_key(w, LITERAL("spec"));
	if (fields_get(&f, "spec") != NULL)
		fields_read(l, fields_get(&f, "spec"), &schema_task_spec, NULL, &wspec, &spec);
	t->when = condition_or_null(l, fields_get(&f, "when"), w, "when");
	task_timeout(l, &f, &spec, w, t);
	task_rules(l, &f, &spec, labels, w, t);
	task_sets(l, &f, w, t);
	result_load(l, &f, w, &t->result);
	t->config = config_load(l, kind, body, &f, named, w);
	t->body = body_pos(body);
	t->input = input_pos(body);
	if (l->options.codes != NULL && tr_str_is(t->kind, "python"))
		code_note(l, body, w);
	entry_check(l, body, w, t);
	if (l->beside)
		beside_check(l, body, t->kind, w);
}
