/* SPDX-License-Identifier: Apache-2.0 */
/* Making actors, from inside and outside. */
#ifndef TROUPE_ACTOR_SPAWN_H
#define TROUPE_ACTOR_SPAWN_H

#include "runtime/actor/node.h"

struct spawn_spec {
	tr_body *body; /* or: */
	const tr_behaviour *behaviour;
	void *state;  /* taken */
	tr_value arg; /* taken */
	void *own;    /* as tr_own before it runs, so that it is surely called; not called when spawn fails */
	void (*destructor)(void *);
};

/** Make an actor and put it in a queue. Takes what the spec holds, also on failure. */
tr_spawned spawn(struct sched *s, const struct spawn_spec *spec, const tr_spawn_options *options);
/** Fill a spec for a behaviour; false (arg dropped) when there is no memory for its state. */
bool spawn_state(struct spawn_spec *spec, const tr_behaviour *behaviour, tr_value arg);

#endif
