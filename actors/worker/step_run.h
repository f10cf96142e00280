/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The actor of one step run: performs the step's pipeline, or its loop with an actor an iteration, and reports events
 * to the execution. Between messages it has no stack. It ends when its last event is appended, when it is refused as
 * stale, or when it is told to.
 *
 *   start                   begin: sent by the pool once it watches the step run; again it does nothing
 *   [cancel, reason text]   end what runs; the step fails with kind "cancelled"
 *   call identify           {execution_id, step_run_id, attempt, reply_to}
 */
#ifndef TROUPE_WORKER_STEP_RUN_H
#define TROUPE_WORKER_STEP_RUN_H

#include "actors/worker/run_scope.h"

#include <troupe/supervisor.h>

/** What a step run starts with. Takes the values. `resume`: array of its events that are appended already, or nil. */
tr_value step_run_arg(tr_value run, tr_value resume, uint32_t concurrency);
/** The start function for a simple_one_for_one supervisor; extra is from step_run_arg. */
tr_start_fn step_run_start;

#endif
