/* SPDX-License-Identifier: Apache-2.0 */
/* Values of events as playbooks write them. */
#include "cli/show_payload.h"

#include "runtime/value/utf8.h"

#define DEEPEST  32
#define ELLIPSIS "…"

typedef struct shown {
	tr_buf text;
	size_t max;
} shown;

static bool is_full(const shown *s)
{
	return s->text.err != TR_OK || s->text.n > s->max;
}

static void show(shown *s, tr_value v, int depth);

static void show_list(shown *s, tr_value v, int depth)
{
	tr_buf_putc(&s->text, '[');
	for (size_t i = 0; i < tr_array_len(v) && !is_full(s); i++) {
		tr_buf_puts(&s->text, i > 0 ? ", " : "");
		show(s, tr_array_at(v, i), depth - 1);
	}
	tr_buf_putc(&s->text, ']');
}

static bool is_plain_name(tr_str s)
{
	bool plain = s.n > 0 && !(s.p[0] >= '0' && s.p[0] <= '9');
	for (size_t i = 0; plain && i < s.n; i++)
		plain = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
			(s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_' || s.p[i] == '-' || s.p[i] == '.';
	return plain;
}

static void show_mapping(shown *s, tr_value v, int depth)
{
	const tr_entry *e = tr_map_entries(v);
	tr_buf_putc(&s->text, '{');
	for (size_t i = 0; i < tr_map_len(v) && !is_full(s); i++) {
		tr_str key = tr_as_str(e[i].key);
		tr_buf_puts(&s->text, i > 0 ? ", " : "");
		if (tr_is(e[i].key, TR_STRING) && is_plain_name(key))
			tr_buf_put(&s->text, key.p, key.n);
		else
			show(s, e[i].key, depth - 1);
		tr_buf_puts(&s->text, ": ");
		show(s, e[i].value, depth - 1);
	}
	tr_buf_putc(&s->text, '}');
}

static void show(shown *s, tr_value v, int depth)
{
	bool mapping = tr_is(v, TR_MAP), list = tr_is(v, TR_ARRAY);
	if (is_full(s))
		return;
	if (depth == 0 && (mapping || list))
		tr_buf_puts(&s->text, ELLIPSIS);
	else if (mapping)
		show_mapping(s, v, depth);
	else if (list)
		show_list(s, v, depth);
	else if (tr_is_nil(v))
		tr_buf_puts(&s->text, "null");
	else
		tr_show(&s->text, v, s->max + 1);
}

void show_payload(tr_buf *out, tr_value v, size_t max)
{
	shown s = {.max = max};
	show(&s, v, DEEPEST);
	if (s.text.n <= max) {
		tr_buf_put(out, s.text.p, s.text.n);
	} else {
		size_t keep = max > sizeof ELLIPSIS - 1 ? max - (sizeof ELLIPSIS - 1) : 0;
		tr_buf_put(out, s.text.p, utf8_cut(tr_buf_str(&s.text), keep));
		tr_buf_puts(out, ELLIPSIS);
	}
	if (s.text.err != TR_OK && out->err == TR_OK)
		out->err = s.text.err;
	tr_buf_fini(&s.text);
}
