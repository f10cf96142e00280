/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The command that gives a step run to a worker pool: a struct within a node, a map between nodes. Source:
 * actors/protocol.h, "step run command".
 */
#ifndef TROUPE_ACTORS_STEP_COMMAND_H
#define TROUPE_ACTORS_STEP_COMMAND_H

#include <troupe/value.h>

typedef struct step_command {
	int64_t execution_id;
	uint64_t step_run_id, trace_id;
	uint32_t attempt;
	uint32_t index; /* of the step in its playbook, to be checked with its name */
	tr_pid reply_to;
	bool plain; /* no value in it is, or holds, anything that loads itself (refs.h) */
	/* Owned; absent: not said. */
	tr_value step, hash, playbook, args, workload, ctx, vars, steps, result, event;
	tr_value resume; /* array of the events that are appended already; absent: none */
} step_command;

void step_command_fini(step_command *c);
/** As an object value for actors of this node; takes what is in it, also when memory runs out (invalid TR_ENOMEM). */
tr_value step_command_object(step_command *c);
/** As a map for another node (fresh). */
tr_value step_command_map(const step_command *c);
/** Whichever of the two it is (borrowed) as an object (fresh); invalid TR_EINVAL when it is neither. */
tr_value step_command_read(tr_value v);
/** The struct in an object value, NULL when it is none. */
const step_command *step_command_of(tr_value object);

#endif
