/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: created at a step, pending there, taken by a step run or dropped. */
#include "actors/engine/machine_state.h"

void token_queue(machine *m, token *t)
{
	if (link_alone(&t->in_queue))
		link_push(&m->queue, &t->in_queue);
}

void tokens_queue_pending(machine *m)
{
	LINK_EACH(l, &m->pending)
	token_queue(m, LINK_OF(l, token, in_pending));
}

void token_free(token *t)
{
	tr_drop(t->args);
	tr_drop(t->cause);
	tr_free(t);
}

void token_forget(machine *m, token *t)
{
	uint32_t step = t->step;

	link_remove(&t->at_step);
	link_remove(&t->in_pending);
	link_remove(&t->in_queue);
	(void)idmap_del(&m->tokens_by_id, t->id);
	token_free(t);
	m->steps[step].waiting--;
	join_token_gone(m, step);
	join_step_left(m, step);
}

/* What the token comes from: the step run whose arc made it. */
static tr_err token_origin(machine *m, token *t, uint64_t from_run, step_run **from)
{
	step_run *r = from_run == 0 ? NULL : run_of(m, from_run);

	*from = r;
	if (from_run == 0)
		return TR_OK;
	if (r == NULL || r->phase != RUN_ROUTED || list_at(r->owed, r->owed_done) != (int64_t)t->arc)
		return TR_ECORRUPT;
	t->from_step = r->step;
	t->cause = tr_keep(r->end);
	return TR_OK;
}

/* What an arc's `set` wrote: vars at once, ctx as a patch that is to be appended. */
static tr_err apply_sets(machine *m, const event *e, uint64_t run)
{
	tr_value sets = tr_is_nil(e->payload) ? tr_absent() : tr_map_get_s(e->payload, "sets");
	tr_value vars, ctx;

	if (!tr_is(sets, TR_MAP))
		return TR_OK;
	vars = tr_map_get_s(sets, "vars");
	ctx = tr_map_get_s(sets, "ctx");
	machine_note_refs(m, vars);
	if (tr_map_len(vars) > 0)
		machine_put(m, &m->vars, vars);
	if (!tr_is_valid(m->vars))
		return tr_value_err(m->vars);
	return tr_map_len(ctx) > 0 ? machine_owe_patch(m, run, e->event_id, tr_keep(ctx)) : TR_OK;
}

/* Where the arc leads that made the token. */
static uint32_t arc_target(const machine *m, const event *e)
{
	const step_run *from = run_of(m, (uint64_t)tr_as_int(e->field[TOKEN_FROM], 0));
	int64_t arc = tr_as_int(e->field[TOKEN_ARC], -1);
	const pb_step *s = from != NULL ? &m->routes->playbook->steps[from->step] : NULL;

	return s != NULL && arc >= 0 && (uint64_t)arc < s->arc_count ? s->arcs[arc].to : NO_STEP;
}

static tr_err token_fill(machine *m, token *t, const event *e, step_run **from)
{
	int64_t id = tr_as_int(e->field[TOKEN_ID], 0);
	int32_t step = routes_step_guess(m->routes, e->field[TOKEN_STEP], arc_target(m, e));
	tr_value args = e->field[TOKEN_ARGS];

	if (id <= 0 || step < 0 || idmap_get(&m->tokens_by_id, (uint64_t)id) != NULL || !tr_is(args, TR_MAP))
		return TR_ECORRUPT;
	t->id = (uint64_t)id;
	t->event_id = e->event_id;
	t->step = (uint32_t)step;
	t->from_step = NO_STEP;
	t->arc = (int32_t)tr_as_int(e->field[TOKEN_ARC], -1);
	t->final = !tr_is_nil(e->payload) && tr_as_bool(tr_map_get_s(e->payload, "final"), false);
	t->args = tr_keep(args);
	machine_note_refs(m, args);
	t->cause = tr_nil();
	return token_origin(m, t, (uint64_t)tr_as_int(e->field[TOKEN_FROM], 0), from);
}

tr_err token_create(machine *m, const event *e)
{
	token *t = tr_alloc(sizeof *t);
	step_run *from = NULL;
	tr_err err;

	if (t == NULL)
		return TR_ENOMEM;
	link_init(&t->at_step);
	link_init(&t->in_pending);
	link_init(&t->in_queue);
	err = token_fill(m, t, e, &from);
	if (err == TR_OK)
		err = idmap_put(&m->tokens_by_id, t->id, t);
	if (err != TR_OK) {
		token_free(t);
		return err;
	}
	if (t->id >= m->next_token)
		m->next_token = t->id + 1;
	link_push(&m->steps[t->step].tokens, &t->at_step);
	m->steps[t->step].waiting++;
	join_step_entered(m, t->step);
	join_token_arrived(m, t);
	if (t->final)
		m->final_made = true;
	else if (from == NULL)
		m->entry_owed = false;
	token_queue(m, t);
	err = apply_sets(m, e, from == NULL ? 0 : from->id);
	if (from != NULL)
		run_owed_paid(m, from);
	return err;
}

static token *token_of(const machine *m, const event *e)
{
	return idmap_get(&m->tokens_by_id, (uint64_t)tr_as_int(tr_map_get_s(e->payload, "token"), 0));
}

tr_err token_set_pending(machine *m, const event *e)
{
	token *t = token_of(m, e);

	if (t == NULL)
		return TR_ECORRUPT;
	t->pending = true;
	if (link_alone(&t->in_pending))
		link_push(&m->pending, &t->in_pending);
	return TR_OK;
}

tr_err token_drop_event(machine *m, const event *e)
{
	token *t = token_of(m, e);

	if (t == NULL)
		return TR_ECORRUPT;
	token_forget(m, t);
	return TR_OK;
}
