/* SPDX-License-Identifier: Apache-2.0 */
/** The points node_start and node_stop: an actor that is the last child of a node's tree, so that all else is there
 * when it starts, and still there when it stops. */
#ifndef TROUPE_PLUGINS_HOST_LIFETIME_H
#define TROUPE_PLUGINS_HOST_LIFETIME_H

#include <troupe/supervisor.h>

/** The context of both points (taken): what the node is, a map. A refusal at node_start keeps the tree from starting;
 * the point runs once a node, however often this actor is started. */
tr_child_spec plugin_lifetime_child(tr_value context);

#endif
