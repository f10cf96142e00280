/* SPDX-License-Identifier: Apache-2.0 */
/* A mapping read through its table: unknown keys, shapes, listed values, older names. */
#include "playbook/check/misplaced.h"
#include "playbook/model/loader.h"
#include <float.h>
#include <stdio.h>
#include <string.h>

static size_t index_of(const schema_node *table, const char *key)
{
	size_t i = 0;
	while (i < table->field_count && (table->fields[i].key[0] != key[0] || strcmp(table->fields[i].key, key) != 0))
		i++;
	return i;
}

/* What was accepted when it was recorded stays so. */
static diagnostic_level dropped_level(const loader *l)
{
	return l->options.recorded ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR;
}

bool misplaced_key(loader *l, const schema_node *table, const yaml_node *n, const yaml_node *key, const char *what,
		   const where *w)
{
	const char *advice = is_text(key) ? misplaced_advice(table, n, key->text) : NULL;
	if (advice != NULL)
		load_say(l, dropped_level(l), w, pos_of(key), "unknown-key", advice, "%s has no key '%.*s'", what,
			 TR_STR(key->text));
	return advice != NULL;
}

static void unknown_key(loader *l, const schema_node *table, const yaml_node *n, const yaml_node *key, const where *w)
{
	const schema_advice *found = NULL;
	for (size_t i = 0; i < table->advice_count && found == NULL; i++) {
		if (tr_str_is(key->text, table->advices[i].key))
			found = &table->advices[i];
	}
	if (found == NULL && misplaced_key(l, table, n, key, table->what, w))
		return;
	char hint[160];
	suggestion s = load_suggestion(l, key->text);
	for (size_t i = 0; i < table->field_count; i++)
		suggest_offer(&s, tr_s(table->fields[i].key));
	suggest_text(&s, hint, sizeof hint);
	diagnostic_level level = table->unknown;
	if (found != NULL ? found->refuse : suggest_is_slip(&s))
		level = DIAGNOSTIC_ERROR;
	load_say(l, level, w, pos_of(key), "unknown-key", found != NULL ? found->advice : hint, "%s has no key '%.*s'",
		 table->what, TR_STR(key->text));
}

unsigned shape_of(const yaml_node *n)
{
	if (n->kind == YAML_SEQUENCE)
		return SHAPE_LIST;
	if (n->kind == YAML_MAPPING)
		return SHAPE_MAP;
	switch (tr_type_of(n->value)) {
	case TR_BOOL:
		return SHAPE_BOOL;
	case TR_INT:
		return SHAPE_INT | SHAPE_FLOAT;
	case TR_FLOAT:
		return SHAPE_FLOAT;
	case TR_NIL:
		return 0;
	default:
		return tr_template_has_syntax(n->text) ? SHAPE_TEXT | SHAPE_TEMPLATE : SHAPE_TEXT;
	}
}

void shapes_text(unsigned shapes, tr_buf *b)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{SHAPE_TEXT, "text"},          {SHAPE_BOOL, "true or false"}, {SHAPE_FLOAT, "a number"},
		     {SHAPE_INT, "an integer"},     {SHAPE_LIST, "a list"},        {SHAPE_MAP, "a mapping"},
		     {SHAPE_TEMPLATE, "a template"}};
	bool first = true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		bool said = names[i].bit == SHAPE_INT && (shapes & SHAPE_FLOAT) != 0;
		if ((shapes & names[i].bit) == 0 || said || (names[i].bit == SHAPE_TEMPLATE && (shapes & SHAPE_TEXT)))
			continue;
		tr_buf_puts(b, first ? "" : " or ");
		tr_buf_puts(b, names[i].name);
		first = false;
	}
}

static bool shape_fits(loader *l, const schema_field *field, const yaml_node *n, const where *w)
{
	unsigned shapes = shape_of(n);
	if (shapes == 0 || (shapes & field->shapes) != 0)
		return true;
	tr_buf wanted = {0};
	char tool[120];
	bool kind = is_text(n) && strcmp(field->key, "tool") == 0 && n->text.n < 60 && !tr_template_has_syntax(n->text);
	(void)snprintf(tool, sizeof tool, "tool: { kind: %.*s, … }", kind ? (int)n->text.n : 0, n->text.p);
	shapes_text(field->shapes, &wanted);
	bool plain_word = n->kind == YAML_SCALAR && !n->quoted && (field->shapes & SHAPE_TEXT) != 0;
	bool number = is_text(n) && (field->shapes & SHAPE_NUMBER) != 0;
	load_fault(l, w, n, "wrong-type",
		   plain_word ? "write it in quotes to make it text"
		   : kind     ? tool
		   : number   ? "a number, without quotes and unit"
			      : NULL,
		   "'%s' must be %s, not %s", field->key, wanted.p == NULL ? "" : wanted.p, node_kind_name(n));
	tr_buf_fini(&wanted);
	return false;
}

static bool value_listed(loader *l, const schema_field *field, const yaml_node *n, const where *w)
{
	if (field->values == NULL || !is_text(n))
		return true;
	suggestion s = load_suggestion(l, n->text);
	tr_buf listed = {0};
	for (size_t i = 0; field->values[i] != NULL; i++) {
		if (name_is(n->text, field->values[i])) {
			tr_buf_fini(&listed);
			return true;
		}
		suggest_offer(&s, tr_s(field->values[i]));
		tr_buf_putf(&listed, "%s%s", i == 0 ? "" : ", ", field->values[i]);
	}
	char near[120];
	load_fault(l, w, n, "bad-value", suggest_text(&s, near, sizeof near), "'%s' cannot be '%.*s': it is %s%s",
		   field->key, TR_STR(n->text), field->values[1] == NULL ? "" : "one of ",
		   listed.p == NULL ? "" : listed.p);
	tr_buf_fini(&listed);
	return false;
}

void fault_both(loader *l, const where *w, const yaml_node *first, const char *first_name, const yaml_node *second,
		const char *second_name)
{
	if (second->line < first->line) {
		fault_both(l, w, second, second_name, first, first_name);
		return;
	}
	load_fault(l, w, second, "both-forms", "keep one of them",
		   "'%s' (line %u) and '%s' (line %u) are two forms of the same thing", first_name,
		   (unsigned)first->line, second_name, (unsigned)second->line);
}

static void field_take(loader *l, const schema_field *field, const yaml_pair *pair, const where *up, fields *out)
{
	where w = where_key(up, pair->key->text);
	size_t at =
	    field->same_as != NULL ? index_of(out->table, field->same_as) : (size_t)(field - out->table->fields);
	if (is_null(pair->value) && (field->flags & FIELD_KEEP_NULL) == 0)
		return; /* an empty value says nothing */
	if (out->key[at] != NULL) {
		fault_both(l, &w, out->key[at], out->key[at]->text.p, pair->key, pair->key->text.p);
		return;
	}
	if ((field->flags & FIELD_DEPRECATED) != 0) {
		char hint[120] = "";
		if (field->same_as != NULL)
			snprintf(hint, sizeof hint, "write '%s'", field->same_as);
		load_warn(l, &w, pair->key, "deprecated", hint, "'%s' is an older form", field->key);
	}
	out->key[at] = pair->key;
	out->initials |= fields_initial(out->table->fields[at].key);
	if (shape_fits(l, field, pair->value, &w) && value_listed(l, field, pair->value, &w))
		out->value[at] = pair->value;
}

bool fields_read(loader *l, const yaml_node *n, const schema_node *table, const tool_kind *kind, const where *w,
		 fields *out)
{
	memset(out, 0, sizeof *out);
	out->table = table;
	if (n->kind != YAML_MAPPING) {
		load_fault(l, w, n, "wrong-type", NULL, "%s must be a mapping, not %s", table->what, node_kind_name(n));
		return false;
	}
	for (size_t i = 0; i < n->count; i++) {
		const yaml_pair *pair = &n->pairs[i];
		if (kind_key_find(kind, pair->key->text) != NULL && !name_is(pair->key->text, "name"))
			continue;
		const schema_field *field = is_text(pair->key) ? schema_find(table, pair->key->text) : NULL;
		if (field != NULL)
			field_take(l, field, pair, w, out);
		else if (!table->open) {
			where here = where_key(w, pair->key->text);
			unknown_key(l, table, n, pair->key, &here);
		}
	}
	return true;
}

const yaml_node *fields_find(const fields *f, const char *key, bool as_written)
{
	size_t at = index_of(f->table, key);
	if (at >= f->table->field_count)
		return NULL;
	return as_written ? f->key[at] : f->value[at];
}

int fields_choice(const fields *f, const char *key, int otherwise)
{
	const yaml_node *n = fields_get(f, key);
	const schema_field *field = n == NULL ? NULL : schema_find(f->table, tr_s(key));
	if (field == NULL || field->values == NULL)
		return otherwise;
	for (int i = 0; field->values[i] != NULL; i++) {
		if (name_is(n->text, field->values[i]))
			return i;
	}
	return otherwise;
}

tr_str fields_text(loader *l, const fields *f, const char *key)
{
	const yaml_node *n = fields_get(f, key);
	return n == NULL ? LITERAL("") : arena_str(l->mem, n->text);
}

void number_check(loader *l, const yaml_node *n, const where *w, const char *key, double least, double most,
		  const char *what)
{
	where here = where_key(w, tr_s(key));

	if (n == NULL || n->kind != YAML_SCALAR || !(tr_is(n->value, TR_INT) || tr_is(n->value, TR_FLOAT)))
		return;
	double v = tr_as_float(n->value, 0);
	if (!(v >= least && v <= most))
		load_fault(l, &here, n, "bad-value", NULL, "'%s' must be %s, not %.*s", key, what, TR_STR(n->text));
}

void seconds_check(loader *l, const fields *f, const char *key, const where *w)
{
	number_check(l, fields_get(f, key), w, key, DBL_MIN, DBL_MAX, "seconds above 0");
}

bool fields_bool(const fields *f, const char *key, bool otherwise)
{
	const yaml_node *n = fields_get(f, key);
	return n == NULL ? otherwise : tr_as_bool(n->value, otherwise);
}

tr_str name_of(loader *l, const yaml_node *n, const where *w, const char *what)
{
	if (n->kind == YAML_SCALAR && is_text(n) && n->text.n > 0)
		return arena_str(l->mem, n->text);
	if (n->kind == YAML_SCALAR && n->text.n > 0)
		load_fault(l, w, n, "bad-name", "write it in quotes", "%s must be text; YAML reads '%.*s' as %s", what,
			   TR_STR(n->text), node_kind_name(n));
	else
		load_fault(l, w, n, "bad-name", NULL, "%s must be text, not %s", what,
			   is_text(n) ? "empty" : node_kind_name(n));
	return LITERAL("");
}
