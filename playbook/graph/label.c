/* SPDX-License-Identifier: Apache-2.0 */
/* Short texts: white space becomes one blank, what would move a terminal's cursor is made visible, long ones end in an
 * ellipsis. */
#include "playbook/graph/label.h"
#include "runtime/value/escape.h"
#include <string.h>
#include <troupe/codec.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static tr_str trim(tr_str s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = (tr_str){s.p + 1, s.n - 1};
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Without the braces when they are all around it. */
static tr_str bare(tr_str s)
{
	s = trim(s);
	if (s.n >= 4 && memcmp(s.p, "{{", 2) == 0 && memcmp(s.p + s.n - 2, "}}", 2) == 0) {
		tr_str inner = trim((tr_str){s.p + 2, s.n - 4});
		if (!tr_template_has_syntax(inner))
			return inner;
	}
	return s;
}

void label_text(tr_buf *b, tr_str s)
{
	while (s.n > 0) {
		size_t word = 0, gap = 0;
		while (word < s.n && !is_space(s.p[word]))
			word++;
		escape_put(b, (tr_str){s.p, word});
		while (word + gap < s.n && is_space(s.p[word + gap]))
			gap++;
		s = (tr_str){s.p + word + gap, s.n - word - gap};
		if (s.n > 0)
			tr_buf_putc(b, ' ');
	}
}

void label_put(tr_buf *b, tr_str s, void (*put)(tr_buf *b, tr_str s))
{
	tr_buf text = {0};
	label_text(&text, s);
	put(b, tr_buf_str(&text));
	if (text.err != TR_OK)
		b->err = text.err;
	tr_buf_fini(&text);
}

void label_cut(tr_buf *b, size_t from, size_t max)
{
	size_t characters = 0;
	if (b->err != TR_OK || b->p == NULL)
		return;
	for (size_t i = from; i < b->n; i++) {
		if (((unsigned char)b->p[i] & 0xc0) == 0x80)
			continue;
		if (++characters < max || (characters == max && i + 1 == b->n))
			continue;
		b->n = i;
		b->p[i] = '\0';
		tr_buf_puts(b, "…");
		return;
	}
}

static void put_expr(tr_buf *b, const pb_expr *e)
{
	if (e->kind == PB_TEMPLATE) {
		label_text(b, bare(e->source));
	} else if (e->kind == PB_CONST && tr_is(e->constant, TR_STRING)) {
		label_text(b, tr_as_str(e->constant));
	} else if (e->kind == PB_CONST) {
		tr_buf json = {0};
		tr_json_write(&json, e->constant, TR_JSON_COMPACT);
		label_text(b, tr_buf_str(&json));
		if (json.err != TR_OK)
			b->err = json.err;
		tr_buf_fini(&json);
	} else {
		tr_buf_puts(b, e->kind == PB_LIST ? "[…]" : "{…}");
	}
}

void label_condition(tr_buf *b, const pb_expr *e, size_t max)
{
	size_t from = b->n;
	put_expr(b, e);
	label_cut(b, from, max);
}

void label_pipeline(tr_buf *b, const pb_step *s, size_t max)
{
	size_t from = b->n;
	for (size_t i = 0; i < s->task_count; i++) {
		const pb_task *t = &s->tasks[i];
		tr_buf_puts(b, i == 0 ? "" : " → ");
		if (!tr_str_eq(t->label, s->name)) {
			label_text(b, t->label);
			tr_buf_puts(b, ": ");
		}
		label_text(b, t->kind);
	}
	label_cut(b, from, max);
}

void label_loop(tr_buf *b, const pb_step *s, size_t max)
{
	size_t from = b->n;
	if (!s->loop.present)
		return;
	tr_buf_puts(b, s->loop.mode == PB_PARALLEL ? "parallel" : "each");
	if (s->loop.max_in_flight != NULL) {
		tr_buf_puts(b, ", ");
		put_expr(b, s->loop.max_in_flight);
		tr_buf_puts(b, " at once");
	}
	tr_buf_puts(b, ": ");
	label_text(b, s->loop.iterator);
	tr_buf_puts(b, " in ");
	if (s->loop.cursor)
		tr_buf_puts(b, "cursor");
	else
		put_expr(b, s->loop.in);
	label_cut(b, from, max);
}

void label_policies(tr_buf *b, const pb_step *s)
{
	static const char *const joins[] = {"", "join none", "join any", "join"};
	bool any = false;
	if (s->inclusive) {
		tr_buf_puts(b, "inclusive");
		any = true;
	}
	if (s->join == PB_JOIN_AUTO)
		return;
	tr_buf_puts(b, any ? ", " : "");
	tr_buf_puts(b, joins[s->join]);
	if (s->join == PB_JOIN_COUNT)
		tr_buf_putf(b, " %u", (unsigned)s->join_count);
}
