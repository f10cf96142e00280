/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mailboxes. Senders push onto `inbox` with one compare-and-swap, newest first, which also tells who must wake the
 * actor; the owner takes everything at once, turns it round, acts on the signals and keeps the messages in
 * `head`…`last`.
 */
#ifndef TROUPE_ACTOR_MAILBOX_H
#define TROUPE_ACTOR_MAILBOX_H

#include "runtime/actor/node.h"

/** A sender parked until a full mailbox has room. On the sender's stack, under the receiver's lock. */
struct room_wait {
	struct room_wait *next;
	tr_pid sender;
	_Atomic int room;
	bool linked;
};

/** Send a message (taken) to whoever has this pid. `may_wait`: the caller is an actor that may park. */
tr_err mailbox_send(struct sched *s, tr_pid to, tr_value message, bool may_wait);

/** Push an envelope whose kind, flags and value are set. False: nobody is there (the envelope is still the caller's).
 */
bool mailbox_push(struct sched *s, struct actor *to, struct envelope *e);

/** Take in what has arrived: act on signals, append messages. */
void mailbox_drain(struct sched *s, struct actor *a);
static inline bool mailbox_has_news(struct actor *a)
{
	return atomic_load_explicit(&a->inbox, memory_order_relaxed) != NULL;
}
/** Append a message envelope to the owner's queue. */
void mailbox_append(struct sched *s, struct actor *a, struct envelope *e);
/** Unlink `e`, which follows `prev` (NULL: the first), as received. */
void mailbox_take(struct sched *s, struct actor *a, struct envelope *prev, struct envelope *e);
/** Free an envelope and give its value (one reference). */
tr_value mailbox_open(struct sched *s, struct envelope *e);
/** Remove the DOWN of this monitor, if it has arrived. */
void mailbox_flush_down(struct sched *s, struct actor *a, tr_ref ref);
/** Nobody will be here any more: refuse everything that is left. */
void mailbox_close(struct sched *s, struct actor *a);

/** An empty message envelope; NULL without memory. */
static inline struct envelope *envelope_new(struct sched *s)
{
	return slab_take(&s->node->envelopes, &s->envelopes);
}
void envelope_free(struct sched *s, struct envelope *e);

/** Is the wait over? Takes what it found into the wait. */
bool wait_check(struct sched *s, struct actor *a, struct wait *w);

#endif
