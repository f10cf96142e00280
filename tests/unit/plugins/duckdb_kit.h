/* SPDX-License-Identifier: Apache-2.0 */
/** DuckDB files as others see them. */
#ifndef TROUPE_TESTS_UNIT_PLUGINS_DUCKDB_KIT_H
#define TROUPE_TESTS_UNIT_PLUGINS_DUCKDB_KIT_H

#include <stdbool.h>

/** Run a script on a database, made when it is not there, as somebody else would who knows nothing of the plugin. */
void duckdb_file_make(const char *path, const char *script);
/** Has a process a lock on the file, as DuckDB has on one that is open? */
bool duckdb_file_is_locked(const char *path);

#endif
