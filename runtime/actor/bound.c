/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded mailboxes. */
#include "runtime/actor/bound.h"

#include "runtime/actor/mailbox.h"
#include "runtime/actor/signal.h"

/* ---- back-pressure ------------------------------------------------------------------------------------------------
 */

static void join_queue(struct actor *a, struct room_wait *w)
{
	w->next = NULL;
	w->linked = true;
	struct room_wait **end = &a->room;
	while (*end != NULL)
		end = &(*end)->next;
	*end = w;
}

/* Called for a sender that gave up or was killed while it waited. */
static void leave_queue(struct actor *a, struct room_wait *w)
{
	spin_lock(&a->lock);
	for (struct room_wait **at = &a->room; w->linked && *at != NULL; at = &(*at)->next) {
		if (*at == w) {
			*at = w->next;
			w->linked = false;
		}
		if (*at == NULL)
			break;
	}
	spin_unlock(&a->lock);
}

struct room_place {
	struct room_wait wait;
	struct actor *at;
	tr_value message; /* borrowed, until the sender is killed here */
};

static void forget_place(void *place)
{
	struct room_place *p = place;
	leave_queue(p->at, &p->wait);
	stat_add(&sched_self()->stats.dead, 1);
	tr_drop(p->message);
}

/* Park until there is room or nobody. Registered with tr_own, so that a sender that is killed leaves the queue before
 * its stack is reused. */
static tr_err wait_for_room(struct sched **s, struct actor *a, tr_pid to, tr_value message)
{
	struct room_place place = {.at = a, .message = message};
	place.wait.sender = actor_pid((*s)->current);
	spin_lock(&a->lock);
	bool full = atomic_load(&a->pid) == to.bits && atomic_load(&a->count) >= atomic_load(&a->limit) &&
		    atomic_load(&a->limit) != 0;
	if (full)
		join_queue(a, &place.wait);
	spin_unlock(&a->lock);
	if (!full)
		return TR_OK;
	if (tr_own(&place, forget_place) != TR_OK)
		return TR_ENOMEM;
	(void)kernel_wait_flag(&place.wait.room, TR_FOREVER, false);
	(void)tr_disown(&place);
	*s = sched_self();
	return TR_OK;
}

/* ---- drop oldest --------------------------------------------------------------------------------------------------
 */

/* The owner is busy and the undrained list is twice the limit: keep the newest half. Amortised over as many sends. */
static void cut_inbox(struct sched *s, struct actor *a, uint32_t keep)
{
	struct envelope *dead = NULL;
	spin_lock(&a->lock);
	struct envelope *e = atomic_load_explicit(&a->inbox, memory_order_acquire);
	if (e == INBOX_IDLE || e == INBOX_CLOSED)
		e = NULL;
	/* Pushers only replace the head; from the second on the list is ours while we hold the lock. (Bundles: those to
	 * whom this slot belonged before may still be sent to. They are not counted.) */
	for (uint32_t n = 0; e != NULL && *link_next(e) != NULL;) {
		struct envelope *next = *link_next(e);
		if (link_count(next) == 0 && next->flags & ENV_COUNTED && ++n >= keep) {
			*link_next(e) = next->next;
			next->next = dead;
			dead = next;
		} else {
			e = next;
		}
	}
	spin_unlock(&a->lock);
	while (dead != NULL) {
		struct envelope *next = dead->next;
		bound_leave(s, a);
		signal_refuse(s, dead, a->index);
		dead = next;
	}
}

void bound_trim(struct sched *s, struct actor *a)
{
	uint32_t limit = atomic_load_explicit(&a->limit, memory_order_relaxed);
	struct envelope *prev = NULL, *e = a->head;
	uint32_t counted = 0;
	for (struct envelope *i = a->head; i != NULL; i = i->next)
		counted += (i->flags & ENV_COUNTED) != 0;
	while (e != NULL && counted > limit) {
		struct envelope *next = e->next;
		if (e->flags & ENV_COUNTED) {
			mailbox_take(s, a, prev, e);
			stat_add(&s->stats.received, (uint64_t)-1); /* it was not */
			stat_add(&s->stats.dead, 1);
			tr_drop(mailbox_open(s, e));
			counted--;
		} else {
			prev = e;
		}
		e = next;
	}
}

/* ---- all ----------------------------------------------------------------------------------------------------------
 */

tr_err bound_enter(struct sched **s, struct actor *a, tr_pid to, tr_value message, bool may_wait)
{
	for (;;) {
		uint32_t limit = atomic_load_explicit(&a->limit, memory_order_relaxed);
		uint32_t n = atomic_fetch_add_explicit(&a->count, 1, memory_order_seq_cst);
		uint8_t policy = atomic_load_explicit(&a->policy, memory_order_relaxed);
		if (n < limit || limit == 0)
			return TR_OK;
		if (policy == TR_MAILBOX_DROP_OLDEST) {
			if (n >= 3 * limit)
				cut_inbox(*s, a, limit);
			return TR_OK;
		}
		/* Not bound_leave: two waiters would wake each other for ever. Of all that take back, the last to look
		 * sees the true count, so somebody goes on if there is room. */
		atomic_fetch_sub_explicit(&a->count, 1, memory_order_seq_cst);
		if (policy == TR_MAILBOX_REJECT || !may_wait)
			return TR_EFULL;
		tr_err err = wait_for_room(s, a, to, message);
		if (err != TR_OK)
			return err;
	}
}

/* Take the first waiting sender off the queue and let it try again. */
static bool admit_one(struct sched *s, struct actor *a)
{
	spin_lock(&a->lock);
	struct room_wait *w = a->room;
	tr_pid sender = {0};
	if (w != NULL) {
		a->room = w->next;
		w->linked = false;
		sender = w->sender;
		/* After this the waiter may be gone. */
		atomic_store(&w->room, 1);
	}
	spin_unlock(&a->lock);
	struct actor *waiter = sender.bits != 0 ? node_actor(s->node, sender) : NULL;
	if (waiter != NULL)
		actor_poke(s, waiter);
	return w != NULL;
}

void bound_leave(struct sched *s, struct actor *a)
{
	atomic_fetch_sub_explicit(&a->count, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&a->policy, memory_order_relaxed) == TR_MAILBOX_BACK_PRESSURE)
		(void)admit_one(s, a);
}

void bound_release(struct sched *s, struct actor *a)
{
	while (admit_one(s, a))
		continue;
}
