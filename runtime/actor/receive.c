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

tr_err tr_send(tr_pid to, tr_value message)
{
	struct sched *s = sched_self();
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

tr_err tr_send_name(const char *name, tr_value message)
{
	tr_pid to = tr_whereis(name);
	if (to.bits == 0) {
		tr_drop(message);
		return sched_self() == NULL ? TR_ENOTACTOR : TR_ENOPROC;
	}
	return tr_send(to, message);
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
	atomic_store_explicit(&s->slice, atomic_load_explicit(&s->slice, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	return w->found != NULL ? mailbox_open(s, w->found) : tr_invalid(TR_ETIMEOUT);
}

tr_value tr_receive(int64_t deadline)
{
	struct wait w;
	wait_init(&w, WAIT_MESSAGE, deadline);
	return receive(&w);
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
