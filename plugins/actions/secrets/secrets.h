/* SPDX-License-Identifier: Apache-2.0 */
/** The built-in plugin `secrets`. */
#ifndef TROUPE_PLUGINS_SECRETS_H
#define TROUPE_PLUGINS_SECRETS_H

#include <troupe/plugin.h>

extern const char secrets_manifest[];
extern const tr_plugin secrets_plugin;

#endif
