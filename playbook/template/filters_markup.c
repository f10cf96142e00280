/* SPDX-License-Identifier: Apache-2.0 */
/* Filters for HTML and URLs: striptags, xmlattr, urlencode. */
#include <string.h>

#include "playbook/template/filters.h"

static const struct entity {
	const char *name;
	uint32_t code;
} entities[] = {
#include "playbook/template/entities.inc"
};

static unsigned hex_digit(unsigned char c, bool hex)
{
	unsigned low = c | 32u;

	if (c >= '0' && c <= '9')
		return c - (unsigned)'0';
	return hex && low >= 'a' && low <= 'f' ? low - (unsigned)'a' + 10 : 99;
}

/* The character that the entity at s (behind the ampersand) names; *n gets its length. 0: it names none. */
static uint32_t entity_code(tr_str s, size_t *n)
{
	uint32_t code = 0;
	size_t i = 0;

	if (s.n > 1 && s.p[0] == '#') {
		bool hex = (s.p[1] | 32) == 'x';
		for (i = hex ? 2 : 1; i < s.n && code <= 0x10ffff; i++) {
			unsigned char c = (unsigned char)s.p[i];
			unsigned v = hex_digit(c, hex);
			if (v == 99)
				break;
			code = code * (hex ? 16 : 10) + v;
		}
		*n = i + (i < s.n && s.p[i] == ';');
		return i > (hex ? 2u : 1u) && code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? code
													       : 0;
	}
	while (i < s.n && i < 10 && s.p[i] != ';')
		i++;
	if (i == s.n || s.p[i] != ';')
		return 0;
	for (size_t k = 0; k < sizeof(entities) / sizeof(entities[0]); k++)
		if (tr_str_is((tr_str){s.p, i}, entities[k].name)) {
			*n = i + 1;
			return entities[k].code;
		}
	return 0;
}

static void put_unescaped(tr_buf *out, tr_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint32_t code = s.p[i] == '&' ? entity_code((tr_str){s.p + i + 1, s.n - i - 1}, &n) : 0;
		if (code == 0) {
			tr_buf_putc(out, s.p[i]);
			continue;
		}
		uni_put(out, code);
		i += n;
	}
}

/* s without what begins with `open` and ends with `close`, as far as both are there. */
static void put_without(tr_buf *out, tr_str s, tr_str open, tr_str close)
{
	while (s.n > 0) {
		ptrdiff_t start = text_find(s, open, false);
		tr_str rest = {s.p + start + open.n, s.n - (size_t)start - open.n};
		ptrdiff_t end = start >= 0 ? text_find(rest, close, false) : -1;
		if (end < 0)
			break;
		tr_buf_put(out, s.p, (size_t)start);
		s = (tr_str){rest.p + end + close.n, rest.n - (size_t)end - close.n};
	}
	tr_buf_put(out, s.p, s.n);
}

static void put_single_spaced(tr_buf *out, tr_str s)
{
	bool gap = false;
	size_t n;

	s = uni_strip(s, true, true);
	for (size_t i = 0; i < s.n; i += n) {
		bool space = uni_is_space(uni_next(s.p + i, &n));
		if (space && !gap)
			tr_buf_putc(out, ' ');
		if (!space)
			tr_buf_put(out, s.p + i, n);
		gap = space;
	}
}

static tr_value f_striptags(struct eval *ev, const tr_value *a)
{
	tr_value text = ev_str(ev, a[0]);
	tr_buf bare = {0}, tagless = {0}, spaced = {0}, out = {0};

	if (!tr_is_valid(text))
		return text;
	put_without(&bare, tr_as_str(text), (tr_str){"<!--", 4}, (tr_str){"-->", 3});
	if (bare.n > 0)
		put_without(&tagless, tr_buf_str(&bare), (tr_str){"<", 1}, (tr_str){">", 1});
	if (tagless.n > 0)
		put_single_spaced(&spaced, tr_buf_str(&tagless));
	if (spaced.n > 0)
		put_unescaped(&out, tr_buf_str(&spaced));
	out.err = bare.err != TR_OK      ? bare.err
		  : tagless.err != TR_OK ? tagless.err
		  : spaced.err != TR_OK  ? spaced.err
					 : out.err;
	tr_buf_fini(&bare);
	tr_buf_fini(&tagless);
	tr_buf_fini(&spaced);
	tr_drop(text);
	return ev_take_text(ev, &out);
}

static bool bad_attribute_name(tr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr(" \t\n\r\f\v/>=", s.p[i]) != NULL)
			return true;
	return false;
}

static bool put_attribute(struct eval *ev, tr_buf *out, const tr_entry *e)
{
	tr_value key, value;
	bool ok;

	if (!is_text(e->key)) {
		ev_fail(ev, TR_ETYPE, "an attribute's name must be text, not '%s'", ev_type_name(e->key));
		return false;
	}
	if (bad_attribute_name(tr_as_str(e->key))) {
		ev_fail(ev, TR_EINVAL, "an attribute's name has a character that is not allowed");
		return false;
	}
	key = ev_escape(ev, e->key);
	value = ev_escape(ev, e->value);
	ok = tr_is_valid(key) && tr_is_valid(value);
	if (ok) {
		tr_buf_putc(out, ' ');
		tr_buf_put(out, tr_as_str(key).p, tr_as_str(key).n);
		tr_buf_puts(out, "=\"");
		tr_buf_put(out, tr_as_str(value).p, tr_as_str(value).n);
		tr_buf_putc(out, '"');
	}
	tr_drop(key);
	tr_drop(value);
	return ok;
}

static tr_value f_xmlattr(struct eval *ev, const tr_value *a)
{
	tr_value map = ev_resolve(ev, a[0]);
	tr_buf out = {.max = ev->memory};
	bool space = true;

	if (is_undefined(map))
		return ev_undefined_fail(ev, map);
	if (!tr_is(map, TR_MAP))
		return ev_fail(ev, TR_ETYPE, "xmlattr works on a mapping, not on '%s'", ev_type_name(map));
	if (is_given(a[1]) && !ev_truth(ev, a[1], &space))
		return tr_invalid(TR_ETYPE);
	for (size_t i = 0; i < tr_map_len(map); i++) {
		const tr_entry *e = &tr_map_entries(map)[i];
		if (!is_none(e->value) && !is_undefined(e->value) && !put_attribute(ev, &out, e)) {
			tr_buf_fini(&out);
			return tr_invalid(ev->error->err);
		}
	}
	if (space || out.n == 0)
		return ev_take_text(ev, &out);
	tr_value text = ev_text(ev, (tr_str){out.p + 1, out.n - 1});
	tr_buf_fini(&out);
	return text;
}

static bool is_url_char(unsigned char c)
{
	if (c >= 128)
		return false;
	return uni_is_alpha(c) || uni_is_decimal(c) || c == '_' || c == '.' || c == '-' || c == '~';
}

static void put_url(tr_buf *out, tr_str s, bool query)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (is_url_char(c) || (c == '/' && !query))
			tr_buf_putc(out, (char)c);
		else if (c == ' ' && query)
			tr_buf_putc(out, '+');
		else
			tr_buf_putf(out, "%%%02X", c);
	}
}

static bool put_quoted(struct eval *ev, tr_buf *out, tr_value v, bool query)
{
	tr_value text = tr_is(v, TR_BINARY) ? tr_keep(v) : ev_str(ev, v);

	if (!tr_is_valid(text))
		return false;
	put_url(out, tr_as_str(text), query);
	tr_drop(text);
	return true;
}

static bool put_pairs(struct eval *ev, tr_buf *out, tr_value pairs)
{
	for (size_t i = 0; i < tr_array_len(pairs); i++) {
		tr_value pair = ev_items(ev, tr_array_at(pairs, i));
		bool ok = tr_is_valid(pair) && tr_array_len(pair) == 2;
		if (tr_is_valid(pair) && !ok)
			ev_fail(ev, TR_EINVAL, "urlencode works on text, a mapping, or pairs");
		if (i > 0)
			tr_buf_putc(out, '&');
		ok = ok && put_quoted(ev, out, tr_array_at(pair, 0), true);
		tr_buf_putc(out, '=');
		ok = ok && put_quoted(ev, out, tr_array_at(pair, 1), true);
		tr_drop(pair);
		if (!ok)
			return false;
	}
	return true;
}

static tr_value f_urlencode(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]), pairs;
	tr_buf out = {.max = ev->memory};
	bool ok;

	if (tr_is(v, TR_MAP) || tr_is(v, TR_ARRAY) || tr_is(v, TR_OBJECT) || tr_is(v, TR_BINARY) || is_undefined(v)) {
		pairs = tr_is(v, TR_MAP) ? ev_view(ev, v, SEQ_ITEMS) : ev_items(ev, v);
		ok = tr_is_valid(pairs) && put_pairs(ev, &out, pairs);
		tr_drop(pairs);
	} else {
		ok = tr_is_valid(v) && put_quoted(ev, &out, v, false);
	}
	if (ok)
		return ev_take_text(ev, &out);
	tr_buf_fini(&out);
	return tr_invalid(ev->error->err);
}

const struct native markup_filters[] = {
    {"striptags", "", 0, f_striptags, NULL},
    {"xmlattr", "autospace", 0, f_xmlattr, NULL},
    {"urlencode", "", 0, f_urlencode, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
