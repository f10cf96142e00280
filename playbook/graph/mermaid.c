/* SPDX-License-Identifier: Apache-2.0 */
/* Mermaid flowchart. Texts stand in quotes; quotes and brackets in them become entities. */
#include "playbook/graph/parts.h"
#include <string.h>

static void put_escaped(tr_buf *b, tr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (strchr("\"#<>&`|{}[]()", (int)c) != NULL)
			tr_buf_putf(b, "#%u;", (unsigned)c);
		else
			tr_buf_putc(b, (char)c);
	}
}

/* A name as it stands in the file. */
static void put_name(tr_buf *b, tr_str name)
{
	label_put(b, name, put_escaped);
}

static void put_line(tr_buf *b, tr_buf *text)
{
	if (text->n > 0) {
		tr_buf_puts(b, "<br/>");
		put_escaped(b, tr_buf_str(text));
	}
	tr_buf_clear(text);
}

static void put_step(tr_buf *b, const pb_step *s)
{
	tr_buf text = {0};
	tr_buf_putf(b, "  s%u%s\"", (unsigned)s->index, s->loop.present ? "[[" : "(");
	put_name(b, s->name);
	label_pipeline(&text, s, 60);
	put_line(b, &text);
	label_loop(&text, s, 60);
	put_line(b, &text);
	tr_buf_fini(&text);
	tr_buf_putf(b, "\"%s\n", s->loop.present ? "]]" : ")");
}

static void put_arcs(tr_buf *b, const pb_step *s)
{
	tr_buf text = {0};
	for (size_t i = 0; i < s->arc_count; i++) {
		tr_buf_putf(b, "  s%u -->", (unsigned)s->index);
		if (s->arcs[i].when != NULL) {
			label_condition(&text, s->arcs[i].when, 50);
			tr_buf_puts(b, "|\"");
			put_escaped(b, tr_buf_str(&text));
			tr_buf_puts(b, "\"|");
			tr_buf_clear(&text);
		}
		tr_buf_putf(b, " s%u\n", (unsigned)s->arcs[i].to);
	}
	tr_buf_fini(&text);
}

void graph_mermaid(tr_buf *b, const playbook *p)
{
	tr_buf_puts(b, "flowchart TD\n  begin((\" \"))\n");
	for (size_t i = 0; i < p->step_count; i++)
		put_step(b, &p->steps[i]);
	tr_buf_putf(b, "  begin --> s%u\n", (unsigned)p->entry);
	for (size_t i = 0; i < p->step_count; i++)
		put_arcs(b, &p->steps[i]);
	if (p->final_step >= 0)
		tr_buf_putf(b, "  done(((\" \")))\n  s%d --> done\n", (int)p->final_step);
}
