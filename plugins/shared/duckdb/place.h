/* SPDX-License-Identifier: Apache-2.0 */
/** Which databases a task uses: its own and those that it attaches. In the actor of a command. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_PLACE_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_PLACE_H

#include "plugins/shared/duckdb/engine.h"

/** The path of `database`: absent or nil: the execution's own file in the engine's folder (which is made), ":memory:",
 * else a file that the operator granted. Fresh text; absent with an outcome in *fault. */
tr_value duck_database(const duck_engine *e, tr_value database, tr_value context, tr_value *fault);
/** The statements that make the databases of `attach` known by their aliases. Fresh array; absent with *fault. */
tr_value duck_attach(const duck_engine *e, tr_value attach, tr_value context, int64_t deadline, tr_value *fault);
/** Append `text` as a quoted name. */
void duck_put_name(tr_buf *out, tr_str text);

#endif
