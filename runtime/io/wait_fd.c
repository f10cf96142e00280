/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for somebody else's descriptor: for libraries that have sockets of their own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "runtime/actor/hooks.h"
#include "runtime/io/reactor.h"

struct tr_fd_watch {
	struct poll *poll;
	struct fd_wait *wait;
	int duplicate; /* of the descriptor, -1: none */
};

/* What is ready now, 0 when nothing is. */
static int ready_now(int fd, int events)
{
	struct pollfd p = {
	    .fd = fd, .events = (short)((events & TR_FD_READ ? POLLIN : 0) | (events & TR_FD_WRITE ? POLLOUT : 0))};

	if (poll(&p, 1, 0) <= 0)
		return 0;
	int got = (p.revents & POLLIN ? TR_FD_READ : 0) | (p.revents & POLLOUT ? TR_FD_WRITE : 0);
	return got != 0 ? got : events; /* an error or a hang-up */
}

static tr_err watch_init(tr_fd_watch *w, const char *what)
{
	tr_err err;
	struct reactor *r = reactor_here(what, &err);

	if (r == NULL)
		return err;
	w->poll = r->poll;
	w->duplicate = -1;
	w->wait = poll_wait_new(w->poll);
	return w->wait == NULL ? TR_ENOMEM : TR_OK;
}

tr_fd_watch *tr_fd_watch_new(tr_err *err)
{
	tr_err ignored;
	tr_fd_watch *w = tr_alloc(sizeof(*w));

	err = err != NULL ? err : &ignored;
	*err = w == NULL ? TR_ENOMEM : watch_init(w, __func__);
	if (*err == TR_OK)
		return w;
	tr_free(w);
	return NULL;
}

void tr_fd_watch_free(tr_fd_watch *w)
{
	if (w == NULL)
		return;
	poll_wait_free(w->poll, w->wait);
	tr_free(w);
}

static bool is_wrong(int fd, int events)
{
	return fd < 0 || (events & ~(TR_FD_READ | TR_FD_WRITE)) != 0 || events == 0;
}

/* An error of the descriptor is for the library to find when it reads or writes. */
static int events_ready(int got, int events)
{
	int known = (got & EPOLLIN ? TR_FD_READ : 0) | (got & EPOLLOUT ? TR_FD_WRITE : 0);

	return known != 0 ? known : events;
}

static tr_err wait_here(tr_fd_watch *w, int fd, int events, int64_t deadline, int *ready)
{
	uint32_t wanted = (events & TR_FD_READ ? EPOLLIN : 0u) | (events & TR_FD_WRITE ? EPOLLOUT : 0u);
	int got = 0;

	if (poll_wait_begin(w->poll, w->wait, tr_self(), fd, wanted)) {
		tr_err err = kernel_wait_flag(poll_wait_flag(w->wait), deadline, false);
		poll_wait_end(w->wait);
		if (err != TR_OK)
			return err;
		got = atomic_load_explicit(poll_wait_flag(w->wait), memory_order_acquire);
	} else if (errno == ENOMEM || errno == ENOSPC) {
		return TR_EFULL;
	}
	/* Files can always be read and written. */
	if (ready != NULL)
		*ready = events_ready(got, events);
	return TR_OK;
}

/* Has the deadline passed, so that there is nothing to wait for? */
static bool is_poll(int64_t deadline)
{
	return deadline != TR_FOREVER && deadline <= tr_now();
}

static tr_err look(int fd, int events, int *ready)
{
	int got = ready_now(fd, events);

	if (ready != NULL && got != 0)
		*ready = got;
	return got != 0 ? TR_OK : TR_ETIMEOUT;
}

tr_err tr_fd_watch_wait(tr_fd_watch *w, int fd, int events, int64_t deadline, int *ready)
{
	if (is_wrong(fd, events) || w == NULL)
		return TR_EINVAL;
	return is_poll(deadline) ? look(fd, events, ready) : wait_here(w, fd, events, deadline, ready);
}

static void single_end(void *arg)
{
	tr_fd_watch *w = arg;

	if (w->duplicate >= 0) {
		epoll_ctl(w->poll->epoll, EPOLL_CTL_DEL, w->duplicate, NULL);
		close(w->duplicate);
	}
	tr_fd_watch_free(w);
}

/* On a duplicate: others may wait for the same descriptor, and it may be closed meanwhile. */
tr_err tr_wait_fd(int fd, int events, int64_t deadline, int *ready)
{
	tr_err err;

	if (is_wrong(fd, events))
		return TR_EINVAL;
	err = look(fd, events, ready);
	if (err == TR_OK || is_poll(deadline))
		return err;
	tr_fd_watch *w = tr_fd_watch_new(&err);
	if (w == NULL)
		return err;
	w->duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (w->duplicate < 0) {
		tr_fd_watch_free(w);
		return TR_EFULL;
	}
	err = tr_own(w, single_end);
	if (err != TR_OK)
		return err;
	err = wait_here(w, w->duplicate, events, deadline, ready);
	(void)tr_disown(w);
	single_end(w);
	return err;
}
