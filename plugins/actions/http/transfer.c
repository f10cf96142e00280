/* SPDX-License-Identifier: Apache-2.0 */
/* A transfer: callbacks of libcurl, and the way between the actor and the reactor. */
#include "plugins/actions/http/transfer.h"
#include "plugins/actions/http/answer.h"
#include "plugins/actions/http/setup.h"
#include "plugins/actions/http/spool.h"
#include "plugins/shared/address.h"
#include <ctype.h>
#include <string.h>
#include <sys/socket.h>
#include <troupe/io.h>
#include <unistd.h>

#define MAX_HEADER_LINES 2000u
#define USUAL_HEADERS    12

static void release(http_transfer *t)
{
	if (atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (t->reusable)
		http_handles_keep(http_client_handles(t->client), t->handle);
	else
		http_handle_free(t->handle);
	curl_mime_free(t->mime);
	curl_slist_free_all(t->headers);
	tr_drop(t->body);
	tr_drop(t->response_headers);
	tr_drop(t->url);
	tr_drop(t->redirect_url);
	tr_drop(t->stored);
	tr_drop(t->deny);
	tr_buf_fini(&t->content);
	tr_free(t);
}

/* ---- callbacks; turns of the reactor
 * ------------------------------------------------------------------------------------------------ */

/* JSON is read whole, to be of use; anything else need not be in memory. */
static bool goes_to_store(const http_transfer *t)
{
	return t->by_reference &&
	       (t->stream || !http_says_json(tr_as_cstr(tr_map_get_s(t->response_headers, "content-type"), "")));
}

static size_t on_content(char *p, size_t one, size_t n, void *arg)
{
	http_transfer *t = ((http_handle *)arg)->transfer;

	(void)one;
	if (n > t->max_body - t->received) {
		t->too_large = true;
		return 0;
	}
	if (t->content.n >= t->memory && goes_to_store(t)) {
		tr_node_send(t->node, t->owner, TR_LIST(TR_A(progress), tr_ref_value(t->ref)));
		return CURL_WRITEFUNC_PAUSE; /* and the same bytes again, when the actor says so */
	}
	t->received += n;
	tr_buf_put(&t->content, p, n);
	return t->content.err == TR_OK ? n : 0;
}

static tr_str trimmed(const char *p, size_t n)
{
	while (n > 0 && isspace((unsigned char)p[0]))
		p++, n--;
	while (n > 0 && isspace((unsigned char)p[n - 1]))
		n--;
	return (tr_str){p, n};
}

/* Repeated headers are one text, joined by ", " as RFC 9110 allows; cookies, which it does not, by line breaks. */
static tr_value joined(tr_value before, tr_str name, tr_str value)
{
	tr_value more = tr_string_lossy(value.p, value.n);

	if (!tr_is(before, TR_STRING))
		return more;
	tr_value both = tr_stringf("%s%s%s", tr_as_cstr(before, ""), tr_str_is(name, "set-cookie") ? "\n" : ", ",
				   tr_as_cstr(more, ""));
	tr_drop(more);
	return both;
}

/* Who believes another length than the server's next hop did reads another answer. */
static bool length_ok(tr_value before, tr_str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (!isdigit((unsigned char)value.p[i]))
			return false;
	return value.n > 0 && (!tr_is_valid(before) || tr_str_eq(tr_as_str(before), value));
}

static void take_header(http_transfer *t, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n);
	char name[256];

	if (colon == NULL || colon == p || (size_t)(colon - p) >= sizeof(name))
		return;
	size_t len = (size_t)(colon - p);
	for (size_t i = 0; i < len; i++)
		name[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] - 'A' + 'a') : p[i];
	name[len] = '\0';
	tr_str value = trimmed(colon + 1, n - len - 1);
	tr_value before = tr_map_get_n(t->response_headers, name, len);
	if (strcmp(name, "content-length") == 0) {
		t->contradicts = t->contradicts || !length_ok(before, value);
		before = tr_absent();
	}
	tr_value now = joined(before, (tr_str){name, len}, value);
	t->response_headers = tr_map_put(t->response_headers, tr_string_lossy(name, len), now);
}

static size_t on_header(char *p, size_t one, size_t n, void *arg)
{
	http_transfer *t = ((http_handle *)arg)->transfer;

	(void)one;
	if (n >= 5 &&
	    memcmp(p, "HTTP/", 5) == 0) { /* the last response counts, not what came before it (100, a proxy's) */
		tr_assign(&t->response_headers, tr_map_with(USUAL_HEADERS));
		return n;
	}
	t->header_flood = ++t->header_lines > MAX_HEADER_LINES;
	if (!t->header_flood)
		take_header(t, p, n);
	return t->header_flood || t->contradicts ? 0 : n;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	http_transfer *t = ((http_handle *)arg)->transfer;

	(void)purpose;
	if ((!t->link_local && address_is_local(&address->addr)) || address_in(&address->addr, t->deny)) {
		t->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	curl_socket_t fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd >= 0)
		http_client_socket(t->client, fd);
	return fd;
}

void http_transfer_ended(http_transfer *t, CURLcode code)
{
	char *url = NULL, *redirect = NULL;
	curl_off_t us = 0;
	long sent = 0;

	t->code = code;
	t->reusable = code == CURLE_OK && t->mime == NULL;
	curl_easy_getinfo(t->handle->easy, CURLINFO_RESPONSE_CODE, &t->status);
	/* libcurl has no code for headers past its bounds. */
	curl_easy_getinfo(t->handle->easy, CURLINFO_REQUEST_SIZE, &sent);
	if ((code == CURLE_OUT_OF_MEMORY && sent > 0 && t->received == 0) ||
	    (code == CURLE_RECV_ERROR && strstr(t->handle->error, "Too large response headers") != NULL))
		t->header_flood = true;
	curl_easy_getinfo(t->handle->easy, CURLINFO_HTTP_VERSION, &t->version);
	curl_easy_getinfo(t->handle->easy, CURLINFO_TOTAL_TIME_T, &us);
	curl_easy_getinfo(t->handle->easy, CURLINFO_EFFECTIVE_URL, &url);
	curl_easy_getinfo(t->handle->easy, CURLINFO_REDIRECT_URL, &redirect);
	t->elapsed = (double)us / 1e6;
	t->url = url == NULL ? tr_nil() : tr_string_lossy(url, strlen(url));
	if (redirect != NULL)
		t->redirect_url = tr_string_lossy(redirect, strlen(redirect));
	tr_node_send(t->node, t->owner, TR_LIST(TR_A(response), tr_ref_value(t->ref)));
	release(t);
}

void http_transfer_callbacks(http_handle *h)
{
	curl_easy_setopt(h->easy, CURLOPT_WRITEFUNCTION, on_content);
	curl_easy_setopt(h->easy, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(h->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h->easy, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(h->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(h->easy, CURLOPT_OPENSOCKETDATA, h);
}

/* ---- between actor and reactor
 * --------------------------------------------------------------------------------------------------- */

static void submit(void *loop, void *arg)
{
	http_transfer *t = arg;

	http_client_add(t->client, t, loop);
}

static void abandon(void *loop, void *arg)
{
	http_transfer *t = arg;

	(void)loop;
	if (t->running) {
		http_client_remove(t->client, t);
		release(t); /* the reactor's */
	}
	release(t);
}

/* The actor ended while the request was, or may be, on the wire. Tasks of the reactor run in order, so `submit` is
 * behind us. */
static void owner_gone(void *arg)
{
	http_transfer *t = arg;

	if (tr_reactor_run(t->node, abandon, t) != TR_OK)
		release(t); /* no memory: it runs to its end for nobody */
}

http_transfer *http_transfer_new(http_client *c, const http_request *r, int64_t deadline)
{
	http_transfer *t = tr_alloc(sizeof(*t));

	if (t == NULL)
		return NULL;
	atomic_init(&t->refs, 1);
	t->client = c;
	t->node = tr_here();
	t->owner = tr_self();
	t->ref = tr_make_ref();
	t->max_body = r->max_body;
	t->memory = r->memory;
	t->stream = r->stream;
	t->by_reference = true;
	t->stored = tr_absent();
	t->deny = tr_keep(r->deny);
	t->response_headers = tr_map();
	t->handle = http_handles_take(http_client_handles(c), r);
	if (t->handle == NULL || !http_setup(t, r, deadline)) {
		release(t);
		return NULL;
	}
	return tr_own(t, owner_gone) == TR_OK ? t : NULL;
}

static void resume(void *loop, void *arg)
{
	http_transfer *t = arg;

	(void)loop;
	if (t->running)
		curl_easy_pause(t->handle->easy, CURLPAUSE_CONT);
	release(t);
}

/* The transfer may end, and its owner be done with it, before the reactor comes to this: hence a reference. */
static tr_err go_on(http_transfer *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	tr_err err = tr_reactor_run(t->node, resume, t);
	if (err != TR_OK)
		release(t);
	return err;
}

tr_err http_transfer_run(http_transfer *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed); /* the reactor's */
	tr_err err = tr_reactor_run(t->node, submit, t);
	if (err != TR_OK) {
		release(t);
		return err;
	}
	for (;;) {
		tr_value m = tr_receive_ref(t->ref, TR_FOREVER);
		bool paused = TR_IS_A(tr_array_at(m, 0), progress);
		err = tr_value_err(m);
		tr_drop(m);
		if (err == TR_OK && paused)
			err = http_spool_more(t);
		if (err == TR_OK && paused)
			err = go_on(t);
		if (err != TR_OK || !paused)
			return err;
	}
}

void http_transfer_free(http_transfer *t)
{
	tr_disown(t);
	release(t);
}
