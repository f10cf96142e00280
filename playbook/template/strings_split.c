/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting text into lists. */
#include <string.h>

#include "playbook/template/strings.h"

static tr_value push_piece(struct eval *ev, tr_value list, tr_value like, const char *p, size_t n)
{
	return ev_push(ev, list, text_like(ev, like, (tr_str){p, n}));
}

static tr_value split_space(struct eval *ev, tr_value v, int64_t limit)
{
	tr_value list = tr_array();
	tr_str s = uni_strip(tr_as_str(v), true, false);
	size_t n;

	while (s.n > 0 && tr_is_valid(list)) {
		size_t end = 0;
		if (limit-- == 0) {
			return push_piece(ev, list, v, s.p, s.n);
		}
		while (end < s.n && !uni_is_space(uni_next(s.p + end, &n)))
			end += n;
		list = push_piece(ev, list, v, s.p, end);
		s = uni_strip((tr_str){s.p + end, s.n - end}, true, false);
	}
	return list;
}

static bool separator(struct eval *ev, tr_value sep, tr_str *out)
{
	*out = tr_as_str(sep);
	if (!is_text(sep))
		ev_fail(ev, TR_ETYPE, "the separator must be text or none, not '%s'", ev_type_name(sep));
	else if (out->n == 0)
		ev_fail(ev, TR_EINVAL, "the separator is empty");
	return is_text(sep) && out->n > 0;
}

tr_value text_split(struct eval *ev, tr_value v, tr_value sep, int64_t limit)
{
	tr_str s = tr_as_str(v), by;
	tr_value list;

	if (!is_given(sep) || is_none(sep))
		return split_space(ev, v, limit);
	if (!separator(ev, sep, &by))
		return tr_invalid(TR_EINVAL);
	list = tr_array();
	while (tr_is_valid(list) && limit-- != 0) {
		ptrdiff_t at = text_find(s, by, false);
		if (at < 0)
			break;
		list = push_piece(ev, list, v, s.p, (size_t)at);
		s.p += (size_t)at + by.n;
		s.n -= (size_t)at + by.n;
	}
	return tr_is_valid(list) ? push_piece(ev, list, v, s.p, s.n) : list;
}

static tr_value reversed(struct eval *ev, tr_value list)
{
	size_t n = tr_array_len(list);
	tr_value out = tr_array_with(n + 1);

	for (size_t i = n; i > 0; i--)
		out = tr_array_push(out, tr_keep(tr_array_at(list, i - 1)));
	tr_drop(list);
	return tr_is_valid(out) ? out : ev_invalid(ev, out);
}

static tr_value rsplit_space(struct eval *ev, tr_value v, int64_t limit)
{
	tr_value list = tr_array();
	tr_str s = uni_strip(tr_as_str(v), false, true);
	size_t n;

	while (s.n > 0 && tr_is_valid(list)) {
		size_t start = s.n;
		if (limit-- == 0) {
			list = push_piece(ev, list, v, s.p, s.n);
			break;
		}
		while (start > 0) {
			size_t back = start - 1;
			while (back > 0 && (s.p[back] & 0xc0) == 0x80)
				back--;
			if (uni_is_space(uni_next(s.p + back, &n)))
				break;
			start = back;
		}
		list = push_piece(ev, list, v, s.p + start, s.n - start);
		s = uni_strip((tr_str){s.p, start}, false, true);
	}
	return tr_is_valid(list) ? reversed(ev, list) : list;
}

tr_value text_rsplit(struct eval *ev, tr_value v, tr_value sep, int64_t limit)
{
	tr_str s = tr_as_str(v), by;
	tr_value list;

	if (limit < 0)
		return text_split(ev, v, sep, limit);
	if (!is_given(sep) || is_none(sep))
		return rsplit_space(ev, v, limit);
	if (!separator(ev, sep, &by))
		return tr_invalid(TR_EINVAL);
	list = tr_array();
	while (tr_is_valid(list) && limit-- != 0) {
		ptrdiff_t at = text_find(s, by, true);
		if (at < 0)
			break;
		list = push_piece(ev, list, v, s.p + at + by.n, s.n - (size_t)at - by.n);
		s.n = (size_t)at;
	}
	if (tr_is_valid(list))
		list = push_piece(ev, list, v, s.p, s.n);
	return tr_is_valid(list) ? reversed(ev, list) : list;
}

static bool is_line_end(uint32_t c)
{
	return (c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

tr_value text_lines(struct eval *ev, tr_value v, bool keep_ends)
{
	tr_value list = tr_array();
	tr_str s = tr_as_str(v);
	size_t start = 0, n;

	for (size_t i = 0; i < s.n && tr_is_valid(list);) {
		uint32_t c = uni_next(s.p + i, &n);
		if (!is_line_end(c)) {
			i += n;
			continue;
		}
		size_t end = i + n;
		if (c == '\r' && end < s.n && s.p[end] == '\n')
			end++;
		list = push_piece(ev, list, v, s.p + start, (keep_ends ? end : i) - start);
		start = i = end;
	}
	if (start < s.n && tr_is_valid(list))
		list = push_piece(ev, list, v, s.p + start, s.n - start);
	return list;
}
