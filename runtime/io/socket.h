/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about sockets share. */
#ifndef TROUPE_IO_SOCKET_H
#define TROUPE_IO_SOCKET_H

#include "runtime/io/port.h"

/* How frames of a new socket are cut and delivered. */
struct socket_mode {
	tr_framing framing;
	int active;
};

/* A socket's port without its handle; NULL without memory. */
struct port *socket_port(struct reactor *r, struct hold *hold, tr_pid owner, struct socket_mode mode);
/* The stream is connected. Before its owner hears of it: a frame that is sent past the outlet while there is none yet
 * would be counted by nobody, and another one could be written into its middle. */
void socket_open(struct port *p);
/* getaddrinfo's errors are ENOENT, unless they are the system's. */
bool answer_lookup_failed(struct request *q, int uv_error);

#endif
