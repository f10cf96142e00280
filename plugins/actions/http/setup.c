/* SPDX-License-Identifier: Apache-2.0 */
/* What stays in a handle, and what is said anew for each request. */
#include "plugins/actions/http/setup.h"
#include <stdio.h>
#include <string.h>

/* ---- headers
 * -------------------------------------------------------------------------------------------------------------------
 */

static bool add_line(http_transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer != NULL)
		t->headers = longer;
	return longer != NULL;
}

static bool add_lines(http_transfer *t, const struct curl_slist *l)
{
	while (l != NULL && add_line(t, l->data))
		l = l->next;
	return l == NULL;
}

/* Those that go with each request and that the task does not give itself. */
static bool add_usual(http_transfer *t, const struct curl_slist *l, const http_request *r)
{
	char name[32];

	for (; l != NULL; l = l->next) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(l->data, ":"), l->data);
		if (!http_header_has(r, name) && !add_line(t, l->data))
			return false;
	}
	return true;
}

static bool set_headers(http_transfer *t, const http_request *r)
{
	const http_handles *all = http_client_handles(t->client);
	CURL *easy = t->handle->easy;
	bool sends = http_sends(r) || tr_is_valid(r->files);

	if (r->headers == NULL && r->secrets == NULL && !sends)
		return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, all->headers) == CURLE_OK;
	bool ok = add_lines(t, r->headers) && add_lines(t, r->secrets) && add_usual(t, all->headers, r);
	if (ok && sends)
		ok = add_line(t, "Expect:"); /* no waiting for 100 */
	if (ok && tr_is_valid(r->body) && !http_header_has(r, "Content-Type"))
		ok = add_line(t, "Content-Type:"); /* raw bytes: what they are is not ours to say */
	return ok && curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers) == CURLE_OK;
}

/* ---- body
 * ----------------------------------------------------------------------------------------------------------------------
 */

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
	CURL *easy = t->handle->easy;

	t->mime = curl_mime_init(easy);
	bool ok = t->mime != NULL;
	for (size_t i = 0; ok && i < tr_map_len(r->form); i++)
		ok = tr_is_nil(form[i].value) || add_part(t, form[i].key, form[i].value, false);
	for (size_t i = 0; ok && i < tr_map_len(r->files); i++)
		ok = add_part(t, files[i].key, files[i].value, true);
	return ok && curl_easy_setopt(easy, CURLOPT_MIMEPOST, t->mime) == CURLE_OK;
}

static bool set_body(http_transfer *t, const http_request *r)
{
	tr_str body = tr_as_str(r->body);
	CURL *easy = t->handle->easy;

	if (tr_is_valid(r->files))
		return set_multipart(t, r);
	if (strcmp(r->method, "HEAD") == 0 || !http_sends(r))
		return true;
	t->body = tr_keep(r->body);
	return curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.p == NULL ? "" : body.p) == CURLE_OK;
}

/* ---- for each request
 * ---------------------------------------------------------------------------------------------------------- */

static bool set_url(http_handle *h, const http_request *r)
{
	const char *text = tr_as_cstr(r->url, "");

	if (h->is_set_up && tr_equal(h->url, r->url))
		return true;
	tr_clear(&h->url);
	if (curl_easy_setopt(h->easy, CURLOPT_URL, text) != CURLE_OK)
		return false;
	/* libcurl would read the URL for each request, and write it again. */
	if (h->parsed == NULL)
		h->parsed = curl_url();
	bool known = h->is_set_up && h->parsed != NULL && curl_url_set(h->parsed, CURLUPART_URL, text, 0) == CURLUE_OK;
	if (known)
		h->url = tr_keep(r->url);
	return curl_easy_setopt(h->easy, CURLOPT_CURLU, known ? h->parsed : NULL) == CURLE_OK;
}

static void set_times(http_handle *h, const http_request *r, int64_t deadline)
{
	int64_t total = r->total_ms;

	if (deadline != TR_FOREVER) {
		int64_t left = (deadline - tr_now()) / TR_MS;
		if (left < 1)
			left = 1;
		if (total == 0 || left < total)
			total = left;
	}
	curl_easy_setopt(h->easy, CURLOPT_TIMEOUT_MS, (long)total);
	curl_easy_setopt(h->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
}

/* ---- what stays
 * ---------------------------------------------------------------------------------------------------------------- */

static bool set_method(CURL *easy, const http_request *r)
{
	if (strcmp(r->method, "HEAD") == 0 && !tr_is_valid(r->files))
		return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
	if (!tr_is_valid(r->body) && !tr_is_valid(r->files) && strcmp(r->method, "GET") == 0)
		return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method) == CURLE_OK;
}

static void set_connection(CURL *easy, const http_request *r, const http_handles *all)
{
	bool tls = strncmp(tr_as_cstr(r->url, ""), "https", 5) == 0;

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ""); /* all that it can read */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	/* Where HTTP/2 may be spoken, requests wait for the connection that they can share. */
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
	if (tr_is(r->proxy, TR_STRING)) /* else what the environment says */
		curl_easy_setopt(easy, CURLOPT_PROXY, tr_as_cstr(r->proxy, ""));
	if (tls) /* a tunnel is asked for without the request's headers */
		curl_easy_setopt(easy, CURLOPT_PROXYHEADER, all->agent);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, r->verify_ssl ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, r->verify_ssl ? 2L : 0L);
	if (r->read_s > 0) {
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, r->read_s);
	}
}

static void set_callbacks(http_handle *h)
{
	curl_easy_setopt(h->easy, CURLOPT_PRIVATE, (char *)h);
	curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, h->error);
	http_transfer_callbacks(h);
}

bool http_setup(http_transfer *t, const http_request *r, int64_t deadline)
{
	http_handle *h = t->handle;

	if (!http_handle_fits(h, r)) {
		http_handle_reset(h);
		if (!set_method(h->easy, r))
			return false;
		set_connection(h->easy, r, http_client_handles(t->client));
		set_callbacks(h);
		http_client_options(t->client, h->easy);
		http_handle_is_for(h, r);
	}
	h->transfer = t;
	h->error[0] = '\0';
	set_times(h, r, deadline);
	return set_url(h, r) && set_headers(t, r) && set_body(t, r);
}
