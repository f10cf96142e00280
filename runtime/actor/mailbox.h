/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mailboxes. Senders push onto `inbox` with one compare-and-swap, newest first, which also tells who must wake the
 * actor; the owner takes everything at once, turns it round, acts on the signals and keeps the messages in
 * `head`…`last`. The first message in an empty inbox is an envelope of its own; those behind it share bundles.
 */
#ifndef TROUPE_ACTOR_MAILBOX_H
#define TROUPE_ACTOR_MAILBOX_H

#include "runtime/actor/bundle.h"
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

/** Does this actor wait and has no mail? Then whoever claims it is its owner, may put things straight into its queue or
 *  its wait, which spares both sides an exchange, and must make it ready. False: it was not so. */
static inline bool mailbox_claim(struct sched *s, struct actor *a, tr_pid to)
{
	struct envelope *idle = INBOX_IDLE;
	if (atomic_load_explicit(&a->inbox, memory_order_relaxed) != INBOX_IDLE ||
	    !atomic_compare_exchange_strong_explicit(&a->inbox, &idle, NULL, memory_order_acq_rel,
						     memory_order_relaxed))
		return false;
	if (atomic_load_explicit(&a->pid, memory_order_relaxed) == to.bits)
		return true;
	sched_ready(s, a); /* somebody else's by now: he wakes for nothing */
	return false;
}

/** Is the newest that the inbox links to a bundle with room? */
static inline bool mailbox_has_room(const struct envelope *link)
{
	return (uintptr_t)link > BUNDLE_COUNT && link_count(link) - 1 < BUNDLE_ENVELOPES - 1;
}

/** Put an uncounted message (taken) into the bundle that is newest in the inbox. False: it has no room, or is none. */
static inline bool mailbox_join(struct actor *a, tr_pid to, tr_value message)
{
	struct envelope *link = atomic_load_explicit(&a->inbox, memory_order_relaxed);
	while (mailbox_has_room(link)) {
		/* Acquire: what the envelope held in an earlier life has been read. Nothing was read from the bundle
		 * before, so it does not matter if it was elsewhere meanwhile. */
		if (!atomic_compare_exchange_weak_explicit(&a->inbox, &link, link_more(link), memory_order_acq_rel,
							   memory_order_relaxed))
			continue;
		bundle_write(&link_bundle(link)->at[link_count(link)], pid_generation(to), message);
		return true;
	}
	return false;
}

static inline bool mailbox_has_news(struct actor *a)
{
	return atomic_load_explicit(&a->inbox, memory_order_relaxed) != NULL;
}
void mailbox_drain_news(struct sched *s, struct actor *a);
/** Take in what has arrived: act on signals, append messages. */
static inline void mailbox_drain(struct sched *s, struct actor *a)
{
	if (mailbox_has_news(a))
		mailbox_drain_news(s, a);
}

/* What follows is on the path of every message, hence inline. */

static inline void queued_add(struct actor *a, uint32_t n)
{
	uint32_t old = atomic_load_explicit(&a->queued, memory_order_relaxed);
	atomic_store_explicit(&a->queued, old + n, memory_order_relaxed);
}

/** Append a message envelope to the owner's queue. */
static inline void mailbox_append(struct actor *a, struct envelope *e)
{
	e->next = NULL;
	if (a->last != NULL)
		a->last->next = e;
	else
		a->head = e;
	a->last = e;
	queued_add(a, 1);
	stat_add(&a->messages_in, 1);
}

/** Unlink `e`, which follows `prev` (NULL: the first). */
static inline void mailbox_unlink(struct actor *a, struct envelope *prev, struct envelope *e)
{
	if (prev != NULL)
		prev->next = e->next;
	else
		a->head = e->next;
	if (a->last == e)
		a->last = prev;
	if (a->mark == e)
		a->mark = prev;
	if (a->wait != NULL && a->wait->scanned == e)
		a->wait->scanned = prev;
	queued_add(a, (uint32_t)-1);
}

/** Bounds and tracing of a message that was taken. */
void mailbox_taken(struct sched *s, struct actor *a, struct envelope *e);

/** Unlink as received. */
static inline void mailbox_take(struct sched *s, struct actor *a, struct envelope *prev, struct envelope *e)
{
	mailbox_unlink(a, prev, e);
	stat_add(&s->stats.received, 1);
	if ((e->flags & ENV_COUNTED) || atomic_load_explicit(&s->node->hooks, memory_order_relaxed) != NULL)
		mailbox_taken(s, a, e);
}

/** An empty message envelope; NULL without memory. */
static inline struct envelope *envelope_new(struct sched *s)
{
	return slab_take(&s->node->envelopes, &s->envelopes);
}

/** One envelope of a bundle is free; the last one frees the bundle. */
static inline void bundle_leave(struct sched *s, struct envelope *e)
{
	if (bundle_forget(e))
		slab_give(&s->node->bundles, &s->bundles, bundle_of(e));
}

static inline void envelope_free(struct sched *s, struct envelope *e)
{
	if (e->kind != ENV_MESSAGE)
		slab_give(&s->node->signals, &s->signals, e);
	else if (e->flags & ENV_BUNDLED)
		bundle_leave(s, e);
	else
		slab_give(&s->node->envelopes, &s->envelopes, e);
}

/** Free an envelope and give its value (one reference). */
static inline tr_value mailbox_open(struct sched *s, struct envelope *e)
{
	tr_value v = e->value;
	envelope_free(s, e);
	return v;
}

/** Remove the DOWN of this monitor, if it has arrived. */
void mailbox_flush_down(struct sched *s, struct actor *a, tr_ref ref);
/** Nobody will be here any more: refuse everything that is left. */
void mailbox_close(struct sched *s, struct actor *a);

bool wait_check_slow(struct sched *s, struct actor *a, struct wait *w);
/** Is the wait over? Takes what it found into the wait. */
static inline bool wait_check(struct sched *s, struct actor *a, struct wait *w)
{
	if (w->kind != WAIT_MESSAGE)
		return wait_check_slow(s, a, w);
	if (w->found != NULL)
		return true;
	if (a->head == NULL)
		return w->deadline != TR_FOREVER && wait_check_slow(s, a, w);
	w->found = a->head;
	mailbox_take(s, a, NULL, a->head);
	return true;
}

#endif
