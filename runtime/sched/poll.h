/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a node waits for the world outside: one epoll set, in which an idle scheduler sleeps itself, so that what
 * becomes ready is handled by the thread that was woken for it. In the set are
 *
 *   the loop    libuv's own set; when it is ready somebody takes a turn: runs the posted tasks and whatever is ready
 *   waits       descriptors that an actor waits for; the one that sleeps here wakes the actor
 *   the kick    an eventfd that brings back whoever sleeps here
 *
 * One thread at a time has the role of the sleeper. While all schedulers are busy nobody has it: then they look in now
 * and then without waiting, and the watch sees to it that it does not get forgotten (poll_watch). A turn is taken by
 * one thread at a time; who comes meanwhile leaves it to that one to take another.
 */
#ifndef TROUPE_SCHED_POLL_H
#define TROUPE_SCHED_POLL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include <troupe/node.h>

#include "runtime/actor/lock.h"

#define POLL_EVENTS 64 /* at once */

struct fd_wait;
struct task; /* of the loop, see runtime/io/reactor.h */

struct poll {
	/* Constant. */
	tr_node *node;
	int epoll;
	int wake;
	void (*turn)(
	    void *arg); /* runs the tasks and the loop without waiting; gives back when it is next due, by poll_due */
	void (*spare)(void *arg); /* nobody else is there to take a turn: have some thread do it */
	void *arg;

	/* Any thread. */
	_Atomic(struct task *) tasks; /* newest first; a turn takes them all */
	_Atomic uint32_t role;        /* 1: somebody sleeps in the set or is about to */
	_Atomic uint32_t turns;       /* asked for since the one that runs began */
	_Atomic int64_t due;          /* when the loop must run without anything being ready */
	_Atomic int64_t until;        /* how long the sleeper sleeps; 0: nobody does */
	_Atomic int64_t looked;       /* when somebody last looked */

	/* Under the lock: places for waits, in chunks of doubling size that stay where they are. */
	pthread_mutex_t lock;
	_Atomic(struct fd_wait *) chunks[24];
	uint32_t n_waits;
	struct fd_wait *free;
};

struct poll *poll_new(tr_node *node, int loop_fd, void (*turn)(void *), void (*spare)(void *), void *arg);
void poll_free(struct poll **p);

/* ---- schedulers ---- */

static inline bool poll_has_tasks(struct poll *p)
{
	return atomic_load_explicit(&p->tasks, memory_order_relaxed) != NULL;
}
/** Nobody sleeps here and nobody is at a turn. */
static inline bool poll_is_free(struct poll *p)
{
	return atomic_load_explicit(&p->role, memory_order_relaxed) == 0 &&
	       atomic_load_explicit(&p->turns, memory_order_relaxed) == 0;
}
/** Become the sleeper; false: somebody else is it, or is busy with a turn and will be it. */
bool poll_take_role(struct poll *p);
void poll_give_role(struct poll *p);
/** The sleeper: wait until something is ready, at most until `at`. How many events it got. */
int poll_wait(struct poll *p, struct epoll_event *events, int64_t at);
/** Afterwards: wake who waited, take a turn if one is needed. */
void poll_act(struct poll *p, const struct epoll_event *events, int n);
/** Both without waiting, unless there is a sleeper already. */
void poll_look(struct poll *p);
/** Bring the sleeper back. */
void poll_kick(struct poll *p);
/** Take a turn; false: somebody is at it, and will take another. */
bool poll_turn(struct poll *p);
/** No turns from here on; returns when none is under way. */
void poll_end_turns(struct poll *p);
/** In a turn: tell when the loop is due next. */
static inline void poll_due(struct poll *p, int64_t at)
{
	atomic_store(&p->due, at);
}
/** A tick of the watch: is the set looked at? `someone_idle`: a scheduler sleeps elsewhere and can be woken for it. */
void poll_watch(struct poll *p, bool someone_idle);

/* ---- waits ---- */

/** A place for a wait; NULL without memory. */
struct fd_wait *poll_wait_new(struct poll *p);
void poll_wait_free(struct poll *p, struct fd_wait *w);
/** Let the actor `pid` wait for EPOLLIN or EPOLLOUT or both of the descriptor: *poll_wait_flag(w) becomes the events.
 * What an earlier wait of this place waited for counts no more. False with errno: it cannot be waited for. */
bool poll_wait_begin(struct poll *p, struct fd_wait *w, tr_pid pid, int fd, uint32_t events);
_Atomic int *poll_wait_flag(struct fd_wait *w);
/** Nobody waits any more. */
void poll_wait_end(struct fd_wait *w);

#endif
