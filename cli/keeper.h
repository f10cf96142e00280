/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The keeper: the actor behind `troupe node`. Takes up what was running when the last node died, says that the node is
 * ready, and stays until a signal or a client asks it to end; what runs then can be resumed.
 */
#ifndef TROUPE_CLI_KEEPER_H
#define TROUPE_CLI_KEEPER_H

#include "actors/store/compact.h"
#include <troupe/node.h>

#define KEEPER_NAME "keeper"

typedef struct keeper_job {
	const char *data;
	compact_policy policy; /* what is packed and removed from time to time */
	bool json;             /* the line that it is ready, as JSON */
	/* out */
	size_t resumed, waiting, failed; /* waiting: for a plugin */
	char problem[300];
} keeper_job;

/** Block the thread until the node is to end. */
tr_err keeper_run(tr_node *node, keeper_job *job);

#endif
