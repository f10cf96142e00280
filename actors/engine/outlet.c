/* SPDX-License-Identifier: Apache-2.0 */
/* Append, then act. */
#include "actors/engine/execution_state.h"
#include "actors/engine/shadow.h"

#include "actors/event/frame.h"
#include "actors/protocol.h"
#include "plugins/shared/storage/storage.h"

#include <inttypes.h>
#include <stdio.h>

#define FRAMES_ROOM 2000
#define LOAD_NS     (60 * TR_SECOND)

static void hold(execution *x, held_queue *q, const held *h)
{
	tr_err err = held_push(q, h);

	if (err != TR_OK)
		x->err = err;
}

void outlet_event(void *arg, const event *e)
{
	execution *x = arg;
	tr_err err;

	/* Room for what a step makes in one turn, so that the buffer does not grow event by event. */
	if (x->frames.cap == 0)
		(void)tr_buf_reserve(&x->frames, FRAMES_ROOM);
	err = store_frame(&x->frames, e);

	if (err != TR_OK)
		x->err = err;
	if (x->shadow != NULL)
		shadow_check(x->shadow, &x->restored, x->machine, e);
	if (e->type == EVENT_STEP_DONE || e->type == EVENT_STEP_FAILED || e->type == EVENT_LOOP_DONE)
		dispatch_end(&x->dispatches, e->step_run_id);
	if (x->event_watchers > 0)
		hold(x, &x->told,
		     &(held){.kind = HELD_EVENT,
			     .seq = e->seq,
			     .value = TR_LIST(TR_A(event), tr_int(x->id), event_to_value(e))});
}

void outlet_effect(void *arg, const machine_effect *effect)
{
	execution *x = arg;

	held h = {.kind = HELD_EFFECT, .seq = effect->seq, .value = tr_nil(), .effect = *effect};

	/* The reason's text lives only as long as this call. */
	if (effect->reason != NULL)
		h.value = tr_string_lossy(effect->reason, tr_s(effect->reason).n);
	h.effect.reason = NULL;
	hold(x, effect->kind == MACHINE_FINISH ? &x->told : &x->acts, &h);
}

void outlet_init(execution *x)
{
	/* Ten bits tell executions of one node apart from those of others; the rest of an id is time. */
	x->ids.node = (uint32_t)tr_as_int(tr_map_get_s(x->arg, "node"), 0) & 0x3ff;
}

static tr_value load_ref(void *arg, tr_value ref)
{
	tr_value answer = storage_is_elsewhere(ref)
			      ? storage_get(ref, tr_in(LOAD_NS))
			      : tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("get"), tr_keep(ref)), tr_in(LOAD_NS));
	tr_value value;

	(void)arg;
	if (!tr_is_valid(answer))
		return answer;
	value = TR_IS_A(tr_array_at(answer, 0), ok) ? tr_keep(tr_array_at(answer, 1)) : tr_invalid(TR_ENOENT);
	tr_drop(answer);
	return value;
}

/* Without an artifact store the value stays in the event. */
static tr_value put_value(void *arg, tr_value value, tr_str step)
{
	const execution *x = arg;
	tr_value from =
	    TR_DICT("execution_id", tr_int(x->id), "step", tr_string_n(step.p, step.n), "label", tr_string("args"));
	tr_value answer =
	    tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("put"), tr_keep(value), from), tr_in(LOAD_NS));

	if (tr_is(answer, TR_MAP))
		return answer;
	tr_drop(answer);
	return tr_absent();
}

machine_world outlet_world(execution *x)
{
	machine_world w = {.now_us = tr_wall_us(),
			   .seed = tr_random(),
			   .ids = &x->ids,
			   .env = x->env,
			   .load = load_ref,
			   .put = put_value,
			   .arg = x};

	points_world(&w);
	return w;
}

tr_value outlet_folder(const execution *x)
{
	tr_str path = tr_as_str(tr_map_get_s(machine_playbook(x->machine), "path"));
	tr_buf b = {0};

	if (path.n == 0)
		path = tr_as_str(tr_map_get_s(machine_playbook(x->machine), "name"));
	for (size_t i = 0; i < path.n && b.n < 200; i++) {
		char c = path.p[i];
		bool start = b.n == 0 || b.p[b.n - 1] == '/';
		bool plain =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';

		if (plain || (c == '.' && !start) || (c == '/' && !start))
			tr_buf_putc(&b, c);
		else if (c != '/')
			tr_buf_putc(&b, '_');
	}
	while (b.n > 0 && b.p[b.n - 1] == '/')
		b.p[--b.n] = '\0';
	tr_buf_putf(&b, "%s%" PRId64, b.n == 0 ? "playbook/" : "/", x->id);
	return tr_string_buf(&b);
}

/* Word of what is durable is wanted when something waits for it, and in time for the bound on running ahead. */
static bool asks(const execution *x, uint64_t seq)
{
	return x->ahead == 0 || x->told.count > 0 || seq - x->asked >= x->ahead / 2;
}

static void append(execution *x)
{
	uint64_t seq = machine_seq(x->machine);
	bool first = !x->appended_before, ask = asks(x, seq);
	tr_value message = TR_LIST(tr_atom("append"), tr_pid_value(tr_self()), tr_int(x->id), tr_int((int64_t)seq),
				   tr_binary(x->frames.p, x->frames.n), tr_bool(first),
				   first ? outlet_folder(x) : tr_nil(), tr_bool(ask));
	tr_err err;

	if (ask)
		x->asked = seq;
	x->appended_before = true;
	x->snapshots.log_bytes += x->frames.n;
	tr_buf_fini(&x->frames); /* an execution that only waits keeps nothing */
	err = tr_send(x->store_pid, message);
	if (err != TR_OK)
		tr_exit(TR_LIST(tr_atom("no_store"), tr_string(tr_err_text(err))));
}

static void let_go(execution *x, const held *h)
{
	switch (h->kind) {
	case HELD_MESSAGE:
		(void)tr_send(h->to.pid, h->value);
		return;
	case HELD_REPLY:
		tr_reply(h->to, h->value);
		return;
	case HELD_EVENT:
		x->going = h->value;
		watch_tell(x, h->value, true);
		break;
	case HELD_EFFECT:
		x->going = h->value;
		perform_effect(x, &h->effect, h->value);
		break;
	}
	tr_clear(&x->going);
}

/* What may be acted on: all that is durable, or, where the store lets one run ahead, all within the bound. */
static uint64_t horizon(const execution *x)
{
	return machine_seq(x->machine) - x->durable <= x->ahead ? UINT64_MAX : x->durable;
}

/* Something waits to be told, and what went to the store last went without asking. */
static bool owes_a_question(const execution *x)
{
	uint64_t seq = machine_seq(x->machine);

	return x->told.count > 0 && x->asked < seq && x->durable < seq;
}

bool outlet_flush(execution *x)
{
	held h;

	/* What is let go may make further events (a pool that is not there): hence the loop. */
	do {
		if (x->err != TR_OK || x->frames.err != TR_OK)
			tr_exitf("execution %" PRId64 ": %s; its log is whole and it can be resumed", x->id,
				 tr_err_text(x->err != TR_OK ? x->err : x->frames.err));
		if (x->frames.n > 0 || owes_a_question(x))
			append(x);
		while (held_pop(&x->acts, horizon(x), &h) || held_pop(&x->told, x->durable, &h))
			let_go(x, &h);
	} while (x->frames.n > 0);
	return !x->finished;
}

void outlet_durable(execution *x, uint64_t seq, uint64_t ahead)
{
	if (seq > x->durable)
		x->durable = seq;
	x->ahead = ahead;
}

void outlet_reply(execution *x, tr_from from, tr_value value)
{
	hold(x, &x->told, &(held){.kind = HELD_REPLY, .seq = machine_seq(x->machine), .to = from, .value = value});
}

void outlet_send(execution *x, tr_pid to, tr_value message)
{
	hold(x, &x->acts,
	     &(held){.kind = HELD_MESSAGE, .seq = machine_seq(x->machine), .to = {.pid = to}, .value = message});
}
