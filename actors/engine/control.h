/* SPDX-License-Identifier: Apache-2.0 */
/** The control plane as one child of the node's top supervisor: catalog, executions, and the actor that starts them. */
#ifndef TROUPE_ENGINE_CONTROL_H
#define TROUPE_ENGINE_CONTROL_H

#include <troupe/supervisor.h>

typedef struct control_options {
	const char *
	    playbooks; /* folder where the catalog keeps sources, so that executions can be resumed later; NULL: none */
	tr_value env;  /* map: what templates see as env (borrowed); absent: nothing */
	int64_t lease_ns;       /* how long a worker may be silent before its step runs go to another; 0: 30 s */
	int64_t snapshot_every; /* events between two snapshots of an execution; 0: 10,000; below: none */
	int64_t crash_limit;    /* a step run with which the process died so often in a row fails; 0: 5; below: never */
	bool check_replay; /* compare each execution with a replay of its events after each of them: slow, for tests */
	uint32_t node;     /* this node's number, 0 … 1023, part of execution ids */
} control_options;

/** NULL options: all defaults. spec.arg is invalid when memory is short. */
tr_child_spec control_plane_child_with(const control_options *options);
static inline tr_child_spec control_plane_child(void)
{
	return control_plane_child_with(NULL);
}

#endif
