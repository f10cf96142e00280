/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on text. */
#include <stdlib.h>
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/format.h"

/* Run `fn` on the value's text. */
#define ON_TEXT(name, call)                                      \
	static tr_value name(struct eval *ev, const tr_value *a) \
	{                                                        \
		tr_value s = text_soft(ev, a[0]), out;           \
		if (!tr_is_valid(s))                             \
			return s;                                \
		out = (call);                                    \
		tr_drop(s);                                      \
		return out;                                      \
	}

/* Python's Jinja splits words at blanks, hyphens and brackets, and keeps the rest as it is but for case. */
static tr_value title_words(struct eval *ev, tr_value v)
{
	tr_str s = tr_as_str(v);
	tr_buf out = {.max = ev->memory};
	size_t start = 0, n;

	for (size_t i = 0; i <= s.n; i += n) {
		n = 1;
		uint32_t c = i < s.n ? uni_next(s.p + i, &n) : ' ';
		bool cut = i == s.n || uni_is_space(c) || strchr("-({[<", (int)(c < 128 ? c : 1)) != NULL;
		if (!cut)
			continue;
		/* The first character of the run goes up, the others down. */
		tr_value word = ev_text(ev, (tr_str){s.p + start, i - start});
		if (i > start && tr_is_valid(word)) {
			size_t first = uni_width(s.p[start]);
			tr_value head = ev_text(ev, (tr_str){s.p + start, first});
			tr_value tail = ev_text(ev, (tr_str){s.p + start + first, i - start - first});
			tr_value up = text_case(ev, head, UNI_UPPER), down = text_case(ev, tail, UNI_LOWER);
			ev_put_str(ev, &out, up);
			ev_put_str(ev, &out, down);
			tr_drop(head);
			tr_drop(tail);
			tr_drop(up);
			tr_drop(down);
		}
		tr_drop(word);
		if (i < s.n)
			tr_buf_put(&out, s.p + i, n);
		start = i + n;
	}
	return ev_take_text(ev, &out);
}

static tr_value center(struct eval *ev, tr_value s, tr_value width)
{
	int64_t n = 80;

	if (is_given(width) && !ev_index(ev, width, "the width", &n))
		return tr_invalid(TR_ETYPE);
	return text_pad(ev, s, n, (tr_str){" ", 1}, 0);
}

ON_TEXT(f_upper, text_case(ev, s, UNI_UPPER))
ON_TEXT(f_lower, text_case(ev, s, UNI_LOWER))
ON_TEXT(f_capitalize, text_capitalize(ev, s))
ON_TEXT(f_title, title_words(ev, s))
ON_TEXT(f_trim, text_trim(ev, s, a[1], true, true))
ON_TEXT(f_center, center(ev, s, a[1]))
ON_TEXT(f_string, tr_keep(s))
ON_TEXT(f_escape, ev_escape(ev, s))
ON_TEXT(f_forceescape, ev_escape(ev, py_plain(s)))

static tr_value f_safe(struct eval *ev, const tr_value *a)
{
	tr_value s = ev_str(ev, ev_resolve(ev, a[0]));

	ev->special = true;
	return py_markup(s);
}

static tr_value f_replace(struct eval *ev, const tr_value *a)
{
	tr_value s = ev_str(ev, a[0]), old = ev_str(ev, a[1]), new = ev_str(ev, a[2]), out = tr_invalid(TR_ETYPE);
	int64_t count = -1;

	if (tr_is_valid(s) && tr_is_valid(old) && tr_is_valid(new) &&
	    (!is_given(a[3]) || is_none(a[3]) || ev_index(ev, a[3], "count", &count)))
		out = text_replace(ev, py_plain(s), tr_as_str(old), tr_as_str(new), count);
	tr_drop(s);
	tr_drop(old);
	tr_drop(new);
	return out;
}

static tr_value indent_lines(struct eval *ev, tr_value s, tr_str indent, bool first, bool blank)
{
	tr_value lines = text_lines(ev, s, false);
	tr_buf out = {.max = ev->memory};
	/* Text that ends in a line end has an empty line behind it, and empty text is one empty line. */
	size_t n = tr_array_len(lines), count = n;
	tr_str text = tr_as_str(s);
	if (!tr_is_valid(lines))
		return lines;
	if (n == 0)
		count = 1;
	else if (text.n > 0 && tr_array_len(lines) > 0) {
		tr_value more = text_lines(ev, s, true);
		if (!tr_is_valid(more)) {
			tr_drop(lines);
			return more;
		}
		count = tr_as_str(tr_array_at(more, n - 1)).n != tr_as_str(tr_array_at(lines, n - 1)).n ? n + 1 : n;
		tr_drop(more);
	}
	for (size_t i = 0; i < count; i++) {
		tr_str line = i < n ? tr_as_str(tr_array_at(lines, i)) : (tr_str){"", 0};
		if (i > 0)
			tr_buf_putc(&out, '\n');
		if (i == 0 ? first : blank || line.n > 0)
			tr_buf_put(&out, indent.p, indent.n);
		tr_buf_put(&out, line.p, line.n);
	}
	tr_drop(lines);
	return text_take_like(ev, s, &out);
}

static tr_value f_indent(struct eval *ev, const tr_value *a)
{
	tr_value s = ev_resolve(ev, a[0]), pad, out;
	bool first = false, blank = false;
	int64_t width = 4;

	if ((is_given(a[2]) && !ev_truth(ev, a[2], &first)) || (is_given(a[3]) && !ev_truth(ev, a[3], &blank)))
		return tr_invalid(TR_ETYPE);
	if (is_undefined(s))
		return ev_undefined_fail(ev, s);
	if (!is_text(s))
		return ev_fail(ev, TR_ETYPE, "indent works on text, not on '%s'", ev_type_name(s));
	if (is_text(a[1]))
		pad = tr_keep(a[1]);
	else {
		if (is_given(a[1]) && !ev_index(ev, a[1], "width", &width))
			return tr_invalid(TR_ETYPE);
		tr_value none = ev_text(ev, (tr_str){"", 0});
		pad = text_pad(ev, none, width, (tr_str){" ", 1}, 1);
		tr_drop(none);
	}
	if (!tr_is_valid(pad))
		return pad;
	out = indent_lines(ev, s, tr_as_str(pad), first, blank);
	tr_drop(pad);
	return out;
}

static tr_value f_truncate(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]), cut;
	int64_t length = 255, leeway = 5, n;
	size_t count;
	bool kill = false;
	tr_str s = tr_as_str(v), end = is_given(a[3]) ? tr_as_str(a[3]) : (tr_str){"...", 3};
	tr_buf out = {.max = ev->memory};

	if (is_undefined(v))
		return ev_undefined_use(ev, v) ? v : tr_invalid(TR_EUNDEFINED);

	if ((is_given(a[1]) && !ev_index(ev, a[1], "length", &length)) ||
	    (is_given(a[2]) && !ev_truth(ev, a[2], &kill)) ||
	    (is_given(a[4]) && !is_none(a[4]) && !ev_index(ev, a[4], "leeway", &leeway)))
		return tr_invalid(TR_ETYPE);
	if (length < (int64_t)uni_count(end) || leeway < 0)
		return ev_fail(ev, TR_EINVAL,
			       "truncate: the length must leave room for the end, and leeway not be negative");
	if (!ev_length(ev, v, &count))
		return tr_invalid(TR_ETYPE);
	n = (int64_t)count;
	if (n - leeway <= length)
		return tr_keep(v); /* a short list, too */
	if (!is_text(v))
		return ev_fail(ev, TR_ETYPE, "truncate works on text, not on '%s'", ev_type_name(v));
	s.n = uni_offset(s, (size_t)(length - (int64_t)uni_count(end)));
	if (!kill) {
		ptrdiff_t space = text_find(s, (tr_str){" ", 1}, true);
		s.n = space >= 0 ? (size_t)space : s.n;
	}
	tr_buf_put(&out, s.p, s.n);
	tr_buf_put(&out, end.p, end.n);
	cut = text_take_like(ev, v, &out);
	return cut;
}

static tr_value f_wordcount(struct eval *ev, const tr_value *a)
{
	tr_value v = text_soft(ev, a[0]);
	tr_str s = tr_as_str(v);
	int64_t count = 0;
	bool inside = false;
	size_t n;

	if (!tr_is_valid(v))
		return v;
	for (size_t i = 0; i < s.n; i += n) {
		uint32_t c = uni_next(s.p + i, &n);
		bool word = c == '_' || uni_is_alnum(c) || uni_is_digit(c);
		count += word && !inside;
		inside = word;
	}
	tr_drop(v);
	return tr_int(count);
}

static tr_value f_format(struct eval *ev, tr_value value, const struct args *args)
{
	tr_value s = text_soft(ev, value), with, out;

	if (args->npos > 0 && args->nkw > 0) {
		tr_drop(s);
		return ev_fail(ev, TR_EINVAL, "format takes values or keywords, not both");
	}
	if (args->nkw > 0) {
		with = tr_map_with(args->nkw);
		for (size_t i = 0; i < args->nkw; i++)
			with = tr_map_put(with, tr_keep(args->kwnames[i]), tr_keep(args->kwvals[i]));
	} else {
		with = tr_array_with(args->npos);
		for (size_t i = 0; i < args->npos; i++)
			with = tr_array_push(with, tr_keep(args->pos[i]));
		with = py_tuple(with);
	}
	out = tr_is_valid(s) && tr_is_valid(with) ? format_percent(ev, s, with) : tr_invalid(TR_ETYPE);
	tr_drop(s);
	tr_drop(with);
	return out;
}

const struct native text_filters[] = {
    {"upper", "", 0, f_upper, NULL},
    {"lower", "", 0, f_lower, NULL},
    {"capitalize", "", 0, f_capitalize, NULL},
    {"title", "", 0, f_title, NULL},
    {"trim", "chars", 0, f_trim, NULL},
    {"center", "width", 0, f_center, NULL},
    {"string", "", 0, f_string, NULL},
    {"escape", "", 0, f_escape, NULL},
    {"e", "", 0, f_escape, NULL},
    {"forceescape", "", 0, f_forceescape, NULL},
    {"safe", "", 0, f_safe, NULL},
    {"replace", "old new count", 2, f_replace, NULL},
    {"indent", "width first blank", 0, f_indent, NULL},
    {"truncate", "length killwords end leeway", 0, f_truncate, NULL},
    {"wordcount", "", 0, f_wordcount, NULL},
    {"format", "", 0, NULL, f_format},
    {NULL, NULL, 0, NULL, NULL},
};
