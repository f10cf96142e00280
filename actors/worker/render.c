/* SPDX-License-Identifier: Apache-2.0 */
/** Rendering of a playbook's expressions in the scope of a step run. */
#include "actors/worker/render.h"
#include "actors/worker/refs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WARNED 256

void renderer_fini(renderer *r)
{
	names_fini(&r->names);
	tr_free(r->warned);
	r->warned = NULL;
}

/* Is this place new? Beyond the bound nothing is: a step that warns of so many places has said enough. */
static bool first_time(renderer *r, uint64_t place)
{
	for (size_t i = 0; i < r->warned_count; i++) {
		if (r->warned[i] == place)
			return false;
	}
	if (r->warned_count == MAX_WARNED)
		return false;
	uint64_t *grown = tr_realloc(r->warned, (r->warned_count + 1) * sizeof *grown);
	if (grown == NULL)
		return false;
	r->warned = grown;
	r->warned[r->warned_count++] = place;
	return true;
}

static uint64_t place_hash(const char *code, pb_pos at)
{
	uint64_t h = (uint64_t)at.line << 32 | at.column;
	for (; *code != 0; code++)
		h = (h ^ (uint8_t)*code) * UINT64_C(0x100000001b3);
	return h;
}

bool render_first_time(renderer *r, const char *code, pb_pos at)
{
	return first_time(r, place_hash(code, at));
}

void render_warn(renderer *r, const char *code, pb_pos at, const char *fmt, ...)
{
	if (!render_first_time(r, code, at))
		return;
	event *e = event_list_add(r->events, EVENT_WARNING);
	if (e == NULL)
		return;
	char text[400];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	const char *file = r->names.run->book->file;
	tr_str step = r->names.run->step->name;
	e->payload = TR_DICT("code", tr_string(code), "message", tr_string_lossy(text, strlen(text)), "file",
			     tr_string(file != NULL ? file : ""), "line", tr_int(at.line), "column", tr_int(at.column),
			     "step", tr_string_n(step.p, step.n));
}

typedef struct rendering {
	pb_render pb;
	renderer *r;
	tr_scope scope;
} rendering;

static void undefined_met(void *arg, tr_str expression, uint32_t line, uint32_t column)
{
	rendering *g = arg;
	if (g->pb.expr == NULL)
		return;
	pb_pos at = pb_expr_locate(g->pb.expr, line, column);
	render_warn(g->r, "undefined", at, "%.*s is undefined", TR_STR(expression));
}

/* The rendering must stay where it is: the evaluator keeps pointers into it. */
static void begin(rendering *g, renderer *r)
{
	memset(g, 0, sizeof *g);
	g->r = r;
	g->scope = names_scope(&r->names);
	g->pb.scope = &g->scope;
	bool strict = r->names.run->book->strict_templates;
	g->pb.eval.undefined = strict ? TR_UNDEFINED_STRICT : TR_UNDEFINED_CHAINABLE;
	g->pb.eval.on_undefined = undefined_met;
	g->pb.eval.on_undefined_arg = g;
	g->pb.eval.now_us = r->now_us;
	g->pb.eval.seed = r->seed;
	g->pb.eval.native = true;
}

static tr_value template_error(renderer *r, const pb_render *p)
{
	const char *file = r->names.run->book->file;
	pb_pos at = p->found;
	const char *hint = p->error.hint;
	return TR_DICT("kind", tr_string("template"), "message",
		       tr_stringf("%s:%u:%u: %s%s%s", file != NULL ? file : "<playbook>", at.line, at.column,
				  p->error.message[0] != 0 ? p->error.message : tr_err_text(p->error.err),
				  hint[0] != 0 ? "; " : "", hint),
		       "retryable", tr_bool(false), "code", tr_string(tr_err_name(p->error.err)), "line",
		       tr_int(at.line), "column", tr_int(at.column));
}

tr_value render_value(renderer *r, const pb_expr *e, tr_value *error)
{
	if (e == NULL)
		return tr_absent();
	if (e->kind == PB_CONST)
		return tr_keep(e->constant);
	r->names.lazy = false;
	rendering g;
	begin(&g, r);
	tr_value v = pb_expr_render(e, &g.pb);
	if (!tr_is_valid(v)) {
		if (error != NULL)
			tr_assign(error, template_error(r, &g.pb));
		return tr_invalid(tr_value_err(v) != TR_OK ? tr_value_err(v) : TR_EINVAL);
	}
	if (!r->names.lazy)
		return v;
	v = refs_force(v);
	if (!tr_is_valid(v) && error != NULL)
		tr_assign(error, TR_DICT("kind", tr_string("template"), "message",
					 tr_stringf("%s:%u:%u: a stored result could not be loaded: %s",
						    r->names.run->book->file, e->pos.line, e->pos.column,
						    tr_err_text(tr_value_err(v))),
					 "retryable", tr_bool(true)));
	return v;
}

bool render_test(renderer *r, const pb_expr *e, bool otherwise)
{
	if (e == NULL)
		return otherwise;
	if (e->kind == PB_CONST)
		return pb_expr_test(e, NULL, otherwise, NULL);
	rendering g;
	begin(&g, r);
	bool failed = false;
	bool yes = pb_expr_test(e, &g.pb, otherwise, &failed);
	if (!failed)
		return yes;
	pb_pos at = g.pb.found.line != 0 ? g.pb.found : e->pos;
	render_warn(r, "condition", at, "the condition failed, so it does not match: %s", g.pb.error.message);
	return false;
}

static bool as_number(tr_value v, double *out)
{
	if (tr_is(v, TR_BOOL)) {
		*out = tr_as_bool(v, false) ? 1 : 0;
		return true;
	}
	if (tr_is(v, TR_STRING)) {
		const char *text = tr_as_cstr(v, "");
		char *end = NULL;
		*out = strtod(text, &end);
		return end != text && *end == 0 && isfinite(*out);
	}
	*out = tr_as_float(v, 0);
	return (tr_is(v, TR_INT) || tr_is(v, TR_FLOAT)) && isfinite(*out);
}

double render_number(renderer *r, const pb_expr *e, double otherwise)
{
	if (e == NULL)
		return otherwise;
	tr_value error = tr_absent();
	tr_value v = render_value(r, e, &error);
	double n = otherwise;
	if (!as_number(v, &n)) {
		n = otherwise;
		const char *why = tr_as_cstr(tr_map_get_s(error, "message"), "it is no number");
		render_warn(r, "number", e->pos, "%g is taken instead of this value: %s", otherwise, why);
	}
	tr_drop(v);
	tr_drop(error);
	return n;
}
