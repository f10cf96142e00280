/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The endpoint of a running node: other processes of the same user talk to it over a Unix socket in the data folder.
 * A listener, and one actor a connection. The protocol is in wire.h.
 *
 * The socket is this node's as long as it holds the data folder's lock, so it must start behind the stores and end
 * before them; what a dead process left in its place is replaced.
 */
#ifndef TROUPE_ACTORS_EDGE_H
#define TROUPE_ACTORS_EDGE_H

#include <troupe/supervisor.h>

typedef struct edge_options {
	const char *data;  /* the data folder; copied */
	const char *mode;  /* what kind of process this is ("node", "run"), told by `node` [status]; copied */
	const char *owner; /* registered name that gets [stop] when a client asks the node to end; NULL: it cannot be
			      asked. Copied */
	bool required;     /* without its socket the node does not start; otherwise it goes on without and logs why */
	/* 0 each: as it is. */
	uint32_t places;  /* clients at once that may watch executions */
	uint32_t reserve; /* beside them, for those that only ask something */
	int64_t first_ns; /* how long a client may be silent before it has asked anything */
	int64_t rest_ns;  /* … afterwards, when it waits for nothing */
	int64_t brief_ns; /* … and in the reserve */
} edge_options;

/** Child spec of the edge's supervisor for the node's top supervisor. spec.arg is invalid (TR_ENOMEM) on failure. */
tr_child_spec edge_child(const edge_options *options);

/** May a client ask this subject? */
bool edge_subject_allowed(tr_str subject);
/** What executions ask each other, and the end of them all, is not for clients: a node ends by `node` [stop]. */
bool edge_request_allowed(tr_str subject, tr_value request);

/** Nothing new is heard from now on, and each client is told what had been said to its connection before, such as the
 * end of an execution that the caller has seen end, gets the answers that it waits for, and is let go. Called by an
 * actor when no execution is to be begun any more; at most until the deadline. */
void edge_close(int64_t deadline);

#endif
