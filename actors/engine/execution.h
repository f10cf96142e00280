/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The actor around one execution's machine, registered as `event.<execution_id>`. It appends what the machine says to
 * the store and does nothing in the world before that is durable; it keeps no stack while it waits. Messages:
 * actors/protocol.h, and as calls [cancel, reason] [pause] [unpause] -> ok | [error, text]        [summary] -> map
 * [watch, pid] -> ok
 *
 * Started with a map: {execution_id: int, watch: pid | nil, watch_events: bool, env: map, node: int} and
 *   to begin:   {routes: routes value, playbook: map, payload: map, parent: map | nil}
 *   to resume:  {resume: true, from: [pid, ref] of the call to answer with [ok, pid] or [error, text], or nil}
 */
#ifndef TROUPE_ENGINE_EXECUTION_H
#define TROUPE_ENGINE_EXECUTION_H

#include <troupe/supervisor.h>

/** Start function for a simple_one_for_one supervisor; `extra` is the map. */
tr_started execution_start_link(tr_value arg, tr_value extra);

#endif
