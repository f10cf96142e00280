/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping in the epoll set, and turns of the loop. */
#include <errno.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/actor/node.h"
#include "runtime/sched/poll.h"

/* Tokens of events; those of waits have their index in the upper half, see poll_fd.c. */
#define TOKEN_LOOP 0u
#define TOKEN_KICK 1u

#define LOOK_EVERY (TR_MS / 20)

void poll_fd_ready(struct poll *p, uint64_t token, uint32_t events);
void poll_fd_fini(struct poll *p);

/* ---- life ----------------------------------------------------------------------------------------------------------
 */

static bool add(struct poll *p, int fd, uint32_t events, uint64_t token)
{
	struct epoll_event e = {.events = events, .data.u64 = token};
	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

struct poll *poll_new(tr_node *node, int loop_fd, void (*turn)(void *), void (*spare)(void *), void *arg)
{
	struct poll *p = tr_alloc(sizeof *p);
	if (p == NULL)
		return NULL;
	p->node = node;
	p->turn = turn;
	p->spare = spare;
	p->arg = arg;
	p->due = WHEEL_NEVER;
	pthread_mutex_init(&p->lock, NULL);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* The kick is never read: each write is an edge of its own. */
	if (p->epoll < 0 || p->wake < 0 || !add(p, loop_fd, EPOLLIN, TOKEN_LOOP) ||
	    !add(p, p->wake, EPOLLIN | EPOLLET, TOKEN_KICK))
		poll_free(&p);
	return p;
}

void poll_free(struct poll **p)
{
	if (*p == NULL)
		return;
	if ((*p)->epoll >= 0)
		close((*p)->epoll);
	if ((*p)->wake >= 0)
		close((*p)->wake);
	poll_fd_fini(*p);
	pthread_mutex_destroy(&(*p)->lock);
	tr_free(*p);
	*p = NULL;
}

/* ---- the sleeper ---------------------------------------------------------------------------------------------------
 */

bool poll_take_role(struct poll *p)
{
	/* While somebody is at a turn the loop stays ready, so there is no sleep to be had here. */
	return poll_is_free(p) && atomic_exchange(&p->role, 1) == 0;
}

void poll_give_role(struct poll *p)
{
	atomic_store(&p->role, 0);
}

void poll_kick(struct poll *p)
{
	static const uint64_t one = 1;
	/* It fails when the counter is full, which takes longer than the machine lasts. */
	(void)!write(p->wake, &one, sizeof one);
}

/* To the nanosecond where the kernel can (5.11), else to the next millisecond. */
static int wait_for(int epoll, struct epoll_event *events, int64_t ns)
{
	if (ns == 0)
		return epoll_wait(epoll, events, POLL_EVENTS, 0);
	if (ns == TR_FOREVER)
		return epoll_wait(epoll, events, POLL_EVENTS, -1);
#ifdef SYS_epoll_pwait2
	struct timespec t = {ns / TR_SECOND, (long)(ns % TR_SECOND)};
	long n = syscall(SYS_epoll_pwait2, epoll, events, POLL_EVENTS, &t, NULL, 0);
	if (n >= 0 || errno != ENOSYS)
		return (int)n;
#endif
	int64_t ms = (ns + TR_MS - 1) / TR_MS;
	return epoll_wait(epoll, events, POLL_EVENTS, ms < INT32_MAX ? (int)ms : INT32_MAX);
}

int poll_wait(struct poll *p, struct epoll_event *events, int64_t at)
{
	int64_t due = atomic_load(&p->due);
	if (due < at)
		at = due;
	/* Pairs with poll_turn: it writes `due`, then looks at `until`. */
	atomic_store(&p->until, at);
	due = atomic_load(&p->due);
	if (due < at)
		at = due;
	int64_t now = node_now(p->node);
	int n = wait_for(p->epoll, events, at == WHEEL_NEVER ? TR_FOREVER : at > now ? at - now : 0);
	atomic_store(&p->until, 0);
	return n > 0 ? n : 0;
}

void poll_act(struct poll *p, const struct epoll_event *events, int n)
{
	int64_t now = node_now(p->node);
	bool turn = poll_has_tasks(p) || now >= atomic_load_explicit(&p->due, memory_order_relaxed);
	atomic_store_explicit(&p->looked, now, memory_order_relaxed);
	for (int i = 0; i < n; i++) {
		uint64_t token = events[i].data.u64;
		if (token == TOKEN_LOOP)
			turn = true;
		else if (token != TOKEN_KICK)
			poll_fd_ready(p, token, events[i].events);
	}
	if (turn)
		(void)poll_turn(p);
}

void poll_look(struct poll *p)
{
	struct epoll_event events[POLL_EVENTS];
	bool tasks = poll_has_tasks(p);
	if (atomic_load_explicit(&p->role, memory_order_relaxed) != 0 ||
	    node_now(p->node) - atomic_load_explicit(&p->looked, memory_order_relaxed) < LOOK_EVERY) {
		if (tasks)
			(void)poll_turn(p);
		return;
	}
	int n = epoll_wait(p->epoll, events, POLL_EVENTS, 0);
	poll_act(p, events, n);
}

void poll_watch(struct poll *p, bool someone_idle)
{
	bool late = node_now(p->node) - atomic_load_explicit(&p->looked, memory_order_relaxed) > 2 * TR_MS;
	if (atomic_load(&p->role) != 0) {
		/* Whoever left tasks here for its own return from an actor has not returned. */
		if (poll_has_tasks(p))
			poll_kick(p);
	} else if (!late && !poll_has_tasks(p)) {
		return; /* whoever was here a moment ago will be again */
	} else if (someone_idle) {
		sched_wake_one(p->node);
	} else {
		p->spare(p->arg);
	}
}

/* ---- turns ---------------------------------------------------------------------------------------------------------
 */

bool poll_turn(struct poll *p)
{
	uint32_t seen;
	if (atomic_fetch_add(&p->turns, 1) != 0)
		return false;
	do {
		struct sched *s = sched_self();
		seen = atomic_load(&p->turns);
		if (s != NULL)
			sched_on_native(s, p->turn, p->arg);
		else
			p->turn(p->arg);
	} while (!atomic_compare_exchange_strong(&p->turns, &seen, 0));
	if (atomic_load(&p->due) < atomic_load(&p->until))
		poll_kick(p);
	return true;
}

void poll_end_turns(struct poll *p)
{
	while (atomic_fetch_add(&p->turns, 1) != 0)
		sched_yield();
}
