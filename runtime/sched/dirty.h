/* SPDX-License-Identifier: Apache-2.0 */
/* The dirty pool: threads on which work may block. Started on demand, at most `max` of them. */
#ifndef TROUPE_SCHED_DIRTY_H
#define TROUPE_SCHED_DIRTY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <troupe/base.h>

#define DIRTY_QUEUE_MAX 65536u

/** One piece of work; lives on the parked stack of the actor that waits for it. */
struct dirty_job {
	struct dirty_job *next;
	void *(*fn)(void *arg);
	void *arg;
	void *result;
	void (*done)(struct dirty_job *job); /* on the pool's thread; the job may be gone afterwards */
};

struct dirty_thread {
	pthread_t id;
	struct dirty *pool;
};

struct dirty {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct dirty_job *head;
	struct dirty_job *tail;
	struct dirty_thread *threads;
	uint32_t queued;
	uint32_t waiting;
	uint32_t n_threads;
	uint32_t max;
	bool stop;
	_Atomic uint32_t running;
};

bool dirty_init(struct dirty *d, uint32_t max);
/** Wait for what runs, join the threads. No job may be queued. */
void dirty_fini(struct dirty *d);
/** TR_EFULL when too much is queued, TR_ENOMEM when there is no thread and none can be made. */
tr_err dirty_submit(struct dirty *d, struct dirty_job *job);

#endif
