/* SPDX-License-Identifier: Apache-2.0 */
/* Pushing, draining and taking. Bounds are in bound.c. */
#include "runtime/actor/mailbox.h"

#include "runtime/actor/bound.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/signal.h"

bool mailbox_push(struct sched *s, struct actor *to, struct envelope *e)
{
	/* Acquire: who is told that nobody is there sees what that actor did before its end. */
	struct envelope *head = atomic_load_explicit(&to->inbox, memory_order_acquire);
	do {
		if (head == INBOX_CLOSED)
			return false;
		e->next = head == INBOX_IDLE ? NULL : head;
		/* Release: the envelope's content pairs with the acquire in mailbox_drain. Acquire: when we become the
		 * owner we see what the last owner wrote before its release in sched_leave. */
	} while (
	    !atomic_compare_exchange_weak_explicit(&to->inbox, &head, e, memory_order_acq_rel, memory_order_acquire));
	if (head == INBOX_IDLE)
		sched_ready(s, to);
	return true;
}

static bool hand_over(struct sched *s, struct actor *a, tr_pid to, struct envelope *e)
{
	if (!mailbox_claim(s, a, to))
		return false;
	mailbox_append(a, e);
	sched_ready(s, a);
	return true;
}

/* Others have begun to queue: a bundle. False: nothing is queued yet, or there is no memory. */
static bool open_bundle(struct sched *s, struct actor *a, tr_pid to, tr_value message)
{
	struct envelope *link = atomic_load_explicit(&a->inbox, memory_order_relaxed);
	struct bundle *b = (uintptr_t)link > BUNDLE_COUNT ? slab_take(&s->node->bundles, &s->bundles) : NULL;
	if (b == NULL)
		return false;
	/* By the time that the next message comes they will be at hand: a store that misses would hold up the
	 * compare-and-swap of the message after it. */
	for (size_t line = 64; line < sizeof *b; line += 64)
		__builtin_prefetch((char *)b + line, 1);
	bundle_write(&b->at[0], pid_generation(to), message);
	while ((uintptr_t)link > BUNDLE_COUNT && !mailbox_has_room(link)) {
		b->next = link;
		/* Release: as in mailbox_push. */
		if (atomic_compare_exchange_weak_explicit(&a->inbox, &link, link_more((struct envelope *)(void *)b),
							  memory_order_release, memory_order_relaxed))
			return true;
	}
	b->live = 1;
	bundle_leave(s, &b->at[0]);
	return mailbox_join(a, to, message);
}

/* The message alone in an envelope. */
static tr_err send_single(struct sched *s, struct actor *a, tr_pid to, tr_value message, uint8_t flags)
{
	struct envelope *e = envelope_new(s);
	tr_err err = e == NULL ? TR_ENOMEM : TR_OK;
	if (e != NULL) {
		e->generation = pid_generation(to);
		e->kind = ENV_MESSAGE;
		e->flags = flags;
		e->value = message;
		if ((flags == 0 && hand_over(s, a, to, e)) || mailbox_push(s, a, e))
			return TR_OK;
		envelope_free(s, e);
	}
	if (flags != 0)
		bound_leave(s, a);
	stat_add(&s->stats.dead, 1);
	tr_drop(message);
	return err;
}

tr_err mailbox_send(struct sched *s, tr_pid to, tr_value message, bool may_wait)
{
	if (!tr_is_valid(message))
		return tr_value_err(message) == TR_OK ? TR_EINVAL : tr_value_err(message);
	stat_add(&s->stats.sent, 1);
	struct actor *a = node_actor(s->node, to);
	if (a == NULL && node_is_foreign(s->node, to))
		return remote_send(s, to, message);
	if (a == NULL) {
		stat_add(&s->stats.dead, 1);
		tr_drop(message);
		return TR_OK;
	}
	/* Whoever sends to a long queue pays with his slice, so that its reader gets to the core more often. */
	uint32_t queued = atomic_load_explicit(&a->queued, memory_order_relaxed);
	if (queued >= SCHED_LONG_QUEUE)
		s->budget -= (int32_t)(queued < SCHED_BUDGET * 8 ? queued / 16 : SCHED_BUDGET / 2);
	uint8_t flags = 0;
	if (atomic_load_explicit(&a->limit, memory_order_relaxed) != 0) {
		tr_err err = bound_enter(&s, a, to, message, may_wait);
		if (err != TR_OK) {
			stat_add(&s->stats.dead, 1);
			tr_drop(message);
			return err;
		}
		flags = ENV_COUNTED;
	}
	if (flags == 0 && (mailbox_join(a, to, message) || open_bundle(s, a, to, message)))
		return TR_OK;
	return send_single(s, a, to, message, flags);
}

static void arrive(struct sched *s, struct actor *a, struct envelope *e)
{
	if (e->generation != pid_generation(actor_pid(a))) {
		/* Sent to the actor that had this slot before. */
		if (e->flags & ENV_COUNTED)
			bound_leave(s, a);
		signal_refuse(s, e, a->index);
	} else if (e->kind == ENV_MESSAGE) {
		mailbox_append(a, e);
	} else {
		signal_handle(s, a, (struct signal *)(void *)e);
	}
}

/* The usual: only messages, all of them for this actor. They have been looked at once and are not touched again. */
static void append_all(struct actor *a, struct envelope *first, struct envelope *last, uint32_t n)
{
	if (a->last != NULL)
		a->last->next = first;
	else
		a->head = first;
	a->last = last;
	queued_add(a, n);
	stat_add(&a->messages_in, n);
}

/* What was in an inbox, oldest first. */
struct news {
	struct envelope *first;
	struct envelope *last;
	uint32_t n;
	bool plain; /* nothing but messages of this generation */
};

static inline void turn_one(struct news *news, struct envelope *e, uint32_t generation)
{
	e->next = news->first;
	news->first = e;
	if (news->last == NULL)
		news->last = e;
	if (e->kind != ENV_MESSAGE || e->generation != generation)
		news->plain = false;
	news->n++;
}

static inline void turn_bundle(struct news *news, struct bundle *b, uint32_t n, uint32_t generation)
{
	b->live = n;
	while (n-- > 0) {
		bundle_await(&b->at[n]);
		turn_one(news, &b->at[n], generation);
	}
}

/* Turn the list behind an inbox round. */
static struct news turn(struct envelope *link, uint32_t generation)
{
	struct news news = {.plain = true};
	for (struct envelope *next; link != NULL; link = next) {
		uint32_t n = link_count(link);
		next = *link_next(link);
		link_prefetch(next);
		if (n == 0)
			turn_one(&news, link, generation);
		else
			turn_bundle(&news, link_bundle(link), n, generation);
	}
	return news;
}

void mailbox_drain_news(struct sched *s, struct actor *a)
{
	bool dropping = bound_drops(a);
	if (dropping)
		bound_lock(a);
	struct envelope *newest = atomic_exchange_explicit(&a->inbox, NULL, memory_order_acquire);
	if (dropping)
		bound_unlock(a);
	struct news news = turn(newest, pid_generation(actor_pid(a)));
	if (news.plain && news.n > 0)
		append_all(a, news.first, news.last, news.n);
	for (struct envelope *e = news.plain ? NULL : news.first, *next; e != NULL; e = next) {
		next = e->next;
		arrive(s, a, e);
	}
	if (dropping)
		bound_trim(s, a);
}

void mailbox_taken(struct sched *s, struct actor *a, struct envelope *e)
{
	if (e->flags & ENV_COUNTED)
		bound_leave(s, a);
	const struct kernel_hooks *hooks = atomic_load_explicit(&s->node->hooks, memory_order_acquire);
	if (hooks != NULL && hooks->on_receive != NULL)
		hooks->on_receive(hooks->arg, s->node, actor_pid(a), e->value);
}

void mailbox_flush_down(struct sched *s, struct actor *a, tr_ref ref)
{
	struct envelope *prev = NULL;
	for (struct envelope *e = a->head; e != NULL; prev = e, e = e->next) {
		if (!TR_IS_A(tr_array_at(e->value, 0), down) || tr_as_ref(tr_array_at(e->value, 1)).bits != ref.bits)
			continue;
		mailbox_take(s, a, prev, e);
		tr_drop(mailbox_open(s, e));
		return;
	}
}

void mailbox_close(struct sched *s, struct actor *a)
{
	/* The queue first: it is older. Calls in it were answered by the DOWN of our end. */
	while (a->head != NULL) {
		struct envelope *e = a->head;
		mailbox_unlink(a, NULL, e);
		if (e->flags & ENV_COUNTED)
			bound_leave(s, a);
		stat_add(&s->stats.dead, 1);
		tr_drop(mailbox_open(s, e));
	}
	bool dropping = bound_drops(a);
	if (dropping)
		bound_lock(a);
	struct envelope *newest = atomic_exchange_explicit(&a->inbox, INBOX_CLOSED, memory_order_acq_rel);
	if (dropping)
		bound_unlock(a);
	for (struct envelope *e = turn(newest, 0).first, *next; e != NULL; e = next) {
		next = e->next;
		if (e->flags & ENV_COUNTED)
			bound_leave(s, a);
		signal_refuse(s, e, a->index);
	}
}

/* ---- waiting ------------------------------------------------------------------------------------------------------
 */

static bool has_ref(tr_value message, tr_ref ref)
{
	tr_value item = tr_array_at(message, 1);
	return tr_is(item, TR_REF) && item.as.bits == ref.bits;
}

/* Look at the envelopes after w->scanned. */
static bool scan(struct sched *s, struct actor *a, struct wait *w)
{
	struct envelope *prev = w->scanned;
	struct envelope *e = prev != NULL ? prev->next : a->head;
	for (; e != NULL; prev = e, e = e->next) {
		bool hit = w->kind == WAIT_MESSAGE || (w->kind == WAIT_REF && has_ref(e->value, w->ref)) ||
			   (w->kind == WAIT_MATCH && w->match(w->arg, e->value));
		if (hit) {
			mailbox_take(s, a, prev, e);
			w->found = e;
			return true;
		}
	}
	w->scanned = prev;
	return false;
}

bool wait_check_slow(struct sched *s, struct actor *a, struct wait *w)
{
	switch (w->kind) {
	case WAIT_MESSAGE:
	case WAIT_MATCH:
	case WAIT_REF:
		if (scan(s, a, w))
			return true;
		break;
	case WAIT_CALL:
		if (w->replied || w->down)
			return true;
		break;
	case WAIT_FLAG:
		if (atomic_load_explicit(w->flag, memory_order_acquire) != 0)
			return true;
		break;
	case WAIT_TURN:
		return true;
	case WAIT_TIME:
		break;
	}
	if (w->deadline == TR_FOREVER || (w->deadline > 0 && node_now(s->node) < w->deadline))
		return false;
	w->timed_out = true;
	return true;
}
