/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest HTTP server that can be measured against: one thread, epoll, connections that stay, the same answer
 * of 1.2 KB of JSON to every request. Prints its port; ends with its standard input. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 512

#define RECORDS 10

static char answer[4096];
static size_t answer_n;

/* A page of records, as an API would give it. */
static void make_answer(void)
{
	char body[3072];
	int n = snprintf(body, sizeof body, "{\"page\": 1, \"items\": [");

	for (int i = 0; i < RECORDS; i++)
		n += snprintf(
		    body + n, sizeof body - (size_t)n,
		    "%s{\"id\": %d, \"name\": \"record number %d\", \"price\": %d.5, \"in_stock\": %s, \"tags\": "
		    "[\"new\", \"blue\"], \"note\": null}",
		    i > 0 ? ", " : "", 1000 + i, i, 10 * i, i % 2 ? "true" : "false");
	n += snprintf(body + n, sizeof body - (size_t)n, "]}");
	answer_n = (size_t)snprintf(answer, sizeof answer,
				    "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: application/json\r\n"
				    "Content-Length: %d\r\nCache-Control: no-store\r\n\r\n%s",
				    n, body);
}

static void add(int epoll, int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

static void accept_all(int epoll, int listener)
{
	int fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		add(epoll, fd);
	}
}

/* Requests without bodies, as these clients send them: each ends in an empty line. */
static void serve(int fd)
{
	char bytes[65536];
	ssize_t n = read(fd, bytes, sizeof bytes);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(fd);
		return;
	}
	for (const char *p = bytes, *end = bytes + (n > 0 ? n : 0);
	     (p = memmem(p, (size_t)(end - p), "\r\n\r\n", 4)) != NULL; p += 4)
		if (write(fd, answer, answer_n) < 0)
			return;
}

int main(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
	    epoll = epoll_create1(EPOLL_CLOEXEC);

	make_answer();
	if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 1024) != 0 ||
	    getsockname(listener, (struct sockaddr *)&at, &n) != 0 || epoll < 0)
		return 1;
	add(epoll, listener);
	add(epoll, 0);
	printf("%d\n", ntohs(at.sin_port));
	(void)fflush(stdout);
	for (;;) {
		struct epoll_event found[EVENTS];
		int count = epoll_wait(epoll, found, EVENTS, -1);
		for (int i = 0; i < count; i++) {
			if (found[i].data.fd == 0)
				return 0;
			if (found[i].data.fd == listener)
				accept_all(epoll, listener);
			else
				serve(found[i].data.fd);
		}
	}
}
