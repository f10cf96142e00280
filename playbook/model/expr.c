/* SPDX-License-Identifier: Apache-2.0 */
/* YAML nodes to expressions: constants where nothing is to be rendered, compiled templates where something is. */
#include "playbook/model/loader.h"
#include "playbook/model/locate.h"
#include <string.h>
#include <strings.h>

static pb_expr *expr_new(loader *l, pb_expr_kind kind, pb_pos pos)
{
	pb_expr *e = arena_alloc(l->mem, sizeof *e);
	if (e == NULL)
		return &l->nothing;
	e->kind = kind;
	e->pos = pos;
	return e;
}

const pb_expr *expr_const(loader *l, tr_value v, pb_pos pos)
{
	tr_value owned = arena_own(l->mem, v);
	pb_expr *e = expr_new(l, PB_CONST, pos);
	if (!l->mem->failed)
		e->constant = owned;
	return e;
}

bool yaml_has_template(const yaml_node *n)
{
	switch (n->kind) {
	case YAML_SCALAR:
		return tr_is(n->value, TR_STRING) && tr_template_has_syntax(n->text);
	case YAML_SEQUENCE:
		for (size_t i = 0; i < n->count; i++) {
			if (yaml_has_template(n->items[i]))
				return true;
		}
		return false;
	case YAML_MAPPING:
		for (size_t i = 0; i < n->count; i++) {
			if (yaml_has_template(n->pairs[i].key) || yaml_has_template(n->pairs[i].value))
				return true;
		}
		return false;
	}
	return false;
}

static bool template_keep(loader *l, tr_template *t)
{
	playbook_box *box = l->box;
	if (box->template_count == box->template_capacity) {
		size_t capacity = box->template_capacity == 0 ? 64 : box->template_capacity * 2;
		tr_template **grown = tr_realloc(box->templates, capacity * sizeof *grown);
		box->templates = grown != NULL ? grown : box->templates;
		tr_str *sources = tr_realloc(box->sources, capacity * sizeof *sources);
		box->sources = sources != NULL ? sources : box->sources;
		bool *clean = tr_realloc(l->clean, capacity * sizeof *clean);
		l->clean = clean != NULL ? clean : l->clean;
		if (grown == NULL || sources == NULL || clean == NULL) {
			tr_template_free(&t);
			l->mem->failed = true;
			return false;
		}
		box->template_capacity = capacity;
	}
	l->clean[box->template_count] = false;
	box->templates[box->template_count++] = t;
	return true;
}

static void template_fault(loader *l, const where *w, tr_str text, pb_pos pos, const tr_template_error *error,
			   bool body)
{
	if (error->err == TR_ENOMEM) {
		l->mem->failed = true;
		return;
	}
	pb_pos at = pos;
	if (l->out->dropped == 0)
		at = locate_in_scalar(l->box->pub.source, pos, text, error->line, error->column);
	load_say(l, body ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR, w, at, "template-syntax",
		 body ? "the text is passed on as it is" : error->hint, "%s%s",
		 body ? "this is not a template: " : "the template does not parse: ", error->message);
}

static bool room_for_template(loader *l, const where *w, pb_pos pos)
{
	if (l->box->template_count < TEMPLATES_MAX)
		return true;
	if (!l->limit_said)
		load_say(l, DIAGNOSTIC_ERROR, w, pos, "too-many-templates", NULL, "a playbook has at most %d templates",
			 (int)TEMPLATES_MAX);
	l->limit_said = true;
	return false;
}

typedef tr_template *compile_fn(tr_str text, const tr_template_options *options, tr_template_error *error);

/* The number of the template of this text, compiled now when it is new; -1 when it does not compile (reported). Guards
 * repeat themselves from step to step, so a text is compiled once. */
static int64_t template_number(loader *l, tr_str text, pb_pos pos, const where *w, compile_fn *fn, bool body)
{
	const uint32_t *known = name_table_find(&l->templates, text);
	tr_template_error error = {0};
	if (known != NULL)
		return *known;
	if (!room_for_template(l, w, pos))
		return -1;
	tr_template *t = fn(text, NULL, &error);
	if (t == NULL) {
		template_fault(l, w, text, pos, &error, body);
		return -1;
	}
	if (!template_keep(l, t))
		return -1;
	uint32_t number = (uint32_t)(l->box->template_count - 1);
	tr_str own = arena_str(l->mem, text);
	if (l->mem->failed || !name_table_put(&l->templates, own, number)) {
		l->mem->failed = true;
		return -1;
	}
	l->box->sources[number] = own;
	return number;
}

/* NULL when it does not compile (reported). */
static const pb_expr *compile(loader *l, tr_str text, pb_pos pos, const where *w, compile_fn *fn, bool body)
{
	int64_t number = template_number(l, text, pos, w, fn, body);
	if (number < 0)
		return NULL;
	pb_expr *e = expr_new(l, PB_TEMPLATE, pos);
	if (l->mem->failed)
		return NULL;
	e->compiled = l->box->templates[number];
	e->source = l->box->sources[number];
	e->book = &l->box->pub;
	if (!l->clean[number])
		l->clean[number] = check_names(l, e, w);
	return e;
}

const pb_expr *expr_template(loader *l, tr_str text, pb_pos pos, const where *w)
{
	const pb_expr *e = compile(l, text, pos, w, tr_template_compile, false);
	return e != NULL ? e : expr_const(l, tr_nil(), pos);
}

static const pb_expr *expr_build(loader *l, const yaml_node *n, const where *w, bool body);

static const pb_expr *list_build(loader *l, const yaml_node *n, const where *w, bool body)
{
	const pb_expr **items = arena_alloc_array(l->mem, n->count, sizeof *items);
	if (items == NULL)
		return expr_const(l, tr_nil(), pos_of(n));
	for (size_t i = 0; i < n->count; i++) {
		where here = where_at(w, i);
		items[i] = expr_build(l, n->items[i], &here, body);
	}
	pb_expr *e = expr_new(l, PB_LIST, pos_of(n));
	if (!l->mem->failed) {
		e->items = items;
		e->count = n->count;
	}
	return e;
}

static const pb_expr *map_build(loader *l, const yaml_node *n, const where *w, bool body)
{
	pb_expr_pair *pairs = arena_alloc_array(l->mem, n->count, sizeof *pairs);
	if (pairs == NULL)
		return expr_const(l, tr_nil(), pos_of(n));
	for (size_t i = 0; i < n->count; i++) {
		where here = where_key(w, n->pairs[i].key->text);
		pairs[i].key = expr_build(l, n->pairs[i].key, &here, body);
		pairs[i].value = expr_build(l, n->pairs[i].value, &here, body);
	}
	return expr_map(l, pairs, n->count, pos_of(n));
}

static const pb_expr *expr_build(loader *l, const yaml_node *n, const where *w, bool body)
{
	if (!yaml_has_template(n))
		return expr_const(l, yaml_to_value(n), pos_of(n));
	if (n->kind == YAML_SEQUENCE)
		return list_build(l, n, w, body);
	if (n->kind == YAML_MAPPING)
		return map_build(l, n, w, body);
	const pb_expr *e = compile(l, n->text, pos_of(n), w, tr_template_compile, body);
	return e != NULL ? e : expr_const(l, tr_keep(n->value), pos_of(n));
}

const pb_expr *expr_of(loader *l, const yaml_node *n, const where *w)
{
	return expr_build(l, n, w, false);
}

const pb_expr *expr_of_body(loader *l, const yaml_node *n, const where *w)
{
	return expr_build(l, n, w, true);
}

const pb_expr *expr_map(loader *l, const pb_expr_pair *pairs, size_t count, pb_pos pos)
{
	bool constant = true;
	for (size_t i = 0; i < count; i++)
		constant = constant && pairs[i].key->kind == PB_CONST && pairs[i].value->kind == PB_CONST;
	if (constant) {
		tr_value v = tr_map_with(count);
		for (size_t i = 0; i < count; i++)
			v = tr_map_put(v, tr_keep(pairs[i].key->constant), tr_keep(pairs[i].value->constant));
		return expr_const(l, v, pos);
	}
	pb_expr *e = expr_new(l, PB_MAP, pos);
	if (!l->mem->failed) {
		e->pairs = pairs;
		e->count = count;
	}
	return e;
}

/* Words that are a truth value whatever they are called in an expression. */
static bool is_truth_word(tr_str t)
{
	static const char *const words[] = {"", "true", "false", "yes", "no", "on", "off", "none", "null", "0", "1"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strlen(words[i]) == t.n && strncasecmp(words[i], t.p, t.n) == 0)
			return true;
	}
	return false;
}

/* `{{ a }} == 3` is text with something in it, and such text is always true. */
static void text_condition_warn(loader *l, const pb_expr *e, const yaml_node *n, const where *w)
{
	if (e->kind != PB_TEMPLATE || tr_template_is_expression(e->compiled) ||
	    memmem(n->text.p, n->text.n, "{%", 2) != NULL)
		return;
	load_warn(l, w, n, "text-condition", "put the whole condition inside the braces",
		  "this condition is text around an expression, so it is always true");
}

const pb_expr *expr_condition(loader *l, const yaml_node *n, const where *w)
{
	if (!is_text(n) || tr_template_has_syntax(n->text) || is_truth_word(n->text)) {
		const pb_expr *e = expr_of(l, n, w);
		text_condition_warn(l, e, n, w);
		return e;
	}
	/* No braces: the text itself is the expression. */
	const pb_expr *e = compile(l, n->text, pos_of(n), w, tr_template_compile_expr, false);
	return e != NULL ? e : expr_const(l, tr_bool(false), pos_of(n));
}

const pb_expr *expr_or_null(loader *l, const yaml_node *n, const where *w, const char *key)
{
	if (n == NULL)
		return NULL;
	where here = where_key(w, tr_s(key));
	return expr_of(l, n, &here);
}

const pb_expr *condition_or_null(loader *l, const yaml_node *n, const where *w, const char *key)
{
	if (n == NULL)
		return NULL;
	where here = where_key(w, tr_s(key));
	return expr_condition(l, n, &here);
}
