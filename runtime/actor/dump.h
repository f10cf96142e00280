/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crash dump: what is written when the node itself breaks. Runs in a signal handler, while other threads go on, and
 * on data that may be damaged: it allocates nothing, takes no lock, and a part that faults is told to be unreadable and
 * left.
 */
#ifndef TROUPE_ACTOR_DUMP_H
#define TROUPE_ACTOR_DUMP_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#include <troupe/node.h>

struct dump_cause {
	const char *what;  /* "Segmentation fault", a broken promise */
	const char *where; /* an address, a place in a file; may be "" */
	void *const *frames;
	size_t n_frames;
};

/** A short story to stderr and the long one to the file (NULL or "": none) of the first node. */
void dump_crash(const struct dump_cause *cause, tr_node *const *nodes, size_t n_nodes, const char *file);

/** Where the fault handler goes when a part of the dump faults; NULL while no dump is written on this thread. */
sigjmp_buf *dump_guard(void);

#endif
