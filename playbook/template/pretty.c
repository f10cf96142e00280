/* SPDX-License-Identifier: Apache-2.0 */
/* pprint: repr() over several lines when it is wider than 80 columns, keys sorted. */
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/unicode.h"

#define WIDTH 80

static bool put(struct eval *ev, tr_buf *out, tr_value v, size_t indent, size_t allowance, bool top);

/* What is laid out; all else, also the groups of groupby, which are tuples with a repr of their own, stands as its
 * repr. */
static bool is_laid_out(tr_value v)
{
	return tr_is(v, TR_MAP) || is_list(v) || (is_tuple(v) && !is_group(v));
}

/* Keys of different types stand by the names of their types: NoneType, numbers, str, tuple. */
static int64_t rank(tr_value key)
{
	return is_none(key) ? 0 : is_number(key) ? 1 : is_text(key) ? 2 : 3;
}

/* The order of a map's entries by their keys. */
static bool sorted_order(struct eval *ev, tr_value map, size_t *order)
{
	size_t n = tr_map_len(map);
	tr_value *keys = tr_alloc((n + 1) * sizeof(*keys));
	bool ok = keys != NULL;

	for (size_t i = 0; ok && i < n; i++) {
		tr_value key = tr_map_entries(map)[i].key;
		keys[i] = tr_array_from((tr_value[]){tr_int(rank(key)), tr_keep(key)}, 2);
		ok = tr_is_valid(keys[i]);
	}
	if (!ok)
		ev_fail(ev, TR_ENOMEM, "out of memory");
	ok = ok && ev_sort(ev, keys, n, (struct sort_how){0}, order);
	for (size_t i = 0; keys != NULL && i < n; i++)
		tr_drop(keys[i]);
	tr_free(keys);
	return ok;
}

static bool flat_map(struct eval *ev, tr_buf *out, tr_value v, const size_t *order);

/* On one line. */
static bool flat(struct eval *ev, tr_buf *out, tr_value v)
{
	v = ev_resolve(ev, v);
	if (!is_laid_out(v))
		return tr_is_valid(v) && ev_put_repr(ev, out, v);
	if (!ev_enter(ev) || !ev_spend(ev, 1))
		return false;
	bool ok = true;
	if (tr_is(v, TR_MAP)) {
		size_t *order = tr_alloc((tr_map_len(v) + 1) * sizeof(*order));
		ok = order != NULL && sorted_order(ev, v, order) && flat_map(ev, out, v, order);
		tr_free(order);
	} else {
		size_t n = tr_array_len(v);
		tr_buf_putc(out, is_list(v) ? '[' : '(');
		for (size_t i = 0; i < n && ok; i++) {
			tr_buf_puts(out, i > 0 ? ", " : "");
			ok = flat(ev, out, tr_array_at(v, i));
		}
		tr_buf_puts(out, is_list(v) ? "]" : n == 1 ? ",)" : ")");
	}
	ev_leave(ev);
	return ok;
}

static bool flat_map(struct eval *ev, tr_buf *out, tr_value v, const size_t *order)
{
	tr_buf_putc(out, '{');
	for (size_t i = 0; i < tr_map_len(v); i++) {
		const tr_entry *e = &tr_map_entries(v)[order[i]];
		tr_buf_puts(out, i > 0 ? ", " : "");
		if (!flat(ev, out, e->key))
			return false;
		tr_buf_puts(out, ": ");
		if (!flat(ev, out, e->value))
			return false;
	}
	tr_buf_putc(out, '}');
	return true;
}

static void new_line(tr_buf *out, size_t indent)
{
	tr_buf_puts(out, ",\n");
	for (size_t i = 0; i < indent && out->err == TR_OK; i++)
		tr_buf_putc(out, ' ');
}

static bool tall_map(struct eval *ev, tr_buf *out, tr_value v, size_t indent, size_t allowance)
{
	size_t n = tr_map_len(v);
	size_t *order = tr_alloc((n + 1) * sizeof(*order));
	bool ok = order != NULL && sorted_order(ev, v, order);

	tr_buf_putc(out, '{');
	for (size_t i = 0; i < n && ok; i++) {
		const tr_entry *e = &tr_map_entries(v)[order[i]];
		size_t before = out->n;
		if (i > 0) {
			new_line(out, indent + 1);
			before = out->n;
		}
		ok = flat(ev, out, e->key);
		tr_buf_puts(out, ": ");
		if (out->err != TR_OK)
			break;
		tr_str key = {out->p + before, out->n - before};
		ok = ok && put(ev, out, e->value, indent + 1 + uni_count(key), i + 1 < n ? 1 : allowance + 1, false);
	}
	tr_buf_putc(out, '}');
	tr_free(order);
	return ok;
}

static bool tall_array(struct eval *ev, tr_buf *out, tr_value v, size_t indent, size_t allowance)
{
	size_t n = tr_array_len(v);
	bool ok = true;

	tr_buf_putc(out, is_list(v) ? '[' : '(');
	for (size_t i = 0; i < n && ok; i++) {
		if (i > 0)
			new_line(out, indent + 1);
		ok = put(ev, out, tr_array_at(v, i), indent + 1, i + 1 < n ? 1 : allowance + 1, false);
	}
	tr_buf_puts(out, is_list(v) ? "]" : n == 1 ? ",)" : ")");
	return ok;
}

static bool is_plain_text(tr_value v)
{
	return is_text(v) && !is_markup(v) && tr_as_str(v).n > 0;
}

/* Long text in pieces, a line and then a word at a time. */
struct pieces {
	struct eval *ev;
	tr_buf *out;
	size_t indent, count;
};

static size_t quoted_width(struct eval *ev, tr_str s, tr_buf *scratch)
{
	tr_value v = tr_string_n(s.p, s.n);
	size_t width = SIZE_MAX;

	tr_buf_clear(scratch);
	if (!tr_is_valid(v))
		ev_invalid(ev, v);
	else if (ev_put_repr(ev, scratch, v) && ev_buf_ok(ev, scratch))
		width = uni_count(tr_buf_str(scratch));
	tr_drop(v);
	return width;
}

/* Put what quoted_width left in the scratch buffer. */
static void put_piece(struct pieces *p, const tr_buf *quoted)
{
	if (p->count++ > 0) {
		tr_buf_putc(p->out, '\n');
		for (size_t i = 0; i < p->indent && p->out->err == TR_OK; i++)
			tr_buf_putc(p->out, ' ');
	}
	tr_buf_put(p->out, quoted->p, quoted->n);
}

/* A line that is too wide: as many of its words on each piece as fit. */
static bool put_words(struct pieces *p, tr_str line, size_t width, size_t last_width)
{
	tr_buf quoted = {0};
	tr_str current = {line.p, 0};
	size_t n;
	bool ok = true;

	while (ok && current.p + current.n < line.p + line.n) {
		size_t at = (size_t)(current.p - line.p) + current.n, end = at;
		while (end < line.n && !uni_is_space(uni_next(line.p + end, &n)))
			end += n;
		while (end < line.n && uni_is_space(uni_next(line.p + end, &n)))
			end += n;
		tr_str candidate = {current.p, current.n + end - at};
		size_t wide = quoted_width(p->ev, candidate, &quoted);
		if (wide == SIZE_MAX)
			ok = false;
		else if (wide <= (end == line.n ? last_width : width))
			current = candidate;
		else {
			ok = current.n == 0 || quoted_width(p->ev, current, &quoted) != SIZE_MAX;
			if (ok && current.n > 0)
				put_piece(p, &quoted);
			current = (tr_str){line.p + at, end - at};
		}
		ok = ok && ev_spend(p->ev, candidate.n / 8);
	}
	ok = ok && (current.n == 0 || quoted_width(p->ev, current, &quoted) != SIZE_MAX);
	if (ok && current.n > 0)
		put_piece(p, &quoted);
	tr_buf_fini(&quoted);
	return ok;
}

static bool put_long_text(struct eval *ev, tr_buf *out, tr_value v, size_t indent, size_t allowance, bool top)
{
	tr_buf text = {.max = ev->memory}, quoted = {0};
	struct pieces p = {.ev = ev, .out = &text, .indent = indent + top};
	tr_value lines = text_lines(ev, py_plain(v), true);
	size_t n = tr_array_len(lines), width = WIDTH > p.indent ? WIDTH - p.indent : 0;
	size_t last_width = width > allowance + top ? width - allowance - top : 0;
	bool ok = tr_is_valid(lines);

	for (size_t i = 0; ok && i < n; i++) {
		tr_str line = tr_as_str(tr_array_at(lines, i));
		size_t room = i + 1 == n ? last_width : width, wide = quoted_width(ev, line, &quoted);
		if (wide <= room)
			put_piece(&p, &quoted);
		else
			ok = wide != SIZE_MAX && put_words(&p, line, width, room);
	}
	ok = ok && ev_buf_ok(ev, &text);
	if (ok && top && p.count > 1)
		tr_buf_putc(out, '(');
	tr_buf_put(out, text.n > 0 ? text.p : "", text.n);
	if (ok && top && p.count > 1)
		tr_buf_putc(out, ')');
	tr_buf_fini(&text);
	tr_buf_fini(&quoted);
	tr_drop(lines);
	return ok;
}

static bool put(struct eval *ev, tr_buf *out, tr_value v, size_t indent, size_t allowance, bool top)
{
	size_t start = out->n;
	bool ok;

	v = ev_resolve(ev, v);
	if (!tr_is_valid(v) || !flat(ev, out, v))
		return false;
	if (out->err != TR_OK)
		return true; /* told when the text is taken */
	tr_str text = {out->p + start, out->n - start};
	if (indent + allowance + uni_count(text) <= WIDTH || (!is_laid_out(v) && !is_plain_text(v)))
		return true;
	if (is_plain_text(v)) {
		out->n = start;
		return put_long_text(ev, out, v, indent, allowance, top);
	}
	if (!ev_enter(ev))
		return false;
	out->n = start;
	ok = tr_is(v, TR_MAP) ? tall_map(ev, out, v, indent, allowance) : tall_array(ev, out, v, indent, allowance);
	ev_leave(ev);
	return ok;
}

bool pretty_put(struct eval *ev, tr_buf *out, tr_value v)
{
	return put(ev, out, v, 0, 0, true);
}
