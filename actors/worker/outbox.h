/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a step run tells its execution: events in order, in batches, one unanswered batch at a time, so that many
 * iterations share a message and an append. Whoever waits for an ack is named by a number of its own choosing. Source:
 * actors/protocol.h, "events".
 */
#ifndef TROUPE_WORKER_OUTBOX_H
#define TROUPE_WORKER_OUTBOX_H

#include "actors/event/event_list.h"
#include "actors/worker/run_scope.h"

#include <troupe/actor.h>

#define OUTBOX_MOST 2048u /* events in one message */

typedef struct outbox_waiters {
	uint64_t *items;
	size_t count, capacity;
} outbox_waiters;

typedef struct outbox {
	const run_scope *run;
	event_list pending; /* events are made in it; those from `ready` on are not yet as they are to be sent */
	size_t ready;
	outbox_waiters waiting; /* for the ack of what is pending … */
	outbox_waiters sent;    /* … and of the batch that is out */
	int64_t token;          /* of the batch that is out; 0: none */
	int64_t last_token;
} outbox;

void outbox_init(outbox *o, const run_scope *run);
void outbox_fini(outbox *o);
/** What was made in `pending` may be sent: say of each whose it is. */
tr_err outbox_ready(outbox *o);
/** Move the events of the list to the end of what is pending and ready (the list is empty afterwards). */
tr_err outbox_add(outbox *o, event_list *events);
/** `who` waits for the ack of everything added so far. */
tr_err outbox_wait(outbox *o, uint64_t who);
/** Send what is pending; when a batch that is waited for is out, it stays until that is acked. `now`: send anyway
 * (started events). */
void outbox_flush(outbox *o, bool now);
/** Is it the ack of the batch that is out? Then *verdict (borrowed) is `ok` or [stale | error, text], and those who
 * waited are in `woken` (taken over by the caller, who frees woken->items) until the next flush. */
bool outbox_is_ack(outbox *o, tr_value message, tr_value *verdict, outbox_waiters *woken);
/** Does nobody wait for an ack, of a batch that is out or of what is pending? */
bool outbox_is_settled(const outbox *o);

#endif
