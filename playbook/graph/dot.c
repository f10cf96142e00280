/* SPDX-License-Identifier: Apache-2.0 */
/* Graphviz: steps are transitions (boxes), the token's first and last places are circles. */
#include "playbook/graph/parts.h"

static void put_escaped(tr_buf *b, tr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			tr_buf_putc(b, '\\');
		tr_buf_putc(b, s.p[i]);
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
		tr_buf_puts(b, "\\n");
		put_escaped(b, tr_buf_str(text));
	}
	tr_buf_clear(text);
}

static void put_step(tr_buf *b, const pb_step *s)
{
	tr_buf text = {0};
	tr_buf_putf(b, "  s%u [label=\"", (unsigned)s->index);
	put_name(b, s->name);
	label_pipeline(&text, s, 60);
	put_line(b, &text);
	label_loop(&text, s, 60);
	put_line(b, &text);
	if (s->when != NULL) {
		tr_buf_puts(&text, "when ");
		label_condition(&text, s->when, 50);
		put_line(b, &text);
	}
	tr_buf_fini(&text);
	tr_buf_puts(b, "\"");
	if (s->loop.present)
		tr_buf_puts(b, ", peripheries=2");
	if (s->task_count == 0)
		tr_buf_puts(b, ", style=\"rounded,dashed\"");
	tr_buf_puts(b, "];\n");
}

static void put_arcs(tr_buf *b, const pb_step *s)
{
	tr_buf text = {0};
	for (size_t i = 0; i < s->arc_count; i++) {
		tr_buf_putf(b, "  s%u -> s%u", (unsigned)s->index, (unsigned)s->arcs[i].to);
		if (s->arcs[i].when != NULL) {
			label_condition(&text, s->arcs[i].when, 50);
			tr_buf_puts(b, " [label=\"");
			put_escaped(b, tr_buf_str(&text));
			tr_buf_puts(b, "\"]");
			tr_buf_clear(&text);
		}
		tr_buf_puts(b, ";\n");
	}
	tr_buf_fini(&text);
}

void graph_dot(tr_buf *b, const playbook *p)
{
	tr_buf_puts(b, "digraph \"");
	put_name(b, p->name);
	tr_buf_puts(b, "\" {\n  rankdir=TB;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
		       "  edge [fontname=\"sans-serif\", fontsize=10];\n"
		       "  begin [shape=circle, style=filled, fillcolor=black, label=\"\", width=0.2];\n");
	for (size_t i = 0; i < p->step_count; i++)
		put_step(b, &p->steps[i]);
	tr_buf_putf(b, "  begin -> s%u;\n", (unsigned)p->entry);
	for (size_t i = 0; i < p->step_count; i++)
		put_arcs(b, &p->steps[i]);
	if (p->final_step >= 0)
		tr_buf_putf(b,
			    "  done [shape=doublecircle, style=filled, fillcolor=black, label=\"\", width=0.15];\n"
			    "  s%d -> done;\n",
			    (int)p->final_step);
	tr_buf_puts(b, "}\n");
}
