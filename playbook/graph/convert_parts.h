/* SPDX-License-Identifier: Apache-2.0 */
/** What the halves of the converter share: each gives a part of the model as a value. */
#ifndef TROUPE_PLAYBOOK_CONVERT_PARTS_H
#define TROUPE_PLAYBOOK_CONVERT_PARTS_H

#include "playbook/model/model.h"

/** The text of a rule's template, with `outcome` for `output`. */
tr_value convert_names(tr_str source);
tr_value convert_expr(const pb_expr *e);
/** A condition: a bare expression gets its braces. */
tr_value convert_condition(const pb_expr *e);
tr_value convert_text(tr_str s);
/** Put when the expression is there. Takes map. */
tr_value convert_put(tr_value map, const char *key, const pb_expr *e);
/** Writes as `set` with prefixes; `local`: a bare key is a pipeline-local name. */
tr_value convert_sets(const pb_set *sets, size_t count);
/** result and output_select; takes map. */
tr_value convert_result(tr_value map, const pb_result_policy *r);
/** The mapping below a task's label. `tasks`: its pipeline, for jumps. */
tr_value convert_task(const pb_task *t, const pb_task *tasks);

#endif
