/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as Python's json.dumps(sort_keys=True) with Jinja's escapes for HTML. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "playbook/template/json_out.h"
#include "playbook/template/unicode.h"

/* Bytes that stand for themselves in JSON text for HTML. */
static bool is_plain(unsigned char c)
{
	return c >= 32 && c < 127 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && c != '\'';
}

static void put_special(tr_buf *out, uint32_t c)
{
	const char *known = c == '"'    ? "\\\""
			    : c == '\\' ? "\\\\"
			    : c == '\n' ? "\\n"
			    : c == '\r' ? "\\r"
			    : c == '\t' ? "\\t"
			    : c == '\b' ? "\\b"
			    : c == '\f' ? "\\f"
					: NULL;

	if (known != NULL)
		tr_buf_puts(out, known);
	else if (c == 127)
		tr_buf_putc(out, 127);
	else if (c < 0x10000)
		tr_buf_putf(out, "\\u%04x", c);
	else
		tr_buf_putf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
}

static void put_text(tr_buf *out, tr_str s)
{
	size_t n, i = 0;

	tr_buf_putc(out, '"');
	while (i < s.n) {
		size_t start = i;
		while (i < s.n && is_plain((unsigned char)s.p[i]))
			i++;
		tr_buf_put(out, s.p + start, i - start);
		if (i < s.n) {
			put_special(out, uni_next(s.p + i, &n));
			i += n;
		}
	}
	tr_buf_putc(out, '"');
}

static void line(tr_buf *out, int64_t indent, size_t level)
{
	if (indent < 0)
		return;
	tr_buf_putc(out, '\n');
	for (size_t i = 0; i < (size_t)indent * level && out->err == TR_OK; i++)
		tr_buf_putc(out, ' ');
}

static bool put(struct eval *ev, tr_buf *out, tr_value v, int64_t indent, size_t level);

static bool put_array(struct eval *ev, tr_buf *out, tr_value v, int64_t indent, size_t level)
{
	size_t n = tr_array_len(v);

	if (n == 0) {
		tr_buf_puts(out, "[]");
		return true;
	}
	tr_buf_putc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			tr_buf_puts(out, indent < 0 ? ", " : ",");
		line(out, indent, level + 1);
		if (!put(ev, out, tr_array_at(v, i), indent, level + 1))
			return false;
	}
	line(out, indent, level);
	tr_buf_putc(out, ']');
	return true;
}

/* The text a key becomes; false when it cannot be one. */
static bool put_key(struct eval *ev, tr_buf *out, tr_value key)
{
	if (is_text(key)) {
		put_text(out, tr_as_str(key));
		return true;
	}
	if (!is_number(key) && !is_none(key)) {
		ev_fail(ev, TR_ETYPE, "the keys of JSON are text, numbers, booleans or none, not '%s'",
			ev_type_name(key));
		return false;
	}
	tr_buf_putc(out, '"');
	put(ev, out, key, -1, 0);
	tr_buf_putc(out, '"');
	return true;
}

static bool put_sorted(struct eval *ev, tr_buf *out, const tr_entry *entries, const size_t *order, size_t n,
		       int64_t indent, size_t level)
{
	tr_buf_putc(out, '{');
	for (size_t i = 0; i < n; i++) {
		const tr_entry *e = &entries[order[i]];
		if (i > 0)
			tr_buf_puts(out, indent < 0 ? ", " : ",");
		line(out, indent, level + 1);
		if (!put_key(ev, out, e->key))
			return false;
		tr_buf_puts(out, ": ");
		if (!put(ev, out, e->value, indent, level + 1))
			return false;
	}
	line(out, indent, level);
	tr_buf_putc(out, '}');
	return true;
}

#define FEW 16

/* Text keys of a small map: sorted where they are, without memory of their own. */
static bool few_in_order(const tr_entry *entries, size_t n, size_t *order)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = i;
		if (!tr_is(entries[i].key, TR_STRING))
			return false;
		tr_str s = tr_as_str(entries[i].key);
		for (; k > 0; k--) {
			tr_str t = tr_as_str(entries[order[k - 1]].key);
			int c = memcmp(t.p, s.p, t.n < s.n ? t.n : s.n);
			if (c < 0 || (c == 0 && t.n <= s.n))
				break;
			order[k] = order[k - 1];
		}
		order[k] = i;
	}
	return true;
}

static bool put_many(struct eval *ev, tr_buf *out, tr_value v, int64_t indent, size_t level)
{
	const tr_entry *entries = tr_map_entries(v);
	size_t n = tr_map_len(v), *order = tr_alloc(n * sizeof(*order));
	tr_value *keys = tr_alloc(n * sizeof(*keys));
	bool ok = keys != NULL && order != NULL;

	if (!ok)
		ev_fail(ev, TR_ENOMEM, "out of memory");
	for (size_t i = 0; ok && i < n; i++)
		keys[i] = entries[i].key;
	ok = ok && ev_sort(ev, keys, n, (struct sort_how){0}, order) &&
	     put_sorted(ev, out, entries, order, n, indent, level);
	tr_free(keys);
	tr_free(order);
	return ok;
}

/* Kept apart so that lists, which nest too, need less stack. */
__attribute__((noinline)) static bool put_map(struct eval *ev, tr_buf *out, tr_value v, int64_t indent, size_t level)
{
	size_t n = tr_map_len(v), order[FEW];

	if (n == 0) {
		tr_buf_puts(out, "{}");
		return true;
	}
	if (n <= FEW && few_in_order(tr_map_entries(v), n, order))
		return put_sorted(ev, out, tr_map_entries(v), order, n, indent, level);
	return put_many(ev, out, v, indent, level);
}

static void put_number(tr_buf *out, double d)
{
	if (isnan(d))
		tr_buf_puts(out, "NaN");
	else if (isinf(d))
		tr_buf_puts(out, d > 0 ? "Infinity" : "-Infinity");
	else
		put_float(out, d);
}

static bool put(struct eval *ev, tr_buf *out, tr_value v, int64_t indent, size_t level)
{
	bool ok = true;

	if (out->err != TR_OK)
		return true; /* reported when the text is taken */
	v = ev_resolve(ev, v);
	if (!tr_is_valid(v) || !ev_spend(ev, 1))
		return false;
	switch (tr_type_of(v)) {
	case TR_BOOL:
		tr_buf_puts(out, v.as.b ? "true" : "false");
		return true;
	case TR_INT:
		return ev_put_str(ev, out, v);
	case TR_FLOAT:
		put_number(out, v.as.d);
		return true;
	case TR_STRING:
	case TR_ATOM:
		put_text(out, tr_as_str(v));
		return true;
	case TR_ARRAY:
	case TR_MAP:
		if (is_view(v) || !ev_enter(ev))
			break;
		ok = tr_is(v, TR_ARRAY) ? put_array(ev, out, v, indent, level) : put_map(ev, out, v, indent, level);
		ev_leave(ev);
		return ok;
	default:
		if (is_none(v)) {
			tr_buf_puts(out, "null");
			return true;
		}
		break;
	}
	if (is_undefined(v) && ev->undefined == TR_UNDEFINED_CHAINABLE && ev_undefined_use(ev, v)) {
		tr_buf_puts(out, "null");
		return true;
	}
	if (is_undefined(v))
		ev_undefined_fail(ev, v);
	else
		ev_fail(ev, TR_ETYPE, "'%s' has no form in JSON", ev_type_name(v));
	return false;
}

bool json_put(struct eval *ev, tr_buf *out, tr_value v, int64_t indent)
{
	return put(ev, out, v, indent, 0);
}
