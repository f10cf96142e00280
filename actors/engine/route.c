/* SPDX-License-Identifier: Apache-2.0 */
/* After a step run: its arcs in order, and a token for each that is taken. */
#include "actors/engine/decide.h"

#include <stdio.h>

/* An arc that is taken, with what goes along it. */
struct taken {
	uint32_t arc;
	tr_value args, sets;
};

struct routing {
	decision *d;
	step_run *r;
	const pb_step *step;
	scope s;
	struct taken *taken;
	size_t count;
	struct taken few[4]; /* for a step with few arcs */
	const char *error_kind;
	char error[RENDER_TEXT + 80]; /* when there is a kind */
};

static void fail_routing(struct routing *g, const char *kind, const char *what, const char *why)
{
	(void)snprintf(g->error, sizeof g->error, "%s: %s", what, why);
	g->error_kind = kind;
}

/* A write along the arc: {ctx: {...}, vars: {...}}; keys may be dotted. */
static tr_err render_sets(struct routing *g, const pb_arc *arc, tr_value *sets)
{
	tr_value ctx = tr_map(), vars = tr_map();
	tr_err err = TR_OK;

	for (size_t i = 0; i < arc->set_count && err == TR_OK && g->error_kind == NULL; i++) {
		const pb_set *set = &arc->sets[i];
		rendered r = decide_render(g->d, &g->s, set->value, &err);
		tr_value key = tr_string_n(set->key.p, set->key.n);

		if (!tr_is_valid(r.value) && err == TR_OK)
			fail_routing(g, "template", "what the arc sets cannot be rendered", r.error);
		if (!tr_is_valid(r.value))
			tr_drop(key);
		else if (set->target == PB_SET_CTX || set->target == PB_SET_SHARED)
			ctx = tr_map_put(ctx, key, r.value);
		else
			vars = tr_map_put(vars, key, r.value);
	}
	*sets = TR_DICT("ctx", ctx, "vars", vars);
	return err;
}

static tr_err render_arc(struct routing *g, uint32_t index, struct taken *t)
{
	const pb_arc *arc = &g->step->arcs[index];
	tr_err err = TR_OK;
	rendered r = {.value = tr_map()};

	*t = (struct taken){.arc = index};
	if (arc->args != NULL) {
		tr_drop(r.value);
		r = decide_render(g->d, &g->s, arc->args, &err);
	}
	if (tr_is_nil(r.value))
		r.value = tr_map();
	if (!tr_is(r.value, TR_MAP) && err == TR_OK)
		fail_routing(g, "template", "the arc's args cannot be rendered",
			     tr_is_valid(r.value) ? "they are no mapping" : r.error);
	t->args = tr_is(r.value, TR_MAP) ? offer_args(g->d, arc->to, r.value) : r.value;
	if (tr_value_err(t->args) == TR_ENOMEM)
		err = TR_ENOMEM;
	if (err == TR_OK && arc->set_count > 0)
		err = render_sets(g, arc, &t->sets);
	return err;
}

static bool arc_matches(struct routing *g, const pb_arc *arc, tr_err *err)
{
	/* A failure is routed only by a guard that asks for it. */
	return decide_test(g->d, &g->s, arc->when, g->r->end_type != EVENT_STEP_FAILED, err);
}

static tr_err choose_arcs(struct routing *g)
{
	tr_err err = TR_OK;

	for (size_t i = 0; i < g->step->arc_count && err == TR_OK && g->error_kind == NULL; i++) {
		if (!arc_matches(g, &g->step->arcs[i], &err) || err != TR_OK)
			continue;
		err = render_arc(g, (uint32_t)i, &g->taken[g->count++]);
		if (!g->step->inclusive)
			break;
	}
	return err;
}

static void check_match(struct routing *g)
{
	bool wanted = g->step->no_match_is_error || g->d->m->routes->playbook->no_next_is_error;

	if (g->count == 0 && g->error_kind == NULL && wanted && g->step->arc_count > 0 && !g->r->final &&
	    g->r->end_type != EVENT_STEP_FAILED) {
		(void)snprintf(
		    g->error, sizeof g->error,
		    "no arc of step '%.*s' matched %s; add one without `when`, or allow the branch to end here",
		    TR_STR(g->step->name), event_type_text(g->r->end_type));
		g->error_kind = "no_match";
	}
}

/* As the event has them: one as a number. Fresh. */
static tr_value taken_arcs(const struct routing *g, bool failed)
{
	tr_value arcs;

	if (failed || g->count == 0)
		return tr_array();
	if (g->count == 1)
		return tr_int((int64_t)g->taken[0].arc);
	arcs = tr_array_with(g->count);
	for (size_t i = 0; i < g->count; i++)
		arcs = tr_array_push(arcs, tr_int((int64_t)g->taken[i].arc));
	return arcs;
}

static tr_err tell_next(struct routing *g)
{
	step_run *r = g->r;
	bool failed = g->error_kind != NULL || (g->count == 0 && r->end_type == EVENT_STEP_FAILED);
	tr_value arcs = taken_arcs(g, failed), ended = tr_word(event_type_text(r->end_type));
	tr_err err;
	event e;

	event_init(&e, EVENT_NEXT_EVALUATED);
	e.step_run_id = r->id;
	e.parent_id = r->end_event;
	e.status = failed ? "failed" : "success";
	event_set(&e, NEXT_STEP, g->d->m->routes->names[r->step]);
	event_set(&e, NEXT_EVENT, ended);
	event_set(&e, NEXT_ARCS, arcs);
	if (failed)
		event_put(&e, "failed", tr_bool(true));
	if (g->error_kind != NULL)
		event_put(
		    &e, "error",
		    TR_DICT("kind", tr_string(g->error_kind), "message", tr_string_lossy(g->error, tr_s(g->error).n)));
	err = decide_emit(g->d, &e);
	tr_drop(arcs);
	tr_drop(ended);
	return err;
}

static tr_err create_token(struct routing *g, uint64_t run, uint64_t parent, const struct taken *t)
{
	return decide_token(g->d, &(new_token){.step = g->step->arcs[t->arc].to,
					       .run = run,
					       .parent = parent,
					       .arc = t->arc,
					       .args = tr_is(t->args, TR_MAP) ? t->args : tr_map(),
					       .sets = t->sets});
}

/* The arcs are chosen anew when a log ends before the tokens of the arcs that were taken; the choice itself stands. */
static tr_err render_owed(struct routing *g)
{
	step_run *r = g->r;
	tr_err err = TR_OK;

	for (size_t i = r->owed_done; i < list_len(r->owed) && err == TR_OK; i++)
		err = render_arc(g, (uint32_t)list_at(r->owed, i), &g->taken[g->count++]);
	/* It could be rendered when the arc was chosen, so this is rare (a reference that cannot be loaded now). */
	if (err == TR_OK && g->error_kind != NULL)
		err = decide_warning(g->d, "owed", g->error_kind, g->step->pos, g->error);
	return err;
}

static tr_err route(struct routing *g)
{
	uint64_t id = g->r->id, parent;
	tr_err err = TR_OK;

	if (g->r->phase == RUN_ENDED) {
		if (!g->r->final)
			err = choose_arcs(g);
		if (err == TR_OK) {
			check_match(g);
			err = tell_next(g);
		}
	} else {
		err = render_owed(g);
	}
	parent = g->d->m->last_event_id;
	/* After a failure the step run is gone and owes nothing. */
	if (err != TR_OK || run_of(g->d->m, id) == NULL)
		return err;
	for (size_t i = 0; i < g->count && err == TR_OK; i++)
		err = create_token(g, id, parent, &g->taken[i]);
	return err;
}

tr_err decide_route(decision *d, step_run *r)
{
	struct routing g; /* its texts need not be zeroed for every step */
	tr_value end = tr_keep(r->end), args = tr_keep(r->args);
	tr_err err = TR_ENOMEM;

	g.d = d;
	g.r = r;
	g.step = &d->m->routes->playbook->steps[r->step];
	g.s = (scope){.m = d->m, .w = d->w, .event = end, .args = args, .routing = true};
	g.count = 0;
	g.error_kind = NULL;
	g.taken =
	    g.step->arc_count <= sizeof g.few / sizeof g.few[0] ? g.few : tr_alloc(g.step->arc_count * sizeof *g.taken);
	if (g.taken != NULL)
		err = route(&g);
	for (size_t i = 0; i < g.count; i++) {
		tr_drop(g.taken[i].args);
		tr_drop(g.taken[i].sets);
	}
	if (g.taken != g.few)
		tr_free(g.taken);
	machine_scope_fini(&g.s);
	tr_drop(end);
	tr_drop(args);
	return err;
}
