/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One request on its way. Two hold it: the actor that waits for it and, while it is under way, the reactor. The actor
 * fills it before http_transfer_submit and reads it after the message [response, ref]; in between only turns of the
 * reactor touch it, but for the body's content between [progress, ref] and the actor's word to go on.
 */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_TRANSFER_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_TRANSFER_H

#include "plugins/actions/http/client.h"
#include "plugins/actions/http/request.h"
#include <stdatomic.h>

typedef struct http_transfer {
	_Atomic uint32_t refs;
	http_client *client;
	tr_node *node;
	tr_pid owner;
	tr_ref ref;
	http_handle *handle;
	bool reusable; /* it: the request has come to its end */
	curl_mime *mime;
	struct curl_slist *headers; /* NULL: those that go with each request */
	tr_value body;              /* kept while it is sent */
	/* reactor */
	bool running;
	struct http_transfer *next, *prev;
	/* what came back */
	CURLcode code;
	bool too_large;    /* past max_body */
	bool contradicts;  /* two lengths, or one that is no number */
	bool header_flood; /* more headers than anybody needs */
	bool forbidden;    /* an address that must not be reached */
	bool link_local;   /* such addresses were granted */
	size_t max_body;
	size_t memory;     /* bytes of the body that may be in memory, when it may go to the store */
	bool by_reference; /* it may */
	bool stream;       /* JSON, too */
	size_t received;   /* bytes of the body so far */
	int64_t spool;     /* the store's number for it; 0: none */
	tr_value stored;   /* the body's ResultRef; absent: it is in `content` */
	tr_value deny;     /* networks that must not be reached */
	long version;      /* CURL_HTTP_VERSION_… of the answer */
	long status;
	double elapsed;
	tr_value response_headers; /* map: lower case name -> text */
	size_t header_lines;
	tr_buf content;
	tr_value url, redirect_url; /* texts; redirect_url absent when there is none */
} http_transfer;

/** Made and owned by the calling actor: when that ends, the request is taken off the wire. NULL without memory. */
http_transfer *http_transfer_new(http_client *c, const http_request *r, int64_t deadline);
/** Send it off and park until it is over; a large body goes to the store meanwhile. */
tr_err http_transfer_run(http_transfer *t);
/** Give it back before the actor's end. */
void http_transfer_free(http_transfer *t);

/** The callbacks of this handle's transfers, whichever they are. */
void http_transfer_callbacks(http_handle *h);

/** The client: it is over. Reactor. */
void http_transfer_ended(http_transfer *t, CURLcode code);

#endif
