/* SPDX-License-Identifier: Apache-2.0 */
/* Sending, receiving, sleeping, yielding. */
#include "runtime/actor/mailbox.h"
#include "runtime/actor/signal.h"

static void trace_send(struct sched *s, tr_pid to, tr_value message)
{
	const struct kernel_hooks *hooks = atomic_load_explicit(&s->node->hooks, memory_order_acquire);
	if (hooks == NULL || hooks->on_send == NULL)
		return;
	tr_pid from = s->current != NULL ? actor_pid(s->current) : (tr_pid){0};
	hooks->on_send(hooks->arg, s->node, from, to, message);
}

static bool is_watched(struct sched *s)
{
	return atomic_load_explicit(&s->node->hooks, memory_order_relaxed) != NULL;
}

static __attribute__((noinline)) tr_err send(struct sched *s, tr_pid to, tr_value message)
{
	if (s == NULL) {
		tr_drop(message);
		return TR_ENOTACTOR;
	}
	trace_send(s, to, message);
	struct actor *a = s->current;
	bool may_wait = a != NULL && a->phase < PHASE_RELEASING;
	tr_err err = mailbox_send(s, to, message, may_wait);
	s = sched_self();
	if (sched_charge(s, REDUCTION_SEND) && may_wait && s->budget < -SCHED_BUDGET)
		sched_checkpoint(a); /* far over: it floods somebody */
	return err;
}

/* To an actor that waits: it gets the message as if it had been in the queue. */
static __attribute__((noinline)) tr_err hand_over(struct sched *s, struct actor *a, tr_pid to, tr_value message)
{
	struct envelope *e = envelope_new(s);
	if (e == NULL || !mailbox_claim(s, a, to)) {
		/* It does not wait any more, or there is no memory. */
		if (e != NULL)
			slab_give(&s->node->envelopes, &s->envelopes, e);
		return send(s, to, message);
	}
	e->generation = pid_generation(to);
	e->kind = ENV_MESSAGE;
	e->flags = 0;
	e->value = message;
	stat_add(&s->stats.sent, 1);
	s->budget -= REDUCTION_SEND;
	struct wait *w = a->wait;
	if (w != NULL && w->kind == WAIT_MESSAGE && w->found == NULL && a->head == NULL) {
		w->found = e;
		stat_add(&a->messages_in, 1);
		stat_add(&s->stats.received, 1);
	} else {
		mailbox_append(a, e);
	}
	sched_ready(s, a);
	return TR_OK;
}

/* The usual cases go the short way, with nothing to think of that they do not need: the receiver waits, or others have
 * begun to fill its inbox. */
tr_err tr_send(tr_pid to, tr_value message)
{
	struct sched *s = sched_self();
	if (s == NULL || !tr_is_valid(message) || is_watched(s) || s->budget <= -SCHED_BUDGET)
		return send(s, to, message);
	struct actor *a = node_actor(s->node, to);
	if (a == NULL || atomic_load_explicit(&a->limit, memory_order_relaxed) != 0 ||
	    atomic_load_explicit(&a->queued, memory_order_relaxed) >= SCHED_LONG_QUEUE)
		return send(s, to, message);
	if (atomic_load_explicit(&a->inbox, memory_order_relaxed) == INBOX_IDLE)
		return hand_over(s, a, to, message);
	if (!mailbox_join(a, to, message))
		return send(s, to, message);
	stat_add(&s->stats.sent, 1);
	s->budget -= REDUCTION_SEND;
	return TR_OK;
}

tr_err tr_send_name(const char *name, tr_value message)
{
	tr_pid to = tr_whereis(name);
	if (to.bits == 0) {
		tr_drop(message);
		return sched_self() == NULL ? TR_ENOTACTOR : TR_ENOPROC;
	}
	return tr_send(to, message);
}

/* The watch looks whether this moves. */
static void count_slice(struct sched *s)
{
	atomic_store_explicit(&s->slice, atomic_load_explicit(&s->slice, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* Wait as told, then hand out what was found. */
static tr_value receive(struct wait *w)
{
	struct actor *a = sched_actor();
	if (a == NULL)
		return tr_invalid(TR_ENOTACTOR);
	struct sched *s = sched_self();
	if (sched_charge(s, REDUCTION_MESSAGE))
		sched_checkpoint(a);
	/* What was there before the ref was made cannot carry it. Here, as a message that was dropped at the checkpoint
	 * takes the mark with it. */
	if (w->kind == WAIT_REF && a->mark_ref == w->ref.bits)
		w->scanned = a->mark;
	sched_block(a, w);
	s = sched_self();
	if (__builtin_expect(a->phase == PHASE_EXITING, 0)) {
		a->wait = w; /* a hook has ended the actor on this very message */
		sched_abandon(s);
	}
	count_slice(s);
	return w->found != NULL ? mailbox_open(s, w->found) : tr_invalid(TR_ETIMEOUT);
}

#define LOOK_EVERY 16u /* messages: so often an actor with a queue looks whether a signal has arrived */

/* The usual case of an actor that has queued messages: the same as receive, with nothing else to think of. What has
 * arrived meanwhile is younger and stays where it is for now, which also spares its senders. NULL: it is not so. */
static inline struct envelope *take_at_once(struct sched *s, struct actor *a)
{
	struct envelope *e = a->head;
	if (e == NULL || a->phase != PHASE_LIVE || is_watched(s) || s->budget <= REDUCTION_MESSAGE ||
	    atomic_load_explicit(&s->preempt, memory_order_relaxed) ||
	    atomic_load_explicit(&a->limit, memory_order_relaxed) != 0 ||
	    atomic_load_explicit(&s->slice, memory_order_relaxed) % LOOK_EVERY == 0)
		return NULL;
	s->budget -= REDUCTION_MESSAGE;
	mailbox_unlink(a, NULL, e);
	stat_add(&s->stats.received, 1);
	count_slice(s);
	return e;
}

static __attribute__((noinline)) tr_value receive_message(int64_t deadline)
{
	struct wait w;
	wait_init(&w, WAIT_MESSAGE, deadline);
	return receive(&w);
}

static __attribute__((noinline)) tr_value open_single(struct sched *s, struct envelope *e)
{
	return mailbox_open(s, e);
}

tr_value tr_receive(int64_t deadline)
{
	struct sched *s = sched_self();
	struct envelope *e = s != NULL && s->current != NULL ? take_at_once(s, s->current) : NULL;
	if (e == NULL)
		return receive_message(deadline);
	if (!bundle_has_more(e))
		return open_single(s, e);
	tr_value v = e->value;
	bundle_forget(e);
	return v;
}

tr_value tr_receive_match(tr_match *match, void *arg, int64_t deadline)
{
	struct wait w;
	wait_init(&w, WAIT_MATCH, deadline);
	w.match = match;
	w.arg = arg;
	return receive(&w);
}

tr_value tr_receive_ref(tr_ref ref, int64_t deadline)
{
	struct wait w;
	wait_init(&w, WAIT_REF, deadline);
	w.ref = ref;
	return receive(&w);
}

void tr_sleep_until(int64_t deadline)
{
	struct actor *a = sched_actor();
	struct wait w;
	wait_init(&w, WAIT_TIME, deadline);
	if (a != NULL)
		sched_block(a, &w);
}

void tr_reduce(uint32_t n)
{
	struct sched *s = sched_self();
	if (s != NULL && s->current != NULL && sched_charge(s, n))
		sched_checkpoint(s->current);
}

void tr_yield(void)
{
	struct sched *s = sched_self();
	if (s == NULL || s->current == NULL)
		return;
	stat_add(&s->current->reductions, 1);
	s->budget = 0;
	sched_checkpoint(s->current);
}

tr_err kernel_wait_flag(_Atomic int *flag, int64_t deadline, bool unkillable)
{
	struct actor *a = sched_actor();
	if (a == NULL)
		return TR_ENOTACTOR;
	struct wait w;
	wait_init(&w, WAIT_FLAG, deadline);
	w.flag = flag;
	w.unkillable = unkillable;
	sched_block(a, &w);
	return atomic_load_explicit(flag, memory_order_acquire) != 0 ? TR_OK : TR_ETIMEOUT;
}
