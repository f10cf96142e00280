/* SPDX-License-Identifier: Apache-2.0 */
/* The multi handle, its sockets and its timer on the uv loop. */
#include "plugins/actions/http/client.h"
#include "plugins/actions/http/transfer.h"
#include <pthread.h>
#include <troupe/io.h>
#include <uv.h>

#define KEPT_CONNECTIONS 256l
#define KEPT_HANDLES     64

struct http_client {
	tr_node *node;
	/* Turns of the reactor. */
	uv_loop_t *loop; /* NULL until the first request */
	CURLM *multi;
	uv_timer_t timer;
	http_transfer *running; /* list */
	pthread_mutex_t lock;   /* for what follows */
	CURL *handles[KEPT_HANDLES];
	size_t n_handles;
	/* The end: the destructor waits until the loop has let go of everything. */
	pthread_cond_t closed;
	bool is_closed;
};

/* A socket of libcurl's that the loop watches. */
typedef struct watched {
	uv_poll_t poll;
	http_client *client;
	curl_socket_t fd;
} watched;

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
		http_transfer *t = NULL;
		CURLcode code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
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

static void on_poll(uv_poll_t *poll, int status, int events)
{
	watched *w = poll->data;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0;

	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	act(w->client, w->fd, flags); /* w may be closing after this */
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

static void free_watched(uv_handle_t *handle)
{
	tr_free(handle->data);
}

static watched *watch(http_client *c, curl_socket_t fd)
{
	watched *w = tr_alloc(sizeof(*w));

	if (w == NULL)
		return NULL;
	if (uv_poll_init_socket(c->loop, &w->poll, fd) != 0) {
		tr_free(w);
		return NULL;
	}
	w->poll.data = w;
	w->client = c;
	w->fd = fd;
	curl_multi_assign(c->multi, fd, w);
	return w;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	http_client *c = arg;
	watched *w = known;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			uv_poll_stop(&w->poll);
			uv_close((uv_handle_t *)&w->poll, free_watched);
			curl_multi_assign(c->multi, fd, NULL);
		}
		return 0;
	}
	if (w == NULL)
		w = watch(c, fd);
	if (w == NULL)
		return -1;
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	return uv_poll_start(&w->poll, events, on_poll) == 0 ? 0 : -1;
}

static bool open_multi(http_client *c, uv_loop_t *loop)
{
	if (c->multi != NULL)
		return true;
	c->multi = curl_multi_init();
	if (c->multi == NULL)
		return false;
	c->loop = loop;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
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
	if (!open_multi(c, loop) || curl_multi_add_handle(c->multi, t->easy) != CURLM_OK) {
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
	curl_multi_remove_handle(c->multi, t->easy);
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

static void timer_closed(uv_handle_t *handle)
{
	say_closed(handle->data);
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
	curl_multi_cleanup(c->multi); /* takes its sockets off the loop */
	uv_timer_stop(&c->timer);
	uv_close((uv_handle_t *)&c->timer, timer_closed);
}

CURL *http_client_handle(http_client *c)
{
	pthread_mutex_lock(&c->lock);
	CURL *easy = c->n_handles > 0 ? c->handles[--c->n_handles] : NULL;
	pthread_mutex_unlock(&c->lock);
	return easy != NULL ? easy : curl_easy_init();
}

void http_client_keep(http_client *c, CURL *easy)
{
	curl_easy_reset(easy);
	pthread_mutex_lock(&c->lock);
	bool kept = c->n_handles < KEPT_HANDLES;
	if (kept)
		c->handles[c->n_handles++] = easy;
	pthread_mutex_unlock(&c->lock);
	if (!kept)
		curl_easy_cleanup(easy);
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
	while (c->n_handles > 0)
		curl_easy_cleanup(c->handles[--c->n_handles]);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->closed);
	tr_free(c);
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
	if (c == NULL) {
		*err = TR_ENOMEM;
		return NULL;
	}
	c->node = node;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->closed, NULL);
	*err = tr_node_set(node, TR_SLOT_HTTP, c, client_destroy);
	if (*err == TR_OK)
		return c;
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->closed);
	tr_free(c);
	return NULL;
}
