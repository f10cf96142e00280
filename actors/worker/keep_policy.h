/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is kept inline of a result and where the rest goes: the `result:` policy of a task or step, rendered, as the
 * controller `result` reads it. Source of the semantics: docs/playbook.md, "The later dialect".
 */
#ifndef TROUPE_WORKER_KEEP_POLICY_H
#define TROUPE_WORKER_KEEP_POLICY_H

#include "actors/worker/render.h"

#define KEEP_LEAST 1024 /* bytes that are kept inline, unless a step's or task's policy says less */

typedef struct keep_policy {
	size_t inline_max; /* a larger result goes to the store */
	size_t limit;      /* and so does any other part that is larger than this */
	tr_value select;   /* parts that stay beside the reference, as the policy says; nil: none */
	tr_value store;    /* the policy: what the store is told; nil: nothing */
} keep_policy;

/** The policy; what cannot be rendered is left at its default with a warning. */
keep_policy keep_policy_of(const pb_result_policy *p, renderer *r);
/** Where no policy is given. */
keep_policy keep_policy_default(const run_scope *run);
void keep_policy_fini(keep_policy *k);
/** What the controller answers where no policy is given, for run_place: fresh. Absent when it has to be waited for, or
 * is a stranger's: each step run asks that one itself, since a crash takes whoever asks with it. */
tr_value keep_policy_usual(const pure_table *t);

#endif
