/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole state as one value. Everything that the events say is in it, nothing that only saves work: two machines
 * with equal digests decide the same from here on.
 */
#include "actors/engine/machine_state.h"

static tr_value number(uint64_t n)
{
	return tr_int((int64_t)n);
}
static tr_value text(const char *z)
{
	return z == NULL ? tr_nil() : tr_string(z);
}
static tr_value known(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

static tr_value list(tr_value v)
{
	return tr_is(v, TR_INT) ? TR_LIST(v) : known(v);
}

static tr_value token_digest(const token *t)
{
	return TR_DICT("id", number(t->id), "event_id", number(t->event_id), "step", number(t->step), "from_step",
		       number(t->from_step), "arc", tr_int(t->arc), "pending", tr_bool(t->pending), "late",
		       tr_bool(t->late), "final", tr_bool(t->final), "args", tr_keep(t->args), "cause",
		       tr_keep(t->cause));
}

static tr_value run_digest(const step_run *r)
{
	tr_value loop = TR_DICT("count", tr_int(r->loop_count), "started", number(r->loop_started), "done",
				number(r->loop_done), "failed", number(r->loop_failed));
	tr_value v = TR_DICT("id", number(r->id), "step", number(r->step), "attempt", tr_int(r->attempt), "phase",
			     tr_int((int64_t)r->phase), "started", tr_bool(r->started), "final", tr_bool(r->final),
			     "end_type", tr_int((int64_t)r->end_type), "scheduled_event", number(r->scheduled_event),
			     "end_event", number(r->end_event), "scheduled_us", tr_int(r->scheduled_us), "timeout_us",
			     tr_int(r->timeout_us), "args", tr_keep(r->args), "cause", tr_keep(r->cause), "end",
			     tr_keep(r->end), "owed", list(r->owed));

	v = tr_map_put_s(v, "scheduled_seq", number(r->scheduled_seq));
	v = tr_map_put_s(v, "lost", number(r->lost));
	v = tr_map_put_s(v, "owed_done", number(r->owed_done));
	v = tr_map_put_s(v, "tasks_done", number(r->tasks_done));
	v = tr_map_put_s(v, "retries", number(r->retries));
	v = tr_map_put_s(v, "task_attempt", tr_int(r->task_attempt));
	return tr_map_put_s(v, "loop", loop);
}

static tr_value step_digest(const step_state *s)
{
	tr_value tokens = tr_array();

	LINK_EACH(l, &s->tokens)
	tokens = tr_array_push(tokens, token_digest(LINK_OF(l, token, at_step)));
	return TR_DICT("tokens", tokens, "waiting", number(s->waiting), "live", number(s->live), "blockers",
		       number(s->blockers), "open", tr_bool(step_is_open(s)), "runs", number(s->runs), "done",
		       number(s->done), "failed", number(s->failed), "status", text(s->status), "result",
		       known(s->result), "error", known(s->error), "labels", known(s->labels));
}

static tr_value steps_digest(const machine *m)
{
	tr_value steps = tr_map();

	for (size_t i = 0; i < m->routes->playbook->step_count; i++)
		if (m->steps[i].runs > 0 || m->steps[i].live > 0 || step_is_open(&m->steps[i]))
			steps = tr_map_put(steps, number(i), step_digest(&m->steps[i]));
	return steps;
}

static tr_value child_digest(const child *c)
{
	return TR_DICT("key", tr_keep(c->key), "execution_id", tr_int(c->execution_id), "step_run_id",
		       number(c->step_run_id), "iteration", tr_int(c->iteration), "label", tr_keep(c->label), "hash",
		       tr_keep(c->hash), "waited", tr_bool(c->waited), "done", tr_bool(c->done), "over",
		       tr_bool(c->over));
}

static tr_value lists_digest(const machine *m)
{
	tr_value runs = tr_array(), ended = tr_array(), pending = tr_array(), owed = tr_array(), children = tr_array(),
		 live = tr_array(), open = tr_array();

	/* Their order decides what is decided first. */
	LINK_EACH(s, &m->live)
	live = tr_array_push(live, number((uint64_t)(LINK_OF(s, step_state, in_live) - m->steps)));
	LINK_EACH(j, &m->open)
	open = tr_array_push(open, number((uint64_t)(LINK_OF(j, step_state, in_open) - m->steps)));

	LINK_EACH(l, &m->runs)
	runs = tr_array_push(runs, run_digest(LINK_OF(l, step_run, in_runs)));
	LINK_EACH(e, &m->ended)
	ended = tr_array_push(ended, number(LINK_OF(e, step_run, in_ended)->id));
	LINK_EACH(p, &m->pending)
	pending = tr_array_push(pending, number(LINK_OF(p, token, in_pending)->id));
	LINK_EACH(o, &m->owed)
	owed = tr_array_push(owed, TR_LIST(number(LINK_OF(o, owed_patch, in_owed)->step_run_id),
					   number(LINK_OF(o, owed_patch, in_owed)->parent_id),
					   tr_keep(LINK_OF(o, owed_patch, in_owed)->patch)));
	LINK_EACH(c, &m->children)
	children = tr_array_push(children, child_digest(LINK_OF(c, child, in_children)));
	return TR_DICT("runs", runs, "ended", ended, "pending", pending, "owed", owed, "children", children, "live",
		       live, "open", open);
}

tr_value machine_digest(const machine *m)
{
	tr_value v = TR_DICT(
	    "execution_id", tr_int(m->execution_id), "seq", number(m->seq), "last_event_id", number(m->last_event_id),
	    "phase", tr_int((int64_t)m->phase), "stop", tr_int((int64_t)m->stop), "stop_reason", known(m->stop_reason),
	    "paused", tr_bool(m->paused), "entry_owed", tr_bool(m->entry_owed), "final_made", tr_bool(m->final_made),
	    "status", text(m->status), "started_us", tr_int(m->started_us), "finished_us", tr_int(m->finished_us),
	    "deadline_us", tr_int(m->deadline_us), "trace_id", number(m->trace_id));

	v = tr_map_merge(v,
			 TR_DICT("playbook", known(m->info), "payload", known(m->payload), "parent", known(m->parent),
				 "workload", known(m->workload), "ctx", known(m->ctx), "vars", known(m->vars), "result",
				 known(m->result), "failures", known(m->failures), "warned", known(m->warned)));
	v = tr_map_merge(v, TR_DICT("failure_count", number(m->failure_count), "branches_done",
				    number(m->branches_done), "finished_runs", number(m->finished_runs), "next_token",
				    number(m->next_token), "next_run", number(m->next_run), "steps", steps_digest(m)));
	v = tr_map_put_s(v, "has_refs", tr_bool(m->has_refs));
	v = tr_map_put_s(v, "paused_by_parent", tr_bool(m->paused_by_parent));
	return tr_map_merge(v, lists_digest(m));
}
