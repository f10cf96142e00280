/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The node's side of an isolated plugin: callbacks that carry everything to the plugin's own process (wire.h). Its
 * instance owns the process; when that ends, the instance crashes with the reason, and its supervisor starts both anew.
 * State does not cross in an upgrade: the new version begins afresh.
 */
#ifndef TROUPE_PLUGINS_HOST_PROCESS_PROXY_H
#define TROUPE_PLUGINS_HOST_PROCESS_PROXY_H

#include "plugins/host/state.h"

/** Make a record that was read from a file (loader_file) run in a process of its own: its code becomes the proxy's.
 * False with *why when its manifest asks for what cannot be had there (around hooks). */
bool process_isolate(plugin_record *r, tr_value *why);

#endif
