/* SPDX-License-Identifier: Apache-2.0 */
/* The node's inside: everything that the actors of one node share. */
#ifndef TROUPE_ACTOR_NODE_H
#define TROUPE_ACTOR_NODE_H

#include <pthread.h>

#include <troupe/node.h>

#include "runtime/actor/actor.h"
#include "runtime/actor/group.h"
#include "runtime/actor/hooks.h"
#include "runtime/actor/registry.h"
#include "runtime/actor/slab.h"
#include "runtime/actor/stack.h"
#include "runtime/sched/dirty.h"
#include "runtime/sched/poll.h"
#include "runtime/sched/sched.h"

#define NODE_SCHEDS_MAX 1024 /* spares included */

struct node_slot {
	void *ptr;
	void (*destructor)(void *);
	uint32_t order; /* of being set; 0: empty */
};

struct tr_node {
	/* Constant after start. */
	tr_world world;
	char name[64];
	char crash_dump[256]; /* a path; "": none is written */
	uint8_t id;           /* in the top byte of its pids */
	bool manual;          /* no threads: sched_step drives it */
	tr_transport transport;
	bool pin;
	uint32_t n_scheds; /* regular ones; spares come after them */
	int64_t long_handler_ns;
	int64_t started_ns;
	void (*report)(void *arg, tr_value report);
	void *report_arg;

	/* Any thread. */
	struct slab actors;
	struct slab envelopes;
	struct slab bundles;
	struct slab signals;
	struct slab timers;
	struct stack_pool stacks;
	_Atomic(struct sched *) scheds[NODE_SCHEDS_MAX];
	_Atomic uint32_t sched_count; /* how many of the array exist */
	struct inject inject;         /* ready actors that belong to no scheduler yet */
	struct registry registry;
	struct groups groups;
	struct dirty dirty;
	struct watch watch;
	_Atomic(struct poll *) poll; /* NULL until a reactor brings it; the node's until its end */
	_Atomic uint32_t actors_live;
	_Atomic uint32_t actors_peak;
	_Atomic uint32_t idle;     /* parked regular schedulers */
	_Atomic uint32_t spinning; /* schedulers that look for work */
	_Atomic uint32_t stopping; /* 1: no new actors; 2: threads end */
	_Atomic uint64_t random_seed;
	_Atomic(const struct kernel_hooks *) hooks;
	struct hook_pair world_hooks; /* manual mode */
	_Atomic(const struct kernel_strain *) strain;
	_Atomic int64_t report_window; /* crash reports are rate-limited: start of the current second … */
	_Atomic uint32_t report_count; /* … and how many went out in it */
	_Atomic uint32_t report_dropped;
	int64_t long_window; /* the same for long_handler reports; only the watch makes them */
	uint32_t long_count;
	uint32_t long_dropped;

	/* Under outside_lock: what threads that are no schedulers use in place of one. */
	spin outside_lock;
	struct sched *outside;

	pthread_mutex_t slot_lock;
	struct node_slot slots[TR_SLOT_COUNT];
	_Atomic(void *) slot_ptr[TR_SLOT_COUNT]; /* the same pointers, for reading without the lock */
	uint32_t slot_order;

	pthread_mutex_t end_lock; /* with end_cond: the last actor has gone */
	pthread_cond_t end_cond;
};

static inline int64_t node_now(tr_node *node)
{
	return node->world.monotonic_ns(node->world.arg);
}

#define ACTORS_PER_CHUNK ((uint32_t)(SLAB_CHUNK / sizeof(struct actor)))

/** The live actor with this pid, or NULL. It may end at any moment after: look only at what any thread may. */
static inline struct actor *node_actor(tr_node *node, tr_pid pid)
{
	/* As slab_at, with constants: this is done for every message. */
	uint32_t slot = pid_slot(pid), chunk = slot / ACTORS_PER_CHUNK;
	if (chunk >= node->actors.max_chunks)
		return NULL;
	struct actor *a = (void *)atomic_load_explicit(&node->actors.chunks[chunk], memory_order_acquire);
	if (a != NULL)
		a += slot % ACTORS_PER_CHUNK;
	if (a == NULL || pid.bits == 0 || atomic_load_explicit(&a->pid, memory_order_acquire) != pid.bits)
		return NULL;
	return a;
}

/** Does the pid belong to another node? */
static inline bool node_is_foreign(const tr_node *node, tr_pid pid)
{
	return pid.bits != 0 && tr_pid_node(pid) != node->id;
}

/** Is this a world without sockets, files and processes? Then tell it what was tried. */
static inline bool node_refuses(tr_node *node, const char *what)
{
	if (node->world.refuse == NULL)
		return false;
	node->world.refuse(node->world.arg, what);
	return true;
}

/** Borrow the scheduler of this thread, or the locked stand-in for other threads. */
struct sched *node_enter(tr_node *node);
void node_leave(tr_node *node, struct sched *s);

/** No new actors from here on, and all that live are killed; they end when they run next. */
void node_close(tr_node *node);
/** How many slots of actors were ever used. */
uint32_t node_used_slots(tr_node *node);

/** Run the destructors of the slots, last set first. */
void node_slots_fini(tr_node *node);

/** Options beyond the public ones. */
struct kernel_options {
	bool manual; /* start no threads; drive with runtime/sched/step.h */
};
tr_node *node_start(const tr_node_options *options, const struct kernel_options *kernel, tr_err *err);

#endif
