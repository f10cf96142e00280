/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: their texts, and looking up the names in them. */
#ifndef TROUPE_IO_ADDRESS_H
#define TROUPE_IO_ADDRESS_H

#include <sys/un.h>

#include "runtime/io/reactor.h"

struct address {
	bool is_unix;
	char host[256]; /* empty: any */
	char port[8];
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* "host:port", "[v6]:port", ":port", "unix:/path". */
tr_err address_parse(const char *text, struct address *out);
/* "127.0.0.1:80", "[::1]:80"; "" for other families. */
void address_text(const struct sockaddr *sa, char *out, size_t size);

/* Looking an address up. In memory that lives until `done` was called; then free with lookup_fini. */
struct lookup {
	uv_getaddrinfo_t ask;
	struct addrinfo *list;
	struct addrinfo one; /* a number needs no asking */
	struct sockaddr_storage number;
	void (*done)(struct lookup *lookup, int uv_error);
};

/* Loop. done is called at once when there is nothing to ask. passive: for binding. */
void lookup_start(struct reactor *r, struct lookup *lookup, const struct address *address, bool passive);
void lookup_cancel(struct lookup *lookup);
void lookup_fini(struct lookup *lookup);

#endif
