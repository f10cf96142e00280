/* SPDX-License-Identifier: Apache-2.0 */
/** While a node does not answer: does it wait for an event store that cannot write? */
#ifndef TROUPE_CLI_STUCK_STORE_H
#define TROUPE_CLI_STUCK_STORE_H

#include "cli/remote.h"

typedef struct stuck_store {
	const char *data;    /* the node's folder */
	remote *beside;      /* another connection to it */
	int times;           /* in a row that its store could not write */
	char condition[300]; /* why */
} stuck_store;

/** Ask the store, as remote_call_while wants it; false once there is no use in waiting. */
bool stuck_store_look(void *stuck_store);
bool stuck_store_is(const stuck_store *s);
void stuck_store_fini(stuck_store *s);

#endif
