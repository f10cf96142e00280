/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The built-in plugin `credentials`: the store of credentials for other plugins.
 *
 *   call [get, name]  (grant secret:<name>) -> [ok, fields, wrapped (auth.h)] | [error, text]
 *   call [names]      -> array of names
 */
#ifndef TROUPE_PLUGINS_SHARED_CREDENTIALS_H
#define TROUPE_PLUGINS_SHARED_CREDENTIALS_H

#include <troupe/plugin.h>

extern const char credentials_manifest[];
extern const tr_plugin credentials_plugin;

#endif
