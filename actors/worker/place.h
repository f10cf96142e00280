/* SPDX-License-Identifier: Apache-2.0 */
/** Errors of a step run say where in the playbook they come from. */
#ifndef TROUPE_WORKER_PLACE_H
#define TROUPE_WORKER_PLACE_H

#include "playbook/model/model.h"

/** The error (a map, taken) with file, line and column beside its message. One that has a line keeps it: whoever made
 * it knew better. */
tr_value fault_place(const playbook *book, tr_value error, pb_pos at);
/** The error (taken) with the place that another one has. */
tr_value fault_place_of(tr_value error, tr_value other);
/** Where a task's own errors come from: its main input, else the task. */
pb_pos task_place(const pb_task *task);

#endif
