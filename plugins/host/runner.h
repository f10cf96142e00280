/* SPDX-License-Identifier: Apache-2.0 */
/** The actor of one command of a plugin with `run`. */
#ifndef TROUPE_PLUGINS_HOST_RUNNER_H
#define TROUPE_PLUGINS_HOST_RUNNER_H

#include "plugins/host/state.h"

/** Spawn it linked to the calling desk, which gets [done, runner, outcome] and then its EXIT. Borrows the command, and
 * on whose behalf it is (behalf.h). */
tr_spawned runner_spawn(plugin_record *r, tr_pid instance, tr_value command, tr_value behalf);
/** [job, desk, command, behalf], for the instance of a plugin with `command`. Borrows both. */
tr_value runner_job(tr_value command, tr_value behalf);

#endif
