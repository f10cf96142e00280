/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The event store as an actor, registered as `store`: takes appends from many executions, makes them durable in groups,
 * and answers only then. Messages: actors/protocol.h. The artifact store stands beside it under the stores supervisor.
 */
#ifndef TROUPE_ACTORS_STORE_STORE_H
#define TROUPE_ACTORS_STORE_STORE_H

#include "actors/store/file_store.h"
#include <troupe/supervisor.h>

typedef struct store_options {
	const char *data; /* folder; copied */
	durability durability;
	const disk *disk; /* NULL: the real one; must outlive the node */
} store_options;

/** Child spec of the stores' supervisor for the node's top supervisor. spec->arg is invalid (TR_ENOMEM) on failure. */
tr_child_spec stores_child_spec(const store_options *options);

#endif
