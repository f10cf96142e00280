/* SPDX-License-Identifier: Apache-2.0 */
/** From a command to a task for an interpreter, and from its answer to an outcome. */
#ifndef TROUPE_PLUGINS_ACTIONS_PYTHON_TASK_H
#define TROUPE_PLUGINS_ACTIONS_PYTHON_TASK_H

#include <troupe/plugin.h>

typedef struct python_task {
	tr_buf frame;       /* what the interpreter gets */
	int64_t timeout_ns; /* 0: none */
	tr_value file;      /* where the code is: a file's name, owned by the actor; absent: unknown */
	int64_t line;       /* of the code's first line in it */
} python_task;

/** Absent, or an outcome (error kind "input") that says what is wrong. Inside an actor: may read the code from a file.
 */
tr_value python_task_read(python_task *t, tr_value config, tr_value command);
/** The outcome out of what the worker said (worker.h; borrowed, may be invalid as tr_call gives it). Fresh. */
tr_value python_task_outcome(const python_task *t, tr_value said);

#endif
