/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of actors: who is whose supervisor, and what each does now. */
#include "cli/escape.h"
#include "cli/live.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Where it cannot be drawn over, the tree is printed at most this often. */
#define PRINT_EVERY_US 250000

struct twig {
	uint64_t pid;
	uint64_t parent;
	tr_value info;
	size_t first, next; /* children as a list of positions + 1 */
	size_t last;
};

struct tree {
	struct twig *twigs;
	size_t count;
	tr_value index; /* pid bits -> position */
};

static size_t position(const struct tree *t, uint64_t pid)
{
	return (size_t)tr_as_int(tr_map_get(t->index, tr_int((int64_t)pid)), -1);
}

static void gather(struct tree *t, tr_node *node)
{
	tr_value pids = tr_processes(node);
	size_t n = tr_array_len(pids);
	t->index = tr_map_with(n);
	t->twigs = tr_alloc((n + 1) * sizeof *t->twigs);
	for (size_t i = 0; t->twigs != NULL && i < n; i++) {
		tr_pid pid = tr_as_pid(tr_array_at(pids, i));
		tr_value info = tr_info(node, pid);
		if (!tr_is(info, TR_MAP)) { /* ended meanwhile */
			tr_drop(info);
			continue;
		}
		struct twig *w = &t->twigs[t->count];
		*w = (struct twig){
		    .pid = pid.bits, .parent = tr_as_pid(tr_map_get_s(info, "supervisor")).bits, .info = info};
		t->index = tr_map_put(t->index, tr_int((int64_t)pid.bits), tr_int((int64_t)t->count));
		t->count++;
	}
	tr_drop(pids);
	for (size_t i = 0; i < t->count; i++) {
		size_t parent = position(t, t->twigs[i].parent);
		if (parent >= t->count || parent == i)
			continue;
		struct twig *p = &t->twigs[parent];
		if (p->first == 0)
			p->first = i + 1;
		else
			t->twigs[p->last - 1].next = i + 1;
		p->last = i + 1;
	}
}

static void tree_fini(struct tree *t)
{
	for (size_t i = 0; i < t->count; i++)
		tr_drop(t->twigs[i].info);
	tr_free(t->twigs);
	tr_drop(t->index);
}

static void put_twig(tr_buf *out, const view *v, const struct twig *w)
{
	tr_show(out, tr_map_get_s(w->info, "pid"), 40);
	const char *name = tr_as_cstr(tr_map_get_s(w->info, "name"), NULL);
	const char *label = tr_as_cstr(tr_map_get_s(w->info, "label"), NULL);
	tr_value note = tr_map_get_s(w->info, "note");
	tr_buf_putf(out, " %s%s%s", style_bold(&v->style),
		    name != NULL    ? name
		    : label != NULL ? label
				    : "actor",
		    style_off(&v->style));
	if (name != NULL && label != NULL && strcmp(name, label) != 0)
		tr_buf_putf(out, " (%s)", label);
	if (tr_is_valid(note) && !tr_is_nil(note)) {
		tr_buf_putc(out, ' ');
		escape_value(out, note, 200);
	}
	tr_buf_putf(out, "  %s%s, mailbox %" PRId64 "%s", style_dim(&v->style),
		    tr_as_cstr(tr_map_get_s(w->info, "state"), "?"),
		    tr_as_int(tr_map_get_s(w->info, "mailbox_length"), 0), style_off(&v->style));
}

static void put_line(view *v, const tr_buf *line)
{
	if (v->style.terminal)
		screen_line(v, line);
	else if (line->p != NULL)
		fprintf(stderr, "%s\n", line->p);
}

struct pen {
	view *v;
	const struct tree *t;
	tr_buf indent;
	size_t room; /* lines left */
	size_t left_out;
};

static void draw_twig(struct pen *p, size_t at, bool last, int depth)
{
	if (p->room == 0 || depth > 64) {
		p->left_out++;
	} else {
		tr_buf line = {0};
		tr_buf_put(&line, p->indent.p != NULL ? p->indent.p : "", p->indent.n);
		if (depth > 0)
			tr_buf_puts(&line, p->v->style.unicode ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- "));
		put_twig(&line, p->v, &p->t->twigs[at]);
		put_line(p->v, &line);
		tr_buf_fini(&line);
		p->room--;
	}
	size_t indent = p->indent.n;
	if (depth > 0)
		tr_buf_puts(&p->indent, last ? "   " : p->v->style.unicode ? "│  " : "|  ");
	for (size_t child = p->t->twigs[at].first; child != 0; child = p->t->twigs[child - 1].next)
		draw_twig(p, child - 1, p->t->twigs[child - 1].next == 0, depth + 1);
	p->indent.n = indent;
}

static void draw_tree(view *v)
{
	struct tree t = {0};
	gather(&t, v->node);
	v->style = style_of(stderr);
	struct pen p = {
	    .v = v, .t = &t, .room = v->style.terminal && v->style.rows > 4 ? (size_t)v->style.rows - 3 : SIZE_MAX};
	if (v->style.terminal)
		screen_begin(v);
	else
		fprintf(stderr, "--- %zu actors\n", t.count);
	for (size_t i = 0; t.twigs != NULL && i < t.count; i++)
		if (position(&t, t.twigs[i].parent) >= t.count)
			draw_twig(&p, i, true, 0);
	if (p.left_out > 0) {
		tr_buf line = {0};
		tr_buf_putf(&line, "… and %zu more actors", p.left_out);
		put_line(v, &line);
		tr_buf_fini(&line);
	}
	if (v->style.terminal)
		screen_end(v);
	tr_buf_fini(&p.indent);
	tree_fini(&t);
}

static void tree_tick(view *v, int64_t now_us)
{
	if (!v->style.terminal && now_us - v->last_us < PRINT_EVERY_US)
		return;
	v->last_us = now_us;
	draw_tree(v);
}

static void tree_say(view *v, tr_str text)
{
	if (v->style.terminal)
		screen_say(v, text);
	else
		fprintf(stderr, "%.*s", TR_STR(text));
}

const view_class view_tree = {.tick = tree_tick, .say = tree_say};
