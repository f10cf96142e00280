/* SPDX-License-Identifier: Apache-2.0 */
/* Signals between nodes: into bytes for the transport, out of bytes for the mailbox, and the loss of a connection. */
#ifndef TROUPE_ACTOR_REMOTE_H
#define TROUPE_ACTOR_REMOTE_H

#include "runtime/actor/signal.h"

/** A message (taken) to an actor of another node, counted as sent already. TR_ETYPE when it cannot travel. */
tr_err remote_send(struct sched *s, tr_pid to, tr_value message);
/** A signal to an actor of another node (takes its value); the answer that it asks for comes back when there is no way.
 */
void remote_signal(struct sched *s, tr_pid to, struct signal_spec *spec);
/** The connection to `peer` is lost: end all that the actor, which is owned by the caller, has with actors there. */
void remote_lost(struct sched *s, struct actor *a, uint8_t peer);

#endif
