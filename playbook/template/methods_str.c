/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of str. */
#include <string.h>
#include <strings.h>

#include "playbook/template/format.h"
#include "playbook/template/strings.h"

#define M(name) static tr_value name(struct eval *ev, tr_value self, const tr_value *argv)

static bool want_text(struct eval *ev, tr_value v, const char *what)
{
	if (is_text(v))
		return true;
	if (is_undefined(v))
		ev_undefined_fail(ev, v);
	else
		ev_fail(ev, TR_ETYPE, "%s must be text, not '%s'", what, ev_type_name(v));
	return false;
}

static bool want_int(struct eval *ev, tr_value v, int64_t otherwise, int64_t *out)
{
	*out = otherwise;
	return !is_given(v) || ev_index(ev, v, "the argument", out);
}

M(m_upper)
{
	(void)argv;
	return text_case(ev, self, UNI_UPPER);
}
M(m_lower)
{
	(void)argv;
	return text_case(ev, self, UNI_LOWER);
}
M(m_casefold)
{
	(void)argv;
	return text_case(ev, py_plain(self), UNI_FOLD);
}
M(m_title)
{
	(void)argv;
	return text_title(ev, self);
}
M(m_capitalize)
{
	(void)argv;
	return text_capitalize(ev, self);
}
M(m_swapcase)
{
	(void)argv;
	return text_swapcase(ev, self);
}
M(m_strip)
{
	return text_trim(ev, self, argv[0], true, true);
}
M(m_lstrip)
{
	return text_trim(ev, self, argv[0], true, false);
}
M(m_rstrip)
{
	return text_trim(ev, self, argv[0], false, true);
}

static tr_value pad(struct eval *ev, tr_value self, const tr_value *argv, int side)
{
	tr_str fill = is_given(argv[1]) ? tr_as_str(argv[1]) : (tr_str){" ", 1};
	int64_t width;

	if (!ev_index(ev, argv[0], "the width", &width))
		return tr_invalid(TR_ETYPE);
	if ((is_given(argv[1]) && !is_text(argv[1])) || uni_count(fill) != 1)
		return ev_fail(ev, TR_ETYPE, "the fill must be one character");
	return text_pad(ev, self, width, fill, side);
}

M(m_center)
{
	return pad(ev, self, argv, 0);
}
M(m_ljust)
{
	return pad(ev, self, argv, -1);
}
M(m_rjust)
{
	return pad(ev, self, argv, 1);
}

M(m_zfill)
{
	tr_str s = tr_as_str(self);
	int64_t width;

	if (!ev_index(ev, argv[0], "the width", &width))
		return tr_invalid(TR_ETYPE);
	if (s.n == 0 || (s.p[0] != '+' && s.p[0] != '-') || width <= (int64_t)uni_count(s))
		return text_pad(ev, self, width, (tr_str){"0", 1}, 1);
	tr_value rest = ev_text(ev, (tr_str){s.p + 1, s.n - 1});
	tr_value padded = text_pad(ev, rest, width - 1, (tr_str){"0", 1}, 1);
	tr_buf out = {.max = ev->memory};
	tr_buf_putc(&out, s.p[0]);
	tr_buf_put(&out, tr_as_str(padded).p, tr_as_str(padded).n);
	tr_drop(rest);
	tr_drop(padded);
	return text_take_like(ev, self, &out);
}

M(m_replace)
{
	int64_t count;

	if (!want_text(ev, argv[0], "what to replace") || !want_text(ev, argv[1], "the replacement") ||
	    !want_int(ev, argv[2], -1, &count))
		return tr_invalid(TR_ETYPE);
	if (!is_markup(self))
		return text_replace(ev, self, tr_as_str(argv[0]), tr_as_str(argv[1]), count);
	/* What goes into Markup is escaped. */
	tr_value old = ev_escape(ev, argv[0]), new = ev_escape(ev, argv[1]), out = tr_invalid(TR_ELIMIT);
	if (tr_is_valid(old) && tr_is_valid(new))
		out = text_replace(ev, self, tr_as_str(old), tr_as_str(new), count);
	tr_drop(old);
	tr_drop(new);
	return out;
}

/* The part of self that start and end name, in bytes; *skipped is how many characters lie before it. */
static bool window(struct eval *ev, tr_value self, tr_value start, tr_value end, tr_str *out, int64_t *skipped)
{
	tr_str s = tr_as_str(self);
	int64_t n = (int64_t)uni_count(s), from = 0, to = n;

	if ((is_given(start) && !is_none(start) && !ev_index(ev, start, "the start", &from)) ||
	    (is_given(end) && !is_none(end) && !ev_index(ev, end, "the end", &to)))
		return false;
	from = from < 0 ? (from < -n ? 0 : from + n) : from;
	to = to < 0 ? (to < -n ? 0 : to + n) : to > n ? n : to;
	*skipped = from;
	if (from > n || from > to) {
		*out = (tr_str){NULL, 0};
		return true;
	}
	size_t a = uni_offset(s, (size_t)from);
	out->p = s.p + a;
	out->n = uni_offset((tr_str){s.p + a, s.n - a}, (size_t)(to - from));
	return true;
}

static tr_value find(struct eval *ev, tr_value self, const tr_value *argv, bool last, bool must)
{
	int64_t skipped;
	tr_str s;

	if (!want_text(ev, argv[0], "what to find") || !window(ev, self, argv[1], argv[2], &s, &skipped))
		return tr_invalid(TR_ETYPE);
	ptrdiff_t at = s.p != NULL ? text_find(s, tr_as_str(argv[0]), last) : -1;
	if (at < 0)
		return must ? ev_fail(ev, TR_ENOENT, "the text was not found") : tr_int(-1);
	return tr_int(skipped + (int64_t)uni_count((tr_str){s.p, (size_t)at}));
}

M(m_find)
{
	return find(ev, self, argv, false, false);
}
M(m_rfind)
{
	return find(ev, self, argv, true, false);
}
M(m_index)
{
	return find(ev, self, argv, false, true);
}
M(m_rindex)
{
	return find(ev, self, argv, true, true);
}

M(m_count)
{
	int64_t skipped, count = 0;
	tr_str s, needle = tr_as_str(argv[0]);

	if (!want_text(ev, argv[0], "what to count") || !window(ev, self, argv[1], argv[2], &s, &skipped))
		return tr_invalid(TR_ETYPE);
	if (s.p == NULL)
		return tr_int(0);
	if (needle.n == 0)
		return tr_int((int64_t)uni_count(s) + 1);
	for (ptrdiff_t at; (at = text_find(s, needle, false)) >= 0; count++) {
		s.p += (size_t)at + needle.n;
		s.n -= (size_t)at + needle.n;
	}
	return tr_int(count);
}

static bool affix_is(tr_str s, tr_str affix, bool start)
{
	return affix.n <= s.n && memcmp(start ? s.p : s.p + s.n - affix.n, affix.p, affix.n) == 0;
}

static tr_value affix(struct eval *ev, tr_value self, const tr_value *argv, bool start)
{
	int64_t skipped;
	tr_str s;

	if (!window(ev, self, argv[1], argv[2], &s, &skipped))
		return tr_invalid(TR_ETYPE);
	if (is_text(argv[0]))
		return tr_bool(s.p != NULL && affix_is(s, tr_as_str(argv[0]), start));
	if (!is_tuple(argv[0]) && !want_text(ev, argv[0], "the argument"))
		return tr_invalid(TR_ETYPE);
	for (size_t i = 0; i < tr_array_len(argv[0]); i++) {
		tr_value one = tr_array_at(argv[0], i);
		if (!want_text(ev, one, "the argument"))
			return tr_invalid(TR_ETYPE);
		if (s.p != NULL && affix_is(s, tr_as_str(one), start))
			return tr_bool(true);
	}
	return tr_bool(false);
}

M(m_startswith)
{
	return affix(ev, self, argv, true);
}
M(m_endswith)
{
	return affix(ev, self, argv, false);
}

M(m_removeprefix)
{
	tr_str s = tr_as_str(self), p = tr_as_str(argv[0]);

	if (!want_text(ev, argv[0], "the prefix"))
		return tr_invalid(TR_ETYPE);
	return affix_is(s, p, true) ? ev_text(ev, (tr_str){s.p + p.n, s.n - p.n}) : py_plain(tr_keep(self));
}

M(m_removesuffix)
{
	tr_str s = tr_as_str(self), p = tr_as_str(argv[0]);

	if (!want_text(ev, argv[0], "the suffix"))
		return tr_invalid(TR_ETYPE);
	return affix_is(s, p, false) ? ev_text(ev, (tr_str){s.p, s.n - p.n}) : py_plain(tr_keep(self));
}

static tr_value split(struct eval *ev, tr_value self, const tr_value *argv, bool right)
{
	int64_t limit;

	if (!want_int(ev, argv[1], -1, &limit))
		return tr_invalid(TR_ETYPE);
	return right ? text_rsplit(ev, self, argv[0], limit) : text_split(ev, self, argv[0], limit);
}

M(m_split)
{
	return split(ev, self, argv, false);
}
M(m_rsplit)
{
	return split(ev, self, argv, true);
}

M(m_splitlines)
{
	bool keep = false;

	if (is_given(argv[0]) && !ev_truth(ev, argv[0], &keep))
		return tr_invalid(TR_ETYPE);
	return text_lines(ev, self, keep);
}

static tr_value partition(struct eval *ev, tr_value self, const tr_value *argv, bool last)
{
	tr_str s = tr_as_str(self), by = tr_as_str(argv[0]);

	if (!want_text(ev, argv[0], "the separator"))
		return tr_invalid(TR_ETYPE);
	if (by.n == 0)
		return ev_fail(ev, TR_EINVAL, "the separator is empty");
	ptrdiff_t at = text_find(s, by, last);
	tr_str none = {"", 0}, head = s, mid = none, tail = none;
	if (at >= 0) {
		head = (tr_str){s.p, (size_t)at};
		mid = by;
		tail = (tr_str){s.p + at + by.n, s.n - (size_t)at - by.n};
	} else if (last) {
		head = none;
		tail = s;
	}
	ev->special = true;
	tr_value list = tr_array_with(3);
	list = ev_push(ev, list, text_like(ev, self, head));
	list = ev_push(ev, list, text_like(ev, self, mid));
	return py_tuple(ev_push(ev, list, text_like(ev, self, tail)));
}

M(m_partition)
{
	return partition(ev, self, argv, false);
}
M(m_rpartition)
{
	return partition(ev, self, argv, true);
}

M(m_join)
{
	tr_value items = ev_items(ev, argv[0]);

	if (!tr_is_valid(items))
		return items;
	if (is_markup(self)) {
		tr_value safe = tr_array_with(tr_array_len(items));
		for (size_t i = 0; i < tr_array_len(items) && tr_is_valid(safe); i++)
			safe = ev_push(ev, safe, ev_escape(ev, tr_array_at(items, i)));
		tr_drop(items);
		items = safe;
	}
	tr_value text = tr_is_valid(items) ? text_join(ev, self, items, true) : tr_invalid(TR_ELIMIT);
	tr_drop(items);
	return is_markup(self) ? py_markup(text) : text;
}

M(m_expandtabs)
{
	tr_str s = tr_as_str(self);
	tr_buf out = {.max = ev->memory};
	int64_t size, column = 0;
	size_t n;

	if (!want_int(ev, argv[0], 8, &size))
		return tr_invalid(TR_ETYPE);
	for (size_t i = 0; i < s.n; i += n) {
		n = uni_width(s.p[i]);
		if (s.p[i] != '\t') {
			column = s.p[i] == '\n' || s.p[i] == '\r' ? 0 : column + 1;
			tr_buf_put(&out, s.p + i, n);
			continue;
		}
		for (int64_t pad_n = size > 0 ? size - column % size : 0; pad_n > 0 && out.err == TR_OK;
		     pad_n--, column++)
			tr_buf_putc(&out, ' ');
	}
	return text_take_like(ev, self, &out);
}

M(m_encode)
{
	tr_str s = tr_as_str(self), name = is_given(argv[0]) ? tr_as_str(argv[0]) : tr_s("utf-8");

	if (strncasecmp(name.p, "utf", 3) != 0 && strncasecmp(name.p, "ascii", 5) != 0)
		return ev_fail(ev, TR_EUNSUPPORTED, "only utf-8 and ascii are known encodings");
	if (strncasecmp(name.p, "ascii", 5) == 0 && !uni_is_ascii(s))
		return ev_fail(ev, TR_EENCODING, "the text has characters beyond ASCII");
	if (!ev_charge(ev, s.n))
		return tr_invalid(TR_ELIMIT);
	tr_value bytes = tr_binary(s.n > 0 ? s.p : "", s.n);
	return tr_is_valid(bytes) ? bytes : ev_invalid(ev, bytes);
}

static tr_value all(tr_value self, bool (*test)(uint32_t c), bool empty)
{
	tr_str s = tr_as_str(self);
	size_t n;

	for (size_t i = 0; i < s.n; i += n)
		if (!test(uni_next(s.p + i, &n)))
			return tr_bool(false);
	return tr_bool(s.n > 0 || empty);
}

static bool is_alnum(uint32_t c)
{
	return uni_is_alnum(c) || uni_is_digit(c);
}

#define ALL(name, test, empty)                 \
	M(name)                                \
	{                                      \
		(void)ev;                      \
		(void)argv;                    \
		return all(self, test, empty); \
	}
ALL(m_isalnum, is_alnum, false)
ALL(m_isalpha, uni_is_alpha, false)
ALL(m_isdecimal, uni_is_decimal, false)
ALL(m_isdigit, uni_is_digit, false)
ALL(m_isnumeric, uni_is_numeric, false)
ALL(m_isspace, uni_is_space, false)
ALL(m_isprintable, uni_is_printable, true)

M(m_isascii)
{
	(void)ev;
	(void)argv;
	return tr_bool(uni_is_ascii(tr_as_str(self)));
}
M(m_islower)
{
	(void)ev;
	(void)argv;
	return tr_bool(text_is_lower(tr_as_str(self)));
}
M(m_isupper)
{
	(void)ev;
	(void)argv;
	return tr_bool(text_is_upper(tr_as_str(self)));
}

M(m_istitle)
{
	tr_str s = tr_as_str(self);
	bool inside = false, any = false;
	size_t n;

	(void)ev;
	(void)argv;
	for (size_t i = 0; i < s.n; i += n) {
		uint32_t c = uni_next(s.p + i, &n);
		if ((uni_is_upper(c) || uni_is_title(c)) && inside)
			return tr_bool(false);
		if (uni_is_lower(c) && !inside)
			return tr_bool(false);
		inside = uni_is_cased(c);
		any = any || inside;
	}
	return tr_bool(any);
}

M(m_isidentifier)
{
	tr_str s = tr_as_str(self);
	size_t n;

	(void)ev;
	(void)argv;
	for (size_t i = 0; i < s.n; i += n) {
		uint32_t c = uni_next(s.p + i, &n);
		if (c != '_' && !uni_is_alpha(c) && (i == 0 || !uni_is_decimal(c)))
			return tr_bool(false);
	}
	return tr_bool(s.n > 0);
}

static tr_value m_format(struct eval *ev, tr_value self, const struct args *args)
{
	return format_braces(ev, self, args);
}

M(m_format_map)
{
	tr_value map = ev_resolve(ev, argv[0]);
	size_t n = tr_map_len(map);
	tr_value *parts = tr_alloc((2 * n + 1) * sizeof(*parts)), text;

	if (parts == NULL || !tr_is(map, TR_MAP)) {
		tr_free(parts);
		return ev_fail(ev, TR_ETYPE, "format_map needs a mapping");
	}
	for (size_t i = 0; i < n; i++) {
		parts[i] = tr_map_entries(map)[i].key;
		parts[n + i] = tr_map_entries(map)[i].value;
	}
	text = format_braces(ev, self, &(struct args){NULL, 0, parts, parts + n, n});
	tr_free(parts);
	return text;
}

/* In the order of their names. */
static const struct method methods[] = {
    {"capitalize", "", 0, m_capitalize, NULL},
    {"casefold", "", 0, m_casefold, NULL},
    {"center", "width fillchar", 1, m_center, NULL},
    {"count", "sub start end", 1, m_count, NULL},
    {"encode", "encoding errors", 0, m_encode, NULL},
    {"endswith", "suffix start end", 1, m_endswith, NULL},
    {"expandtabs", "tabsize", 0, m_expandtabs, NULL},
    {"find", "sub start end", 1, m_find, NULL},
    {"format", "", 0, NULL, m_format},
    {"format_map", "mapping", 1, m_format_map, NULL},
    {"index", "sub start end", 1, m_index, NULL},
    {"isalnum", "", 0, m_isalnum, NULL},
    {"isalpha", "", 0, m_isalpha, NULL},
    {"isascii", "", 0, m_isascii, NULL},
    {"isdecimal", "", 0, m_isdecimal, NULL},
    {"isdigit", "", 0, m_isdigit, NULL},
    {"isidentifier", "", 0, m_isidentifier, NULL},
    {"islower", "", 0, m_islower, NULL},
    {"isnumeric", "", 0, m_isnumeric, NULL},
    {"isprintable", "", 0, m_isprintable, NULL},
    {"isspace", "", 0, m_isspace, NULL},
    {"istitle", "", 0, m_istitle, NULL},
    {"isupper", "", 0, m_isupper, NULL},
    {"join", "iterable", 1, m_join, NULL},
    {"ljust", "width fillchar", 1, m_ljust, NULL},
    {"lower", "", 0, m_lower, NULL},
    {"lstrip", "chars", 0, m_lstrip, NULL},
    {"partition", "sep", 1, m_partition, NULL},
    {"removeprefix", "prefix", 1, m_removeprefix, NULL},
    {"removesuffix", "suffix", 1, m_removesuffix, NULL},
    {"replace", "old new count", 2, m_replace, NULL},
    {"rfind", "sub start end", 1, m_rfind, NULL},
    {"rindex", "sub start end", 1, m_rindex, NULL},
    {"rjust", "width fillchar", 1, m_rjust, NULL},
    {"rpartition", "sep", 1, m_rpartition, NULL},
    {"rsplit", "sep maxsplit", 0, m_rsplit, NULL},
    {"rstrip", "chars", 0, m_rstrip, NULL},
    {"split", "sep maxsplit", 0, m_split, NULL},
    {"splitlines", "keepends", 0, m_splitlines, NULL},
    {"startswith", "prefix start end", 1, m_startswith, NULL},
    {"strip", "chars", 0, m_strip, NULL},
    {"swapcase", "", 0, m_swapcase, NULL},
    {"title", "", 0, m_title, NULL},
    {"upper", "", 0, m_upper, NULL},
    {"zfill", "width", 1, m_zfill, NULL},
};

tr_value str_method(struct eval *ev, tr_value s, tr_str name, const struct args *args, bool *found)
{
	return method_call(ev, s, methods, sizeof(methods) / sizeof(methods[0]), name, args, found);
}
