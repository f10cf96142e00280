/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fan-in. An open join keeps one number: how many steps with a live token or step run can still reach it. The number
 * changes only when a step comes to life or falls silent, so a thousand branches that meet cost a thousand decrements,
 * not a thousand searches.
 *
 * An auto join is open while tokens wait at it. An `any` join is open from the first token's step run until nothing can
 * reach it any more: that is its wave, and tokens of the wave that come later are dropped.
 */
#include "actors/engine/machine_state.h"

static bool blocks(const machine *m, uint32_t step, uint32_t join)
{
	return step != join && routes_reaches(m->routes, step, join);
}

static step_state *open_step(struct link *l)
{
	return LINK_OF(l, step_state, in_open);
}
static uint32_t index_of(const machine *m, const step_state *s)
{
	return (uint32_t)(s - m->steps);
}

static token *first_token(const step_state *s)
{
	return link_alone(&s->tokens) ? NULL : LINK_OF(s->tokens.next, token, at_step);
}

uint32_t join_blockers(const machine *m, uint32_t step)
{
	uint32_t n = 0;

	LINK_EACH(l, &m->live)
	n += blocks(m, index_of(m, LINK_OF(l, step_state, in_live)), step);
	return n;
}

static void join_open(machine *m, uint32_t step)
{
	step_state *s = &m->steps[step];

	if (step_is_open(s))
		return;
	s->blockers = join_blockers(m, step);
	link_push(&m->open, &s->in_open);
}

static void join_close(step_state *s)
{
	s->blockers = 0;
	link_remove(&s->in_open);
}

void join_step_entered(machine *m, uint32_t step)
{
	if (m->steps[step].live++ > 0)
		return;
	link_push(&m->live, &m->steps[step].in_live);
	LINK_EACH(l, &m->open)
	{
		if (blocks(m, step, index_of(m, open_step(l))))
			open_step(l)->blockers++;
	}
}

void join_step_left(machine *m, uint32_t step)
{
	if (--m->steps[step].live > 0)
		return;
	link_remove(&m->steps[step].in_live);
	LINK_EACH_SAFE(l, after, &m->open)
	{
		step_state *s = open_step(l);
		uint32_t join = index_of(m, s);

		if (!blocks(m, step, join) || --s->blockers > 0)
			continue;
		if (m->routes->steps[join].join == ROUTES_ANY)
			join_close(s);
		else if (first_token(s) != NULL)
			token_queue(m, first_token(s));
	}
}

void join_token_arrived(machine *m, token *t)
{
	const routes_step *r = &m->routes->steps[t->step];
	bool back = t->from_step != NO_STEP && m->routes->steps[t->from_step].back[t->arc];

	if (r->join == ROUTES_AUTO)
		join_open(m, t->step);
	else if (r->join == ROUTES_ANY)
		t->late =
		    step_is_open(&m->steps[t->step]) && !back; /* who comes round a loop begins a wave of its own */
}

void join_token_gone(machine *m, uint32_t step)
{
	step_state *s = &m->steps[step];

	if (step_is_open(s) && s->waiting == 0 && m->routes->steps[step].join == ROUTES_AUTO)
		join_close(s);
}

void join_run_scheduled(machine *m, uint32_t step)
{
	step_state *s = &m->steps[step];

	if (m->routes->steps[step].join != ROUTES_ANY)
		return;
	join_open(m, step);
	LINK_EACH(l, &s->tokens)
	{
		token *t = LINK_OF(l, token, at_step);

		t->late = true;
		token_queue(m, t);
	}
	if (s->blockers == 0)
		join_close(s);
}

bool join_ready(const machine *m, const token *t)
{
	const step_state *s = &m->steps[t->step];

	switch (m->routes->steps[t->step].join) {
	case ROUTES_AUTO:
		return s->blockers == 0;
	case ROUTES_COUNT:
		return t->final || s->waiting >= m->routes->steps[t->step].count;
	case ROUTES_ANY:
	case ROUTES_SINGLE:
		break;
	}
	return true;
}

/* Does another join that has not been let go yet stand before this one? */
static bool join_behind_another(const machine *m, const step_state *s)
{
	LINK_EACH(l, &m->open)
	{
		const step_state *o = open_step(l);
		const token *t = first_token(o);

		if (o != s && t != NULL && !t->pending && o->blockers > 0 &&
		    m->routes->steps[index_of(m, o)].join == ROUTES_AUTO && blocks(m, index_of(m, o), index_of(m, s)))
			return true;
	}
	return false;
}

token *join_release(const machine *m)
{
	token *best = NULL;

	LINK_EACH(l, &m->open)
	{
		const step_state *s = open_step(l);
		token *t = first_token(s), *last;

		if (m->routes->steps[index_of(m, s)].join != ROUTES_AUTO || t == NULL)
			continue;
		last = LINK_OF(s->tokens.prev, token, at_step);
		if (last->pending || join_behind_another(m, s))
			continue; /* its guard was asked already */
		if (best == NULL || t->step < best->step)
			best = t;
	}
	return best;
}
