/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Who runs on this node, remembered outside of the control plane: when that is started again, all that ran goes on from
 * its log. An actor, registered as `roll`, that stands before the stores in the node's tree.
 *
 *   [keep, execution_id, what]   [drop, execution_id]
 *   call [all] -> {execution_id: what}
 *
 * `what` is for whoever keeps it (running.c), who holds the same value: one execution costs little here.
 */
#ifndef TROUPE_ENGINE_ROLL_H
#define TROUPE_ENGINE_ROLL_H

#include <troupe/supervisor.h>

#define SUBJECT_ROLL "roll"

tr_child_spec roll_child(void);

/** Nothing happens where there is none. Borrows. */
void roll_keep(int64_t id, tr_value what);
/** Those that wait for a plugin (borrowed): told again as roll_all's value at ROLL_LACKING. */
#define ROLL_LACKING INT64_MAX /* no execution has this id */
void roll_keep_lacking(tr_value lacking);
void roll_drop(int64_t id);
/** All of them; absent where there is none. Fresh. */
tr_value roll_all(void);

#endif
