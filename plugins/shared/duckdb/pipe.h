/* SPDX-License-Identifier: Apache-2.0 */
/** Pipes that SQL names: to open one waits for its other end, and nothing interrupts that. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_PIPE_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_PIPE_H

#include <troupe/plugin.h>

/** Is a text of the statement or of its params the path of a pipe in one of the folders, or a pattern that one's name
 * fits? Absent, or an outcome. Looks at the disk: within work. */
tr_value duck_pipe_fault(tr_str sql, tr_value params, tr_value folders, size_t number);

#endif
