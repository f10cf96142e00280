/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Handles of libcurl that are kept between requests. To set one up and to read a URL costs as much as a small request,
 * so a handle stays set up for requests that agree in its settings. Where a request goes, its headers, its body and its
 * times are set each time. A handle that did anything out of the ordinary is reset.
 */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_HANDLE_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_HANDLE_H

#include "plugins/actions/http/request.h"
#include <pthread.h>

#define KEPT_HANDLES 256

struct http_transfer;

/* What stays from request to request: a handle is reset for one that differs in any of these. */
typedef struct http_settings {
	char method[32];
	bool sends; /* a body, be it empty; else it is a GET */
	bool tls;
	bool verify_ssl;
	long read_s;
	tr_value proxy; /* held */
} http_settings;

typedef struct http_handle {
	CURL *easy;
	struct http_transfer *transfer; /* that it is for; NULL: it is kept */
	bool is_set_up;                 /* for these: */
	http_settings settings;
	tr_value url;  /* that the option says; absent: another one */
	CURLU *parsed; /* the same; NULL until it is needed */
	char error[CURL_ERROR_SIZE];
} http_handle;

typedef struct http_handles {
	struct curl_slist *agent, *headers; /* that go with each request, to a proxy and to a server; never changed */
	pthread_mutex_t lock;
	size_t n;
	http_handle *kept[KEPT_HANDLES];
} http_handles;

bool http_handles_init(http_handles *all);
void http_handles_fini(http_handles *all);
/** One for this request, set up for its like if there is one; NULL without memory. */
http_handle *http_handles_take(http_handles *all, const http_request *r);
/** Its request came to its end. */
void http_handles_keep(http_handles *all, http_handle *h);
void http_handle_free(http_handle *h);

/** Is it set up as this request needs it? */
bool http_handle_fits(const http_handle *h, const http_request *r);
/** No options any more. */
void http_handle_reset(http_handle *h);
/** Its options are those that requests like r need. */
void http_handle_is_for(http_handle *h, const http_request *r);
/** Has it a body? POST and the like have one, be it empty. */
bool http_sends(const http_request *r);

#endif
