/* SPDX-License-Identifier: Apache-2.0 */
/** The tool kind noop: does nothing; its result is the input `result`, else { status: noop }. */
#ifndef TROUPE_PLUGINS_ACTIONS_NOOP_H
#define TROUPE_PLUGINS_ACTIONS_NOOP_H

#include <troupe/plugin.h>

extern const char noop_manifest[];
extern const tr_plugin noop_plugin;

#endif
