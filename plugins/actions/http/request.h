/* SPDX-License-Identifier: Apache-2.0 */
/** From a task's inputs to a request, checked: nothing is sent when an input is wrong. Pure functions. */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_REQUEST_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_REQUEST_H

#include <curl/curl.h>
#include <troupe/plugin.h>

typedef struct http_request {
	char method[32];
	tr_value url;               /* text: absolute, params in it, no user and password */
	tr_value host;              /* of url, when it is known */
	struct curl_slist *headers; /* may go to any host */
	struct curl_slist *secrets; /* headers for the first origin only */
	tr_value body;              /* text or bytes; absent: none */
	tr_value form, files;       /* maps, when it is multipart/form-data */
	bool verify_ssl;
	int redirects, redirects_left; /* that may be followed in all, and now; 0 at first: a redirect is the answer */
	int64_t connect_ms, total_ms;  /* 0: none */
	long read_s;
	size_t max_body;
	size_t memory;  /* of a body that may go to the store */
	bool stream;    /* JSON may go there, too */
	tr_value proxy; /* text: where to, "" for none; absent: what the environment says */
	tr_value deny;  /* hosts and networks that must not be reached */
} http_request;

/** Absent, or an outcome (error kind "input" or "auth") that says what is wrong; *r is to be finished either way.
 * `config` has the defaults. */
tr_value http_request_read(http_request *r, tr_value config, tr_value input, int64_t deadline);
void http_request_fini(http_request *r);

/** body.c: the part of http_request_read for the body. */
tr_value http_body_read(http_request *r, tr_value input);
/** auth.c: the part of http_request_read for `auth`. */
tr_value http_auth_read(http_request *r, tr_value auth);

/** plain_url.c: is the URL one that libcurl would give back as it is, without a user? Then *host is its host. */
bool http_url_is_plain(tr_str url, tr_str *host);

/** Append a header line to a list. False without memory, or when name or value cannot stand in a header. */
bool http_header_add(struct curl_slist **list, tr_str name, tr_str value);
/** Is there a header of this name? */
bool http_header_has(const http_request *r, const char *name);
/** The value of a header as it was given, "" when there is none. */
const char *http_header_of(const http_request *r, const char *name);
/** Has the text a NUL in it, where libcurl would take it to end? */
bool http_is_cut(tr_value text);
/** A scalar as it stands in URLs, forms and headers; anything else as JSON. Appends. */
void http_put_text(tr_buf *out, tr_value v);
/** `key=value&…` with both percent-encoded; null is dropped, a list repeats its key. Appends. */
void http_put_pairs(tr_buf *out, tr_value map);

#endif
