/* SPDX-License-Identifier: Apache-2.0 */
/** The plugins that come with the program. They use the same header, manifest and host as everybody's. */
#ifndef TROUPE_PLUGINS_ACTIONS_BUILTIN_H
#define TROUPE_PLUGINS_ACTIONS_BUILTIN_H

#include "plugins/host/host.h"

/** All built-in plugins, for plugin_host_options; *n of them. */
const builtin *plugins_builtin(size_t *n);

#endif
