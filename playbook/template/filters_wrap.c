/* SPDX-License-Identifier: Apache-2.0 */
/* wordwrap: lines of a given width, broken as Python's textwrap breaks them. */
#include <string.h>

#include "playbook/template/filters.h"
#include "playbook/template/regex.h"

/* Where text may be broken: white space, behind hyphens between letters, around long dashes. */
#define WORD  "[\\w!\"'&.,?]"
#define SPACE "[\\t\\n\\x0b\\x0c\\r ]"
static const char pieces_pattern[] =
    SPACE "+|(?<=" WORD ")-{2,}(?=\\w)"
	  "|[^\\t\\n\\x0b\\x0c\\r ]+?(?:-(?:(?<=[^\\d\\W]{2}-)|(?<=[^\\d\\W]-[^\\d\\W]-))"
	  "(?=[^\\d\\W]-?[^\\d\\W])|(?=" SPACE "|\\z)|(?<=" WORD ")(?=-{2,}\\w))";
static const char words_pattern[] = SPACE "+";

struct wrap {
	struct eval *ev;
	int64_t width;
	bool break_words, break_hyphens;
	tr_str joint;
	tr_str *pieces;
	size_t n, cap;
	tr_buf *out;
	bool any; /* a line was written */
};

static bool add_piece(struct wrap *w, const char *p, size_t n)
{
	if (n == 0)
		return true;
	if (w->n == w->cap) {
		size_t cap = w->cap == 0 ? 32 : w->cap * 2;
		tr_str *pieces = ev_charge(w->ev, (cap - w->cap) * sizeof(*pieces))
				     ? tr_realloc(w->pieces, cap * sizeof(*pieces))
				     : NULL;
		if (pieces == NULL) {
			ev_fail(w->ev, TR_ENOMEM, "out of memory");
			return false;
		}
		w->pieces = pieces;
		w->cap = cap;
	}
	w->pieces[w->n++] = (tr_str){p, n};
	return true;
}

static bool cut(struct wrap *w, struct regex *r, tr_str line)
{
	size_t at = 0, start, end;
	int found = 0;

	w->n = 0;
	while (at < line.n && (found = regex_match(w->ev, r, line, at)) > 0) {
		if (!regex_group(r, 0, &start, &end) || end == start)
			break;
		if (!add_piece(w, line.p + at, start - at) || !add_piece(w, line.p + start, end - start))
			return false;
		at = end;
	}
	return found >= 0 && add_piece(w, line.p + at, line.n - at);
}

static bool is_blank(tr_str s)
{
	return uni_strip(s, true, false).n == 0;
}

static bool only_hyphens(tr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '-')
			return false;
	return true;
}

/* How many bytes of a piece that is wider than a line go onto this one. */
static size_t long_piece(const struct wrap *w, tr_str piece, size_t room)
{
	tr_str head = {piece.p, uni_offset(piece, room)};

	if (w->break_hyphens && uni_count(piece) > room) {
		ptrdiff_t hyphen = text_find(head, (tr_str){"-", 1}, true);
		if (hyphen > 0 && !only_hyphens((tr_str){piece.p, (size_t)hyphen}))
			return (size_t)hyphen + 1;
	}
	return head.n;
}

static void put_line(struct wrap *w, size_t start)
{
	/* The line is at the end of the output; the joint goes before it. */
	if (w->any) {
		tr_str line = {w->out->p + start, w->out->n - start};
		tr_buf copy = {0};
		tr_buf_put(&copy, line.p, line.n);
		w->out->n = start;
		tr_buf_put(w->out, w->joint.p, w->joint.n);
		tr_buf_put(w->out, copy.p, copy.n);
		if (copy.err != TR_OK && w->out->err == TR_OK)
			w->out->err = copy.err;
		tr_buf_fini(&copy);
	}
	w->any = true;
}

/* Fill one line from piece *next on. */
static void fill_line(struct wrap *w, size_t *next, bool first)
{
	size_t start = w->out->n, length = 0, last = w->out->n;
	bool blank = false, empty = true;

	if (!first && is_blank(w->pieces[*next]))
		(*next)++;
	for (; *next < w->n; (*next)++) {
		size_t n = uni_count(w->pieces[*next]);
		if ((int64_t)(length + n) > w->width)
			break;
		last = w->out->n;
		blank = is_blank(w->pieces[*next]);
		tr_buf_put(w->out, w->pieces[*next].p, w->pieces[*next].n);
		length += n;
		empty = false;
	}
	if (*next < w->n && (int64_t)uni_count(w->pieces[*next]) > w->width) {
		tr_str *piece = &w->pieces[*next];
		size_t n = w->break_words ? long_piece(w, *piece, (size_t)w->width - length) : empty ? piece->n : 0;
		if (n > 0 || w->break_words) {
			last = w->out->n;
			tr_str part = {piece->p, n};
			blank = is_blank(part);
			tr_buf_put(w->out, part.p, part.n);
			empty = false;
			piece->p += n;
			piece->n -= n;
			if (!w->break_words)
				(*next)++;
		}
	}
	if (!empty && blank) {
		w->out->n = last;
		empty = last == start;
	}
	if (!empty)
		put_line(w, start);
}

static bool wrap_line(struct wrap *w, struct regex *r, tr_str line)
{
	size_t next = 0;
	bool first = true;

	if (!cut(w, r, line))
		return false;
	while (next < w->n && w->out->err == TR_OK) {
		bool any = w->any;
		if (!ev_spend(w->ev, 1))
			return false;
		fill_line(w, &next, first);
		first = first && w->any == any;
	}
	return true;
}

static bool wrap_all(struct wrap *w, tr_value text)
{
	tr_value lines = text_lines(w->ev, text, false);
	struct regex r;
	bool ok, compiled;

	if (!tr_is_valid(lines))
		return false;
	ok = compiled = regex_compile(w->ev, &r, tr_s(w->break_hyphens ? pieces_pattern : words_pattern), 0);
	for (size_t i = 0; ok && i < tr_array_len(lines); i++) {
		if (i > 0)
			tr_buf_put(w->out, w->joint.p, w->joint.n);
		w->any = false;
		ok = wrap_line(w, &r, tr_as_str(tr_array_at(lines, i)));
	}
	if (compiled)
		regex_free(&r);
	tr_free(w->pieces);
	tr_drop(lines);
	return ok;
}

static tr_value f_wordwrap(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]);
	tr_buf out = {.max = ev->memory};
	struct wrap w = {
	    .ev = ev, .width = 79, .break_words = true, .break_hyphens = true, .joint = {"\n", 1}, .out = &out};

	if (is_undefined(v))
		return ev_undefined_fail(ev, v);
	if (!is_text(v))
		return ev_fail(ev, TR_ETYPE, "wordwrap works on text, not on '%s'", ev_type_name(v));
	if ((is_given(a[1]) && !ev_index(ev, a[1], "width", &w.width)) ||
	    (is_given(a[2]) && !ev_truth(ev, a[2], &w.break_words)) ||
	    (is_given(a[4]) && !ev_truth(ev, a[4], &w.break_hyphens)))
		return tr_invalid(TR_ETYPE);
	if (is_given(a[3]) && !is_none(a[3])) {
		if (!is_text(a[3]))
			return ev_fail(ev, TR_ETYPE, "wrapstring must be text");
		w.joint = tr_as_str(a[3]);
	}
	if (w.width <= 0 && tr_as_str(v).n > 0)
		return ev_fail(ev, TR_EINVAL, "the width must be positive");
	if (!wrap_all(&w, v)) {
		tr_buf_fini(&out);
		return tr_invalid(ev->error->err);
	}
	return ev_take_text(ev, &out);
}

const struct native wrap_filters[] = {
    {"wordwrap", "width break_long_words wrapstring break_on_hyphens", 0, f_wordwrap, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
