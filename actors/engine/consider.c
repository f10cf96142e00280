/* SPDX-License-Identifier: Apache-2.0 */
/* A token, or the tokens that meet at a join, in front of a step: run it, wait, or go. */
#include "actors/engine/decide.h"

#include <stdio.h>
#include <stdlib.h>

/* Tokens that one step run would take. */
struct group {
	token *one;
	token **tokens;
	size_t count;
};

static tr_err group_make(const machine *m, token *t, struct group *g)
{
	const routes_step *r = &m->routes->steps[t->step];
	const step_state *s = &m->steps[t->step];
	size_t want = r->join == ROUTES_AUTO ? s->waiting : r->join == ROUTES_COUNT ? r->count : 1;

	*g = (struct group){.one = t, .count = 1};
	g->tokens = &g->one;
	if (t->final || want <= 1)
		return TR_OK;
	g->tokens = tr_alloc(want * sizeof(token *));
	if (g->tokens == NULL)
		return TR_ENOMEM;
	g->count = 0;
	LINK_EACH(l, &s->tokens)
	{
		if (g->count < want)
			g->tokens[g->count++] = LINK_OF(l, token, at_step);
	}
	return TR_OK;
}

static void group_free(struct group *g)
{
	if (g->tokens != &g->one)
		tr_free(g->tokens);
}

static int in_arc_order(const void *a, const void *b)
{
	const token *x = *(token *const *)a, *y = *(token *const *)b;

	if (x->from_step != y->from_step)
		return x->from_step < y->from_step ? -1 : 1;
	if (x->arc != y->arc)
		return x->arc < y->arc ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* Their args merged in the order of the arcs, and the event that came last. */
static tr_value group_args(struct group *g, tr_value *cause, uint64_t *parent)
{
	tr_value args;
	uint64_t last = 0;

	if (g->count > 1)
		qsort(g->tokens, g->count, sizeof(token *), in_arc_order);
	args = tr_keep(g->tokens[0]->args);
	for (size_t i = 0; i < g->count; i++) {
		if (i > 0)
			args = tr_map_merge(args, tr_keep(g->tokens[i]->args));
		if (g->tokens[i]->id > last) {
			last = g->tokens[i]->id;
			*cause = g->tokens[i]->cause;
			*parent = g->tokens[i]->event_id;
		}
	}
	return args;
}

/* The step's own args below those that arrived. */
static tr_value step_args(decision *d, scope *s, const pb_step *step, tr_value arrived, char error[RENDER_TEXT + 40],
			  tr_err *err)
{
	rendered r;

	if (step->args == NULL)
		return tr_keep(arrived);
	r = decide_render(d, s, step->args, err);
	if (tr_is(r.value, TR_MAP))
		return offer_args(d, step->index, tr_map_merge(r.value, tr_keep(arrived)));
	if (tr_is_nil(r.value))
		return tr_keep(arrived);
	(void)snprintf(error, RENDER_TEXT + 40, "the step's args cannot be rendered: %s",
		       tr_is_valid(r.value) ? "they are no mapping" : r.error);
	tr_drop(r.value);
	return tr_keep(arrived);
}

static tr_err drop_tokens(decision *d, const struct group *g, const char *why)
{
	tr_err err = TR_OK;

	for (size_t i = 0; i < g->count && err == TR_OK; i++)
		err = decide_event(d, EVENT_TOKEN_DROPPED, 0, g->tokens[i]->event_id, NULL,
				   TR_DICT("token", tr_int((int64_t)g->tokens[i]->id), "why", tr_string(why)));
	return err;
}

static tr_err disabled(decision *d, const struct group *g, const pb_step *step)
{
	tr_err err = TR_OK;

	if (step->admit)
		return drop_tokens(d, g, "denied");
	if (d->m->routes->playbook->discard_disabled || g->tokens[0]->final)
		return drop_tokens(d, g, "disabled");
	for (size_t i = 0; i < g->count && err == TR_OK; i++) {
		token *t = g->tokens[i];

		t->tried = d->m->finished_runs;
		if (!t->pending)
			err = decide_event(d, EVENT_TOKEN_PENDING, 0, t->event_id, "pending",
					   TR_DICT("token", tr_int((int64_t)t->id)));
	}
	return err;
}

/* The ids of a group's tokens, as the event has them: one of them as a number. Fresh. */
static tr_value token_ids(const struct group *g)
{
	tr_value ids;

	if (g->count == 1)
		return tr_int((int64_t)g->tokens[0]->id);
	ids = tr_array_with(g->count);
	for (size_t i = 0; i < g->count; i++)
		ids = tr_array_push(ids, tr_int((int64_t)g->tokens[i]->id));
	return ids;
}

static tr_err schedule(decision *d, const struct group *g, const pb_step *step, tr_value args, int64_t timeout_us,
		       uint64_t parent)
{
	machine *m = d->m;
	tr_value ids = token_ids(g);
	tr_err err;
	event e;

	event_init(&e, EVENT_STEP_SCHEDULED);
	event_set(&e, SCHEDULED_STEP, m->routes->names[step->index]);
	event_set(&e, SCHEDULED_TOKENS, ids);
	event_set(&e, SCHEDULED_ARGS, args);
	event_set(&e, SCHEDULED_POOL, routes_pool(m->routes, step->index));
	if (timeout_us > 0)
		event_put(&e, "timeout_us", tr_int(timeout_us));
	e.step_run_id = m->next_run;
	e.attempt = 1;
	e.parent_id = parent;
	e.status = "scheduled";
	err = decide_emit(d, &e);
	tr_drop(ids);
	return err;
}

/* The arguments as the world would have them (fresh); `why` when the world refuses the step run. */
static tr_value asked_args(const decision *d, const pb_step *step, tr_value args, char why[MACHINE_WHY])
{
	tr_value v = d->w->schedule == NULL ? tr_keep(args) : d->w->schedule(d->w->arg, step->name, args, why);

	return tr_is(v, TR_MAP) || (!tr_is_valid(v) && tr_value_err(v) == TR_ENOMEM) ? v : tr_keep(args);
}

/* The guard said yes. */
static tr_err run_group(decision *d, const struct group *g, const pb_step *step, scope *s, uint64_t parent,
			const char *error)
{
	uint64_t id = d->m->next_run;
	tr_err err = TR_OK;
	int64_t timeout = error[0] == '\0' ? decide_seconds(d, s, step->timeout, &err) : 0;
	char why[MACHINE_WHY];
	why[0] = '\0';
	tr_value args = err == TR_OK && error[0] == '\0' ? asked_args(d, step, s->args, why) : tr_keep(s->args);

	if (err == TR_OK)
		err = schedule(d, g, step, args, timeout, parent);
	tr_drop(args);
	if (err != TR_OK)
		return err;
	if (error[0] != '\0')
		return decide_run_failed(d, run_of(d->m, id), "template", error, false);
	if (why[0] != '\0')
		return decide_run_failed(d, run_of(d->m, id), "hook_error", why, false);
	decide_effect(
	    d, &(machine_effect){
		   .kind = MACHINE_RUN, .step_run_id = id, .attempt = 1, .step = step->index, .timeout_us = timeout});
	return TR_OK;
}

static tr_err decide_group(decision *d, struct group *g)
{
	const pb_step *step = &d->m->routes->playbook->steps[g->one->step];
	scope s = {.m = d->m, .w = d->w, .event = tr_nil()};
	char error[RENDER_TEXT + 40];
	uint64_t parent = 0;
	tr_err err = TR_OK;
	tr_value arrived = group_args(g, &s.event, &parent), args;
	bool yes;

	error[0] = '\0';
	s.event = tr_keep(s.event);
	s.args = arrived;
	args = step_args(d, &s, step, arrived, error, &err);
	s.args = args;
	if (!tr_is_valid(args))
		err = tr_value_err(args);
	yes = err == TR_OK && decide_test(d, &s, step->when, true, &err);
	if (err == TR_OK)
		err = yes ? run_group(d, g, step, &s, parent, error) : disabled(d, g, step);
	machine_scope_fini(&s);
	tr_drop(s.event);
	tr_drop(arrived);
	tr_drop(args);
	return err;
}

tr_err decide_consider(decision *d, token *t, bool forced)
{
	machine *m = d->m;
	struct group g;
	tr_err err;

	link_remove(&t->in_queue);
	if (t->late && !t->final) {
		g = (struct group){.one = t, .count = 1};
		g.tokens = &g.one;
		return drop_tokens(d, &g, "joined");
	}
	if (!join_ready(m, t) && (!forced || m->routes->steps[t->step].join != ROUTES_AUTO))
		return TR_OK;
	err = group_make(m, t, &g);
	if (err != TR_OK)
		return err;
	for (size_t i = 0; i < g.count; i++)
		link_remove(&g.tokens[i]->in_queue);
	err = decide_group(d, &g);
	group_free(&g);
	return err;
}
