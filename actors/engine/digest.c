/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole state as MessagePack. Everything that the events say is in it, nothing that only saves work: two machines
 * with the same digest decide the same from here on. Of a step there is only what is not as it was at the beginning,
 * since a long workflow is mostly steps that are over.
 */
#include "actors/engine/machine_state.h"
#include "actors/engine/state_writer.h"

#include <troupe/codec.h>

static void put_number(state_writer *w, const char *key, uint64_t n)
{
	state_key(w, key);
	state_number(w, n);
}
static void put_bool(state_writer *w, const char *key, bool b)
{
	state_key(w, key);
	state_bool(w, b);
}
static void put_value(state_writer *w, const char *key, tr_value v)
{
	state_key(w, key);
	state_value(w, v);
}
static void put_text(state_writer *w, const char *key, const char *z)
{
	state_key(w, key);
	if (z == NULL)
		state_value(w, tr_nil());
	else
		state_text(w, tr_s(z));
}
static void put_array(state_writer *w, const char *key, const struct link *list)
{
	size_t n = 0;

	LINK_EACH(l, list)
	n++;
	state_key(w, key);
	state_array(w, n);
}

static void put_token(state_writer *w, const token *t)
{
	state_map(w, 10);
	put_number(w, "id", t->id);
	put_number(w, "event_id", t->event_id);
	put_number(w, "step", t->step);
	put_number(w, "from_step", t->from_step);
	put_number(w, "arc", (uint64_t)t->arc);
	put_bool(w, "pending", t->pending);
	put_bool(w, "late", t->late);
	put_bool(w, "final", t->final);
	put_value(w, "args", t->args);
	put_value(w, "cause", t->cause);
}

static void put_owed_arcs(state_writer *w, tr_value owed)
{
	state_key(w, "owed");
	if (tr_is(owed, TR_INT))
		state_array(w, 1);
	state_value(w, owed);
}

static void put_run(state_writer *w, const step_run *r)
{
	bool given_again = r->given_us != r->scheduled_us;

	/* Of what is so in few of them nothing is said in the others. */
	state_map(w, 22 + (r->moved ? 1u : 0u) + (r->deaths > 0 ? 1u : 0u) + (given_again ? 1u : 0u));
	put_number(w, "id", r->id);
	put_number(w, "step", r->step);
	put_number(w, "attempt", r->attempt);
	put_number(w, "phase", (uint64_t)r->phase);
	put_bool(w, "started", r->started);
	put_bool(w, "final", r->final);
	put_number(w, "end_type", (uint64_t)r->end_type);
	put_number(w, "scheduled_event", r->scheduled_event);
	put_number(w, "end_event", r->end_event);
	put_number(w, "scheduled_us", (uint64_t)r->scheduled_us);
	put_number(w, "timeout_us", (uint64_t)r->timeout_us);
	put_value(w, "args", r->args);
	put_value(w, "cause", r->cause);
	put_value(w, "end", r->end);
	put_owed_arcs(w, r->owed);
	put_number(w, "scheduled_seq", r->scheduled_seq);
	put_number(w, "lost", r->lost);
	put_number(w, "owed_done", r->owed_done);
	put_number(w, "tasks_done", r->tasks_done);
	put_number(w, "retries", r->retries);
	put_number(w, "task_attempt", r->task_attempt);
	if (r->moved)
		put_bool(w, "moved", true);
	if (r->deaths > 0)
		put_number(w, "deaths", r->deaths);
	if (given_again)
		put_number(w, "given_us", (uint64_t)r->given_us);
	state_key(w, "loop");
	state_map(w, 4);
	put_number(w, "count", (uint64_t)r->loop_count);
	put_number(w, "started", r->loop_started);
	put_number(w, "done", r->loop_done);
	put_number(w, "failed", r->loop_failed);
}

static bool tells(tr_value v)
{
	return tr_is_valid(v) && !tr_is_nil(v);
}

static void put_step(state_writer *w, const step_state *s)
{
	const struct {
		const char *key;
		uint32_t n;
	} counts[] = {{"waiting", s->waiting}, {"live", s->live}, {"blockers", s->blockers},
		      {"runs", s->runs},       {"done", s->done}, {"failed", s->failed}};
	const size_t count_of = sizeof counts / sizeof counts[0];
	size_t n = (size_t)!link_alone(&s->tokens) + step_is_open(s) + (s->status != NULL) + tells(s->result) +
		   tells(s->error) + tells(s->labels);

	for (size_t i = 0; i < count_of; i++)
		n += counts[i].n != 0;
	state_map(w, n);
	for (size_t i = 0; i < count_of; i++)
		if (counts[i].n != 0)
			put_number(w, counts[i].key, counts[i].n);
	if (!link_alone(&s->tokens)) {
		put_array(w, "tokens", &s->tokens);
		LINK_EACH(l, &s->tokens)
		put_token(w, LINK_OF(l, token, at_step));
	}
	if (step_is_open(s))
		put_bool(w, "open", true);
	if (s->status != NULL)
		put_text(w, "status", s->status);
	if (tells(s->result))
		put_value(w, "result", s->result);
	if (tells(s->error))
		put_value(w, "error", s->error);
	if (tells(s->labels))
		put_value(w, "labels", s->labels);
}

static bool is_as_at_first(const step_state *s)
{
	return s->runs == 0 && s->live == 0 && !step_is_open(s);
}

static void put_steps(state_writer *w, const machine *m)
{
	size_t count = m->routes->playbook->step_count, n = 0;

	for (size_t i = 0; i < count; i++)
		n += !is_as_at_first(&m->steps[i]);
	state_key(w, "steps");
	state_map(w, n);
	for (size_t i = 0; i < count; i++) {
		if (is_as_at_first(&m->steps[i]))
			continue;
		state_number(w, i);
		put_step(w, &m->steps[i]);
	}
}

static void put_child(state_writer *w, const child *c)
{
	state_map(w, 9);
	put_value(w, "key", c->key);
	put_number(w, "execution_id", (uint64_t)c->execution_id);
	put_number(w, "step_run_id", c->step_run_id);
	put_number(w, "iteration", (uint64_t)c->iteration);
	put_value(w, "label", c->label);
	put_value(w, "hash", c->hash);
	put_bool(w, "waited", c->waited);
	put_bool(w, "done", c->done);
	put_bool(w, "over", c->over);
}

static void put_owed(state_writer *w, const owed_patch *o)
{
	state_array(w, 3);
	state_number(w, o->step_run_id);
	state_number(w, o->parent_id);
	state_value(w, o->patch);
}

/* Their order decides what is decided first. */
#define LISTS 7
static void put_lists(state_writer *w, const machine *m)
{
	put_array(w, "runs", &m->runs);
	LINK_EACH(r, &m->runs)
	put_run(w, LINK_OF(r, step_run, in_runs));
	put_array(w, "ended", &m->ended);
	LINK_EACH(e, &m->ended)
	state_number(w, LINK_OF(e, step_run, in_ended)->id);
	put_array(w, "pending", &m->pending);
	LINK_EACH(p, &m->pending)
	state_number(w, LINK_OF(p, token, in_pending)->id);
	put_array(w, "owed", &m->owed);
	LINK_EACH(o, &m->owed)
	put_owed(w, LINK_OF(o, owed_patch, in_owed));
	put_array(w, "children", &m->children);
	LINK_EACH(c, &m->children)
	put_child(w, LINK_OF(c, child, in_children));
	put_array(w, "live", &m->live);
	LINK_EACH(s, &m->live)
	state_number(w, (uint64_t)(LINK_OF(s, step_state, in_live) - m->steps));
	put_array(w, "open", &m->open);
	LINK_EACH(j, &m->open)
	state_number(w, (uint64_t)(LINK_OF(j, step_state, in_open) - m->steps));
}

#define VALUES 10
static void put_values(state_writer *w, const machine *m)
{
	put_value(w, "playbook", m->info);
	put_value(w, "payload", m->payload);
	put_value(w, "parent", m->parent);
	put_value(w, "workload", m->workload);
	put_value(w, "ctx", m->ctx);
	put_value(w, "vars", m->vars);
	put_value(w, "result", m->result);
	put_value(w, "failures", m->failures);
	put_value(w, "stop_reason", m->stop_reason);
	put_value(w, "warned", m->warned);
}

#define SCALARS 20
static void put_scalars(state_writer *w, const machine *m)
{
	put_number(w, "execution_id", (uint64_t)m->execution_id);
	put_number(w, "seq", m->seq);
	put_number(w, "last_event_id", m->last_event_id);
	put_number(w, "phase", (uint64_t)m->phase);
	put_number(w, "stop", (uint64_t)m->stop);
	put_bool(w, "paused", m->paused);
	put_bool(w, "paused_by_parent", m->paused_by_parent);
	put_bool(w, "entry_owed", m->entry_owed);
	put_bool(w, "final_made", m->final_made);
	put_bool(w, "has_refs", m->has_refs);
	put_text(w, "status", m->status);
	put_number(w, "started_us", (uint64_t)m->started_us);
	put_number(w, "finished_us", (uint64_t)m->finished_us);
	put_number(w, "deadline_us", (uint64_t)m->deadline_us);
	put_number(w, "trace_id", m->trace_id);
	put_number(w, "failure_count", m->failure_count);
	put_number(w, "branches_done", m->branches_done);
	put_number(w, "finished_runs", m->finished_runs);
	put_number(w, "next_token", m->next_token);
	put_number(w, "next_run", m->next_run);
}

tr_err machine_write(const machine *m, machine_piece *piece, void *arg)
{
	state_writer w;

	if (state_writer_init(&w, piece, arg) != TR_OK)
		return TR_ENOMEM;
	state_map(&w, SCALARS + VALUES + 1 + LISTS);
	put_scalars(&w, m);
	put_values(&w, m);
	put_steps(&w, m);
	put_lists(&w, m);
	return state_writer_fini(&w);
}

tr_value machine_state_read(tr_str bytes)
{
	const tr_decode_limits limits = {
	    .max_depth = MACHINE_STATE_DEPTH, .max_bytes = MACHINE_STATE_MAX, .max_items = MACHINE_STATE_ITEMS};
	size_t used = 0;
	tr_value v = tr_msgpack_read(bytes, &used, &limits, NULL);

	if (!tr_is_valid(v) || used == bytes.n)
		return v;
	tr_drop(v);
	return tr_invalid(TR_ECORRUPT);
}

tr_err machine_gather(void *buf, tr_str bytes)
{
	tr_buf *out = buf;

	tr_buf_put(out, bytes.p, bytes.n);
	return out->err;
}

tr_value machine_digest(const machine *m)
{
	tr_buf bytes = {0};
	tr_err err = machine_write(m, machine_gather, &bytes);
	tr_value v = err == TR_OK ? machine_state_read(tr_buf_str(&bytes)) : tr_invalid(err);

	tr_buf_fini(&bytes);
	return v;
}
