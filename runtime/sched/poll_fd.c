/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actors that wait for descriptors. A descriptor stays in the set from its first wait until it is closed, and is armed
 * anew for each wait (EPOLLONESHOT), so that a wait costs one system call. It is never taken out: its number may be
 * another descriptor by then. An event carries the number of the wait it was armed for; one that comes for an earlier
 * wait is nobody's.
 */
#include <errno.h>

#include "runtime/actor/node.h"
#include "runtime/sched/poll.h"

#define FIRST 64u /* in the first chunk */

struct fd_wait {
	struct fd_wait *next; /* free ones */
	uint32_t index;       /* from 1 */
	spin lock;            /* for the next two */
	uint32_t number;      /* of the wait */
	tr_pid pid;           /* who waits; 0: nobody */
	_Atomic int ready;    /* events */
};

void poll_fd_ready(struct poll *p, uint64_t token, uint32_t events);
void poll_fd_fini(struct poll *p);

/* Index 1 … FIRST is in chunk 0, the next FIRST * 2 in chunk 1, and so on. */
static struct fd_wait *at(struct poll *p, uint32_t index)
{
	uint32_t chunk = 0, first = 1, n = FIRST;
	for (; index - first >= n; n *= 2) {
		first += n;
		chunk++;
	}
	return &atomic_load_explicit(&p->chunks[chunk], memory_order_acquire)[index - first];
}

/* Under the lock. */
static bool grow(struct poll *p)
{
	uint32_t chunk = 0, n = FIRST;
	for (uint32_t first = 1; first <= p->n_waits; n *= 2) {
		first += n;
		chunk++;
	}
	struct fd_wait *more = chunk < sizeof p->chunks / sizeof *p->chunks ? tr_alloc(n * sizeof *more) : NULL;
	if (more == NULL)
		return false;
	for (uint32_t i = n; i-- > 0;) {
		more[i].index = p->n_waits + 1 + i;
		more[i].next = p->free;
		p->free = &more[i];
	}
	p->n_waits += n;
	atomic_store_explicit(&p->chunks[chunk], more, memory_order_release);
	return true;
}

struct fd_wait *poll_wait_new(struct poll *p)
{
	pthread_mutex_lock(&p->lock);
	struct fd_wait *w = p->free != NULL || grow(p) ? p->free : NULL;
	if (w != NULL)
		p->free = w->next;
	pthread_mutex_unlock(&p->lock);
	return w;
}

void poll_wait_free(struct poll *p, struct fd_wait *w)
{
	poll_wait_end(w);
	pthread_mutex_lock(&p->lock);
	w->next = p->free;
	p->free = w;
	pthread_mutex_unlock(&p->lock);
}

void poll_fd_fini(struct poll *p)
{
	for (size_t i = 0; i < sizeof p->chunks / sizeof *p->chunks; i++)
		tr_free(atomic_load(&p->chunks[i]));
}

/* ---- waiting -------------------------------------------------------------------------------------------------------
 */

/* Most often the descriptor is in the set. It is not when this is its first wait, or when it is another one by the same
 * number. */
static bool arm(int epoll, int fd, struct epoll_event *e)
{
	return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, e) == 0 ||
	       (errno == ENOENT && (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, e) == 0 ||
				    (errno == EEXIST && epoll_ctl(epoll, EPOLL_CTL_MOD, fd, e) == 0)));
}

bool poll_wait_begin(struct poll *p, struct fd_wait *w, tr_pid pid, int fd, uint32_t events)
{
	spin_lock(&w->lock);
	uint32_t number = ++w->number;
	w->pid = pid;
	atomic_store_explicit(&w->ready, 0, memory_order_relaxed);
	spin_unlock(&w->lock);
	struct epoll_event e = {.events = events | EPOLLONESHOT, .data.u64 = (uint64_t)w->index << 32 | number};
	if (arm(p->epoll, fd, &e))
		return true;
	poll_wait_end(w);
	return false;
}

void poll_wait_end(struct fd_wait *w)
{
	spin_lock(&w->lock);
	w->pid = (tr_pid){0};
	spin_unlock(&w->lock);
}

_Atomic int *poll_wait_flag(struct fd_wait *w)
{
	return &w->ready;
}

void poll_fd_ready(struct poll *p, uint64_t token, uint32_t events)
{
	struct fd_wait *w = at(p, (uint32_t)(token >> 32));
	spin_lock(&w->lock);
	tr_pid pid = w->number == (uint32_t)token ? w->pid : (tr_pid){0};
	w->pid = pid.bits != 0 ? (tr_pid){0} : w->pid;
	if (pid.bits != 0)
		atomic_store_explicit(&w->ready, (int)events, memory_order_release);
	spin_unlock(&w->lock);
	if (pid.bits != 0)
		kernel_wake(p->node, pid);
}
