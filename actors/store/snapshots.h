/* SPDX-License-Identifier: Apache-2.0 */
/** The actor that writes snapshots beside the store: nobody waits for it. Messages: actors/protocol.h. */
#ifndef TROUPE_ACTORS_STORE_SNAPSHOTS_H
#define TROUPE_ACTORS_STORE_SNAPSHOTS_H

#include <troupe/gen_server.h>

/** arg: as the stores' (store_actor.h) */
extern const tr_gen_server snapshots_server;

#endif
