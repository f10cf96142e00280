/* SPDX-License-Identifier: Apache-2.0 */
/* Which handle for which request. */
#include "plugins/actions/http/handle.h"
#include <string.h>

#define LOOKS 8 /* at handles, for a better one than the last */

/* ---- the headers of every request
 * ---------------------------------------------------------------------------------------------- */

/* What libcurl can read. It would say so itself, but writes each header of its own twice. */
static bool add_encodings(struct curl_slist **list)
{
	static const struct {
		int feature;
		const char *names;
	} known[] = {{CURL_VERSION_LIBZ, "deflate, gzip"}, {CURL_VERSION_BROTLI, "br"}, {CURL_VERSION_ZSTD, "zstd"}};
	int features = curl_version_info(CURLVERSION_NOW)->features;
	tr_buf names = {0};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (features & known[i].feature)
			tr_buf_putf(&names, "%s%s", names.n > 0 ? ", " : "", known[i].names);
	bool ok =
	    names.err == TR_OK && (names.n == 0 || http_header_add(list, tr_s("Accept-Encoding"), tr_buf_str(&names)));
	tr_buf_fini(&names);
	return ok;
}

bool http_handles_init(http_handles *all)
{
	static const char agent[] = "troupe/" TR_VERSION_STRING;

	memset(all, 0, sizeof(*all));
	pthread_mutex_init(&all->lock, NULL);
	if (http_header_add(&all->agent, tr_s("User-Agent"), tr_s(agent)) &&
	    http_header_add(&all->headers, tr_s("User-Agent"), tr_s(agent)) && add_encodings(&all->headers))
		return true;
	http_handles_fini(all);
	return false;
}

void http_handles_fini(http_handles *all)
{
	while (all->n > 0)
		http_handle_free(all->kept[--all->n]);
	curl_slist_free_all(all->agent);
	curl_slist_free_all(all->headers);
	pthread_mutex_destroy(&all->lock);
}

/* ---- what fits
 * ----------------------------------------------------------------------------------------------------------------- */

bool http_sends(const http_request *r)
{
	return tr_is_valid(r->body) || strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0 ||
	       strcmp(r->method, "PATCH") == 0;
}

static bool is_tls(const http_request *r)
{
	return strncmp(tr_as_cstr(r->url, ""), "https", 5) == 0;
}

/* Where the host is known, the URL was taken apart before: it has no user in it. */
static bool is_ordinary(const http_request *r)
{
	return tr_is(r->host, TR_STRING) && !tr_is_valid(r->files) && strcmp(r->method, "HEAD") != 0 &&
	       (http_sends(r) || strcmp(r->method, "GET") == 0);
}

static bool same_text(tr_value a, tr_value b)
{
	return tr_is(a, TR_STRING) ? tr_equal(a, b) : !tr_is(b, TR_STRING);
}

bool http_handle_fits(const http_handle *h, const http_request *r)
{
	const http_settings *s = &h->settings;

	return h->is_set_up && is_ordinary(r) && s->sends == http_sends(r) && strcmp(s->method, r->method) == 0 &&
	       s->tls == is_tls(r) && s->verify_ssl == r->verify_ssl && s->read_s == r->read_s &&
	       same_text(s->proxy, r->proxy);
}

void http_handle_is_for(http_handle *h, const http_request *r)
{
	http_settings *s = &h->settings;

	memcpy(s->method, r->method, sizeof(s->method));
	s->sends = http_sends(r);
	s->tls = is_tls(r);
	s->verify_ssl = r->verify_ssl;
	s->read_s = r->read_s;
	tr_assign(&s->proxy, tr_keep(r->proxy));
	h->is_set_up = is_ordinary(r);
}

/* ---- one of them
 * --------------------------------------------------------------------------------------------------------------- */

static http_handle *handle_new(void)
{
	http_handle *h = tr_alloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	h->easy = curl_easy_init();
	if (h->easy != NULL)
		return h;
	tr_free(h);
	return NULL;
}

void http_handle_reset(http_handle *h)
{
	curl_easy_reset(h->easy);
	tr_clear(&h->url);
	tr_clear(&h->settings.proxy);
	h->is_set_up = false;
}

void http_handle_free(http_handle *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	curl_url_cleanup(h->parsed);
	tr_drop(h->settings.proxy);
	tr_drop(h->url);
	tr_free(h);
}

/* ---- all of them
 * --------------------------------------------------------------------------------------------------------------- */

/* Best is one that went to the same place, then one that is set up. */
static size_t best(const http_handles *all, const http_request *r)
{
	size_t at = all->n - 1, least = all->n > LOOKS ? all->n - LOOKS : 0;
	bool fits = false;

	for (size_t i = all->n; i-- > least;) {
		if (!http_handle_fits(all->kept[i], r))
			continue;
		if (tr_equal(all->kept[i]->url, r->url))
			return i;
		at = fits ? at : i;
		fits = true;
	}
	return at;
}

http_handle *http_handles_take(http_handles *all, const http_request *r)
{
	http_handle *h = NULL;

	pthread_mutex_lock(&all->lock);
	if (all->n > 0) {
		size_t at = best(all, r);
		h = all->kept[at];
		all->kept[at] = all->kept[--all->n];
	}
	pthread_mutex_unlock(&all->lock);
	return h != NULL ? h : handle_new();
}

void http_handles_keep(http_handles *all, http_handle *h)
{
	/* Nothing that the request owned stays behind. */
	h->transfer = NULL;
	if (!h->is_set_up) {
		http_handle_reset(h);
	} else {
		curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
		if (h->settings.sends)
			curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, NULL);
	}
	pthread_mutex_lock(&all->lock);
	bool kept = all->n < KEPT_HANDLES;
	if (kept)
		all->kept[all->n++] = h;
	pthread_mutex_unlock(&all->lock);
	if (!kept)
		http_handle_free(h);
}
