/* SPDX-License-Identifier: Apache-2.0 */
/* What an actor owns: see tr_own. */
#ifndef TROUPE_ACTOR_OWN_H
#define TROUPE_ACTOR_OWN_H

#include "runtime/actor/node.h"

/** Call all destructors, newest first. They may register more. */
void own_release_all(struct sched *s, struct actor *a);

#endif
