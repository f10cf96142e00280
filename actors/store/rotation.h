/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The last part of a rotation, beside the store: the logs that were written are brought to the disk, which takes as
 * long as the disk wants, while the store goes on taking appends into the next segment.
 */
#ifndef TROUPE_ACTORS_STORE_ROTATION_H
#define TROUPE_ACTORS_STORE_ROTATION_H

#include <troupe/actor.h>

#include "actors/store/disk.h"

/** An actor, monitored, that syncs the file system of the folder and ends: with `normal` when that went well. */
tr_spawned rotation_sync(const char *data, const disk *d);

#endif
