/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering guards and arguments: what is undefined or wrong becomes a warning event, once a place. */
#include "actors/engine/decide.h"

#include <inttypes.h>
#include <stdio.h>

#define MOST_COLLECTED 16

struct met {
	pb_pos at;
	char text[160];
};

/* One rendering. Events cannot be made while a template is evaluated, so what it meets is collected first. */
struct rendering {
	pb_render r;
	tr_scope names;
	size_t count;
	struct met met[MOST_COLLECTED];
};

static void on_undefined(void *arg, tr_str expression, uint32_t line, uint32_t column)
{
	struct rendering *g = arg;
	struct met *m;

	if (g->count == MOST_COLLECTED)
		return;
	m = &g->met[g->count++];
	m->at = g->r.expr == NULL ? (pb_pos){0, 0} : pb_expr_locate(g->r.expr, line, column);
	(void)snprintf(m->text, sizeof m->text, "'%.*s' is undefined here, so it counts as null",
		       (int)(expression.n < 100 ? expression.n : 100), expression.p);
}

static void rendering_init(struct rendering *g, decision *d, scope *s)
{
	const playbook *p = d->m->routes->playbook;

	*g = (struct rendering){.names = machine_scope_names(s)};
	g->r.scope = &g->names;
	g->r.eval.undefined = p->strict_templates ? TR_UNDEFINED_STRICT : TR_UNDEFINED_CHAINABLE;
	g->r.eval.on_undefined = on_undefined;
	g->r.eval.on_undefined_arg = g;
	g->r.eval.now_us = d->w->now_us;
	g->r.eval.seed = d->w->seed + d->m->seq * UINT64_C(0x9e3779b97f4a7c15) + 1;
	s->expr = &g->r.expr;
}

static void place_text(char *out, size_t n, char kind, pb_pos at)
{
	(void)snprintf(out, n, "%c%" PRIu32 ":%" PRIu32, kind, at.line, at.column);
}

static tr_err tell_undefined(decision *d, const struct rendering *g)
{
	tr_err err = TR_OK;

	for (size_t i = 0; i < g->count && err == TR_OK; i++) {
		char place[40];

		place_text(place, sizeof place, 'u', g->met[i].at);
		err = decide_warning(d, place, "undefined", g->met[i].at, g->met[i].text);
	}
	return err;
}

static void describe(const struct rendering *g, char *out, size_t n)
{
	const tr_template_error *e = &g->r.error;

	(void)snprintf(out, n, "line %" PRIu32 ", column %" PRIu32 ": %s%s%s", g->r.found.line, g->r.found.column,
		       e->message[0] != '\0' ? e->message : tr_err_text(e->err), e->hint[0] != '\0' ? "; " : "",
		       e->hint);
}

rendered decide_render(decision *d, scope *s, const pb_expr *e, tr_err *err)
{
	struct rendering g;
	rendered out = {.error = ""};
	tr_value v;

	rendering_init(&g, d, s);
	v = pb_expr_render(e, &g.r);
	s->expr = NULL;
	if (tr_is_valid(v))
		v = machine_scope_unwrap(s, v);
	else
		describe(&g, out.error, sizeof out.error);
	if (!tr_is_valid(v) && out.error[0] == '\0')
		(void)snprintf(out.error, sizeof out.error, "line %" PRIu32 ": %s", e->pos.line,
			       tr_err_text(tr_value_err(v)));
	if (tr_value_err(v) == TR_ENOMEM)
		*err = TR_ENOMEM;
	if (*err == TR_OK)
		*err = tell_undefined(d, &g);
	out.value = v;
	return out;
}

bool decide_test(decision *d, scope *s, const pb_expr *e, bool otherwise, tr_err *err)
{
	struct rendering g;
	bool failed = false, truth;

	if (e == NULL)
		return otherwise;
	rendering_init(&g, d, s);
	truth = pb_expr_test(e, &g.r, otherwise, &failed);
	s->expr = NULL;
	if (failed && g.r.error.err == TR_ENOMEM)
		*err = TR_ENOMEM;
	if (*err == TR_OK)
		*err = tell_undefined(d, &g);
	if (failed && *err == TR_OK) {
		char place[40], text[RENDER_TEXT + 60], what[RENDER_TEXT];

		describe(&g, what, sizeof what);
		(void)snprintf(text, sizeof text, "this condition could not be evaluated and counts as false: %s",
			       what);
		place_text(place, sizeof place, 'c', g.r.found);
		*err = decide_warning(d, place, "condition", g.r.found, text);
	}
	return truth;
}

int64_t decide_seconds(decision *d, scope *s, const pb_expr *e, tr_err *err)
{
	char place[40];
	rendered r;
	double seconds;

	if (e == NULL)
		return 0;
	r = decide_render(d, s, e, err);
	seconds = tr_as_float(r.value, 0.0);
	tr_drop(r.value);
	if (seconds > 0 && seconds < 1e10)
		return (int64_t)(seconds * 1e6) > 0 ? (int64_t)(seconds * 1e6) : 1;
	place_text(place, sizeof place, 't', e->pos);
	if (*err == TR_OK)
		*err = decide_warning(
		    d, place, "timeout", e->pos,
		    r.error[0] != '\0' ? r.error : "a timeout must be a number of seconds above 0; none is set");
	return 0;
}
