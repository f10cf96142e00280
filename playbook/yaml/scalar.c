/* SPDX-License-Identifier: Apache-2.0 */
/* A scalar's type: by its tag when it has one, by its look when it is plain, else text. */
#include "playbook/yaml/compose.h"
#include "playbook/yaml/resolve.h"
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

yaml_node *compose_scalar(composer *c, const yaml_event_t *e)
{
	yaml_node *n = arena_alloc(c->mem, sizeof *n);
	if (n == NULL) {
		compose_no_memory(c);
		return NULL;
	}
	yaml_scalar_style_t style = e->data.scalar.style;
	n->kind = YAML_SCALAR;
	n->line = mark_line(e->start_mark);
	n->column = mark_column(e->start_mark);
	n->end_line = mark_line(e->end_mark);
	n->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
	n->text = arena_str(c->mem, (tr_str){(const char *)e->data.scalar.value, e->data.scalar.length});
	const char *tag = short_tag(e);
	tr_value v;
	if (tag != NULL)
		v = tagged_value(n->text, tag);
	else if (style == YAML_PLAIN_SCALAR_STYLE)
		v = yaml_resolve(n->text);
	else
		v = tr_absent();
	if (!tr_is_valid(v) && tr_value_err(v) == TR_OK)
		v = string_of(n->text);
	n->quoted = style != YAML_PLAIN_SCALAR_STYLE || tr_is(v, TR_STRING);
	if (style == YAML_PLAIN_SCALAR_STYLE && tag == NULL)
		n->quoted = false;
	if (!tr_is_valid(v)) {
		scalar_fault(c, n, tag == NULL ? "scalar" : tag, tr_value_err(v));
		return NULL;
	}
	n->value = arena_own(c->mem, v);
	return n;
}
