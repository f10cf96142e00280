/* SPDX-License-Identifier: Apache-2.0 */
/* Block style; short leaves in flow style; text plain where nobody can take it for something else. */
#include "playbook/graph/yaml_write.h"
#include "playbook/yaml/resolve.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

enum {
	FLOW_MAX = 80
};

typedef struct writer {
	tr_buf *out;
	tr_err err;
} writer;

static void indent(writer *w, size_t level)
{
	for (size_t i = 0; i < level; i++)
		tr_buf_puts(w->out, "  ");
}

/* ---- scalars ---- */

static bool is_word_char(char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/')
		return true;
	return !first && ((c >= '0' && c <= '9') || c == '-' || c == '.' || c == ' ');
}

/* Only words: nothing that YAML 1.1 or 1.2 gives a meaning to. */
static bool is_plain(tr_str s)
{
	if (s.n == 0 || s.n > 200 || s.p[s.n - 1] == ' ')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_word_char(s.p[i], i == 0))
			return false;
	}
	bool letter = s.n == 1 && strchr("yYnN", s.p[0]) != NULL;
	return !letter && !tr_is_valid(yaml_resolve(s)) && tr_value_err(yaml_resolve(s)) == TR_OK;
}

static bool is_printable(tr_str s, bool newlines)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < 0x20 && !(newlines && c == '\n')) || c == 0x7f)
			return false;
		/* C1 controls, U+2028, U+2029 and U+FEFF are no line's business */
		if ((c == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0) ||
		    (c == 0xe2 && (unsigned char)s.p[i + 1] == 0x80 && (unsigned char)s.p[i + 2] >= 0xa8 &&
		     (unsigned char)s.p[i + 2] <= 0xa9) ||
		    (c == 0xef && (unsigned char)s.p[i + 1] == 0xbb))
			return false;
	}
	return true;
}

static void write_escaped(writer *w, tr_str s)
{
	tr_value v = tr_string_n(s.p, s.n);
	tr_err err = tr_json_write(w->out, v, TR_JSON_ASCII); /* JSON's escapes are YAML's */
	w->err = w->err != TR_OK ? w->err : err;
	tr_drop(v);
}

static void write_quoted(writer *w, tr_str s)
{
	if (!is_printable(s, false)) {
		write_escaped(w, s);
		return;
	}
	bool plain_double = memchr(s.p, '"', s.n) == NULL && memchr(s.p, '\\', s.n) == NULL;
	char quote = plain_double ? '"' : '\'';
	tr_buf_putc(w->out, quote);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == quote)
			tr_buf_putc(w->out, quote);
		tr_buf_putc(w->out, s.p[i]);
	}
	tr_buf_putc(w->out, quote);
}

/* Several lines that a literal block can hold as they are. */
static bool is_block_text(tr_str s)
{
	if (memchr(s.p, '\n', s.n) == NULL || !is_printable(s, true) || s.p[0] == ' ' || s.p[0] == '\n')
		return false;
	return strspn(s.p, " \n") != s.n;
}

static void write_block_text(writer *w, tr_str s, size_t level)
{
	size_t ends = 0;
	while (ends < s.n && s.p[s.n - 1 - ends] == '\n')
		ends++;
	tr_buf_puts(w->out, ends == 0 ? "|-\n" : ends == 1 ? "|\n" : "|+\n");
	const char *p = s.p, *end = s.p + s.n;
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		if (stop == NULL)
			stop = end;
		if (stop > p) {
			indent(w, level);
			tr_buf_put(w->out, p, (size_t)(stop - p));
		}
		tr_buf_putc(w->out, '\n');
		p = stop + 1;
	}
}

/* The shortest decimal that reads back as d, in the form that YAML 1.1 takes for a float. */
static void write_float(writer *w, double d)
{
	if (isnan(d) || isinf(d)) {
		tr_buf_puts(w->out, isnan(d) ? ".nan" : d < 0 ? "-.inf" : ".inf");
		return;
	}
	char text[40];
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	char *e = strchr(text, 'e');
	size_t mantissa = e == NULL ? strlen(text) : (size_t)(e - text);
	tr_buf_put(w->out, text, mantissa);
	if (memchr(text, '.', mantissa) == NULL)
		tr_buf_puts(w->out, ".0");
	if (e != NULL)
		tr_buf_puts(w->out, e);
}

static void write_scalar(writer *w, tr_value v)
{
	tr_str s = tr_as_str(v);
	switch (tr_type_of(v)) {
	case TR_NIL:
		tr_buf_puts(w->out, "null");
		break;
	case TR_BOOL:
		tr_buf_puts(w->out, v.as.b ? "true" : "false");
		break;
	case TR_INT:
		tr_buf_putf(w->out, "%lld", (long long)v.as.i);
		break;
	case TR_FLOAT:
		write_float(w, v.as.d);
		break;
	case TR_STRING:
		if (is_plain(s))
			tr_buf_put(w->out, s.p, s.n);
		else
			write_quoted(w, s);
		break;
	case TR_BINARY:
		tr_buf_puts(w->out, "!!binary \"");
		tr_base64_write(w->out, s);
		tr_buf_puts(w->out, "\"");
		break;
	default:
		w->err = TR_ETYPE;
	}
}

/* ---- collections ---- */

static bool is_leaf(tr_value v)
{
	return !tr_is(v, TR_MAP) && !tr_is(v, TR_ARRAY);
}

static void write_flow(writer *w, tr_value v)
{
	const tr_entry *entries = tr_map_entries(v);
	if (is_leaf(v)) {
		write_scalar(w, v);
		return;
	}
	bool list = tr_is(v, TR_ARRAY);
	size_t n = list ? tr_array_len(v) : tr_map_len(v);
	tr_buf_puts(w->out, list ? "[" : "{");
	for (size_t i = 0; i < n; i++) {
		tr_buf_puts(w->out, i == 0 ? (list ? "" : " ") : ", ");
		if (!list) {
			write_scalar(w, entries[i].key);
			tr_buf_puts(w->out, ": ");
		}
		write_flow(w, list ? tr_array_at(v, i) : entries[i].value);
	}
	tr_buf_puts(w->out, list ? "]" : n > 0 ? " }" : "}");
}

/* Only leaves, and short: `{ a: 1, b: "{{ x }}" }`. */
static bool is_short(tr_value v)
{
	tr_buf probe = {.max = FLOW_MAX};
	writer w = {.out = &probe};
	size_t n = tr_is(v, TR_ARRAY) ? tr_array_len(v) : tr_map_len(v);
	for (size_t i = 0; i < n; i++) {
		tr_value item = tr_is(v, TR_ARRAY) ? tr_array_at(v, i) : tr_map_entries(v)[i].value;
		bool empty = tr_map_len(item) + tr_array_len(item) == 0;
		if (!(is_leaf(item) || empty) || (tr_is(item, TR_STRING) && is_block_text(tr_as_str(item))))
			return false;
	}
	write_flow(&w, v);
	bool fits = probe.err == TR_OK && probe.n <= FLOW_MAX;
	tr_buf_fini(&probe);
	return fits || n == 0;
}

static void write_node(writer *w, tr_value v, size_t level, bool in_list);

static void write_map(writer *w, tr_value v, size_t level, bool in_list)
{
	const tr_entry *entries = tr_map_entries(v);
	for (size_t i = 0; i < tr_map_len(v); i++) {
		if (i > 0 || !in_list)
			indent(w, level);
		write_scalar(w, entries[i].key);
		tr_buf_putc(w->out, ':');
		write_node(w, entries[i].value, level + 1, false);
	}
}

static void write_list(writer *w, tr_value v, size_t level)
{
	for (size_t i = 0; i < tr_array_len(v); i++) {
		indent(w, level);
		tr_buf_putc(w->out, '-');
		write_node(w, tr_array_at(v, i), level + 1, true);
	}
}

/* What stands behind `key:` or `-`, the line's end included. */
static void write_node(writer *w, tr_value v, size_t level, bool in_list)
{
	if (w->err != TR_OK || w->out->err != TR_OK)
		return;
	if (tr_is(v, TR_STRING) && is_block_text(tr_as_str(v))) {
		tr_buf_putc(w->out, ' ');
		write_block_text(w, tr_as_str(v), level);
	} else if (is_leaf(v) || is_short(v)) {
		tr_buf_putc(w->out, ' ');
		write_flow(w, v);
		tr_buf_putc(w->out, '\n');
	} else if (in_list && tr_is(v, TR_MAP)) {
		tr_buf_putc(w->out, ' ');
		write_map(w, v, level, true);
	} else {
		tr_buf_putc(w->out, '\n');
		if (tr_is(v, TR_MAP))
			write_map(w, v, level, false);
		else
			write_list(w, v, level);
	}
}

tr_err yaml_write(tr_buf *out, tr_value v)
{
	writer w = {.out = out};
	if (tr_is(v, TR_MAP) && tr_map_len(v) > 0) {
		write_map(&w, v, 0, false);
	} else if (tr_is(v, TR_ARRAY) && tr_array_len(v) > 0) {
		write_list(&w, v, 0);
	} else {
		write_flow(&w, v);
		tr_buf_putc(out, '\n');
	}
	return w.err != TR_OK ? w.err : out->err;
}
