/* SPDX-License-Identifier: Apache-2.0 */
/**
 * libcurl's multi interface on the node's reactor: one a node, in TR_SLOT_HTTP, so that connections are kept and shared
 * by all commands. Everything of the multi handle happens on the reactor's thread.
 */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_CLIENT_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_CLIENT_H

#include <curl/curl.h>
#include <troupe/node.h>

typedef struct http_client http_client;
struct http_transfer;

/** The node's client, made when there is none. NULL with *err. */
http_client *http_client_of(tr_node *node, tr_err *err);

/* On the reactor's thread only: */
/** Begin; http_transfer_ended is called when it is over, never from inside this. */
void http_client_add(http_client *c, struct http_transfer *t, void *loop);
/** Take one out before its end; http_transfer_ended is not called. */
void http_client_remove(http_client *c, struct http_transfer *t);

#endif
