/* SPDX-License-Identifier: Apache-2.0 */
/* Running an actor's code, and its end. Called by the scheduler's loop only. */
#ifndef TROUPE_ACTOR_END_H
#define TROUPE_ACTOR_END_H

#include "runtime/actor/actor.h"

struct sched;

enum run_result {
	RUN_IDLE,
	RUN_AGAIN,
	RUN_ENDED
};

/** Start a straight-line body, or let a behaviour handle messages until there are none or its slice is over. */
enum run_result actor_run(struct actor *a);

/** Go through the rest of the actor's end. Its reason is set; it is the current actor; afterwards it is gone. */
void actor_end(struct actor *a);

/** Out of the registry and the groups; `closing` is set. */
void forget_names(struct sched *s, struct actor *a);

/** The actor's wait (on frames that still exist) will never be over: keep what it has promised to others. */
void wait_discard(struct sched *s, struct actor *a);

#endif
