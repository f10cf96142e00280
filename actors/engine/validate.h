/* SPDX-License-Identifier: Apache-2.0 */
/** The points validate_playbook and validate_step: what plugins have to say of a playbook that the checker accepts. */
#ifndef TROUPE_ENGINE_VALIDATE_H
#define TROUPE_ENGINE_VALIDATE_H

#include "playbook/model/model.h"

/**
 * Run the hooks at both points, inside an actor; faults go to `out` with their places. A hook refuses with a reason, or
 * gives the context back with `faults`: a list of texts or of {message, level?: error | warning, line?, column?,
 * hint?}.
 */
void validate_by_plugins(const playbook *p, diagnostics *out);

#endif
