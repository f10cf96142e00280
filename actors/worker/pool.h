/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A worker pool: the actor at `command.<name>` that takes step run commands, gets their playbooks from the catalog, and
 * spawns a step run under a supervisor for each, so many at once and the others in a queue. A step run that crashes is
 * reported to its execution as failed. Source: actors/protocol.h, "step run command".
 */
#ifndef TROUPE_WORKER_POOL_H
#define TROUPE_WORKER_POOL_H

#include <troupe/supervisor.h>

#define POOL_CONCURRENCY 256u

typedef struct pool_options {
	const char *name;     /* NULL: "default" */
	uint32_t concurrency; /* step runs at once, and iterations of a loop that says nothing; 0: POOL_CONCURRENCY */
	tr_value env;         /* map of what templates may see as env; borrowed; absent: nothing */
} pool_options;

/** A child spec's arg and start for the pool together with the supervisor of its step runs. The id is "pool <name>"'s
 * first part. */
tr_child_spec pool_child(const pool_options *options);

#endif
