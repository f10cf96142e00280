/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who runs on this node, remembered outside of the control plane: when that is started again, all that ran goes on from
 * its log. An actor, registered as `roll`, that stands before the stores in the node's tree.
 *
 *   [keep, execution_id, {watchers: [[pid, events] …], path, parent}]   [drop, execution_id]
 *   call [all] -> {execution_id: map}
 */
#ifndef TROUPE_ENGINE_ROLL_H
#define TROUPE_ENGINE_ROLL_H

#include <troupe/supervisor.h>

#define SUBJECT_ROLL "roll"

tr_child_spec roll_child(void);

/** Nothing happens where there is none. Borrows. */
void roll_keep(int64_t id, tr_value watchers, tr_value path, tr_value parent);
void roll_drop(int64_t id);
/** All of them; absent where there is none. Fresh. */
tr_value roll_all(void);

#endif
