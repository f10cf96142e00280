/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing end of a port as actors see it: while nothing waits for room there, they write without asking the loop.
 * Found by the port's name under a lock of the reactor; the descriptor is used under the outlet's own lock, and the
 * loop closes it under that lock.
 */
#ifndef TROUPE_IO_OUTLET_H
#define TROUPE_IO_OUTLET_H

#include "runtime/io/port.h"

struct outlet {
	struct outlet *next; /* in its bucket; under the reactor's lock */
	uint64_t id;
	_Atomic unsigned refs;
	bool is_socket;
	tr_framing framing;
	size_t max;

	pthread_mutex_t lock; /* for what follows */
	int fd;               /* -1: closed */
	unsigned pending;     /* sends that were handed to the loop and are not over */
};

bool outlets_init(struct outlets *all);
void outlets_fini(struct outlets *all);

/* Loop: let actors write to the port; without memory they go on asking. And: no more. */
void outlet_open(struct port *p);
void outlet_close(struct port *p);

/* Any thread. A reference; NULL when there is none. */
struct outlet *outlet_find(struct outlets *all, uint64_t id);
void outlet_release(struct outlet *o);
/* Under its lock: write what fits, 0 when nothing does or it is closed or somebody waits already. */
size_t outlet_write(struct outlet *o, const char *bytes, size_t n);

#endif
