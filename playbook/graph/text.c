/* SPDX-License-Identifier: Apache-2.0 */
/* The drawing for a terminal: each step with what it does, its arcs below it. */
#include "playbook/graph/parts.h"

enum {
	WIDE = 72
};

typedef struct paint {
	const char *bold, *dim, *arrow, *off;
} paint;

static const char *mark_of(const playbook *p, const pb_step *s)
{
	if (s->index == p->entry)
		return "●";
	if ((int32_t)s->index == p->final_step)
		return "◆";
	return s->arc_count == 0 ? "◎" : "○";
}

static void detail(tr_buf *b, const paint *c, const char *bar, const char *name,
		   void (*put)(tr_buf *, const pb_step *, size_t), const pb_step *s)
{
	tr_buf text = {0};
	put(&text, s, WIDE);
	if (text.n > 0)
		tr_buf_putf(b, "%s   %s%-5s%s %s\n", bar, c->dim, name, c->off, text.p);
	if (text.err != TR_OK)
		b->err = text.err;
	tr_buf_fini(&text);
}

static void put_guard(tr_buf *b, const pb_step *s, size_t max)
{
	if (s->when != NULL)
		label_condition(b, s->when, max);
}

static void put_policies(tr_buf *b, const pb_step *s, size_t max)
{
	(void)max;
	label_policies(b, s);
}

static void put_arc(tr_buf *b, const playbook *p, const pb_step *s, size_t i, const paint *c)
{
	const pb_arc *arc = &s->arcs[i];
	const char *branch = i + 1 == s->arc_count ? "└" : "├";
	tr_buf_putf(b, "%s%s─▶%s ", c->arrow, branch, c->off);
	label_text(b, p->steps[arc->to].name);
	if (arc->when != NULL) {
		tr_buf_putf(b, "  %swhen%s ", c->dim, c->off);
		label_condition(b, arc->when, WIDE);
	}
	tr_buf_putc(b, '\n');
}

static void put_step(tr_buf *b, const playbook *p, const pb_step *s, const paint *c)
{
	const char *bar = s->arc_count > 0 ? "│" : " ";
	tr_buf_putf(b, "%s %s", mark_of(p, s), c->bold);
	label_text(b, s->name);
	tr_buf_puts(b, c->off);
	if (s->incoming_count > 1)
		tr_buf_putf(b, "  %sjoins %zu%s", c->dim, s->incoming_count, c->off);
	tr_buf_putc(b, '\n');
	detail(b, c, bar, "when", put_guard, s);
	detail(b, c, bar, "loop", label_loop, s);
	detail(b, c, bar, "tool", label_pipeline, s);
	detail(b, c, bar, "spec", put_policies, s);
	for (size_t i = 0; i < s->arc_count; i++)
		put_arc(b, p, s, i, c);
}

void graph_text(tr_buf *b, const playbook *p, bool color)
{
	static const paint coloured = {"\033[1m", "\033[2m", "\033[36m", "\033[0m"};
	static const paint plain = {"", "", "", ""};
	const paint *c = color ? &coloured : &plain;
	tr_buf_puts(b, c->bold);
	label_text(b, p->name);
	tr_buf_putf(b, "%s  %s", c->off, c->dim);
	label_text(b, p->path);
	tr_buf_putf(b, "%s\n", c->off);
	for (size_t i = 0; i < p->step_count; i++) {
		tr_buf_putc(b, '\n');
		put_step(b, p, &p->steps[i], c);
	}
}
