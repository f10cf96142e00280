/* SPDX-License-Identifier: Apache-2.0 */
/** The data plane of a node as one branch of its tree: the keychain and the worker pools. */
#include "actors/worker/data_plane.h"
#include "actors/worker/keychain.h"

#include <stdio.h>

#define MOST_POOLS 64

tr_child_spec data_plane_child(const pool_options *pools, size_t count)
{
	static const pool_options standard = {0};
	if (count == 0) {
		pools = &standard;
		count = 1;
	}
	count = count < MOST_POOLS ? count : MOST_POOLS;
	tr_child_spec children[1 + MOST_POOLS] = {keychain_child()};
	char ids[MOST_POOLS][80];
	for (size_t i = 0; i < count; i++) {
		const char *name = pools[i].name != NULL ? pools[i].name : "default";
		snprintf(ids[i], sizeof ids[i], "pool.%s", name);
		children[1 + i] = pool_child(&pools[i]);
		children[1 + i].id = ids[i];
	}
	tr_supervisor_spec spec = {.strategy = TR_ONE_FOR_ONE,
				   .intensity = 10,
				   .period_ns = 10 * TR_SECOND,
				   .children = children,
				   .child_count = 1 + count,
				   .label = "data plane"};
	return (tr_child_spec){.id = "data_plane",
			       .start = tr_supervisor_start,
			       .arg = tr_supervisor_arg(&spec),
			       .restart = TR_PERMANENT,
			       .type = TR_SUPERVISOR};
}
