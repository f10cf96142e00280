/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The actor of one step run: performs the step's pipeline, or its loop with an actor an iteration, and reports events
 * to the execution. Between messages it has no stack. It ends when its last event is told (appended, if others were
 * told before it and are not yet), when it is refused as stale, or when it is told to.
 *
 *   [cancel, reason text]   end what runs; the step fails with kind "cancelled"
 *   call identify           {execution_id, step_run_id, attempt, reply_to}
 */
#ifndef TROUPE_WORKER_STEP_RUN_H
#define TROUPE_WORKER_STEP_RUN_H

#include "actors/worker/run_scope.h"

#include <troupe/supervisor.h>

/** Spawn one for the run_scope object (taken), watched by the caller. One that is not over at once joins the scope's
 * supervisor (simple_one_for_one, temporary). */
tr_spawned step_run_spawn(tr_value run);

#endif
