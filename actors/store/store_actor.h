/* SPDX-License-Identifier: Apache-2.0 */
/** The modules under the stores supervisor. */
#ifndef TROUPE_ACTORS_STORE_STORE_ACTOR_H
#define TROUPE_ACTORS_STORE_STORE_ACTOR_H

#include "actors/store/disk.h"
#include <troupe/gen_server.h>

/** arg: map {data: text, durability: int, disk: object of store_disk_class | absent} */
extern const tr_gen_server store_server;
/** arg: map {data: text} */
extern const tr_gen_server artifacts_server;

/** Carries a `const disk *` to the store inside its start argument. */
extern const tr_class store_disk_class;

#endif
