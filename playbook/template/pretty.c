/* SPDX-License-Identifier: Apache-2.0 */
/* pprint: repr() over several lines when it is wider than 80 columns, keys sorted. */
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/unicode.h"

#define WIDTH 80

static bool put(struct eval *ev, tr_buf *out, tr_value v, size_t indent, size_t allowance);

/* Keys of different types stand by the names of their types: NoneType, numbers, str, tuple. */
static int64_t rank(tr_value key)
{
	return is_none(key) ? 0 : is_number(key) ? 1 : is_text(key) ? 2 : 3;
}

/* The places of a map's entries in the order of their keys. */
static bool sorted_places(struct eval *ev, tr_value map, tr_value *places)
{
	size_t n = tr_map_len(map);
	tr_value *keys = tr_alloc((n + 1) * sizeof(*keys));
	bool ok = keys != NULL;

	for (size_t i = 0; ok && i < n; i++) {
		tr_value key = tr_map_entries(map)[i].key;
		keys[i] = tr_array_from((tr_value[]){tr_int(rank(key)), tr_keep(key)}, 2);
		places[i] = tr_int((int64_t)i);
		ok = tr_is_valid(keys[i]);
	}
	if (!ok)
		ev_fail(ev, TR_ENOMEM, "out of memory");
	ok = ok && ev_sort(ev, keys, places, n, false);
	for (size_t i = 0; keys != NULL && i < n; i++)
		tr_drop(keys[i]);
	tr_free(keys);
	return ok;
}

static bool flat_map(struct eval *ev, tr_buf *out, tr_value v, const tr_value *places);

/* On one line. */
static bool flat(struct eval *ev, tr_buf *out, tr_value v)
{
	v = ev_resolve(ev, v);
	if (!tr_is(v, TR_MAP) && !is_list(v) && !is_tuple(v))
		return tr_is_valid(v) && ev_put_repr(ev, out, v);
	if (!ev_enter(ev) || !ev_spend(ev, 1))
		return false;
	bool ok = true;
	if (tr_is(v, TR_MAP)) {
		tr_value *places = tr_alloc((tr_map_len(v) + 1) * sizeof(*places));
		ok = places != NULL && sorted_places(ev, v, places) && flat_map(ev, out, v, places);
		tr_free(places);
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

static bool flat_map(struct eval *ev, tr_buf *out, tr_value v, const tr_value *places)
{
	tr_buf_putc(out, '{');
	for (size_t i = 0; i < tr_map_len(v); i++) {
		const tr_entry *e = &tr_map_entries(v)[places[i].as.i];
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
	tr_value *places = tr_alloc((n + 1) * sizeof(*places));
	bool ok = places != NULL && sorted_places(ev, v, places);

	tr_buf_putc(out, '{');
	for (size_t i = 0; i < n && ok; i++) {
		const tr_entry *e = &tr_map_entries(v)[places[i].as.i];
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
		ok = ok && put(ev, out, e->value, indent + 1 + uni_count(key), i + 1 < n ? 1 : allowance + 1);
	}
	tr_buf_putc(out, '}');
	tr_free(places);
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
		ok = put(ev, out, tr_array_at(v, i), indent + 1, i + 1 < n ? 1 : allowance + 1);
	}
	tr_buf_puts(out, is_list(v) ? "]" : n == 1 ? ",)" : ")");
	return ok;
}

static bool put(struct eval *ev, tr_buf *out, tr_value v, size_t indent, size_t allowance)
{
	size_t start = out->n;
	bool ok;

	v = ev_resolve(ev, v);
	if (!tr_is_valid(v) || !flat(ev, out, v))
		return false;
	if (out->err != TR_OK)
		return true; /* told when the text is taken */
	tr_str text = {out->p + start, out->n - start};
	if (out->err != TR_OK || indent + allowance + uni_count(text) <= WIDTH ||
	    (!tr_is(v, TR_MAP) && !is_list(v) && !is_tuple(v)))
		return true;
	if (!ev_enter(ev))
		return false;
	out->n = start;
	ok = tr_is(v, TR_MAP) ? tall_map(ev, out, v, indent, allowance) : tall_array(ev, out, v, indent, allowance);
	ev_leave(ev);
	return ok;
}

bool pretty_put(struct eval *ev, tr_buf *out, tr_value v)
{
	return put(ev, out, v, 0, 0);
}
