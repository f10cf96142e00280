/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The actor of one loop iteration: a pipeline of its own with its own `iter`, linked under its step run. What it has to
 * tell goes through the step run, which puts the events of many iterations into one message.
 *
 *   iteration -> step run   [event, iteration_report object]; it ends when it has said that it is over
 *   step run -> iteration   [ack, slot, ok]
 */
#ifndef TROUPE_WORKER_ITERATION_H
#define TROUPE_WORKER_ITERATION_H

#include "actors/worker/run_scope.h"

#include <troupe/actor.h>

typedef struct iteration_start {
	tr_value run; /* run_scope object; taken, as the values below */
	tr_value iter;
	tr_value vars, ctx;
	tr_value resume; /* array of event arrays of this iteration that are appended already, or nil */
	int64_t index;
	uint32_t slot;
	bool parallel;
} iteration_start;

/** Spawn it, linked to the caller. */
tr_spawned iteration_spawn(const iteration_start *start);

#endif
