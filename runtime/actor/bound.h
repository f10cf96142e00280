/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded mailboxes: counting, and the three policies. */
#ifndef TROUPE_ACTOR_BOUND_H
#define TROUPE_ACTOR_BOUND_H

#include "runtime/actor/node.h"

/** Count one more message for `a`, which has a limit: TR_EFULL, or parks (then *s may be another scheduler). TR_OK also
 *  when the actor ended meanwhile. */
tr_err bound_enter(struct sched **s, struct actor *a, tr_pid to, tr_value message, bool may_wait);
/** A counted message left the mailbox. */
void bound_leave(struct sched *s, struct actor *a);
/** Owner: drop the oldest messages beyond the limit. */
void bound_trim(struct sched *s, struct actor *a);
/** The actor ends: let all waiting senders go on. */
void bound_release(struct sched *s, struct actor *a);

static inline bool bound_drops(struct actor *a)
{
	return atomic_load_explicit(&a->policy, memory_order_relaxed) == TR_MAILBOX_DROP_OLDEST;
}
/* A sender may cut the undrained list of a dropping mailbox, so the owner must not take it meanwhile. */
static inline void bound_lock(struct actor *a)
{
	spin_lock(&a->lock);
}
static inline void bound_unlock(struct actor *a)
{
	spin_unlock(&a->lock);
}

#endif
