/* SPDX-License-Identifier: Apache-2.0 */
/* One client of the endpoint. */
#ifndef TROUPE_ACTORS_EDGE_CONNECTION_H
#define TROUPE_ACTORS_EDGE_CONNECTION_H

#include <troupe/gen_server.h>

/* Started with the endpoint's map {data, mode, owner: text | nil, started_at_us, first_ns, rest_ns, brief_ns, brief:
 * true when its place is one of the reserve, where nothing is watched}; then the listener gives it its socket and sends
 * [connected, port id]. Call [end] -> ok: all that had been asked is answered, and it ends. */
extern const tr_gen_server connection_server;

#endif
