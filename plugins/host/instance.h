/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The plugin's own actor, registered `plugin.<id>`: has the state, runs every callback but `run` and around hooks.
 *
 * Requests of the host are arrays that begin with the atom of instance_tag(); everything else is the plugin's own.
 *   [$host, start]                  -> ok | [error, reason]
 *   [$host, hook, point, context]   -> ok (unchanged) | [ok, context] | [error, reason]
 *   [$host, upgrade, record]        -> ok | [error, reason]: the state crosses; on error the old one serves on
 *   [$host, health]                 -> ok | what the plugin says
 * From its desk: [job, desk pid, command]; the answer is [done, self, outcome].
 */
#ifndef TROUPE_PLUGINS_HOST_INSTANCE_H
#define TROUPE_PLUGINS_HOST_INSTANCE_H

#include "plugins/host/state.h"
#include <troupe/gen_server.h>

extern const tr_gen_server instance_server; /* arg: the plugin's id as text */

tr_value instance_tag(void);
/** Call the instance of plugin `id` with [$host, what, …]: takes a and b (absent: left out). */
tr_value instance_call(const char *id, tr_value what, tr_value a, tr_value b, int64_t deadline);

#endif
