/* SPDX-License-Identifier: Apache-2.0 */
/** Compaction in a running node, as an actor of its own. */
#ifndef TROUPE_ACTORS_STORE_COMPACTION_H
#define TROUPE_ACTORS_STORE_COMPACTION_H

#include <troupe/actor.h>

/** [data folder, policy map, whom to answer: pid, ref]: packs and removes, then answers [ok, result map] or
 * [error, text]. */
tr_body compaction_body;

#endif
