/* SPDX-License-Identifier: Apache-2.0 */
/* The keys by which a filter orders or groups the items of a list. */
#ifndef TROUPE_TEMPLATE_KEYS_H
#define TROUPE_TEMPLATE_KEYS_H

#include "playbook/template/attribute.h"

/* Most keys are borrowed from their items, which the caller holds; `held` has the others. */
struct keys {
	tr_value *v, *held;
	size_t n, nheld;
};

/* The attribute of each item of the array. False after ev_fail; then there is nothing to drop. */
bool keys_of(struct eval *ev, tr_value items, struct attribute *attr, tr_value otherwise, struct keys *out);
void keys_drop(struct keys *keys);

#endif
