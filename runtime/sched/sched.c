/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler's loop: running one actor after the other, and changing stacks. */
#include "runtime/sched/sched.h"

#include <sched.h>

#include "runtime/actor/end.h"
#include "runtime/actor/mailbox.h"
#include "runtime/actor/node.h"
#include "runtime/actor/signal.h"

__attribute__((
    used)) _Thread_local struct sched *sched_tls; /* named in assembler, where link-time optimization does not look */

/* Not inlined and opaque: with what it does unknown, no call of it is merged with another one. */
__attribute__((noinline)) struct sched *sched_self_slow(void)
{
	__asm__ volatile("");
	return sched_tls;
}

__attribute__((noinline)) void sched_set_self(struct sched *s)
{
	sched_tls = s;
}

/* ---- leaving -------------------------------------------------------------------------------------------------------
 */

/* Give up ownership of an actor that waits; false when there is something for it to do after all. */
static bool publish_idle(struct actor *a)
{
	struct envelope *none = NULL;
	if (atomic_load_explicit(&a->inbox, memory_order_relaxed) != NULL)
		return false;
	/* Release: the next owner sees all we wrote. Sequentially consistent: see actor_poke. */
	if (!atomic_compare_exchange_strong_explicit(&a->inbox, &none, INBOX_IDLE, memory_order_seq_cst,
						     memory_order_relaxed))
		return false;
	if (atomic_load_explicit(&a->poke, memory_order_seq_cst) == 0)
		return true;
	/* Poked before it was visible that we wait: take it back, unless somebody else has woken it. */
	struct envelope *idle = INBOX_IDLE;
	return !atomic_compare_exchange_strong_explicit(&a->inbox, &idle, NULL, memory_order_acq_rel,
							memory_order_relaxed);
}

void actor_poke(struct sched *s, struct actor *a)
{
	/* Store, then look at inbox; publish_idle writes inbox, then looks at poke: one of the two sees the other. */
	atomic_store_explicit(&a->poke, 1, memory_order_seq_cst);
	struct envelope *idle = INBOX_IDLE;
	if (atomic_load_explicit(&a->inbox, memory_order_seq_cst) == INBOX_IDLE &&
	    atomic_compare_exchange_strong_explicit(&a->inbox, &idle, NULL, memory_order_acq_rel, memory_order_relaxed))
		sched_ready(s, a);
}

/* Arm the wait timer for no later than the deadline. An earlier one that is still armed stays: it fires for nothing
 * once and is then armed anew, which is cheaper than cancelling it in every wait. */
static void arm_timer(struct sched *s, struct actor *a, int64_t deadline)
{
	if (deadline == TR_FOREVER || deadline <= 0)
		return;
	uint32_t number = atomic_load_explicit(&a->timer.wheel, memory_order_acquire);
	if (number != 0) {
		struct sched *holder = atomic_load_explicit(&s->node->scheds[number - 1], memory_order_acquire);
		if (a->timer.deadline <= deadline)
			return;
		(void)wheel_disarm(&holder->wheel, &a->timer);
	}
	(void)wheel_arm(&s->wheel, &a->timer, deadline);
}

/* The first thing after arriving on a stack: finish with the one we came from. */
static struct sched *sched_arrive(void)
{
	struct sched *s = sched_self();
	struct actor *left = s->left;
	struct stack *loop_stack = s->spent;
	enum leave leave = s->leave;
	s->left = NULL;
	s->spent = NULL;
	s->leave = LEAVE_NOTHING;
	if (loop_stack != NULL)
		sched_stack_give(s, loop_stack);
	if (left == NULL)
		return s;
	if (leave == LEAVE_AGAIN || !publish_idle(left))
		sched_requeue(s, left);
	return s;
}

/* ---- running -------------------------------------------------------------------------------------------------------
 */

static void loop_entry(void *arg);

/* Take an actor out of a queue onto this scheduler. */
static void begin_slice(struct sched *s, struct actor *a)
{
	s->current = a;
	atomic_store_explicit(&s->preempt, false, memory_order_relaxed);
	atomic_store_explicit(&s->at, atomic_load_explicit(&a->pid, memory_order_relaxed), memory_order_relaxed);
	atomic_store_explicit(&s->slice, atomic_load_explicit(&s->slice, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	/* Cleared before the conditions are looked at; only if set, as the exchange costs more than all of the rest. */
	if (atomic_load_explicit(&a->poke, memory_order_relaxed) != 0)
		atomic_exchange_explicit(&a->poke, 0, memory_order_seq_cst);
	actor_set_status(a, STATUS_RUNNING);
	mailbox_drain(s, a);
	/* What has just been drained is in the cache: better read now than after everybody else's turn. */
	bool long_queue = atomic_load_explicit(&a->queued, memory_order_relaxed) >= SCHED_LONG_SLICE;
	s->slice_budget = long_queue ? s->quantum * 8 : s->quantum;
	s->budget = s->slice_budget;
}

static void end_slice(struct sched *s, struct actor *a)
{
	stat_add(&a->reductions, (uint64_t)(s->slice_budget - s->budget));
	s->current = NULL;
	atomic_store_explicit(&s->at, 0, memory_order_relaxed);
}

/* Has it a reason to end, or was its terminate callback killed? */
static bool is_ending(const struct actor *a)
{
	return a->phase == PHASE_EXITING || (a->phase == PHASE_TERMINATED && (a->flags & ACTOR_KILLED));
}

enum verdict {
	GO_ON,
	WAIT_ON,
	END
};

/* The wait is over: an exit that was put off comes now. */
static bool carry_out(struct actor *a, struct wait *w)
{
	if (!w->doomed)
		return false;
	w->unkillable = false;
	w->doomed = false;
	actor_doom(a, w->value);
	return true;
}

/* May a parked actor go on? Its slice has begun. */
static enum verdict judge(struct sched *s, struct actor *a)
{
	struct wait *w = a->wait;
	if (is_ending(a))
		return END;
	if (!wait_check(s, a, w))
		return WAIT_ON;
	return carry_out(a, w) ? END : GO_ON;
}

/* Owner: the slice is over and the actor waits on, without a switch of stacks (it has none, or it is parked). */
static bool sleep_on(struct sched *s, struct actor *a, int64_t deadline, enum actor_status status)
{
	actor_set_status(a, status);
	arm_timer(s, a, deadline);
	end_slice(s, a);
	return publish_idle(a);
}

static inline __attribute__((always_inline)) void switch_stack(struct sched *s, struct stack *to, bool spent)
{
	struct stack *from = s->stack;
	s->stack = to;
	if (spent)
		s->spent = from;
	stack_switch(from, to);
	/* Back, maybe on another thread. */
	(void)sched_arrive();
}

/* The parked actor goes on where it stopped. This loop stays suspended here, among the free stacks, until somebody
 * needs a loop again: then it comes back from here. */
static void resume(struct sched *s, struct actor *a)
{
	struct stack *to = actor_stack(a);
	actor_set_stack(a, NULL);
	switch_stack(s, to, true);
}

/* Give the actor a stack of its size, if ours is too small, and start over there. */
static bool move_to_larger(struct sched *s, struct actor *a)
{
	if (a->stack_class <= s->stack->size_class)
		return false;
	struct stack *k = sched_stack(s, a->stack_class);
	if (k == NULL) {
		actor_doom(a, TR_A(enomem));
		return false;
	}
	switch_stack(s, k, true); /* the fresh loop there finds it as the current actor */
	return true;
}

/* One slice of an actor that is not parked, or the end of any. Runs its code: `s` is stale afterwards. */
static void run(struct sched *s, struct actor *a)
{
	if (a->phase != PHASE_LIVE) {
		actor_end(a);
		return;
	}
	if (move_to_larger(s, a))
		return;
	enum run_result result = actor_run(a);
	s = sched_self();
	if (result == RUN_ENDED)
		return;
	if (result == RUN_AGAIN) {
		end_slice(s, a);
		sched_requeue(s, a);
		return;
	}
	bool held = (a->flags & ACTOR_SUSPENDED) != 0;
	if (!sleep_on(s, a, held ? 0 : a->idle_deadline, held ? STATUS_SUSPENDED : STATUS_WAITING))
		sched_requeue(s, a);
}

static void dispatch(struct sched *s, struct actor *a)
{
	if (s->current != a)
		begin_slice(s, a);
	if (actor_stack(a) == NULL) {
		run(s, a);
		return;
	}
	switch (judge(s, a)) {
	case GO_ON:
		resume(s, a);
		break;
	case WAIT_ON:
		if (!sleep_on(s, a, a->wait->deadline, a->wait->unkillable ? STATUS_DIRTY : STATUS_PARKED))
			sched_requeue(s, a);
		break;
	case END:
		actor_end(a);
		break;
	}
}

static void loop(void)
{
	for (;;) {
		struct sched *s = sched_self();
		struct actor *a = s->current;
		if (a == NULL)
			a = sched_next(s);
		if (a == NULL)
			switch_stack(s, &s->native, true);
		else
			dispatch(s, a);
	}
}

static void loop_entry(void *arg)
{
	struct stack *k = arg;
	stack_arrived(k);
	(void)sched_arrive();
	for (;;) {
		/* An actor that ends in the middle of its frames comes back here. */
		(void)_setjmp(k->top);
		loop();
	}
}

void sched_abandon(struct sched *s)
{
	CHECK(s->current != NULL && s->current->phase != PHASE_LIVE);
	wait_discard(s, s->current); /* now: the frames are overwritten below */
	longjmp(s->stack->top, 1);
}

void sched_run_loop(struct sched *s)
{
	struct stack *k = sched_stack(s, 0);
	CHECK(k != NULL);
	if (s->native.high == NULL)
		stack_native(&s->native); /* in manual mode it is always the same thread */
	s->stack = &s->native;
	switch_stack(s, k, false);
	while (s->errand != NULL) {
		void (*errand)(void *) = s->errand;
		s->errand = NULL;
		errand(s->errand_arg);
		switch_stack(s, s->errand_from, false);
	}
	s->stack = NULL;
}

void sched_on_native(struct sched *s, void (*fn)(void *arg), void *arg)
{
	s->errand = fn;
	s->errand_arg = arg;
	s->errand_from = s->stack;
	switch_stack(s, &s->native, false);
}

struct stack *sched_stack(struct sched *s, uint8_t size_class)
{
	struct stack *k = s->warm;
	if (size_class == 0 && k != NULL) {
		s->warm = k->next;
		s->n_warm--;
	} else {
		k = stack_new(&s->node->stacks, size_class);
	}
	/* A suspended loop goes on; other stacks begin one. */
	if (k != NULL && k->sp == NULL)
		stack_start(k, loop_entry);
	return k;
}

void sched_stack_give(struct sched *s, struct stack *k)
{
	if (k->native)
		return;
	if (k->size_class != 0 || s->n_warm >= SCHED_WARM) {
		stack_free(&s->node->stacks, k);
		return;
	}
	k->next = s->warm;
	s->warm = k;
	s->n_warm++;
}

/* ---- blocking ------------------------------------------------------------------------------------------------------
 */

/* Where to go from an actor that blocks: straight onto the next parked actor's stack if it may go on, else to a loop.
 */
static struct stack *find_next(struct sched *s)
{
	struct actor *n;
	while (!s->node->manual && (n = sched_pick_local(s)) != NULL) {
		begin_slice(s, n);
		enum verdict v = actor_stack(n) != NULL ? judge(s, n) : END;
		if (v == GO_ON) {
			struct stack *to = actor_stack(n);
			actor_set_stack(n, NULL);
			return to;
		}
		if (v == END)
			break; /* its slice has begun: the fresh loop finds it as the current actor */
		if (!sleep_on(s, n, n->wait->deadline, n->wait->unkillable ? STATUS_DIRTY : STATUS_PARKED))
			sched_requeue(s, n);
	}
	return sched_stack(s, 0); /* there is one: see have_spare_stack */
}

/* Is there a stack to leave to? */
static bool have_spare_stack(struct sched *s)
{
	if (s->warm != NULL)
		return true;
	struct stack *k = stack_new(&s->node->stacks, 0);
	if (k != NULL)
		sched_stack_give(s, k);
	return k != NULL;
}

/* There is no memory for another stack, so the actor cannot leave this one: wait here. Other schedulers take over what
 * is queued behind it, as behind any long handler. */
static void wait_in_place(struct actor *a, struct wait *w)
{
	struct sched *s = sched_self();
	while (!wait_check(s, a, w)) {
		sched_timers(s, node_now(s->node));
		sched_yield();
		mailbox_drain(s, a);
		if (is_ending(a))
			sched_abandon(s);
	}
}

static void end_if_doomed(struct actor *a, struct wait *w)
{
	if (carry_out(a, w))
		sched_abandon(sched_self());
}

static inline __attribute__((always_inline)) void leave_actor(struct actor *a, struct wait *w, enum leave leave)
{
	struct sched *s = sched_self();
	a->wait = w;
	if (leave == LEAVE_IDLE)
		arm_timer(s, a, w->deadline);
	actor_set_status(a, leave == LEAVE_AGAIN ? STATUS_READY : w->unkillable ? STATUS_DIRTY : STATUS_PARKED);
	end_slice(s, a);
	struct stack *to = find_next(s);
	actor_set_stack(a, s->stack);
	s->left = a;
	s->leave = leave;
	switch_stack(s, to, false);
}

/* Is there no need to wait? The clock is not asked for a call that was just made: its timer does that. */
static bool over_at_once(struct sched *s, struct actor *a, struct wait *w)
{
	if (w->kind == WAIT_CALL && w->deadline > 0)
		return w->replied || w->down;
	return wait_check(s, a, w);
}

void sched_block(struct actor *a, struct wait *w)
{
	struct sched *s = sched_self();
	CHECK(a->phase < PHASE_RELEASING); /* destructors must not block */
	CHECK(spin_depth == 0);
	a->wait = w;
	mailbox_drain(s, a);
	if (is_ending(a))
		sched_abandon(s);
	if (over_at_once(s, a, w)) {
		end_if_doomed(a, w);
		a->wait = NULL;
		return;
	}
	if (have_spare_stack(s)) {
		leave_actor(a, w, w->kind == WAIT_TURN ? LEAVE_AGAIN : LEAVE_IDLE);
	} else {
		wait_in_place(a, w);
		end_if_doomed(a, w);
	}
	a->wait = NULL;
}

static void abandon_if_ending(struct sched *s, struct actor *a, tr_value held)
{
	if (!is_ending(a))
		return;
	tr_drop(held);
	sched_abandon(s);
}

void sched_checkpoint(struct actor *a)
{
	sched_checkpoint_holding(a, tr_absent());
}

void sched_checkpoint_holding(struct actor *a, tr_value held)
{
	struct sched *s = sched_self();
	if (a->phase >= PHASE_RELEASING)
		return;
	mailbox_drain(s, a);
	abandon_if_ending(s, a, held);
	if (!sched_charge(s, 0))
		return;
	if (!sched_has_work(s) || !have_spare_stack(s)) {
		/* Nobody is waiting for the core: a new slice. */
		end_slice(s, a);
		begin_slice(s, a);
		abandon_if_ending(s, a, held);
		return;
	}
	struct wait turn;
	wait_init(&turn, WAIT_TURN, TR_FOREVER);
	turn.value = held;
	leave_actor(a, &turn, LEAVE_AGAIN);
	a->wait = NULL;
}
