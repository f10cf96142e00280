/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine's inside: its queues of events and its time-outs. */
#ifndef TROUPE_RUNTIME_BEHAVIOUR_STATEM_H
#define TROUPE_RUNTIME_BEHAVIOUR_STATEM_H

#include <troupe/gen_statem.h>

struct queued {
	struct queued *next;
	tr_event_type type;
	tr_from from;
	tr_value content;
	tr_value name;
};

struct event_queue {
	struct queued *first;
	struct queued *last;
};

/* A time-out that is asked for, armed, or (ns 0) due as soon as no event is queued. */
struct timeout {
	struct timeout *next;
	tr_event_type type;
	tr_value name; /* absent but for named ones */
	tr_value content;
	int64_t ns;  /* as asked for */
	tr_ref mark; /* in the message [timeout, mark] that says it is over */
	tr_ref timer;
};

/*
 * An event is in exactly one place:
 *
 *     inserted ──▶ queue ──▶ current ──▶ handled
 *                    ▲          │ postpone
 *                    └───── postponed      (on a change of state, in order, to the front)
 */
struct tr_machine {
	const tr_gen_statem *mod;
	void *data;
	tr_value state;
	struct event_queue queue;
	struct event_queue postponed;
	struct queued *current;
	struct timeout *timeouts; /* armed or due, in order of being set */

	/* What the running callback has asked for. */
	struct event_queue inserted;
	struct timeout *asked;
	bool postpone;
	bool hibernate;
	bool no_memory;
	bool running; /* init is through */
};

/* statem_events.c */
struct queued *event_new(tr_event_type type, const tr_from *from, tr_value content); /* takes content */
void event_free(struct queued *event);
void events_push(struct event_queue *q, struct queued *event);
struct queued *events_pop(struct event_queue *q);
/* Put all of `front` before q's; front is empty afterwards. */
void events_prepend(struct event_queue *q, struct event_queue *front);
void events_free(struct event_queue *q);

/* statem_timeouts.c */
/* Put what the callback asked for into effect. */
void timeouts_apply(tr_machine *m);
void timeouts_cancel(tr_machine *m, tr_event_type type);
/* The event of the first time-out that is due without waiting; NULL when there is none. */
struct queued *timeouts_due(tr_machine *m);
/* The event of the time-out this message is about; NULL when it is no such message or was cancelled (then *stale). */
struct queued *timeouts_over(tr_machine *m, tr_value message, bool *stale);
void timeouts_free(tr_machine *m);

#endif
