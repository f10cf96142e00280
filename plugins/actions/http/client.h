/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libcurl's multi interface on the node's reactor: one a node, in TR_SLOT_HTTP, so that connections are kept and shared
 * by all commands. Everything of the multi handle happens in turns of the reactor.
 */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_CLIENT_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_CLIENT_H

#include "plugins/actions/http/handle.h"
#include <troupe/node.h>

typedef struct http_client http_client;
struct http_transfer;

/** The node's client, made when there is none. NULL with *err. */
http_client *http_client_of(tr_node *node, tr_err *err);

/** Its handles, and what each must have of it. */
http_handles *http_client_handles(http_client *c);
void http_client_options(http_client *c, CURL *easy);

/* In turns of the reactor only: */
/** Begin; http_transfer_ended is called when it is over, never from inside this. */
void http_client_add(http_client *c, struct http_transfer *t, void *loop);
/** A socket that libcurl is about to use was opened by us. */
void http_client_socket(http_client *c, curl_socket_t fd);
/** Take one out before its end; http_transfer_ended is not called. */
void http_client_remove(http_client *c, struct http_transfer *t);

#endif
