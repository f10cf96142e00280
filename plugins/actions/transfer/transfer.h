/* SPDX-License-Identifier: Apache-2.0 */
/** The built-in plugin `transfer`. */
#ifndef TROUPE_PLUGINS_TRANSFER_H
#define TROUPE_PLUGINS_TRANSFER_H

#include <troupe/plugin.h>

extern const char transfer_manifest[];
extern const tr_plugin transfer_plugin;

#endif
