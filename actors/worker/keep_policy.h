/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is kept inline of a result and where the rest goes: the `result:` policy of a task or step, rendered.
 * Source of the semantics: docs/playbook.md, "The later dialect".
 */
#ifndef TROUPE_WORKER_KEEP_POLICY_H
#define TROUPE_WORKER_KEEP_POLICY_H

#include "actors/worker/render.h"

typedef struct keep_policy {
	size_t inline_max; /* a larger result goes to the store */
	tr_value select;   /* parts that stay beside the reference: names, or a mapping of name -> path; nil: none */
	tr_value store;    /* what the store is told: {store, scope, ttl, preview}, nil: nothing */
} keep_policy;

/** The policy; what cannot be rendered is left at its default with a warning. */
keep_policy keep_policy_of(const pb_result_policy *p, renderer *r);
/** Everything at its default. */
keep_policy keep_policy_default(void);
void keep_policy_fini(keep_policy *k);
/** The selected parts of a result as a map (fresh); absent when nothing is selected. */
tr_value keep_policy_selected(const keep_policy *k, tr_value result);

#endif
