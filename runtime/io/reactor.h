/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reactor: the node's uv loop. It has no thread of its own but is run in turns, by a scheduler that has nothing
 * else to do (runtime/sched/poll.h), one thread at a time. Everything of libuv is touched in a turn alone; whoever
 * wants something of it posts a task. All structs of this room with "loop" in their comments are touched in turns only.
 * The reactor's thread takes turns when nobody else does: while all schedulers are busy, and when they have ended.
 */
#ifndef TROUPE_IO_REACTOR_H
#define TROUPE_IO_REACTOR_H

#include <pthread.h>
#include <stdatomic.h>

#include <uv.h>

#include <troupe/io.h>

#include "runtime/sched/poll.h"

/* A thing for the loop to do, embedded in what it is done to, so that handing it over cannot fail. */
struct task {
	struct task *next;
	void (*run)(struct task *task);
};

/* The struct around a member. */
#define IO_OUTER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define REACTOR_SCRATCH 65536

/* Writing ends by port, see outlet.h. */
struct outlets {
	pthread_mutex_t lock;
	struct outlet **buckets;
	size_t n_buckets;
	size_t n;
};

struct port;
struct watched_signal;

struct reactor {
	tr_node *node;
	pthread_t thread;
	_Atomic uint32_t nudges; /* futex: what the thread has been asked for */
	_Atomic bool ending;
	struct poll *poll;
	struct outlets outlets; /* any thread */

	/* Loop. */
	uv_loop_t loop;
	bool stopping;
	struct port **ports; /* by id, chained */
	size_t n_buckets;
	size_t n_ports;
	struct watched_signal *signals;

	/* Constant. */
	tr_value atom_stderr, atom_stdout, atom_signal, atom_frame_too_long, atom_truncated;

	char scratch[REACTOR_SCRATCH]; /* loop: what was just read */
};

/* Hand a task to the loop. From any thread. */
void reactor_post(struct reactor *r, struct task *task);
/* The reactor of the calling actor's node, started if need be; NULL with *err set. `what` names the public function,
 * for worlds that have no reactor. */
struct reactor *reactor_here(const char *what, tr_err *err);
/* Loop: send to an actor. Takes the message. */
void reactor_tell(struct reactor *r, tr_pid to, tr_value message);

#endif
