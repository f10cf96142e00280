/* SPDX-License-Identifier: Apache-2.0 */
/* Running an actor's code, and taking it apart when it ends. */
#include "runtime/actor/end.h"

#include "runtime/actor/bound.h"
#include "runtime/actor/group.h"
#include "runtime/actor/mailbox.h"
#include "runtime/actor/own.h"
#include "runtime/actor/report.h"
#include "runtime/actor/signal.h"

/* ---- running -------------------------------------------------------------------------------------------------------
 */

static tr_value failed_init(tr_err err)
{
	return TR_LIST(TR_A(error), tr_atom(tr_err_name(err)));
}

/* False: the actor is to end. */
static bool begin(struct actor *a)
{
	const tr_behaviour *b = a->code.behaviour;
	a->flags |= ACTOR_BEGUN;
	tr_err err = b->init != NULL ? b->init(a->state, a->arg) : TR_OK;
	if (err != TR_OK) {
		actor_doom(a, failed_init(err));
		return false;
	}
	a->flags |= ACTOR_READY;
	tr_drop(a->arg);
	a->arg = tr_absent();
	return true;
}

static bool is_system(tr_value message)
{
	tr_from from;
	tr_value request;
	return tr_is(message, TR_ARRAY) &&
	       (TR_IS_A(tr_array_at(message, 0), system) ||
		(tr_is_call(message, &from, &request) && TR_IS_A(tr_array_at(request, 0), system)));
}

/* The first message, or when suspended the first system message. */
static struct envelope *next_message(struct sched *s, struct actor *a)
{
	struct envelope *prev = NULL, *e = a->head;
	if (a->flags & ACTOR_SUSPENDED)
		for (; e != NULL && !is_system(e->value); prev = e, e = e->next)
			continue;
	if (e != NULL)
		mailbox_take(s, a, prev, e);
	return e;
}

static void handle(struct sched *s, struct actor *a, struct envelope *e)
{
	const tr_behaviour *b = a->code.behaviour;
	const struct kernel_hooks *hooks = atomic_load_explicit(&s->node->hooks, memory_order_acquire);
	a->handling = e;
	a->idle_deadline = 0;
	/* A hook may have ended the actor on this very message. */
	bool done = hooks != NULL && (a->phase != PHASE_LIVE || (hooks->system != NULL && is_system(e->value) &&
								 hooks->system(hooks->arg, b, a->state, e->value)));
	if (!done && b->handle != NULL) {
		int64_t traced = hooks == NULL ? INT64_MIN : kernel_callback_begin(b->name, "handle", e->value);
		b->handle(a->state, e->value);
		if (traced != INT64_MIN)
			kernel_callback_end(traced, b->name, "handle");
	}
	a->handling = NULL;
	tr_drop(mailbox_open(sched_self(), e));
}

static bool idle_due(struct sched *s, struct actor *a)
{
	return a->idle_deadline != 0 && !(a->flags & ACTOR_SUSPENDED) && node_now(s->node) >= a->idle_deadline;
}

static void hibernate(struct actor *a)
{
	a->flags &= (uint8_t)~ACTOR_HIBERNATE;
	spin_lock(&a->lock);
	struct relations *r = a->relations;
	if (r != NULL && r->n == 0) {
		a->relations = NULL;
		tr_free(r);
	}
	spin_unlock(&a->lock);
}

static enum run_result run_behaviour(struct actor *a)
{
	if (!(a->flags & ACTOR_BEGUN) && !begin(a)) {
		actor_end(a);
		return RUN_ENDED;
	}
	for (;;) {
		struct sched *s = sched_self();
		mailbox_drain(s, a);
		if (a->phase != PHASE_LIVE) {
			actor_end(a);
			return RUN_ENDED;
		}
		struct envelope *e = next_message(s, a);
		if (e != NULL) {
			handle(s, a, e);
		} else if (idle_due(s, a)) {
			a->idle_deadline = 0;
			if (a->code.behaviour->idle != NULL)
				a->code.behaviour->idle(a->state);
		} else {
			if (a->flags & ACTOR_HIBERNATE)
				hibernate(a);
			return RUN_IDLE;
		}
		s = sched_self();
		atomic_store_explicit(&s->slice, atomic_load_explicit(&s->slice, memory_order_relaxed) + 1,
				      memory_order_relaxed);
		if (sched_charge(s, REDUCTION_MESSAGE))
			return RUN_AGAIN;
	}
}

enum run_result actor_run(struct actor *a)
{
	if (!(a->flags & ACTOR_BODY))
		return run_behaviour(a);
	a->flags |= ACTOR_BEGUN;
	a->code.body(a->arg);
	actor_doom(a, TR_A(normal));
	actor_end(a);
	return RUN_ENDED;
}

/* ---- ending --------------------------------------------------------------------------------------------------------
 */

void wait_discard(struct sched *s, struct actor *a)
{
	struct wait *w = a->wait;
	a->wait = NULL;
	if (w == NULL)
		return;
	if (w->kind == WAIT_CALL) {
		signal_send(s, w->to, (struct signal_spec){.kind = ENV_DEMONITOR, .from = actor_pid(a), .ref = w->ref});
		if (w->replied || w->down)
			tr_drop(w->value);
	}
	if (w->kind == WAIT_TURN)
		tr_drop(w->value);
	if (w->found != NULL)
		tr_drop(mailbox_open(s, w->found));
}

/* A parked actor ends: its frames are forgotten. */
static void discard_stack(struct sched *s, struct actor *a)
{
	wait_discard(s, a);
	if (actor_stack(a) != NULL) {
		stack_forget(actor_stack(a));
		sched_stack_give(s, actor_stack(a));
	}
	actor_set_stack(a, NULL);
}

/* Tell everybody who asked. */
static void notify_relations(struct sched *s, struct actor *a)
{
	if (a->relations == NULL)
		return;
	spin_lock(&a->lock);
	struct relations *r = a->relations;
	a->relations = NULL;
	spin_unlock(&a->lock);
	tr_pid me = actor_pid(a);
	struct relation *e;
	for (uint32_t i = 0; (e = relation_next(r, &i)) != NULL;) {
		if (e->kind == REL_LINK)
			signal_send(s, (tr_pid){e->key},
				    (struct signal_spec){.kind = ENV_LINK_EXIT, .from = me, .value = tr_keep(a->arg)});
		else if (e->kind == REL_MONITORED_BY)
			signal_send(s, (tr_pid){e->peer},
				    (struct signal_spec){
					.kind = ENV_DOWN, .from = me, .ref = {e->key}, .value = tr_keep(a->arg)});
		else if (e->kind == REL_MONITOR)
			signal_send(s, (tr_pid){e->peer},
				    (struct signal_spec){.kind = ENV_DEMONITOR, .from = me, .ref = {e->key}});
	}
	tr_free(r);
}

static void disarm(struct sched *s, struct actor *a)
{
	uint32_t number;
	while ((number = atomic_load_explicit(&a->timer.wheel, memory_order_acquire)) != 0) {
		struct sched *holder = atomic_load_explicit(&s->node->scheds[number - 1], memory_order_acquire);
		if (wheel_disarm(&holder->wheel, &a->timer))
			return;
	}
}

static void free_extra(struct actor *a)
{
	spin_lock(&a->lock);
	struct actor_extra *x = a->extra;
	a->extra = NULL;
	spin_unlock(&a->lock);
	if (x == NULL)
		return;
	tr_drop(x->note);
	tr_drop(x->call_reason);
	tr_free(x);
}

static void last_one(tr_node *node)
{
	pthread_mutex_lock(&node->end_lock);
	pthread_cond_broadcast(&node->end_cond);
	pthread_mutex_unlock(&node->end_lock);
}

/* The slot goes back. After this a stale pid finds nobody. */
static void free_slot(struct sched *s, struct actor *a)
{
	tr_node *node = s->node;
	s->current = NULL;
	atomic_store_explicit(&s->at, 0, memory_order_relaxed);
	actor_set_status(a, STATUS_FREE);
	slab_give(&node->actors, &s->actors, a);
	stat_add(&s->stats.exited, 1);
	if (atomic_fetch_sub_explicit(&node->actors_live, 1, memory_order_seq_cst) == 1 &&
	    atomic_load_explicit(&node->stopping, memory_order_seq_cst) != 0)
		last_one(node);
}

void forget_names(struct sched *s, struct actor *a)
{
	if (!atomic_load_explicit(&a->listed, memory_order_seq_cst))
		return;
	registry_forget(s->node, actor_pid(a));
	group_forget(s->node, actor_pid(a));
}

/* Nothing from here to the end may block. */
static void release(struct actor *a)
{
	struct sched *s = sched_self();
	a->phase = PHASE_RELEASING;
	if (a->handling != NULL)
		tr_drop(mailbox_open(s, a->handling));
	a->handling = NULL;
	own_release_all(s, a);
	disarm(s, a);
	forget_names(s, a);
	notify_relations(s, a);
	uint64_t bits = atomic_load_explicit(&a->pid, memory_order_relaxed);
	mailbox_close(s, a);
	atomic_store_explicit(&a->pid, 0, memory_order_release);
	if (atomic_load_explicit(&a->limit, memory_order_relaxed) != 0)
		bound_release(s, a);
	free_extra(a);
	tr_free(a->state);
	atomic_store_explicit(&a->last_pid, bits, memory_order_relaxed);
	tr_drop(a->arg);
	a->arg = tr_absent();
	free_slot(s, a);
}

void actor_end(struct actor *a)
{
	struct sched *s = sched_self();
	actor_set_status(a, STATUS_EXITING);
	discard_stack(s, a);
	if (a->phase == PHASE_EXITING) {
		const struct kernel_hooks *hooks = atomic_load_explicit(&s->node->hooks, memory_order_acquire);
		if (hooks != NULL && hooks->on_exit != NULL)
			hooks->on_exit(hooks->arg, s->node, actor_pid(a), a->arg);
		report_crash(s, a);
		/* If terminate exits or is killed, we come here again, a phase further. */
		a->phase = PHASE_TERMINATED;
		bool behaviour = !(a->flags & ACTOR_BODY);
		if (behaviour && (a->flags & (ACTOR_READY | ACTOR_KILLED)) == ACTOR_READY &&
		    a->code.behaviour->terminate != NULL)
			a->code.behaviour->terminate(a->state, a->arg);
	}
	release(a);
}
