/* SPDX-License-Identifier: Apache-2.0 */
/** The data plane of a node as one branch of its tree: worker pools under a supervisor. */
#ifndef TROUPE_WORKER_DATA_PLANE_H
#define TROUPE_WORKER_DATA_PLANE_H

#include "actors/worker/pool.h"

/** A child spec (id "data_plane") for the node's tree with these pools; with none given, the pool "default". The
 * plugins whose tools it uses are found by name when they are needed, so the order to them does not matter. */
tr_child_spec data_plane_child(const pool_options *pools, size_t count);

#endif
