/* SPDX-License-Identifier: Apache-2.0 */
/* A scalar's type: by its tag when it has one, by its look when it is plain, else text. */
#include "playbook/yaml/compose.h"
#include "playbook/yaml/resolve.h"
#include "runtime/value/view.h"
#include <troupe/codec.h>
#include <string.h>

#define TAG_PREFIX "tag:yaml.org,2002:"

static tr_value string_of(tr_str text)
{
	return tr_string_n(text.p, text.n);
}

static tr_value binary_of(tr_str text)
{
	tr_buf bytes = {0};
	tr_buf packed = {0};
	for (size_t i = 0; i < text.n; i++) {
		if (strchr(" \t\r\n", text.p[i]) == NULL)
			tr_buf_putc(&packed, text.p[i]);
	}
	tr_err err = packed.err != TR_OK ? packed.err : tr_base64_read(&bytes, tr_buf_str(&packed));
	tr_value v = err == TR_OK ? tr_binary(bytes.p == NULL ? "" : bytes.p, bytes.n) : tr_invalid(err);
	tr_buf_fini(&packed);
	tr_buf_fini(&bytes);
	return v;
}

/* The value that an explicit tag asks for; invalid with TR_ETYPE when the text is no such thing, TR_ENOENT for a tag
 * that nobody knows. */
static tr_value tagged_value(tr_str text, const char *tag)
{
	if (strcmp(tag, "str") == 0 || strcmp(tag, "timestamp") == 0)
		return string_of(text);
	if (strcmp(tag, "binary") == 0)
		return binary_of(text);
	tr_value v = yaml_resolve(text);
	if (strcmp(tag, "float") == 0)
		return tr_is(v, TR_INT) ? tr_float((double)v.as.i) : tr_is(v, TR_FLOAT) ? v : tr_invalid(TR_ETYPE);
	if (strcmp(tag, "int") == 0)
		return tr_is(v, TR_INT) || tr_value_err(v) == TR_ERANGE ? v : tr_invalid(TR_ETYPE);
	if (strcmp(tag, "bool") == 0)
		return tr_is(v, TR_BOOL) ? v : tr_invalid(TR_ETYPE);
	if (strcmp(tag, "null") == 0)
		return tr_nil();
	return tr_invalid(TR_ENOENT);
}

static void scalar_fault(composer *c, const yaml_node *n, const char *tag, tr_err err)
{
	if (err == TR_ERANGE)
		compose_fail(c, "integer-range", n->line, n->column, "write it in quotes to keep it as text",
			     "the integer %.*s does not fit 64 bits", TR_STR(n->text));
	else if (err == TR_ENOENT)
		compose_fail(c, "unknown-tag", n->line, n->column, "only the standard tags (!!str, !!int, …) are known",
			     "the tag '%s' is not known", tag);
	else if (err == TR_ENOMEM)
		compose_no_memory(c);
	else
		compose_fail(c, "bad-scalar", n->line, n->column, NULL, "'%.80s' is not a valid %s", n->text.p, tag);
}

static const char *short_tag(const yaml_event_t *e)
{
	const char *tag = (const char *)e->data.scalar.tag;
	if (tag == NULL)
		return NULL;
	if (strcmp(tag, "!") == 0)
		return "str";
	size_t n = strlen(TAG_PREFIX);
	return strncmp(tag, TAG_PREFIX, n) == 0 ? tag + n : tag;
}

/* ---- texts that were met before ---- */

enum {
	MET_BYTES = 80 /* longer texts hardly come again */
};

static met *met_slot(const composer *c, tr_str text, bool plain, uint32_t hash)
{
	size_t at = name_table_start(c->met, hash, c->met_capacity);
	while (c->met[at].text.p != NULL &&
	       !(c->met[at].hash == hash && c->met[at].plain == plain && tr_str_eq(c->met[at].text, text)))
		at = (at + 1) & (c->met_capacity - 1);
	return &c->met[at];
}

static bool met_grow(composer *c)
{
	composer bigger = {.met_capacity = c->met_capacity == 0 ? 256 : c->met_capacity * 2};
	bigger.met = tr_alloc(bigger.met_capacity * sizeof *bigger.met);
	if (bigger.met == NULL)
		return false;
	for (size_t i = 0; i < c->met_capacity; i++) {
		const met *m = &c->met[i];
		if (m->text.p != NULL)
			*met_slot(&bigger, m->text, m->plain, m->hash) = *m;
	}
	tr_free(c->met);
	c->met = bigger.met;
	c->met_capacity = bigger.met_capacity;
	return true;
}

/* The place of this text, free when it is new. NULL: it is not kept. */
static met *met_place(composer *c, tr_str text, bool plain)
{
	if (text.n > MET_BYTES)
		return NULL;
	if (c->met_count * 2 >= c->met_capacity && !met_grow(c)) {
		compose_no_memory(c);
		return NULL;
	}
	uint32_t hash = (uint32_t)text_hash(text.p, text.n) ^ plain;
	met *m = met_slot(c, text, plain, hash);
	m->hash = hash;
	m->plain = plain;
	return m;
}

/* ---- scalars ---- */

/* The value of an untagged scalar, owned by the document; invalid when there is none. Its text is the value's own when
 * that is a string. */
static tr_value untagged(composer *c, yaml_node *n, tr_str text, bool plain)
{
	met *m = met_place(c, text, plain);
	if (m != NULL && m->text.p != NULL) {
		n->text = m->text;
		return m->value;
	}
	tr_value v = plain ? yaml_resolve(text) : tr_absent();
	bool is_text = !tr_is_valid(v) && tr_value_err(v) == TR_OK;
	if (is_text)
		v = string_of(text);
	n->text = is_text && tr_is_valid(v) ? tr_as_str(v) : arena_str(c->mem, text);
	if (!tr_is_valid(v))
		return v;
	v = arena_own(c->mem, v);
	if (m != NULL && !c->mem->failed) {
		m->text = n->text;
		m->value = v;
		c->met_count++;
	}
	return v;
}

yaml_node *compose_scalar(composer *c, const yaml_event_t *e)
{
	yaml_node *n = arena_alloc(c->mem, sizeof *n);
	if (n == NULL) {
		compose_no_memory(c);
		return NULL;
	}
	yaml_scalar_style_t style = e->data.scalar.style;
	bool plain = style == YAML_PLAIN_SCALAR_STYLE;
	tr_str text = {(const char *)e->data.scalar.value, e->data.scalar.length};
	n->kind = YAML_SCALAR;
	n->line = mark_line(e->start_mark);
	n->column = mark_column(e->start_mark);
	n->end_line = mark_line(e->end_mark);
	n->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
	const char *tag = short_tag(e);
	tr_value v;
	if (tag != NULL) {
		n->text = arena_str(c->mem, text);
		v = tagged_value(n->text, tag);
		if (tr_value_err(v) == TR_OK)
			v = arena_own(c->mem, tr_is_valid(v) ? v : string_of(n->text));
	} else {
		v = untagged(c, n, text, plain);
	}
	n->quoted = !plain || (tag != NULL && tr_is(v, TR_STRING));
	if (!tr_is_valid(v)) {
		scalar_fault(c, n, tag == NULL ? "scalar" : tag, tr_value_err(v));
		return NULL;
	}
	n->value = v;
	return n;
}
