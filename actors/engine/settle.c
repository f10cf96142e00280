/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deciding: one thing after the other, whatever the state leaves to be decided, until it leaves nothing. The order is
 * the law: patches before routing (guards see what was written), routing before new step runs, rest only when nothing
 * is in flight.
 */
#include "actors/engine/decide.h"

static tr_err start_workflow(decision *d)
{
	machine *m = d->m;

	return decide_event(d, EVENT_WORKFLOW_STARTED, 0, m->last_event_id, "running",
			    TR_DICT("entry", tr_keep(m->routes->names[m->routes->playbook->entry])));
}

static tr_err create_entry(decision *d)
{
	machine *m = d->m;

	return decide_token(d, &(new_token){.step = (uint32_t)m->routes->playbook->entry,
					    .parent = m->last_event_id,
					    .arc = -1,
					    .args = tr_map(),
					    .sets = tr_absent()});
}

static tr_err patch_ctx(decision *d)
{
	const owed_patch *o = LINK_OF(d->m->owed.next, owed_patch, in_owed);

	return decide_event(d, EVENT_CTX_PATCHED, o->step_run_id, o->parent_id, NULL,
			    TR_DICT("patch", tr_keep(o->patch)));
}

static tr_err close_execution(decision *d)
{
	machine *m = d->m;
	tr_err err;
	event e;

	event_init(&e, EVENT_PLAYBOOK_PROCESSED);
	e.parent_id = m->last_event_id;
	e.status = m->status;
	e.duration_us = d->w->now_us > m->started_us ? d->w->now_us - m->started_us : 0;
	e.payload = TR_DICT("status", tr_string(m->status), "duration_us", tr_int(e.duration_us));
	err = decide_emit(d, &e);
	if (err == TR_OK)
		decide_effect(d, &(machine_effect){.kind = MACHINE_FINISH});
	return err;
}

/* A pending token whose guard may see something new: a step finished since it was asked. */
static token *stale_pending(const machine *m)
{
	LINK_EACH(l, &m->pending)
	{
		token *t = LINK_OF(l, token, in_pending);

		if (t->tried != m->finished_runs)
			return t;
	}
	return NULL;
}

/* Nothing is in flight and nothing is enabled. */
static tr_err at_rest(decision *d)
{
	machine *m = d->m;
	token *t = join_release(m);

	if (t == NULL)
		t = stale_pending(m);
	if (t != NULL) {
		t->tried = m->finished_runs;
		return decide_consider(d, t, true);
	}
	if (decide_final_wanted(m))
		return decide_final(d);
	return decide_finish(d);
}

/* One thing; *more is false when there was none. */
static tr_err decide_running(decision *d, bool *more)
{
	machine *m = d->m;

	if (m->children_stale)
		decide_children(d);
	if (!link_alone(&m->owed))
		return patch_ctx(d);
	if (machine_stopping(m) && (!link_alone(&m->runs) || !link_alone(&m->live)))
		return decide_stop(d);
	if (!link_alone(&m->ended))
		return decide_route(d, LINK_OF(m->ended.next, step_run, in_ended));
	if (m->entry_owed)
		return create_entry(d);
	if (!m->paused && !link_alone(&m->queue))
		return decide_consider(d, LINK_OF(m->queue.next, token, in_queue), false);
	*more = link_alone(&m->runs) && link_alone(&m->children) && !m->paused;
	return *more ? at_rest(d) : TR_OK;
}

tr_err decide_settle(decision *d)
{
	tr_err err = TR_OK;
	bool more = true;

	while (err == TR_OK && more) {
		switch (d->m->phase) {
		case MACHINE_REQUESTED:
			err = d->m->stop == STOP_NONE ? decide_request(d) : decide_finish(d);
			break;
		case MACHINE_EVALUATED:
			err = start_workflow(d);
			break;
		case MACHINE_RUNNING:
			err = decide_running(d, &more);
			break;
		case MACHINE_CLOSING:
			err = close_execution(d);
			break;
		case MACHINE_NEW:
		case MACHINE_FINISHED:
			more = false;
			break;
		}
	}
	return err;
}
