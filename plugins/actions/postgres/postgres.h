/* SPDX-License-Identifier: Apache-2.0 */
/** The built-in plugin `postgres`. */
#ifndef TROUPE_PLUGINS_POSTGRES_H
#define TROUPE_PLUGINS_POSTGRES_H

#include <troupe/plugin.h>

extern const char postgres_manifest[];
extern const tr_plugin postgres_plugin;

#endif
