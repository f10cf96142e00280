/* SPDX-License-Identifier: Apache-2.0 */
/** What a step run tells its execution. */
#include "actors/worker/outbox.h"
#include "actors/event/digits.h"
#include "actors/event/event_batch.h"
#include "actors/protocol.h"
#include "actors/worker/refs.h"

#include <troupe/node.h>

void outbox_init(outbox *o, const run_scope *run)
{
	*o = (outbox){.run = run};
}

void outbox_fini(outbox *o)
{
	event_list_fini(&o->pending);
	tr_free(o->waiting.items);
	tr_free(o->sent.items);
	o->waiting.items = o->sent.items = NULL;
}

/* Event ids are given by the execution, which puts all in one sequence. */
tr_err outbox_ready(outbox *o)
{
	for (; o->ready < o->pending.count; o->ready++) {
		event *e = &o->pending.items[o->ready];
		if (e->time_us == 0)
			e->time_us = tr_wall_us();
		e->execution_id = o->run->execution_id;
		e->step_run_id = o->run->step_run_id;
		e->trace_id = o->run->trace_id;
		if (e->attempt == 0)
			e->attempt = o->run->attempt;
	}
	return o->pending.failed ? TR_ENOMEM : TR_OK;
}

tr_err outbox_add(outbox *o, event_list *events)
{
	tr_err err = events->failed ? TR_ENOMEM : event_list_move(&o->pending, events, events->count);
	return err != TR_OK ? err : outbox_ready(o);
}

tr_err outbox_wait(outbox *o, uint64_t who)
{
	outbox_waiters *w = &o->waiting;
	if (w->count == w->capacity) {
		size_t capacity = w->capacity == 0 ? 4 : w->capacity * 2;
		uint64_t *items = tr_realloc(w->items, capacity * sizeof *items);
		if (items == NULL)
			return TR_ENOMEM;
		w->items = items;
		w->capacity = capacity;
	}
	w->items[w->count++] = who;
	return TR_OK;
}

/* To the execution by its subject, so that one that was restarted gets it too; else to who gave the command. */
static tr_pid destination(const run_scope *run)
{
	char subject[48];
	digits_name(subject, "event.", run->execution_id);
	tr_pid to = tr_whereis(subject);
	return to.bits != 0 ? to : run->reply_to;
}

/* Takes the events. */
static void send_events(const outbox *o, int64_t token, event_list *events)
{
	tr_pid to = destination(o->run), self = tr_self();
	tr_value all = tr_pid_node(to) == tr_pid_node(self) ? event_batch(events) : event_batch_values(events);
	event_list_fini(events); /* there was no memory to hand them over */
	tr_send(to, TR_LIST(TR_A(event), tr_pid_value(self), tr_int(token), tr_int((int64_t)o->run->step_run_id),
			    tr_int(o->run->attempt), all));
}

/* No message is longer than the execution takes well; they arrive in order, so the ack of the last is the ack of all.
 */
static void send(outbox *o, int64_t token)
{
	for (bool last = false; !last;) {
		event_list some = {0};
		last = o->ready <= OUTBOX_MOST;
		size_t n = last ? o->ready : OUTBOX_MOST;
		if (event_list_move(&some, &o->pending, n) != TR_OK)
			tr_exitf("step %.*s: out of memory", TR_STR(o->run->step->name));
		o->ready -= n;
		send_events(o, last ? token : 0, &some);
	}
}

void outbox_flush(outbox *o, bool now)
{
	if (o->ready == 0 && o->waiting.count == 0)
		return;
	if (o->waiting.count == 0) {
		if (now)
			send(o, 0);
		return;
	}
	if (o->token != 0)
		return;
	outbox_waiters empty = o->sent;
	o->sent = o->waiting;
	o->waiting = empty;
	o->waiting.count = 0;
	o->token = ++o->last_token;
	send(o, o->token);
}

bool outbox_is_ack(outbox *o, tr_value message, tr_value *verdict, outbox_waiters *woken)
{
	if (!TR_IS_A(tr_array_at(message, 0), ack))
		return false;
	*verdict = tr_array_at(message, 2);
	*woken = (outbox_waiters){0};
	if (o->token == 0 || tr_as_int(tr_array_at(message, 1), 0) != o->token)
		return true;
	o->token = 0;
	*woken = o->sent;
	o->sent = (outbox_waiters){0};
	return true;
}

bool outbox_is_settled(const outbox *o)
{
	return o->token == 0 && o->waiting.count == 0;
}
