/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the arcs that lead back, and where tokens meet. */
#include "actors/engine/routes.h"

#include <stdatomic.h>
#include <string.h>

#include "runtime/value/key.h"

/* The routes with what only this file needs. */
struct routes_box {
	routes routes;
	atomic_uint refs;
	bool *back; /* for all arcs, step after step */
};

/* Arcs turned round, without those that lead back: from[first[i]] … are the steps before step i. */
struct reverse {
	uint32_t *first; /* step_count + 1 */
	uint32_t *from;
};

struct walk {
	const playbook *p;
	bool *back;
	size_t *base; /* where the step's arcs begin in `back` */
	char *color;  /* 0 new, 1 on the path, 2 done */
	struct walk_frame {
		uint32_t step;
		size_t arc;
	} * stack;
};

/* A loop, not recursion: a chain may be as long as the file. */
static void walk_from(struct walk *w, uint32_t root)
{
	size_t depth = 0;

	if (w->color[root] != 0)
		return;
	w->stack[depth++] = (struct walk_frame){root, 0};
	w->color[root] = 1;
	while (depth > 0) {
		struct walk_frame *f = &w->stack[depth - 1];
		const pb_step *s = &w->p->steps[f->step];

		if (f->arc == s->arc_count) {
			w->color[f->step] = 2;
			depth--;
			continue;
		}
		size_t arc = f->arc++;
		uint32_t to = s->arcs[arc].to;

		if (w->color[to] == 1) {
			w->back[w->base[s->index] + arc] = true;
		} else if (w->color[to] == 0) {
			w->color[to] = 1;
			w->stack[depth++] = (struct walk_frame){to, 0};
		}
	}
}

static tr_err find_back_arcs(struct routes_box *b)
{
	const playbook *p = b->routes.playbook;
	size_t n = p->step_count, arcs = 0;
	struct walk w = {.p = p};
	tr_err err = TR_ENOMEM;

	for (size_t i = 0; i < n; i++)
		arcs += p->steps[i].arc_count;
	w.back = b->back = tr_alloc(arcs + 1);
	w.base = tr_alloc(n * sizeof(size_t));
	w.color = tr_alloc(n);
	w.stack = tr_alloc(n * sizeof(struct walk_frame));
	if (w.back != NULL && w.base != NULL && w.color != NULL && w.stack != NULL) {
		size_t at = 0;

		for (size_t i = 0; i < n; at += p->steps[i].arc_count, i++) {
			w.base[i] = at;
			b->routes.steps[i].back = b->back + at;
		}
		walk_from(&w, p->entry);
		for (size_t i = 0; i < n; i++)
			walk_from(&w, (uint32_t)i);
		err = TR_OK;
	}
	tr_free(w.base);
	tr_free(w.color);
	tr_free(w.stack);
	return err;
}

static tr_err reverse_make(const routes *pl, struct reverse *r)
{
	const playbook *p = pl->playbook;
	size_t n = p->step_count, total = 0;

	r->first = tr_alloc((n + 2) * sizeof(uint32_t));
	if (r->first == NULL)
		return TR_ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t a = 0; a < p->steps[i].arc_count; a++)
			if (!pl->steps[i].back[a]) {
				r->first[p->steps[i].arcs[a].to + 2]++;
				total++;
			}
	r->from = tr_alloc((total + 1) * sizeof(uint32_t));
	if (r->from == NULL)
		return TR_ENOMEM;
	for (size_t i = 2; i < n + 2; i++)
		r->first[i] += r->first[i - 1];
	/* first[to + 1] is where the next one goes; when all are placed it has become where `to` ends. */
	for (size_t i = 0; i < n; i++)
		for (size_t a = 0; a < p->steps[i].arc_count; a++)
			if (!pl->steps[i].back[a])
				r->from[r->first[p->steps[i].arcs[a].to + 1]++] = (uint32_t)i;
	return TR_OK;
}

/* What kind of join a step is; auto only where more than one arc leads forward to it. */
static routes_join join_of(const pb_step *s, uint32_t incoming)
{
	switch (s->join) {
	case PB_JOIN_ANY:
		return ROUTES_ANY;
	case PB_JOIN_COUNT:
		return s->join_count > 1 ? ROUTES_COUNT : ROUTES_SINGLE;
	case PB_JOIN_NONE:
		return ROUTES_SINGLE;
	case PB_JOIN_AUTO:
		break;
	}
	return incoming > 1 ? ROUTES_AUTO : ROUTES_SINGLE;
}

static tr_err find_joins(struct routes_box *b)
{
	const playbook *p = b->routes.playbook;
	size_t n = p->step_count;
	struct reverse r = {0};
	tr_err err = reverse_make(&b->routes, &r);

	for (size_t i = 0; i < n && err == TR_OK; i++) {
		routes_step *s = &b->routes.steps[i];

		s->join = join_of(&p->steps[i], r.first[i + 1] - r.first[i]);
		s->count = p->steps[i].join_count;
	}
	if (err == TR_OK) {
		b->routes.reach = reach_new((uint32_t)n, r.first, r.from);
		err = b->routes.reach != NULL ? TR_OK : TR_ENOMEM;
	}
	tr_free(r.first);
	tr_free(r.from);
	return err;
}

static tr_err make_names(routes *pl)
{
	const playbook *p = pl->playbook;

	pl->step_index = tr_map_with(p->step_count);
	for (size_t i = 0; i < p->step_count; i++) {
		pl->names[i] = key_text(p->steps[i].name);
		pl->step_index = tr_map_put(pl->step_index, tr_keep(pl->names[i]), tr_int((int64_t)i));
	}
	pl->pool = p->pool.n > 0 ? key_text(p->pool) : tr_word("default");
	pl->end_keys =
	    TR_DICT("name", tr_nil(), "step", tr_nil(), "status", tr_nil(), "error", tr_nil(), "result", tr_nil());
	pl->summary_keys = TR_DICT("status", tr_nil(), "runs", tr_nil(), "success", tr_nil(), "failed", tr_nil(),
				   "result", tr_nil(), "error", tr_nil());
	if (!tr_is_valid(pl->end_keys) || !tr_is_valid(pl->summary_keys))
		return TR_ENOMEM;
	pl->pools = tr_map();
	for (size_t i = 0; i < p->step_count; i++) {
		tr_str pool = p->steps[i].pool;

		if (pool.n > 0)
			pl->pools = tr_map_put(pl->pools, tr_string_n(pool.p, pool.n), tr_string_n(pool.p, pool.n));
	}
	if (!tr_is_valid(pl->pool))
		return tr_value_err(pl->pool);
	if (!tr_is_valid(pl->pools))
		return tr_value_err(pl->pools);
	return tr_value_err(pl->step_index);
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* `<step>.<label>` or `<step>['<label>']` somewhere in the playbook's text: that task's result is worth keeping. */
static tr_err note_label(routes *r, tr_str step, tr_str label)
{
	int64_t index = tr_as_int(tr_map_get_n(r->step_index, step.p, step.n), -1);
	const pb_step *s = index < 0 ? NULL : &r->playbook->steps[index];

	for (size_t i = 0; s != NULL && i < s->task_count; i++) {
		routes_step *rs = &r->steps[index];

		if (!tr_str_eq(s->tasks[i].label, label))
			continue;
		if (!tr_is_valid(rs->labels))
			rs->labels = tr_map();
		rs->labels = tr_map_put(rs->labels, tr_string_n(label.p, label.n), tr_bool(true));
		if (!tr_is_valid(rs->labels))
			return tr_value_err(rs->labels);
	}
	return TR_OK;
}

static tr_err find_labels(routes *r)
{
	const char *at = r->playbook->source.p, *end = at + r->playbook->source.n;
	tr_err err = TR_OK;

	while (at < end && err == TR_OK) {
		tr_str word = {at, 0}, label;

		while (at < end && name_char(*at))
			at++;
		word.n = (size_t)(at - word.p);
		if (word.n == 0 || at + 2 >= end || (*at != '.' && *at != '[')) {
			at += at < end && word.n == 0;
			continue;
		}
		label.p = *at == '.' ? at + 1 : at + 2;
		label.n = 0;
		while (label.p + label.n < end && name_char(label.p[label.n]))
			label.n++;
		if (label.n > 0)
			err = note_label(r, word, label);
		at++;
	}
	return err;
}

routes *routes_new(const playbook *p)
{
	struct routes_box *b = tr_alloc(sizeof *b);
	routes *made;
	tr_err err = TR_ENOMEM;

	if (b == NULL)
		return NULL;
	made = &b->routes;
	atomic_init(&b->refs, 1);
	made->playbook = playbook_hold(p);
	made->steps = tr_alloc(p->step_count * sizeof(routes_step));
	made->names = tr_alloc(p->step_count * sizeof(tr_value));
	if (made->steps != NULL && made->names != NULL)
		err = make_names(made);
	if (err == TR_OK)
		err = find_back_arcs(b);
	if (err == TR_OK)
		err = find_joins(b);
	if (err == TR_OK)
		err = find_labels(made);
	if (err != TR_OK)
		routes_free(&made);
	return made;
}

/* The routes are the first member of its box. */
static struct routes_box *routes_box(routes *p)
{
	return (struct routes_box *)(void *)p;
}

routes *routes_hold(routes *p)
{
	atomic_fetch_add_explicit(&routes_box(p)->refs, 1, memory_order_relaxed);
	return p;
}

void routes_free(routes **p)
{
	struct routes_box *b;
	playbook *held;

	if (p == NULL || *p == NULL)
		return;
	b = routes_box(*p);
	*p = NULL;
	if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return;
	held = (playbook *)(uintptr_t)b->routes.playbook;
	for (size_t i = 0; b->routes.names != NULL && i < held->step_count; i++)
		tr_drop(b->routes.names[i]);
	for (size_t i = 0; b->routes.steps != NULL && i < held->step_count; i++)
		tr_drop(b->routes.steps[i].labels);
	tr_free(b->routes.names);
	tr_free(b->routes.steps);
	tr_drop(b->routes.step_index);
	tr_drop(b->routes.pool);
	tr_drop(b->routes.pools);
	tr_drop(b->routes.end_keys);
	tr_drop(b->routes.summary_keys);
	tr_free(b->back);
	reach_free(&b->routes.reach);
	playbook_free(&held);
	tr_free(b);
}

int32_t routes_step_index(const routes *p, tr_value name)
{
	return (int32_t)tr_as_int(tr_map_get(p->step_index, name), -1);
}

static void routes_destroy(void *data)
{
	routes *p = data;

	routes_free(&p);
}

static const tr_class routes_class = {"routes", routes_destroy};

tr_value routes_value(routes *p)
{
	return tr_object(&routes_class, p);
}
routes *routes_of_value(tr_value v)
{
	return tr_as_object(v, &routes_class);
}

tr_value routes_pool(const routes *p, uint32_t step)
{
	tr_str own = p->playbook->steps[step].pool;

	return own.n > 0 ? tr_map_get_n(p->pools, own.p, own.n) : p->pool;
}
