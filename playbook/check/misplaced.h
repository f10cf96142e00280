/* SPDX-License-Identifier: Apache-2.0 */
/** Keys that stand beside the key that they belong below: where they belong instead. */
#ifndef TROUPE_PLAYBOOK_MISPLACED_H
#define TROUPE_PLAYBOOK_MISPLACED_H

#include "playbook/check/schema.h"
#include "playbook/yaml/yaml.h"

/** What to say of `key`, which the mapping `n` of that table does not have; NULL when it belongs nowhere. */
const char *misplaced_advice(const schema_node *table, const yaml_node *n, tr_str key);

#endif
