/* SPDX-License-Identifier: Apache-2.0 */
/* A transfer: options in, callbacks of libcurl, and the way between the actor and the reactor. */
#include "plugins/actions/http/transfer.h"
#include "plugins/actions/http/answer.h"
#include "plugins/actions/http/spool.h"
#include "plugins/shared/address.h"
#include <ctype.h>
#include <string.h>
#include <sys/socket.h>
#include <troupe/io.h>
#include <unistd.h>

#define MAX_HEADER_LINES 2000u

static void release(http_transfer *t)
{
	if (atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (t->reusable)
		http_client_keep(t->client, t->easy);
	else
		curl_easy_cleanup(t->easy);
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
	http_transfer *t = arg;

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
		name[i] = (char)tolower((unsigned char)p[i]);
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
	http_transfer *t = arg;

	(void)one;
	if (n >= 5 &&
	    memcmp(p, "HTTP/", 5) == 0) { /* the last response counts, not what came before it (100, a proxy's) */
		tr_assign(&t->response_headers, tr_map());
		return n;
	}
	t->header_flood = ++t->header_lines > MAX_HEADER_LINES;
	if (!t->header_flood)
		take_header(t, p, n);
	return t->header_flood || t->contradicts ? 0 : n;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	http_transfer *t = arg;

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
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	/* libcurl has no code for headers past its bounds. */
	curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
	if ((code == CURLE_OUT_OF_MEMORY && sent > 0 && t->received == 0) ||
	    (code == CURLE_RECV_ERROR && strstr(t->error, "Too large response headers") != NULL))
		t->header_flood = true;
	curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &t->version);
	curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &us);
	curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &redirect);
	t->elapsed = (double)us / 1e6;
	t->url = url == NULL ? tr_nil() : tr_string_lossy(url, strlen(url));
	if (redirect != NULL)
		t->redirect_url = tr_string_lossy(redirect, strlen(redirect));
	tr_node_send(t->node, t->owner, TR_LIST(TR_A(response), tr_ref_value(t->ref)));
	release(t);
}

/* ---- making one; actor
 * ------------------------------------------------------------------------------------------------------------- */

static bool copy_headers(http_transfer *t, const struct curl_slist *l)
{
	for (; l != NULL; l = l->next) {
		struct curl_slist *longer = curl_slist_append(t->headers, l->data);
		if (longer == NULL)
			return false;
		t->headers = longer;
	}
	return true;
}

static bool set_headers(http_transfer *t, const http_request *r)
{
	bool ok = copy_headers(t, r->headers) && copy_headers(t, r->secrets);
	struct curl_slist *longer = ok ? curl_slist_append(t->headers, "Expect:") : NULL; /* no waiting for 100 */

	if (longer == NULL)
		return false;
	t->headers = longer;
	if (tr_is_valid(r->body) && !http_header_has(r, "Content-Type")) {
		longer =
		    curl_slist_append(t->headers, "Content-Type:"); /* raw bytes: what they are is not ours to say */
		if (longer == NULL)
			return false;
		t->headers = longer;
	}
	return curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
}

static bool add_part(http_transfer *t, tr_value key, tr_value v, bool file)
{
	curl_mimepart *part = curl_mime_addpart(t->mime);
	tr_value content = tr_is(v, TR_MAP) && file ? tr_map_get_s(v, "content") : v;
	tr_buf text = {0};

	if (part == NULL)
		return false;
	http_put_text(&text, content);
	bool ok = text.err == TR_OK && curl_mime_name(part, tr_as_cstr(key, "")) == CURLE_OK &&
		  curl_mime_data(part, text.p == NULL ? "" : text.p, text.n) == CURLE_OK;
	tr_buf_fini(&text);
	if (ok && file) {
		const char *name = tr_as_cstr(tr_map_get_s(v, "filename"), tr_as_cstr(key, "file"));
		const char *type = tr_as_cstr(tr_map_get_s(v, "content_type"), "application/octet-stream");
		ok = curl_mime_filename(part, name) == CURLE_OK && curl_mime_type(part, type) == CURLE_OK;
	}
	return ok;
}

static bool set_multipart(http_transfer *t, const http_request *r)
{
	const tr_entry *form = tr_map_entries(r->form), *files = tr_map_entries(r->files);

	t->mime = curl_mime_init(t->easy);
	bool ok = t->mime != NULL;
	for (size_t i = 0; ok && i < tr_map_len(r->form); i++)
		ok = tr_is_nil(form[i].value) || add_part(t, form[i].key, form[i].value, false);
	for (size_t i = 0; ok && i < tr_map_len(r->files); i++)
		ok = add_part(t, files[i].key, files[i].value, true);
	return ok && curl_easy_setopt(t->easy, CURLOPT_MIMEPOST, t->mime) == CURLE_OK &&
	       curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method) == CURLE_OK;
}

static bool set_body(http_transfer *t, const http_request *r)
{
	tr_str body = tr_as_str(r->body);

	if (tr_is_valid(r->files))
		return set_multipart(t, r);
	if (strcmp(r->method, "HEAD") == 0)
		return curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
	if (!tr_is_valid(r->body) && strcmp(r->method, "GET") == 0)
		return curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	bool sends = tr_is_valid(r->body) || strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0 ||
		     strcmp(r->method, "PATCH") == 0;
	t->body = tr_keep(r->body);
	if (sends && (curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) != CURLE_OK ||
		      curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body.p == NULL ? "" : body.p) != CURLE_OK))
		return false;
	return curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method) == CURLE_OK;
}

static void set_times(http_transfer *t, const http_request *r, int64_t deadline)
{
	int64_t total = r->total_ms;

	if (deadline != TR_FOREVER) {
		int64_t left = (deadline - tr_now()) / TR_MS;
		if (left < 1)
			left = 1;
		if (total == 0 || left < total)
			total = left;
	}
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)total);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
	if (r->read_s > 0) {
		curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, r->read_s);
	}
}

static void set_rest(http_transfer *t, const http_request *r)
{
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, (char *)t);
	curl_easy_setopt(t->easy, CURLOPT_URL, tr_as_cstr(r->url, ""));
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "troupe/" TR_VERSION_STRING);
	curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	/* Where HTTP/2 may be spoken, requests wait for the connection that they can share. */
	curl_easy_setopt(t->easy, CURLOPT_PIPEWAIT, strncmp(tr_as_cstr(r->url, ""), "https", 5) == 0 ? 1L : 0L);
	if (tr_is(r->proxy, TR_STRING)) /* else what the environment says */
		curl_easy_setopt(t->easy, CURLOPT_PROXY, tr_as_cstr(r->proxy, ""));
	curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, r->verify_ssl ? 1L : 0L);
	curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, r->verify_ssl ? 2L : 0L);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_content);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
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
	t->easy = http_client_handle(c);
	if (t->easy == NULL || !set_headers(t, r) || !set_body(t, r)) {
		release(t);
		return NULL;
	}
	set_times(t, r, deadline);
	set_rest(t, r);
	return tr_own(t, owner_gone) == TR_OK ? t : NULL;
}

static void resume(void *loop, void *arg)
{
	http_transfer *t = arg;

	(void)loop;
	if (t->running)
		curl_easy_pause(t->easy, CURLPAUSE_CONT);
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
			err = tr_reactor_run(t->node, resume, t);
		if (err != TR_OK || !paused)
			return err;
	}
}

void http_transfer_free(http_transfer *t)
{
	tr_disown(t);
	release(t);
}
