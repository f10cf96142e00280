/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's sockets in epoll. */
#include "plugins/actions/http/sockets.h"
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <troupe/base.h>
#include <unistd.h>

#define EVENTS 64

struct http_socket {
	bool owned;
	uint32_t wanted; /* EPOLL…; 0: libcurl does not wait for it now */
	uint32_t armed;  /* what the set has; 0: it is not there */
};

bool http_sockets_init(http_sockets *s)
{
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->at = NULL;
	s->n = 0;
	return s->epoll >= 0;
}

void http_sockets_fini(http_sockets *s)
{
	close(s->epoll);
	tr_free(s->at);
}

/* NULL without memory. */
static http_socket *at(http_sockets *s, int fd)
{
	size_t n = s->n == 0 ? 64 : s->n;

	if (fd < 0)
		return NULL;
	while (n <= (size_t)fd)
		n *= 2;
	if (n > s->n) {
		http_socket *more = tr_realloc(s->at, n * sizeof(*more));
		if (more == NULL)
			return NULL;
		memset(more + s->n, 0, (n - s->n) * sizeof(*more));
		s->at = more;
		s->n = n;
	}
	return &s->at[fd];
}

static bool arm(http_sockets *s, int fd, http_socket *one)
{
	struct epoll_event e = {.events = one->wanted, .data.fd = fd};
	int how = one->wanted == 0 ? EPOLL_CTL_DEL : one->armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (one->wanted == one->armed)
		return true;
	bool ok = epoll_ctl(s->epoll, how, fd, &e) == 0 || how == EPOLL_CTL_DEL;
	one->armed = ok ? one->wanted : 0;
	return ok;
}

void http_sockets_own(http_sockets *s, int fd)
{
	http_socket *one = at(s, fd);

	if (one != NULL)
		*one = (http_socket){.owned = true};
}

void http_sockets_forget(http_sockets *s, int fd)
{
	if (fd >= 0 && (size_t)fd < s->n)
		s->at[fd] = (http_socket){0}; /* closing takes it out of the set */
}

bool http_sockets_want(http_sockets *s, int fd, int what)
{
	http_socket *one = at(s, fd);

	if (one == NULL)
		return false;
	one->wanted = what == CURL_POLL_REMOVE
			  ? 0
			  : (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	/* Most often it is wanted again soon. */
	return (one->wanted == 0 && one->owned) || arm(s, fd, one);
}

void http_sockets_look(http_sockets *s, void (*ready)(void *arg, int fd, int flags), void *arg)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(s->epoll, events, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;
		uint32_t got = events[i].events;
		http_socket *one = at(s, fd);
		if (one == NULL)
			continue;
		if (one->wanted == 0) { /* a kept connection that the server ends, say: libcurl will see */
			(void)arm(s, fd, one);
			continue;
		}
		ready(arg, fd,
		      (got & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) | (got & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			  (got & EPOLLERR ? CURL_CSELECT_ERR : 0));
	}
}
