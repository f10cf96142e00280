/* SPDX-License-Identifier: Apache-2.0 */
/* What each signal does. The rules are those of the Erlang reference manual, chapter "Processes". */
#include "runtime/actor/signal.h"

#include <sched.h>

#include "runtime/actor/mailbox.h"
#include "runtime/actor/ref.h"
#include "runtime/actor/remote.h"

void wait_for_memory(uint32_t *tries)
{
	CHECK((*tries)++ < 1000000);
	sched_yield();
}

struct signal *signal_new(struct sched *s)
{
	struct signal *sig;
	for (uint32_t tries = 0; (sig = slab_take(&s->node->signals, &s->signals)) == NULL;)
		wait_for_memory(&tries);
	return sig;
}

void relation_put(struct actor *a, enum relation_kind kind, uint64_t key, uint64_t peer)
{
	bool ok = false;
	for (uint32_t tries = 0; !ok;) {
		spin_lock(&a->lock);
		ok = relation_add(&a->relations, kind, key, peer);
		spin_unlock(&a->lock);
		if (!ok)
			wait_for_memory(&tries);
	}
}

bool relation_drop(struct actor *a, enum relation_kind kind, uint64_t key, uint64_t *peer)
{
	struct relation *e = relation_find(a->relations, kind, key);
	if (e == NULL)
		return false;
	if (peer != NULL)
		*peer = e->peer;
	spin_lock(&a->lock);
	relation_remove(&a->relations, e);
	spin_unlock(&a->lock);
	return true;
}

void signal_send(struct sched *s, tr_pid to, struct signal_spec spec)
{
	struct actor *a = node_actor(s->node, to);
	if (a == NULL && node_is_foreign(s->node, to)) {
		remote_signal(s, to, &spec);
		return;
	}
	struct signal *sig = signal_new(s);
	sig->env = (struct envelope){.generation = pid_generation(to),
				     .kind = (uint8_t)spec.kind,
				     .flags = spec.flags,
				     .id = spec.id,
				     .value = spec.value};
	sig->from = spec.from;
	sig->ref = spec.ref;
	sig->fn = spec.fn;
	sig->arg = spec.arg;
	if (a == NULL || !mailbox_push(s, a, &sig->env))
		signal_refuse(s, &sig->env, pid_slot(to));
}

/* ---- nobody there -------------------------------------------------------------------------------------------------
 */

static void answer_for_nobody(struct sched *s, const struct signal *sig, tr_pid dead)
{
	switch (sig->env.kind) {
	case ENV_CALL:
	case ENV_MONITOR:
		signal_send(
		    s, sig->from,
		    (struct signal_spec){.kind = ENV_DOWN, .from = dead, .ref = sig->ref, .value = TR_A(noproc)});
		break;
	case ENV_LINK:
		signal_send(s, sig->from,
			    (struct signal_spec){.kind = ENV_LINK_EXIT, .from = dead, .value = TR_A(noproc)});
		break;
	case ENV_UNLINK:
		signal_send(s, sig->from,
			    (struct signal_spec){.kind = ENV_UNLINK_ACK, .from = dead, .id = sig->env.id});
		break;
	case ENV_INTERRUPT:
		sig->fn(sig->arg, false);
		break;
	default:
		break;
	}
}

void signal_refuse(struct sched *s, struct envelope *e, uint32_t index)
{
	tr_pid dead = {((uint64_t)s->node->id << 56) | ((uint64_t)e->generation << PID_SLOT_BITS) | index};
	if (e->kind == ENV_MESSAGE || e->kind == ENV_CALL || e->kind == ENV_REPLY)
		stat_add(&s->stats.dead, 1);
	if (e->kind != ENV_MESSAGE)
		answer_for_nobody(s, (struct signal *)(void *)e, dead);
	tr_drop(mailbox_open(s, e));
}

/* ---- messages made by the kernel ----------------------------------------------------------------------------------
 */

/* Turn the signal into a message for its receiver; `items` (taken) make an array. */
static void become_message(struct sched *s, struct actor *a, struct signal *sig, const tr_value *items, size_t n)
{
	tr_value v = tr_invalid(TR_ENOMEM);
	for (uint32_t tries = 0; !tr_is_valid(v);) {
		for (size_t i = 0; i < n; i++)
			(void)tr_keep(items[i]);
		v = tr_array_from(items, n);
		if (!tr_is_valid(v))
			wait_for_memory(&tries);
	}
	for (size_t i = 0; i < n; i++)
		tr_drop(items[i]);
	sig->env.value = v;
	stat_add(&s->stats.sent, 1);
	mailbox_append(a, &sig->env);
}

void actor_doom(struct actor *a, tr_value reason)
{
	struct wait *w = a->wait;
	if (a->phase != PHASE_LIVE || (w != NULL && w->unkillable && w->doomed)) {
		tr_drop(reason);
		return;
	}
	if (w != NULL && w->unkillable) {
		/* Another thread works with this actor's memory: put the end off. */
		w->doomed = true;
		w->value = reason;
		return;
	}
	a->phase = PHASE_EXITING;
	atomic_store_explicit(&a->closing, 1, memory_order_seq_cst);
	tr_drop(a->arg);
	a->arg = reason;
	a->flags |= ACTOR_RETURNED;
}

static void kill_now(struct actor *a)
{
	if (a->phase == PHASE_EXITING || a->phase == PHASE_TERMINATED) {
		/* A terminate callback that blocks can still be killed; the first reason stands. */
		a->flags |= ACTOR_KILLED;
		return;
	}
	actor_doom(a, TR_A(killed));
	a->flags |= ACTOR_KILLED;
}

/* ---- at the receiver ----------------------------------------------------------------------------------------------
 */

static void drop_signal(struct sched *s, struct signal *sig)
{
	tr_drop(mailbox_open(s, &sig->env));
}

static void on_exit_signal(struct sched *s, struct actor *a, struct signal *sig)
{
	tr_value reason = sig->env.value;
	bool linked = sig->env.kind == ENV_LINK_EXIT;
	if (linked && !relation_drop(a, REL_LINK, sig->from.bits, NULL)) {
		drop_signal(s, sig); /* unlinked meanwhile */
		return;
	}
	if (!linked && TR_IS_A(reason, kill)) {
		kill_now(a);
		drop_signal(s, sig);
		return;
	}
	if (atomic_load_explicit(&a->trap, memory_order_relaxed) && a->phase == PHASE_LIVE) {
		tr_value items[] = {TR_A(exit), tr_pid_value(sig->from), reason};
		become_message(s, a, sig, items, 3);
		return;
	}
	bool own = sig->from.bits == actor_pid(a).bits;
	if (!TR_IS_A(reason, normal) || (own && !linked)) {
		if (a->phase == PHASE_LIVE)
			a->flags |= ACTOR_SIGNALLED;
		actor_doom(a, tr_keep(reason));
	}
	drop_signal(s, sig);
}

static void on_link(struct sched *s, struct actor *a, struct signal *sig)
{
	/* While an unlink of ours is under way a link of theirs was sent before they saw it: ours comes later and wins.
	 */
	if (relation_find(a->relations, REL_UNLINKING, sig->from.bits) == NULL &&
	    relation_find(a->relations, REL_LINK, sig->from.bits) == NULL)
		relation_put(a, REL_LINK, sig->from.bits, 0);
	drop_signal(s, sig);
}

static void on_unlink(struct sched *s, struct actor *a, struct signal *sig)
{
	(void)relation_drop(a, REL_LINK, sig->from.bits, NULL);
	signal_send(s, sig->from,
		    (struct signal_spec){.kind = ENV_UNLINK_ACK, .from = actor_pid(a), .id = sig->env.id});
	drop_signal(s, sig);
}

static void on_unlink_ack(struct sched *s, struct actor *a, struct signal *sig)
{
	struct relation *e = relation_find(a->relations, REL_UNLINKING, sig->from.bits);
	if (e != NULL && e->peer == sig->env.id)
		(void)relation_drop(a, REL_UNLINKING, sig->from.bits, NULL);
	drop_signal(s, sig);
}

static void on_down(struct sched *s, struct actor *a, struct signal *sig)
{
	struct wait *w = a->wait;
	if (w != NULL && w->kind == WAIT_CALL && w->ref.bits == sig->ref.bits) {
		if (!w->replied && !w->down) {
			w->down = true;
			w->value = tr_keep(sig->env.value);
		}
		drop_signal(s, sig);
	} else if (relation_drop(a, REL_MONITOR, sig->ref.bits, NULL)) {
		tr_value items[] = {TR_A(down), tr_ref_value(sig->ref), TR_A(process), tr_pid_value(sig->from),
				    sig->env.value};
		become_message(s, a, sig, items, 5);
	} else {
		drop_signal(s, sig);
	}
}

static void on_reply(struct sched *s, struct actor *a, struct signal *sig)
{
	struct wait *w = a->wait;
	if (w != NULL && w->kind == WAIT_CALL && w->ref.bits == sig->ref.bits && !w->replied && !w->down) {
		w->replied = true;
		w->cleared = (sig->env.flags & ENV_CLEARED) != 0;
		w->value = mailbox_open(s, &sig->env);
		stat_add(&s->stats.received, 1);
	} else if ((sig->ref.bits & REF_ALIAS) == 0 || relation_find(a->relations, REL_ALIAS, sig->ref.bits) != NULL) {
		/* A message cannot carry an invalid value as a call's result can. */
		tr_value value = tr_is_valid(sig->env.value) ? sig->env.value : TR_A(error);
		tr_value items[] = {TR_A(reply), tr_ref_value(sig->ref), value};
		become_message(s, a, sig, items, 3);
		stat_add(&s->stats.sent, (uint64_t)-1); /* counted when it was sent */
	} else {
		stat_add(&s->stats.dead, 1); /* the caller gave up */
		drop_signal(s, sig);
	}
}

/* Transports may double frames. */
static bool known_already(struct actor *a, const struct signal *sig)
{
	return (sig->env.flags & ENV_REMOTE) && relation_find(a->relations, REL_MONITORED_BY, sig->ref.bits) != NULL;
}

void signal_handle(struct sched *s, struct actor *a, struct signal *sig)
{
	switch ((enum envelope_kind)sig->env.kind) {
	case ENV_MESSAGE:
		break;
	case ENV_CALL:
		if (!known_already(a, sig))
			relation_put(a, REL_MONITORED_BY, sig->ref.bits, sig->from.bits);
		mailbox_append(a, &sig->env);
		break;
	case ENV_REPLY:
		on_reply(s, a, sig);
		break;
	case ENV_LINK:
		on_link(s, a, sig);
		break;
	case ENV_UNLINK:
		on_unlink(s, a, sig);
		break;
	case ENV_UNLINK_ACK:
		on_unlink_ack(s, a, sig);
		break;
	case ENV_EXIT:
	case ENV_LINK_EXIT:
		on_exit_signal(s, a, sig);
		break;
	case ENV_MONITOR:
		if (!known_already(a, sig))
			relation_put(a, REL_MONITORED_BY, sig->ref.bits, sig->from.bits);
		drop_signal(s, sig);
		break;
	case ENV_DEMONITOR:
		(void)relation_drop(a, REL_MONITORED_BY, sig->ref.bits, NULL);
		drop_signal(s, sig);
		break;
	case ENV_DOWN:
		on_down(s, a, sig);
		break;
	case ENV_INTERRUPT:
		sig->fn(sig->arg, true);
		drop_signal(s, sig);
		break;
	case ENV_LOST:
		remote_lost(s, a, (uint8_t)sig->env.id);
		drop_signal(s, sig);
		break;
	}
}
