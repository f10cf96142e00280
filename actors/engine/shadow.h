/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The check that replay gives the live state: a second machine that lives of events alone, as they are on disk, and is
 * compared with the first after each of them; and a third that is made anew from the state every few events, as from a
 * snapshot, and goes on from there. For tests; a difference ends the process.
 */
#ifndef TROUPE_ENGINE_SHADOW_H
#define TROUPE_ENGINE_SHADOW_H

#include "actors/engine/machine.h"

/** A shadow of a machine to which nothing has happened. NULL when memory is short. */
machine *shadow_new(routes *r, int64_t execution_id);
/** The live machine has just applied e. *restored is NULL at first, and the caller's to free. */
void shadow_check(machine *shadow, machine **restored, const machine *live, const event *e);

#endif
