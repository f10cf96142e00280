/* SPDX-License-Identifier: Apache-2.0 */
/* Signals between actors: sending, acting on them at the receiver, answering those that find nobody. */
#ifndef TROUPE_ACTOR_SIGNAL_H
#define TROUPE_ACTOR_SIGNAL_H

#include "runtime/actor/node.h"

/** What is signalled; unused members stay zero. `value` is taken. */
struct signal_spec {
	enum envelope_kind kind;
	uint8_t flags;
	uint16_t id;
	tr_pid from;
	tr_ref ref;
	tr_value value;
	void (*fn)(void *arg, bool alive);
	void *arg;
};

/** Signals must not be lost, and their senders cannot handle failure: wait for memory, for a bounded while. */
void wait_for_memory(uint32_t *tries);
/** An empty one; waits for memory. */
struct signal *signal_new(struct sched *s);
/** Send; when nobody is there the answer that the signal asks for comes back to `from`. Cannot fail. */
void signal_send(struct sched *s, tr_pid to, struct signal_spec spec);
/** Act on a signal that arrived at its actor, which is owned by the caller. Frees or queues it. */
void signal_handle(struct sched *s, struct actor *a, struct signal *sig);
/** The envelope (taken) found nobody in slot `index`. */
void signal_refuse(struct sched *s, struct envelope *e, uint32_t index);

/** Set the exit reason (taken) of an owned actor, unless it has one: it will end at its next step. */
void actor_doom(struct actor *a, tr_value reason);

/** Add a relation of an owned actor; waits for memory rather than fail. */
void relation_put(struct actor *a, enum relation_kind kind, uint64_t key, uint64_t peer);
/** Remove; false when there was none. `peer` (may be NULL) gets its peer. */
bool relation_drop(struct actor *a, enum relation_kind kind, uint64_t key, uint64_t *peer);

#endif
