/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The desk of a plugin, registered `command.<id>`: takes commands, keeps the queue and the limits, gives exactly one
 * answer to each. Runs none of the plugin's code.
 *
 * From the host (besides command.h): [start, instance pid] the instance serves; a cast of `refresh` after the registry
 * changed. Calls: [upgrade, record] -> ok: new commands run on this version; [drain, deadline] -> ok when nothing is
 * out any more; no new command is taken, and at the deadline what is left is cancelled; [stats] -> map {waiting,
 * running, done, failed, crashed, timed_out, cancelled, refused}.
 */
#ifndef TROUPE_PLUGINS_HOST_DESK_H
#define TROUPE_PLUGINS_HOST_DESK_H

#include "plugins/host/state.h"
#include <troupe/gen_server.h>

extern const tr_gen_server desk_server; /* arg: the plugin's id as text */

/** An actor for a tool kind that is not its plugin's id, registered `command.<kind>`: hands everything on to who
 * answers for the kind. A cast of `refresh` makes it look again. arg: the kind as text. */
extern const tr_gen_server subject_server;

#endif
