/* SPDX-License-Identifier: Apache-2.0 */
/** The actor in a plugin's own process that stands for the desk: starts the plugin, runs its commands, carries calls
 * both ways. */
#ifndef TROUPE_PLUGINS_HOST_PROCESS_BRIDGE_H
#define TROUPE_PLUGINS_HOST_PROCESS_BRIDGE_H

#include <troupe/actor.h>

/** arg: [path of the shared object, id, config, grants]. Messages: [frame, message] from the reader, [end]. */
tr_body bridge_body;
/** Write a frame to the other side; takes it. From any thread. */
void bridge_send(tr_value message);

/** In a process of its own a plugin's calls, casts, emits and subscriptions leave through the actor of this name:
 *  a call of [call, id, request], messages [cast, id, request], [emit, type, payload], [subscribe, pattern]. */
#define BRIDGE_NAME "plugins.outside"

#endif
