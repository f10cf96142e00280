/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for somebody else's descriptor: for libraries that have sockets of their own. */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "runtime/io/request.h"

struct wait_request {
	struct request q;
	uv_poll_t poll;
	int fd; /* a duplicate: the actor may close its own while the loop still watches */
	int events;
};

static void on_closed(uv_handle_t *handle)
{
	struct wait_request *w = handle->data;

	close(w->fd);
	w->fd = -1;
	request_unhold(&w->q);
}

static void stop_watching(struct wait_request *w)
{
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, on_closed);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct wait_request *w = poll->data;
	int got = (events & UV_READABLE ? TR_FD_READ : 0) | (events & UV_WRITABLE ? TR_FD_WRITE : 0);

	/* An error of the descriptor is for the library to find when it reads or writes. */
	(void)request_answer(&w->q, TR_OK, tr_int(status < 0 || got == 0 ? w->events : got));
	stop_watching(w);
}

static void cancel_wait(struct request *q)
{
	stop_watching(IO_OUTER(q, struct wait_request, q));
}

static void run_wait(struct task *task)
{
	struct wait_request *w = IO_OUTER(task, struct wait_request, q.start);
	int events = (w->events & TR_FD_READ ? UV_READABLE : 0) | (w->events & TR_FD_WRITE ? UV_WRITABLE : 0);
	/* The deadline may have passed on the way here: then the actor waits for this answer alone. */
	if (w->q.poll || w->q.reactor->stopping || request_is_gone(&w->q)) {
		request_answer(&w->q, w->q.poll ? TR_ETIMEOUT : TR_ECLOSED, tr_nil());
		return;
	}
	int uv_error = uv_poll_init(&w->q.reactor->loop, &w->poll, w->fd);

	if (uv_error != 0) {
		request_answer_uv(&w->q, uv_error);
		return;
	}
	w->poll.data = w;
	w->q.on_cancel = cancel_wait;
	request_hold(&w->q);
	uv_error = uv_poll_start(&w->poll, events, on_ready);
	if (uv_error != 0) {
		request_answer_uv(&w->q, uv_error);
		stop_watching(w);
	}
}

static void free_wait(struct request *q)
{
	struct wait_request *w = IO_OUTER(q, struct wait_request, q);

	if (w->fd >= 0)
		close(w->fd);
}

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

tr_err tr_wait_fd(int fd, int events, int64_t deadline, int *ready)
{
	tr_err err;
	int got;

	if (fd < 0 || (events & ~(TR_FD_READ | TR_FD_WRITE)) != 0 || events == 0)
		return TR_EINVAL;
	got = ready_now(fd, events);
	if (got == 0) {
		struct wait_request *w = request_new(sizeof(*w), run_wait, &err);
		if (w == NULL)
			return err;
		w->q.on_free = free_wait;
		w->events = events;
		w->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (w->fd < 0) {
			request_discard(&w->q);
			return TR_EFULL;
		}
		err = request_ask(&w->q, deadline);
		got = err == TR_OK ? (int)tr_as_int(w->q.value, 0) : 0;
		request_end(&w->q);
		if (err != TR_OK)
			return err;
	}
	if (ready != NULL)
		*ready = got;
	return TR_OK;
}
