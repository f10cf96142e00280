/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The sockets of a multi handle in an epoll set of their own. libcurl asks for a socket at the beginning of each
 * request and lets it go at its end; one that we opened stays in the set in between, so that a request on a kept
 * connection costs no system call for that.
 */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_SOCKETS_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_SOCKETS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_socket http_socket;

typedef struct http_sockets {
	int epoll;
	http_socket *at; /* by descriptor */
	size_t n;
} http_sockets;

bool http_sockets_init(http_sockets *s);
void http_sockets_fini(http_sockets *s);
/** We hear of its end (http_sockets_forget), before its number is used again. */
void http_sockets_own(http_sockets *s, int fd);
void http_sockets_forget(http_sockets *s, int fd);
/** What libcurl waits for there from now on: CURL_POLL_…; false without memory. */
bool http_sockets_want(http_sockets *s, int fd, int what);
/** Tell of all that are ready, in libcurl's CURL_CSELECT_… */
void http_sockets_look(http_sockets *s, void (*ready)(void *arg, int fd, int flags), void *arg);

#endif
