/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The actor control block: 256 bytes, type-stable (a slab block is never anything else, so a stale pointer is safe to
 * look through and `pid` tells whether it is stale).
 *
 * Who may touch what:
 *   1. An actor is OWNED by at most one scheduler: the one that runs it or has it in a run queue. `inbox` == IDLE means
 *      nobody owns it; whoever changes IDLE to something else becomes the owner and must make it ready.
 *   2. Fields of the first group may be used by any thread as their comments say; all others only by the owner.
 *   3. `inbox` carries ownership: leaving is a release (sched_leave), arriving an acquire (mailbox_push, actor_poke).
 */
#ifndef TROUPE_ACTOR_ACTOR_H
#define TROUPE_ACTOR_ACTOR_H

#include <stdalign.h>

#include <troupe/node.h>

#include "runtime/actor/check.h"
#include "runtime/actor/envelope.h"
#include "runtime/actor/relation.h"
#include "runtime/actor/slab.h"
#include "runtime/actor/stack.h"
#include "runtime/time/wheel.h"

/** What inspection shows; stored by whoever owns the actor. */
enum actor_status {
	STATUS_FREE,
	STATUS_READY,
	STATUS_RUNNING,
	STATUS_WAITING, /* no stack: between messages */
	STATUS_PARKED,  /* blocked in the middle of a handler */
	STATUS_DIRTY,
	STATUS_SUSPENDED,
	STATUS_EXITING
};

/** How far the end of an actor has come. Only grows. */
enum actor_phase {
	PHASE_LIVE,
	PHASE_EXITING,    /* a reason is set; terminate is next */
	PHASE_TERMINATED, /* terminate ran (or must not): release everything */
	PHASE_RELEASING   /* destructors run: nothing may block */
};

#define ACTOR_BODY      0x01 /* straight-line: code.body */
#define ACTOR_BEGUN     0x02 /* init was called (behaviour) */
#define ACTOR_READY     0x04 /* init came back with success */
#define ACTOR_KILLED    0x08 /* no terminate */
#define ACTOR_HIBERNATE 0x10
#define ACTOR_SUSPENDED 0x20
#define ACTOR_RETURNED  0x40 /* arg holds the exit reason now */
#define ACTOR_SIGNALLED 0x80 /* an exit signal ends it, not its own exit */

/** Why a parked actor waits. Lives on its parked stack. */
enum wait_kind {
	WAIT_MESSAGE,
	WAIT_MATCH,
	WAIT_REF,
	WAIT_CALL,
	WAIT_TIME,
	WAIT_FLAG,
	WAIT_TURN
};

struct wait {
	int64_t deadline;
	struct envelope *found;   /* taken out of the queue: the answer */
	struct envelope *scanned; /* last envelope that did not match; NULL: start at the head */
	enum wait_kind kind;
	bool unkillable; /* exits are put off until the wait is over … */
	bool doomed;     /* … and one was; value is its reason */
	bool timed_out;
	bool replied; /* WAIT_CALL: value is the reply … */
	bool down;    /* … or the reason of the DOWN */
	bool cleared; /* the callee has removed our monitor */
	tr_ref ref;   /* WAIT_REF, WAIT_CALL */
	tr_pid to;    /* WAIT_CALL: the callee */
	tr_value value;
	tr_match *match; /* WAIT_MATCH, with arg */
	void *arg;
	_Atomic int *flag; /* WAIT_FLAG: over when not 0 */
};

/** Only what every kind of wait uses; the rest is set by those who need it. (Clearing all of it costs as much as a
 *  message.) */
static inline void wait_init(struct wait *w, enum wait_kind kind, int64_t deadline)
{
	w->kind = kind;
	w->deadline = deadline;
	w->unkillable = w->timed_out = w->doomed = w->replied = w->down = w->cleared = false;
	w->found = w->scanned = NULL;
}

/** What few actors have. */
struct actor_extra {
	tr_value note;
	tr_value call_reason;
	_Atomic size_t owned_bytes; /* by tr_own_alloc; the owner writes */
	int io_errno;
	const char *guest; /* guest.h; the owner's */
};

/** A thing to give back at the end. */
struct owned {
	struct owned *next;
	void *ptr;
	void (*destructor)(void *);
	size_t size; /* of tr_own_alloc, else 0 */
};

struct actor {
	/* Any thread: all that a sender looks at is in the first line. inbox: link to the newest envelope (see
	 * bundle.h), or one of the INBOX_ words. */
	alignas(64) _Atomic(struct envelope *) inbox;
	_Atomic uint64_t pid;        /* 0 while free */
	_Atomic uint32_t count;      /* counted envelopes here; never reset, every counted one is subtracted once */
	_Atomic uint32_t limit;      /* 0: unbounded */
	struct room_wait *room;      /* senders that wait for room; under `lock` */
	struct relations *relations; /* changed by the owner under `lock` */
	struct actor_extra *extra;   /* changed by the owner alone, under `lock` */
	_Atomic uint32_t queued;     /* length of the list at head; the owner writes */
	spin lock;
	_Atomic uint8_t poke;    /* look again at what you wait for */
	_Atomic uint8_t status;  /* enum actor_status */
	_Atomic uint8_t closing; /* on its way out: not alive any more */
	_Atomic uint8_t listed;  /* registry or groups know it */
	_Atomic uint8_t policy;  /* tr_mailbox_policy */
	_Atomic uint8_t priority;
	uint8_t flags;           /* owner */
	uint8_t phase;           /* owner */
	uint8_t stack_class;     /* owner */
	_Atomic uint8_t trap;    /* owner writes */
	_Atomic uint8_t is_body; /* `code` is a body; as ACTOR_BODY, for those who look in */

	/* Owner. */
	union {
		struct {
			struct actor *link; /* in a run queue or list */
			void *state;
		};
		struct slab_link free;
	};
	union {
		const tr_behaviour *behaviour;
		tr_body *body;
	} code;                        /* written before pid is published, then constant */
	_Atomic(struct stack *) stack; /* parked, else NULL */
	struct wait *wait;             /* on that stack */
	struct envelope *head;         /* messages in order, received but not taken */
	struct envelope *last;
	struct envelope *handling; /* the message a behaviour is handling */
	struct envelope *mark;     /* the last message there was when mark_ref was made; NULL: none */
	uint64_t mark_ref; /* all of that ref: schedulers count alike, so half of it may be another one's, too */
	uint32_t index;    /* constant: which slot this is */
	tr_value arg;      /* then the exit reason, see ACTOR_RETURNED */
	int64_t idle_deadline;
	struct wheel_node timer; /* the one wait timer; may be armed earlier than needed, never later */
	struct owned *owned;
	_Atomic(const char *) label;
	union {
		_Atomic uint64_t supervisor; /* shown by inspection */
		_Atomic uint64_t last_pid;   /* while free: who was here before */
	};
	_Atomic int64_t started_us;
	_Atomic uint64_t reductions;
	_Atomic uint64_t messages_in;
};

_Static_assert(sizeof(struct wheel_node) == 32, "half a line");
_Static_assert(sizeof(struct actor) == 256, "four cache lines");

#define INBOX_IDLE   ((struct envelope *)1) /* waits, nobody owns it */
#define INBOX_CLOSED ((struct envelope *)2) /* no actor here */

/* pid: node 8, generation 32, slot 24 */
#define PID_SLOT_BITS TR_PID_SLOT_BITS
static inline uint32_t pid_slot(tr_pid pid)
{
	return (uint32_t)(pid.bits & ((1u << PID_SLOT_BITS) - 1));
}
static inline uint32_t pid_generation(tr_pid pid)
{
	return (uint32_t)(pid.bits >> PID_SLOT_BITS);
}

static inline tr_pid actor_pid(struct actor *a)
{
	return (tr_pid){atomic_load_explicit(&a->pid, memory_order_relaxed)};
}

static inline void actor_set_status(struct actor *a, enum actor_status status)
{
	atomic_store_explicit(&a->status, (uint8_t)status, memory_order_relaxed);
}

static inline struct stack *actor_stack(struct actor *a)
{
	return atomic_load_explicit(&a->stack, memory_order_relaxed);
}

static inline void actor_set_stack(struct actor *a, struct stack *k)
{
	atomic_store_explicit(&a->stack, k, memory_order_relaxed);
}

/** The behaviour of the actor that has (or had) this pid, from any thread; NULL for a body or when it is gone. */
const tr_behaviour *actor_behaviour(struct actor *a, tr_pid pid);

/** The extra part, made when missing; NULL without memory. Owner only. */
struct actor_extra *actor_extra(struct actor *a);

#endif
