/* SPDX-License-Identifier: Apache-2.0 */
/* The multi handle and its timer on the uv loop, and with them the set of its sockets. */
#include "plugins/actions/http/client.h"
#include "plugins/actions/http/sockets.h"
#include "plugins/actions/http/transfer.h"
#include <pthread.h>
#include <troupe/io.h>
#include <unistd.h>
#include <uv.h>

#define KEPT_CONNECTIONS 256l

struct http_client {
	tr_node *node;
	/* Turns of the reactor. */
	uv_loop_t *loop; /* NULL until the first request */
	CURLM *multi;
	http_sockets sockets;
	uv_poll_t poll; /* of their set */
	uv_timer_t timer;
	int open_handles;       /* of the two of uv */
	http_transfer *running; /* list */
	http_handles handles;   /* of libcurl; have a lock of their own */
	/* The end: the destructor waits until the loop has let go of everything. */
	pthread_mutex_t lock;
	pthread_cond_t closed;
	bool is_closed;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- what libcurl asks of the loop
 * ----------------------------------------------------------------------------------------- */

static void list_remove(http_client *c, http_transfer *t)
{
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		c->running = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	t->next = t->prev = NULL;
	t->running = false;
}

static void collect(http_client *c)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		http_handle *h = NULL;
		CURLcode code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&h);
		http_transfer *t = h->transfer;
		curl_multi_remove_handle(c->multi, m->easy_handle); /* m is gone with this */
		list_remove(c, t);
		http_transfer_ended(t, code);
	}
}

static void act(http_client *c, curl_socket_t fd, int flags)
{
	int running;

	curl_multi_socket_action(c->multi, fd, flags, &running);
	collect(c);
}

static void on_event(void *arg, int fd, int flags)
{
	act(arg, fd, flags);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	http_client *c = poll->data;

	(void)status;
	(void)events;
	http_sockets_look(&c->sockets, on_event, c);
}

static void on_timer(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	http_client *c = arg;

	(void)multi;
	if (ms < 0) {
		uv_timer_stop(&c->timer);
		return 0;
	}
	uv_update_time(c->loop);
	uv_timer_start(&c->timer, on_timer, (uint64_t)ms,
		       0); /* also for 0: libcurl must not be called back from here */
	return 0;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	http_client *c = arg;

	(void)easy;
	(void)known;
	return http_sockets_want(&c->sockets, fd, what) ? 0 : -1;
}

static int close_socket(void *arg, curl_socket_t fd)
{
	http_client *c = arg;

	http_sockets_forget(&c->sockets, fd);
	return close(fd);
}

void http_client_socket(http_client *c, curl_socket_t fd)
{
	http_sockets_own(&c->sockets, fd);
}

static bool open_multi(http_client *c, uv_loop_t *loop)
{
	if (c->multi != NULL)
		return true;
	if (!http_sockets_init(&c->sockets))
		return false;
	c->multi = curl_multi_init();
	if (c->multi == NULL || uv_poll_init(loop, &c->poll, c->sockets.epoll) != 0) {
		curl_multi_cleanup(c->multi);
		c->multi = NULL;
		http_sockets_fini(&c->sockets);
		return false;
	}
	c->loop = loop;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c->poll.data = c;
	c->open_handles = 2;
	uv_poll_start(&c->poll, UV_READABLE, on_poll);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
	return true;
}

/* ---- transfers
 * ---------------------------------------------------------------------------------------------------------------- */

void http_client_add(http_client *c, http_transfer *t, void *loop)
{
	if (!open_multi(c, loop) || curl_multi_add_handle(c->multi, t->handle->easy) != CURLM_OK) {
		http_transfer_ended(t, CURLE_OUT_OF_MEMORY);
		return;
	}
	t->running = true;
	t->next = c->running;
	if (c->running != NULL)
		c->running->prev = t;
	c->running = t;
}

void http_client_remove(http_client *c, http_transfer *t)
{
	if (!t->running)
		return;
	curl_multi_remove_handle(c->multi, t->handle->easy);
	list_remove(c, t);
}

/* ---- life
 * ---------------------------------------------------------------------------------------------------------------------
 */

static void say_closed(http_client *c)
{
	pthread_mutex_lock(&c->lock);
	c->is_closed = true;
	pthread_cond_signal(&c->closed);
	pthread_mutex_unlock(&c->lock);
}

static void handle_closed(uv_handle_t *handle)
{
	http_client *c = handle->data;

	if (--c->open_handles > 0)
		return;
	http_sockets_fini(&c->sockets);
	say_closed(c);
}

static void close_on_loop(void *loop, void *arg)
{
	http_client *c = arg;

	(void)loop;
	while (c->running != NULL) {
		http_transfer *t = c->running;
		http_client_remove(c, t);
		http_transfer_ended(t, CURLE_ABORTED_BY_CALLBACK);
	}
	if (c->multi == NULL) {
		say_closed(c);
		return;
	}
	curl_multi_cleanup(c->multi); /* closes its sockets */
	uv_close((uv_handle_t *)&c->poll, handle_closed);
	uv_close((uv_handle_t *)&c->timer, handle_closed);
}

http_handles *http_client_handles(http_client *c)
{
	return &c->handles;
}

void http_client_options(http_client *c, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, c);
}

static void client_free(http_client *c)
{
	http_handles_fini(&c->handles);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->closed);
	tr_free(c);
}

static void client_destroy(void *arg)
{
	http_client *c = arg;

	if (tr_reactor_run(c->node, close_on_loop, c) == TR_OK) {
		pthread_mutex_lock(&c->lock);
		while (!c->is_closed)
			pthread_cond_wait(&c->closed, &c->lock);
		pthread_mutex_unlock(&c->lock);
	}
	client_free(c);
}

http_client *http_client_of(tr_node *node, tr_err *err)
{
	http_client *c = tr_node_get(node, TR_SLOT_HTTP);

	*err = TR_OK;
	if (c != NULL)
		return c;
	*err = tr_reactor_start(node); /* before our slot is set, so that it ends after us */
	if (*err != TR_OK)
		return NULL;
	pthread_once(&curl_once, curl_start);
	c = tr_alloc(sizeof(*c));
	if (c == NULL || !http_handles_init(&c->handles)) {
		tr_free(c);
		*err = TR_ENOMEM;
		return NULL;
	}
	c->node = node;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->closed, NULL);
	*err = tr_node_set(node, TR_SLOT_HTTP, c, client_destroy);
	if (*err == TR_OK)
		return c;
	client_free(c);
	return NULL;
}
