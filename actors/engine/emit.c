/* SPDX-License-Identifier: Apache-2.0 */
/* Making events: each is applied as it is made, then handed out. */
#include "actors/engine/decide.h"

/* What others note in it becomes part of it: an event is applied as it is kept. */
static tr_err annotate(const decision *d, event *e)
{
	tr_value notes = d->w->annotate(d->w->arg, e);

	if (!tr_is_valid(notes))
		return tr_value_err(notes);
	event_put(e, "annotations", notes);
	return tr_value_err(e->payload);
}

tr_err decide_emit(decision *d, event *e)
{
	tr_err err = tr_is_valid(e->payload) ? TR_OK : tr_value_err(e->payload);

	for (int i = 0; e->shaped && err == TR_OK && i < EVENT_FIELDS; i++)
		err = tr_value_err(e->field[i]);
	e->seq = d->m->seq + 1;
	e->execution_id = d->m->execution_id;
	if (e->event_id == 0)
		e->event_id = id_next(d->w->ids, d->w->now_us);
	if (e->time_us == 0)
		e->time_us = d->w->now_us;
	if (e->trace_id == 0)
		e->trace_id = d->m->trace_id;
	if (err == TR_OK && d->w->annotate != NULL)
		err = annotate(d, e);
	if (err == TR_OK)
		err = machine_apply(d->m, e);
	if (err == TR_OK)
		d->out->event(d->out->arg, e);
	tr_drop(e->payload);
	return err;
}

tr_err decide_event(decision *d, event_type type, uint64_t step_run_id, uint64_t parent_id, const char *status,
		    tr_value payload)
{
	event e;

	event_init(&e, type);
	e.step_run_id = step_run_id;
	e.parent_id = parent_id;
	e.status = status;
	e.payload = payload;
	return decide_emit(d, &e);
}

tr_err decide_token(decision *d, const new_token *t)
{
	machine *m = d->m;
	event e;

	event_init(&e, EVENT_TOKEN_CREATED);
	e.step_run_id = t->run;
	e.parent_id = t->parent;
	event_set(&e, TOKEN_ID, tr_int((int64_t)m->next_token));
	event_set(&e, TOKEN_STEP, m->routes->names[t->step]);
	event_set(&e, TOKEN_ARGS, t->args);
	event_set(&e, TOKEN_FROM, tr_int((int64_t)t->run));
	event_set(&e, TOKEN_ARC, tr_int(t->arc));
	if (tr_is(t->sets, TR_MAP))
		event_put(&e, "sets", tr_keep(t->sets));
	if (t->final)
		event_put(&e, "final", tr_bool(true));
	return decide_emit(d, &e);
}

void decide_effect(decision *d, const machine_effect *x)
{
	machine_effect effect = *x;

	effect.seq = d->m->seq;
	d->out->effect(d->out->arg, &effect);
}

tr_err decide_warning(decision *d, const char *place, const char *code, pb_pos at, const char *message)
{
	tr_value file = tr_map_get_s(d->m->info, "file");

	if (tr_is_valid(tr_map_get_s(d->m->warned, place)) || tr_map_len(d->m->warned) >= MACHINE_MOST_WARNINGS)
		return TR_OK;
	return decide_event(d, EVENT_WARNING, 0, 0, NULL,
			    TR_DICT("code", tr_string(code), "message", tr_string_lossy(message, tr_s(message).n),
				    "file", tr_is(file, TR_STRING) ? tr_keep(file) : tr_nil(), "line", tr_int(at.line),
				    "column", tr_int(at.column), "place", tr_string(place)));
}
