/* SPDX-License-Identifier: Apache-2.0 */
/** Removing artifacts that no execution refers to. Nobody may be performing executions meanwhile. Blocking. */
#ifndef TROUPE_ACTORS_STORE_SWEEP_H
#define TROUPE_ACTORS_STORE_SWEEP_H

#include "actors/store/layout.h"

/** Looks at the logs and the journal, and at what those artifacts refer to that are themselves referred to. When any log cannot be read
 * to its end nothing is removed, since what it refers to is not known; `report` says so. */
tr_err sweep_artifacts(const char *data, tr_buf *report, uint64_t *removed);

#endif
