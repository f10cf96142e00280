/* SPDX-License-Identifier: Apache-2.0 */
/* Child specs and supervisor specs as the supervisor keeps them: checked copies that never change, held by values. */
#ifndef TROUPE_SUPERVISORS_PLAN_H
#define TROUPE_SUPERVISORS_PLAN_H

#include <troupe/supervisor.h>

/* A child spec with its own strings; `spec.id` and `spec.name` point into it, defaults are filled in. */
struct plan {
	tr_child_spec spec;
	char *id; /* "" for simple_one_for_one */
	char *name;
	tr_via via; /* what spec.via points at, if there is one */
};

/* A supervisor spec; `spec.children` is not used. */
struct tree {
	tr_supervisor_spec spec;
	char *name;
	tr_via via;
	struct plan *plans;
	size_t plan_count;
};

/* Copies; both take the args of the children, also on failure. Invalid when memory or an argument is wrong. */
tr_value plan_value(const tr_child_spec *spec);
tr_value tree_value(const tr_supervisor_spec *spec);
/* What such a value holds (borrowed), NULL for other values. */
const struct plan *plan_of(tr_value v);
const struct tree *tree_of(tr_value v);

/* Why OTP would refuse this child under this supervisor; absent when it is right. */
tr_value plan_refusal(const struct tree *tree, const struct plan *plan);

#endif
