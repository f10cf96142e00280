/* SPDX-License-Identifier: Apache-2.0 */
/* Values as a person reads them in a log. */
#include <string.h>

#include "runtime/value/box.h"
#include "runtime/value/number.h"
#include "runtime/value/utf8.h"

#define SHOW_DEPTH 32
#define ELLIPSIS   "\xE2\x80\xA6"

struct show {
	tr_buf *out;
	size_t from;
	size_t max;
};

static bool is_full(const struct show *s)
{
	return s->out->err != TR_OK || s->out->n - s->from > s->max;
}

static bool is_plain_name(tr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
		if (!letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return s.n > 0;
}

static void show_text(struct show *s, tr_str text)
{
	/* What is beyond the cut need not be formatted. */
	size_t n = utf8_cut(text, s->max);

	tr_buf_putc(s->out, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c == '"' || c == '\\')
			tr_buf_putc(s->out, '\\');
		if (c == '\n')
			tr_buf_puts(s->out, "\\n");
		else if (c < 0x20 || c == 0x7F)
			tr_buf_putf(s->out, "\\x%02x", c);
		else
			tr_buf_putc(s->out, (char)c);
	}
	tr_buf_putc(s->out, '"');
}

static void show_bytes(struct show *s, tr_str bytes)
{
	tr_buf_puts(s->out, "<<");
	for (size_t i = 0; i < bytes.n && !is_full(s); i++)
		tr_buf_putf(s->out, "%02x", (unsigned char)bytes.p[i]);
	tr_buf_puts(s->out, ">>");
}

static void show_small(struct show *s, tr_value v)
{
	char number[NUMBER_TEXT];

	switch (tr_type_of(v)) {
	case TR_INVALID:
		tr_buf_putf(s->out, "#Invalid<%s>", v.aux != 0 ? tr_err_name((tr_err)v.aux) : "absent");
		break;
	case TR_NIL:
		tr_buf_puts(s->out, "nil");
		break;
	case TR_BOOL:
		tr_buf_puts(s->out, v.as.b ? "true" : "false");
		break;
	case TR_INT:
		tr_buf_putf(s->out, "%lld", (long long)v.as.i);
		break;
	case TR_FLOAT:
		tr_buf_put(s->out, number, number_text(v.as.d, number));
		break;
	case TR_ATOM:
		tr_buf_put(s->out, tr_as_str(v).p, tr_as_str(v).n);
		break;
	case TR_PID:
		tr_buf_putf(s->out, "<%u.%u.%u>", (unsigned)(v.as.bits >> (64 - TR_PID_NODE_BITS)),
			    (unsigned)(v.as.bits & ((1u << TR_PID_SLOT_BITS) - 1)),
			    (unsigned)(v.as.bits >> TR_PID_SLOT_BITS & UINT32_MAX));
		break;
	case TR_REF:
		tr_buf_putf(s->out, "#Ref<%llu>", (unsigned long long)v.as.bits);
		break;
	case TR_OBJECT:
		tr_buf_putf(s->out, "#Object<%s>", tr_object_class(v)->name);
		break;
	default:
		break;
	}
}

static void show_any(struct show *s, tr_value v, unsigned depth);

static void show_map(struct show *s, tr_value v, unsigned depth)
{
	const tr_entry *entries = tr_map_entries(v);

	tr_buf_puts(s->out, entries != NULL ? "{" : "{:");
	for (size_t i = 0; i < tr_map_len(v) && !is_full(s); i++) {
		if (i > 0)
			tr_buf_puts(s->out, ", ");
		if (tr_is(entries[i].key, TR_STRING) && is_plain_name(tr_as_str(entries[i].key)))
			tr_buf_put(s->out, tr_as_str(entries[i].key).p, tr_as_str(entries[i].key).n);
		else
			show_any(s, entries[i].key, depth - 1);
		tr_buf_puts(s->out, ": ");
		show_any(s, entries[i].value, depth - 1);
	}
	tr_buf_putc(s->out, '}');
}

static void show_array(struct show *s, tr_value v, unsigned depth)
{
	tr_buf_putc(s->out, '{');
	for (size_t i = 0; i < tr_array_len(v) && !is_full(s); i++) {
		if (i > 0)
			tr_buf_puts(s->out, ", ");
		show_any(s, tr_array_at(v, i), depth - 1);
	}
	tr_buf_putc(s->out, '}');
}

static void show_any(struct show *s, tr_value v, unsigned depth)
{
	if (is_full(s))
		return;
	if (tr_is(v, TR_STRING))
		show_text(s, tr_as_str(v));
	else if (tr_is(v, TR_BINARY))
		show_bytes(s, tr_as_str(v));
	else if (!is_container(v))
		show_small(s, v);
	else if (depth == 0)
		tr_buf_puts(s->out, ELLIPSIS);
	else if (tr_is(v, TR_MAP))
		show_map(s, v, depth);
	else
		show_array(s, v, depth);
}

void tr_show(tr_buf *out, tr_value v, size_t max)
{
	struct show s = {out, out->n, max};

	show_any(&s, v, SHOW_DEPTH);
	if (out->err != TR_OK || out->n - s.from <= max)
		return;
	size_t keep = max > strlen(ELLIPSIS) ? max - strlen(ELLIPSIS) : 0;
	out->n = s.from + utf8_cut((tr_str){out->p + s.from, out->n - s.from}, keep);
	out->p[out->n] = '\0';
	tr_buf_puts(out, ELLIPSIS);
}
