/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The actor registered as `executions`: starts, cancels, pauses, resumes and lists executions. Messages:
 * actors/protocol.h, and [pause, execution_id] [unpause, execution_id] [summary, execution_id] [watch, execution_id,
 * pid]: as the execution answers [list] -> [{execution_id: text, pid, playbook, started_at_us} …]: those of this node
 * that run, oldest first
 */
#ifndef TROUPE_ENGINE_EXECUTIONS_H
#define TROUPE_ENGINE_EXECUTIONS_H

#include <troupe/supervisor.h>

/** The registered name of the supervisor under which the executions are. */
#define EXECUTIONS_SUPERVISOR "executions_supervisor"

/** Start, linked. `arg`: map {env: map, node: int}. For a child spec's start. */
tr_started executions_start_link(tr_value arg, tr_value extra);

#endif
