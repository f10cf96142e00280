/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The check that replay gives the live state: a second machine that lives of events alone, as they are on disk, and is
 * compared with the first after each of them. For tests; a difference ends the process.
 */
#ifndef TROUPE_ENGINE_SHADOW_H
#define TROUPE_ENGINE_SHADOW_H

#include "actors/engine/machine.h"

/** A shadow of a machine to which nothing has happened. NULL when memory is short. */
machine *shadow_new(routes *r, int64_t execution_id);
/** The live machine has just applied e. */
void shadow_check(machine *shadow, const machine *live, const event *e);

#endif
