/* SPDX-License-Identifier: Apache-2.0 */
/** The built-in controllers, for tests of the data plane. */
#ifndef TROUPE_TESTS_CONTROLLERS_KIT_H
#define TROUPE_TESTS_CONTROLLERS_KIT_H

#include "plugins/host/pure.h"

#define CONTROLLERS_ROOM 4

/** A plugins branch that has them, for the node's top supervisor; with `other` (id "other"; NULL: none) besides, which
 * is preferred for all that it answers. `room` outlives the node. */
tr_child_spec controllers_child(tr_node *node, builtin room[CONTROLLERS_ROOM], const builtin *other);
/** A pure_table that knows them and no kind, for tests without actors of their own; its node lives as long as the test.
 * Drop it. */
tr_value controllers_table(void);

#endif
