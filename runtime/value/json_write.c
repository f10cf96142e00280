/* SPDX-License-Identifier: Apache-2.0 */
/* Values to JSON text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <troupe/codec.h>

#include "runtime/value/box.h"
#include "runtime/value/number.h"
#include "runtime/value/utf8.h"
#include "runtime/value/walk.h"

struct json_writer {
	tr_buf *out;
	unsigned flags;
	struct walk walk;
};

/* ---- text ---- */

static void put_unicode_escape(tr_buf *out, uint32_t code)
{
	if (code >= 0x10000) {
		code -= 0x10000;
		tr_buf_putf(out, "\\u%04x\\u%04x", 0xD800u + (code >> 10), 0xDC00u + (code & 0x3FFu));
	} else {
		tr_buf_putf(out, "\\u%04x", code);
	}
}

static void put_escaped(tr_buf *out, unsigned char c)
{
	static const char short_form[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof(short_form); i += 2) {
		if ((unsigned char)short_form[i] == c) {
			tr_buf_putc(out, '\\');
			tr_buf_putc(out, short_form[i + 1]);
			return;
		}
	}
	put_unicode_escape(out, c);
}

static bool is_plain(unsigned char c, bool ascii)
{
	return c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && (!ascii || c < 0x80);
}

/* Valid UTF-8 in quotes. */
static void put_text(struct json_writer *w, tr_str s)
{
	bool ascii = (w->flags & TR_JSON_ASCII) != 0;
	size_t from = 0, at = 0;

	tr_buf_putc(w->out, '"');
	while (at < s.n) {
		unsigned char c = (unsigned char)s.p[at];
		if (is_plain(c, ascii)) {
			at++;
			continue;
		}
		tr_buf_put(w->out, s.p + from, at - from);
		if (c < 0x80) {
			put_escaped(w->out, c);
			at++;
		} else {
			uint32_t code = 0xFFFD;
			unsigned n = utf8_next(s.p + at, s.n - at, &code);
			put_unicode_escape(w->out, code);
			at += n > 0 ? n : 1;
		}
		from = at;
	}
	tr_buf_put(w->out, s.p + from, at - from);
	tr_buf_putc(w->out, '"');
}

static void put_float(tr_buf *out, double d)
{
	char text[NUMBER_TEXT];

	if (isfinite(d))
		tr_buf_put(out, text, number_text(d, text));
	else
		tr_buf_puts(out, "null");
}

static void put_int(tr_buf *out, int64_t i)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (i < 0)
		digits[--at] = '-';
	tr_buf_put(out, digits + at, sizeof(digits) - at);
}

/* ---- values ---- */

/* A value without items. */
static tr_err put_leaf(struct json_writer *w, tr_value v)
{
	switch (tr_type_of(v)) {
	case TR_NIL:
		tr_buf_puts(w->out, "null");
		return TR_OK;
	case TR_BOOL:
		tr_buf_puts(w->out, v.as.b ? "true" : "false");
		return TR_OK;
	case TR_INT:
		put_int(w->out, v.as.i);
		return TR_OK;
	case TR_FLOAT:
		put_float(w->out, v.as.d);
		return TR_OK;
	case TR_ATOM:
	case TR_STRING:
		put_text(w, tr_as_str(v));
		return TR_OK;
	case TR_BINARY:
		tr_buf_putc(w->out, '"');
		tr_base64_write(w->out, tr_as_str(v));
		tr_buf_putc(w->out, '"');
		return TR_OK;
	case TR_PID:
	case TR_REF:
		tr_buf_putc(w->out, '"');
		tr_show(w->out, v, 64);
		tr_buf_putc(w->out, '"');
		return TR_OK;
	case TR_INVALID:
		return tr_value_err(invalid_from(v));
	default:
		return TR_ETYPE;
	}
}

/* A key is text: what is not text already is its JSON form as text. */
static tr_err put_key(struct json_writer *w, tr_value key)
{
	tr_buf text = {0};
	tr_err err = TR_OK;

	if (tr_is(key, TR_STRING) || tr_is(key, TR_ATOM)) {
		put_text(w, tr_as_str(key));
		return TR_OK;
	}
	if (tr_is(key, TR_BINARY) || tr_is(key, TR_PID) || tr_is(key, TR_REF))
		return put_leaf(w, key);
	err = tr_json_write(&text, key, w->flags & ~(unsigned)TR_JSON_PRETTY);
	if (err == TR_OK)
		put_text(w, tr_buf_str(&text));
	tr_buf_fini(&text);
	return err;
}

static void put_break(struct json_writer *w, size_t depth)
{
	if ((w->flags & TR_JSON_PRETTY) == 0)
		return;
	tr_buf_putc(w->out, '\n');
	for (size_t i = 0; i < depth; i++)
		tr_buf_put(w->out, "  ", 2);
}

static int order_entries(const void *a, const void *b)
{
	const tr_entry *const *x = a, *const *y = b;

	return compare_exact((*x)->key, (*y)->key);
}

/* Pointers to the entries in the order of their keys; NULL when there is no memory. */
static const tr_entry **sorted_entries(tr_value map)
{
	size_t n = tr_map_len(map);
	const tr_entry **sorted = tr_alloc(n * sizeof(*sorted));

	for (size_t i = 0; sorted != NULL && i < n; i++)
		sorted[i] = &tr_map_entries(map)[i];
	if (sorted != NULL)
		qsort(sorted, n, sizeof(*sorted), order_entries);
	return sorted;
}

static tr_err open_container(struct json_writer *w, tr_value v)
{
	const tr_entry **sorted = NULL;

	tr_buf_putc(w->out, tr_is(v, TR_MAP) ? '{' : '[');
	if ((w->flags & TR_JSON_SORT_KEYS) != 0 && tr_map_len(v) > 1 && (sorted = sorted_entries(v)) == NULL)
		return TR_ENOMEM;
	if (!walk_push(&w->walk, v, tr_absent())) {
		tr_free(sorted);
		return TR_ENOMEM;
	}
	walk_top(&w->walk)->own = sorted;
	return TR_OK;
}

static void close_container(struct json_writer *w)
{
	struct walk_frame *f = walk_top(&w->walk);
	bool was_empty = f->at == 0;

	tr_free((void *)(uintptr_t)f->own);
	w->walk.n--;
	if (!was_empty)
		put_break(w, w->walk.n);
	tr_buf_putc(w->out, tr_is(f->a, TR_MAP) ? '}' : ']');
}

/* Comma, break and key before the next item; *item is absent when there is none. */
static tr_err begin_item(struct json_writer *w, tr_value *item)
{
	struct walk_frame *f = walk_top(&w->walk);
	bool is_map = tr_is(f->a, TR_MAP);
	size_t at = f->at;

	*item = tr_absent();
	if (at >= (is_map ? tr_map_len(f->a) : tr_array_len(f->a)))
		return TR_OK;
	f->at++;
	if (at > 0)
		tr_buf_putc(w->out, ',');
	put_break(w, w->walk.n);
	if (!is_map) {
		*item = tr_array_at(f->a, at);
		return TR_OK;
	}
	const tr_entry *const *sorted = f->own;
	const tr_entry *e = sorted != NULL ? sorted[at] : &tr_map_entries(f->a)[at];
	*item = e->value;
	tr_err err = put_key(w, e->key);
	tr_buf_puts(w->out, (w->flags & TR_JSON_PRETTY) != 0 ? ": " : ":");
	return err;
}

static tr_err put_value(struct json_writer *w, tr_value v)
{
	return is_container(v) ? open_container(w, v) : put_leaf(w, v);
}

tr_err tr_json_write(tr_buf *out, tr_value v, unsigned flags)
{
	struct json_writer w = {.out = out, .flags = flags};

	walk_init(&w.walk);
	tr_err err = put_value(&w, v);
	while (err == TR_OK && out->err == TR_OK && w.walk.n > 0) {
		err = begin_item(&w, &v);
		if (err == TR_OK && tr_is_valid(v))
			err = put_value(&w, v);
		else if (err == TR_OK)
			close_container(&w);
	}
	for (size_t i = 0; i < w.walk.n; i++)
		tr_free((void *)(uintptr_t)w.walk.frames[i].own);
	walk_fini(&w.walk);
	return err != TR_OK ? err : out->err;
}

tr_value tr_json_string(tr_value v, unsigned flags)
{
	tr_buf out = {0};
	tr_err err = tr_json_write(&out, v, flags);

	if (err == TR_OK)
		return tr_string_buf(&out);
	tr_buf_fini(&out);
	return tr_invalid(err);
}
