/* SPDX-License-Identifier: Apache-2.0 */
/** What DuckDB's own locks let through and a node cannot bear: statements that send its log or its profile to the
 * node's standard output or to files, and those that take SQL from where it cannot be read before it runs. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_GUARD_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_GUARD_H

#include "plugins/shared/duckdb/session.h"

/** May a task run this? Absent, or an outcome that says what is in the way. Pure. */
tr_value duck_guard_sql(tr_str sql, size_t number);
/** Does nothing of it show in the open database for whoever connects next, but for its tables, views and macros? Pure.
 */
bool duck_guard_is_local(tr_str sql);
/** The same of all views and macros that the open databases brought along. Blocks; within work. */
tr_value duck_guard_catalog(duck_session *s);

#endif
