/* SPDX-License-Identifier: Apache-2.0 */
/* SVG without any script or font of its own; colours follow the reader's light or dark scheme. */
#include "playbook/graph/layout.h"
#include "playbook/graph/parts.h"

enum {
	BOX_W = 220,
	BOX_H = 64,
	GAP_X = 50,
	GAP_Y = 80,
	EDGE = 110,
	TEXT_MAX = 30
};

static void put_escaped(tr_buf *b, tr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '<')
			tr_buf_puts(b, "&lt;");
		else if (c == '>')
			tr_buf_puts(b, "&gt;");
		else if (c == '&')
			tr_buf_puts(b, "&amp;");
		else if (c == '"')
			tr_buf_puts(b, "&quot;");
		else
			tr_buf_putc(b, (char)c);
	}
}

/* A name or description in full. */
static void put_name(tr_buf *b, tr_str name)
{
	label_put(b, name, put_escaped);
}

static int center_x(const layout *l, uint32_t step)
{
	const layout_node *n = &l->nodes[step];
	int width = (int)l->widest * (BOX_W + GAP_X) - GAP_X;
	int used = (int)l->sizes[n->layer] * (BOX_W + GAP_X) - GAP_X;
	return EDGE + (width - used) / 2 + (int)n->order * (BOX_W + GAP_X) + BOX_W / 2;
}

static int top_y(const layout *l, uint32_t step)
{
	return EDGE + (int)l->nodes[step].layer * (BOX_H + GAP_Y);
}

static void put_text(tr_buf *b, int x, int y, const char *class, tr_buf *text)
{
	label_cut(text, 0, TEXT_MAX);
	tr_buf_putf(b, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
	put_escaped(b, tr_buf_str(text));
	tr_buf_puts(b, "</text>\n");
	tr_buf_clear(text);
}

static void put_step(tr_buf *b, const layout *l, const playbook *p, const pb_step *s)
{
	int x = center_x(l, s->index), y = top_y(l, s->index);
	tr_buf text = {0};
	const char *class = s->index == p->entry                 ? "step entry"
			    : (int32_t)s->index == p->final_step ? "step final"
								 : "step";
	tr_buf_putf(b, "<g><title>");
	put_name(b, s->desc.n > 0 ? s->desc : s->name);
	tr_buf_puts(b, "</title>\n");
	if (s->loop.present)
		tr_buf_putf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\" class=\"%s\"/>\n",
			    x - BOX_W / 2 + 5, y + 5, BOX_W, BOX_H, class);
	tr_buf_putf(b, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\" class=\"%s\"/>\n", x - BOX_W / 2, y,
		    BOX_W, BOX_H, class);
	label_text(&text, s->name);
	put_text(b, x, y + 22, "name", &text);
	label_pipeline(&text, s, TEXT_MAX);
	put_text(b, x, y + 39, "note", &text);
	if (s->loop.present)
		label_loop(&text, s, TEXT_MAX);
	else
		label_policies(&text, s);
	put_text(b, x, y + 54, "note", &text);
	tr_buf_puts(b, "</g>\n");
	tr_buf_fini(&text);
}

typedef struct point {
	int x, y;
} point;

/* A curve from a to d with its handles; where its label goes. */
static point put_curve(tr_buf *b, point a, point h1, point h2, point d, const char *class)
{
	tr_buf_putf(b, "<path d=\"M%d %d C%d %d %d %d %d %d\" class=\"%s\" marker-end=\"url(#head)\"/>\n", a.x, a.y,
		    h1.x, h1.y, h2.x, h2.y, d.x, d.y, class);
	return (point){(a.x + 3 * h1.x + 3 * h2.x + d.x) / 8, (a.y + 3 * h1.y + 3 * h2.y + d.y) / 8};
}

/* Down to the next layer straight, further down along the left of what is between, back up along the right. */
static point put_route(tr_buf *b, const layout *l, uint32_t from, uint32_t to)
{
	point a = {center_x(l, from), top_y(l, from) + BOX_H}, d = {center_x(l, to), top_y(l, to)};
	uint32_t down = l->nodes[to].layer - l->nodes[from].layer;
	if (l->nodes[to].layer <= l->nodes[from].layer) {
		a = (point){a.x + BOX_W / 2, a.y - BOX_H / 2};
		d = (point){d.x + BOX_W / 2, d.y + BOX_H / 2};
		int out = (a.x > d.x ? a.x : d.x) + GAP_X;
		return put_curve(b, a, (point){out, a.y}, (point){out, d.y}, d, "arc back");
	}
	int bend = (d.y - a.y) / 2, side = 0;
	if (down > 1) {
		a.x -= BOX_W / 3;
		d.x -= BOX_W / 3;
		side = BOX_W / 2;
	}
	return put_curve(b, a, (point){a.x - side, a.y + bend}, (point){d.x - side, d.y - bend}, d, "arc");
}

static void put_arc(tr_buf *b, const layout *l, const pb_step *s, const pb_arc *arc)
{
	point at = put_route(b, l, s->index, arc->to);
	if (arc->when == NULL)
		return;
	tr_buf text = {0};
	label_condition(&text, arc->when, TEXT_MAX);
	put_text(b, at.x, at.y, "guard", &text);
	tr_buf_fini(&text);
}

static void put_head(tr_buf *b, const layout *l, const playbook *p)
{
	int width = 2 * EDGE + (int)l->widest * (BOX_W + GAP_X);
	int height = 2 * EDGE + (int)l->layers * (BOX_H + GAP_Y) - GAP_Y;
	tr_buf_putf(b,
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
		    "role=\"img\">\n<title>",
		    width, height, width, height);
	put_name(b, p->name);
	tr_buf_puts(b,
		    "</title>\n<style>\n"
		    "text{font-family:system-ui,sans-serif;text-anchor:middle;fill:#1c2733}\n"
		    ".name{font-size:15px;font-weight:600}.note{font-size:11px;opacity:.75}.guard{font-size:11px;paint-"
		    "order:stroke;stroke:#fff;stroke-width:4px}\n"
		    ".step{fill:#f4f7fb;stroke:#4a6785}.entry{stroke:#1b7f4d;stroke-width:2.5}"
		    ".final{stroke:#8a4fbf;stroke-width:2.5}\n"
		    ".arc{fill:none;stroke:#4a6785;stroke-width:1.4}.back{stroke-dasharray:5 4}\n"
		    "@media(prefers-color-scheme:dark){text{fill:#e4ebf2}.step{fill:#1d2733;stroke:#8fb0d0}"
		    ".arc{stroke:#8fb0d0}.guard{stroke:#10161d}}\n"
		    "</style>\n<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" "
		    "markerHeight=\"8\" orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\" fill=\"#4a6785\"/>"
		    "</marker></defs>\n");
}

void graph_svg(tr_buf *b, const playbook *p)
{
	layout l;
	if (!layout_init(&l, p)) {
		b->err = TR_ENOMEM;
		return;
	}
	put_head(b, &l, p);
	int x = center_x(&l, p->entry), y = top_y(&l, p->entry);
	tr_buf_putf(b, "<circle cx=\"%d\" cy=\"%d\" r=\"6\"/>\n", x, y - 34);
	tr_buf_putf(b, "<path d=\"M%d %dL%d %d\" class=\"arc\" marker-end=\"url(#head)\"/>\n", x, y - 28, x, y);
	for (size_t i = 0; i < p->step_count; i++) {
		for (size_t k = 0; k < p->steps[i].arc_count; k++)
			put_arc(b, &l, &p->steps[i], &p->steps[i].arcs[k]);
	}
	for (size_t i = 0; i < p->step_count; i++)
		put_step(b, &l, p, &p->steps[i]);
	tr_buf_puts(b, "</svg>\n");
	layout_fini(&l);
}
