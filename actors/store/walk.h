/* SPDX-License-Identifier: Apache-2.0 */
/** Going through the executions of a data folder. Blocking; no actors. */
#ifndef TROUPE_ACTORS_STORE_WALK_H
#define TROUPE_ACTORS_STORE_WALK_H

#include "actors/store/layout.h"

#define PACKED_SUFFIX ".log.zst"

/** Called for each execution: its folder below executions/ (<workflow>/<id>), and whether it is packed, that is a file
 * of that name and PACKED_SUFFIX. One that is being packed may come in both forms. False ends the walk. */
typedef bool walk_fn(void *arg, const char *folder, int64_t id, bool packed);

/** In no order. What cannot be opened is left out. */
void walk_executions(const char *data, walk_fn *found, void *arg);

/** Is the text an execution id: digits without a leading zero, at most INT64_MAX? */
bool walk_id(const char *text, int64_t *id);

#endif
