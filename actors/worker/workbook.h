/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a task of kind workbook really is: the controller of that name says which entry of the workbook, and what it is
 * given; here the entry is rendered. Source of the semantics: docs/playbook.md, "Results and tools".
 */
#ifndef TROUPE_WORKER_WORKBOOK_H
#define TROUPE_WORKER_WORKBOOK_H

#include "actors/worker/render.h"

/** What is to be performed. */
typedef struct work {
	tr_value kind, input; /* owned; the input as far as it is rendered */
	pb_pos body;          /* where its code begins, or line 0 */
} work;

void work_fini(work *w);
/** Follow a kind `workbook` to what is to be performed; another kind stays as it is. `label` (borrowed) is the task's.
 * False with *error. Blocks when the controller has to be sent a message. */
bool workbook_resolve(work *w, renderer *r, tr_value label, tr_value *error);

#endif
