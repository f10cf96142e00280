/* SPDX-License-Identifier: Apache-2.0 */
/** The built-in plugin `duckdb`. */
#ifndef TROUPE_PLUGINS_DUCKDB_H
#define TROUPE_PLUGINS_DUCKDB_H

#include <troupe/plugin.h>

extern const char duckdb_manifest[];
extern const tr_plugin duckdb_plugin;

#endif
