/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schedulers: one thread each, taking ready actors and running them on warm stacks.
 *
 * The loop of a scheduler is an ordinary function at the bottom of whatever stack is warm. A behaviour's handler is a
 * plain call from it. When a handler blocks, its stack (with the loop's frame under it) is parked with the actor and
 * the scheduler goes on with a fresh loop on another stack, or straight on the stack of the next parked actor. When the
 * handler returns, perhaps on another thread, the loop under it simply is that thread's loop from then on. Hence:
 *
 *   1. After anything that may run an actor's code, `s` is stale: ask sched_self() again.
 *   2. What must happen after leaving a stack (making its actor wakeable, freeing the stack) is done by whoever arrives
 *      next on this thread, in sched_arrive().
 */
#ifndef TROUPE_SCHED_SCHED_H
#define TROUPE_SCHED_SCHED_H

#include <pthread.h>

#include "runtime/actor/actor.h"
#include "runtime/sched/had.h"
#include "runtime/sched/queue.h"
#include "runtime/time/wheel.h"

#define SCHED_BUDGET      2000 /* reductions a slice */
#define SCHED_LONG_QUEUE  1024 /* messages: from here on senders pay more … */
#define SCHED_LONG_SLICE  256  /* … and from here on the reader's slice is longer */
#define REDUCTION_MESSAGE 4
#define REDUCTION_SEND    1
#define REDUCTION_SPAWN   10

#define SCHED_TRACE 16
#define SCHED_WARM  64 /* free stacks a scheduler keeps for itself */

#define SCHED_NEXT_STREAK 32u            /* at most so many woken actors go ahead of the queue */
#define SCHED_AGE         INT64_C(50000) /* ns in a queue, from which on an actor is better off elsewhere */
#define SCHED_HOUSEKEEP   64u            /* every so many picks: timers, injected and starving actors, sharing */

/* What a parked scheduler sleeps on. */
enum {
	PARKED_NOT = 0,
	PARKED_FUTEX = 1,
	PARKED_RETIRED = 2, /* a futex, until it is called again */
	PARKED_POLL = 3     /* the node's epoll set, see poll.h */
};

enum leave {
	LEAVE_NOTHING,
	LEAVE_IDLE,
	LEAVE_AGAIN
};

/** Counters: written by the owner, summed by tr_node_stats. */
struct sched_stats {
	_Atomic uint64_t sent;
	_Atomic uint64_t received;
	_Atomic uint64_t dead;
	_Atomic uint64_t spawned;
	_Atomic uint64_t exited;
	_Atomic uint64_t steals;
	_Atomic uint64_t parks;
	_Atomic uint64_t parked_ns;
};

static inline void stat_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

struct sched {
	/* Constant. */
	tr_node *node;
	uint32_t id;
	bool outside;    /* the locked stand-in for threads that are no schedulers */
	bool lanes_only; /* outside or manual: ready actors go to the node's lane */
	bool spare;

	/* The thread that runs this scheduler. */
	struct actor *current;
	struct stack *stack;
	struct actor *left;  /* the actor we switched away from … */
	enum leave leave;    /* … and what to do with it */
	struct stack *spent; /* the loop's stack that we switched away from */
	int32_t budget;
	int32_t slice_budget; /* what it was at the start */
	int32_t quantum;      /* what it is at the start: SCHED_BUDGET, in manual mode as the step says */
	uint32_t ticks;
	uint32_t next_streak;
	uint32_t lifo_streak;
	uint32_t seed;
	uint32_t naps; /* that it took while others had young queues */
	uint64_t refs;
	int64_t wall_us; /* of the last birth */
	uint32_t wall_slice;
	struct stack *warm; /* free stacks of class 0 */
	uint32_t n_warm;
	struct slab_cache actors;
	struct slab_cache envelopes;
	struct slab_cache bundles;
	struct slab_cache signals;
	struct slab_cache timers;
	struct stack native;
	void (*errand)(void *arg); /* to be run on the thread's own stack … */
	void *errand_arg;
	struct stack *errand_from; /* … and where to go on afterwards */
	struct sched_stats stats;
	void *trace[SCHED_TRACE]; /* where the current actor called tr_exit from, if it is to be reported */
	uint32_t n_trace;
	struct sched *entered_from; /* outside: what the thread was before */
	uint32_t entered;           /* outside: how deep the thread is in */
	struct actor *chosen;       /* manual mode: the one to run in this step */

	/* Any thread. */
	alignas(64) struct seat next; /* the woken actor that goes first */
	struct runq fifo;
	struct deque lifo;
	struct lane high;
	struct lane low;
	struct wheel wheel;
	alignas(64) _Atomic uint32_t slice; /* counts dispatches and messages; the watch samples it */
	_Atomic uint64_t at;                /* pid that runs, 0: none */
	_Atomic bool slow;                  /* the watch: the running handler has not moved for a tick */
	_Atomic bool preempt;               /* end the slice at the next chance */
	_Atomic bool retired;               /* not needed now: a spare, or one that only got in the way, see width.h */
	_Atomic uint32_t parked;            /* futex: PARKED_… */
	_Atomic uint32_t aged;              /* the tail of `fifo` at … */
	_Atomic int64_t aged_at;            /* … this time, see sched_aged */
	pthread_t thread;
	bool thread_started;
	struct had_thread had;
	void *alt_stack;
};

/** Ready actors that no scheduler has taken yet: from outside threads, and what does not fit into the rings. */
struct inject {
	struct lane lane;
};

struct watch {
	pthread_t thread;
	bool started;
	_Atomic uint32_t asleep; /* futex */
	_Atomic uint32_t stuck;  /* schedulers whose handler overstays */
	_Atomic uint32_t spares; /* spare schedulers at work */
	spin width_lock;         /* of `used` */
	_Atomic uint32_t used;   /* regular schedulers at work: the first ones */
};

/** The scheduler of the calling thread; NULL on other threads. Asked anew each time: after a switch the thread may be
 *  another one, and compilers must not keep the address of a thread-local across it. They do when they see one (it is a
 *  constant of the function to them), and link-time optimization inlines what blocks and what asks into one function,
 * so they see none: volatile assembler that is neither merged nor moved over a call, or a function that stays one, the
 *  linker's optimizer or not. tests/unit/sched/thread_test.c moves actors and looks. */
struct sched *sched_self_slow(void);
extern _Thread_local struct sched *sched_tls __attribute__((tls_model("initial-exec")));
static inline struct sched *sched_self(void)
{
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(SCHED_TLS_SLOW)
	struct sched *s;
	__asm__ volatile("movq sched_tls@GOTTPOFF(%%rip), %0\n\tmovq %%fs:(%0), %0" : "=r"(s) : : "memory");
	return s;
#else
	return sched_self_slow();
#endif
}
/** The running actor; NULL outside. */
static inline struct actor *sched_actor(void)
{
	struct sched *s = sched_self();
	return s == NULL ? NULL : s->current;
}

/* ---- making actors ready; the caller owns them ---- */
void sched_ready_slow(struct sched *s, struct actor *a);
void sched_push_fifo(struct sched *s, struct actor *a);
/** Woken: next in line. */
static inline void sched_ready(struct sched *s, struct actor *a)
{
	if (s->lanes_only || atomic_load_explicit(&a->priority, memory_order_relaxed) != TR_PRIORITY_NORMAL) {
		sched_ready_slow(s, a);
		return;
	}
	actor_set_status(a, STATUS_READY);
	/* It will run soon: have its stack at hand. (We own it, so its wait is there to be looked at.) */
	if (a->wait != NULL) {
		__builtin_prefetch(actor_stack(a));
		__builtin_prefetch(a->wait);
		__builtin_prefetch((char *)a->wait - 64);
		__builtin_prefetch((char *)a->wait - 128);
	}
	struct actor *old = seat_swap(&s->next, a);
	if (old != NULL)
		sched_push_fifo(s, old);
}
/** At the end of its slice: behind the others. */
void sched_requeue(struct sched *s, struct actor *a);
/** New: newest first. */
void sched_spawned(struct sched *s, struct actor *a);
/** Have the actor look again at what it waits for; a stale pointer is harmless. */
void actor_poke(struct sched *s, struct actor *a);

/* ---- the running actor ---- */
/** Park the calling actor until its wait is over. The scheduler may be another one afterwards. */
void sched_block(struct actor *a, struct wait *w);
/** Leave the running actor's frames for the loop under them, which will end it. Needs a phase beyond PHASE_LIVE. */
TR_NORETURN void sched_abandon(struct sched *s);
/** Charge reductions; true when the slice is over. */
static inline bool sched_charge(struct sched *s, uint32_t n)
{
	s->budget -= (int32_t)(n < (1u << 30) ? n : (1u << 30));
	return s->budget <= 0 || atomic_load_explicit(&s->preempt, memory_order_relaxed);
}
/** Handle arrived signals, end the actor if they ask for it, and give up the core when the slice is over. */
void sched_checkpoint(struct actor *a);
/** The same while the actor holds this value, which is dropped if it is ended here. */
void sched_checkpoint_holding(struct actor *a, tr_value held);

/* ---- threads ---- */
struct sched *sched_new(tr_node *node, uint32_t id);
void sched_free(struct sched **s);
bool sched_thread_start(struct sched *s);
/** The node's `stopping` is 2: wake the thread and wait for its end. */
void sched_stop(struct sched *s);
/** Enter the loop on the calling thread; returns when the node stops (or, in manual mode, when a slice is over). */
void sched_run_loop(struct sched *s);
void sched_set_self(struct sched *s);
/** Wake one parked scheduler, if there is one. */
void sched_wake_one(tr_node *node);
void sched_wake(struct sched *s);
/** The next ready actor, without waiting; NULL when there is none here or to steal. */
struct actor *sched_pick(struct sched *s);
/** How many actors at the head of the queue have been there for a while? What a scheduler gets to within some
 *  microseconds is left to it: to move it costs more than it brings, above all for actors that talk to each other. */
uint32_t sched_aged(struct sched *s);
/** Is there anything on this scheduler that waits for the core? Also fires due timers now and then. */
bool sched_has_work(struct sched *s);
struct actor *sched_pick_local_slow(struct sched *s);
/** What sched_pick finds on this scheduler alone. */
static inline struct actor *sched_pick_local(struct sched *s)
{
	if (++s->ticks % SCHED_HOUSEKEEP != 0 && s->next_streak < SCHED_NEXT_STREAK && lane_length(&s->high) == 0 &&
	    seat_taken(&s->next)) {
		s->next_streak++;
		return seat_swap(&s->next, NULL);
	}
	return sched_pick_local_slow(s);
}
/** The next ready actor; parks the thread while there is none. NULL when the thread must end. */
struct actor *sched_next(struct sched *s);
/** Fire due timers of this scheduler and of stuck ones. */
void sched_timers(struct sched *s, int64_t now);

/* ---- stacks ---- */
/** Run fn(arg) on the stack of the thread, which is large: for what is not an actor's code. */
void sched_on_native(struct sched *s, void (*fn)(void *arg), void *arg);
/** A stack on which a loop goes on. */
struct stack *sched_stack(struct sched *s, uint8_t size_class);
/** A suspended loop's, or one whose frames were forgotten. */
void sched_stack_give(struct sched *s, struct stack *k);

/** The watch thread: sees handlers that overstay, reports them, and puts spare schedulers to work meanwhile. */
bool watch_start(tr_node *node);
void watch_stop(tr_node *node);
void watch_wake(tr_node *node);
/** From now on the first `used` regular schedulers work (at least 1); the others give away what they have and rest. */
void watch_use(tr_node *node, uint32_t used);

#endif
