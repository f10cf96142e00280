/* SPDX-License-Identifier: Apache-2.0 */
/** What DuckDB reports, as outcomes. Pure functions. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_FAULT_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_FAULT_H

#include <troupe/plugin.h>

/** `said` is DuckDB's text, such as "Constraint Error: …"; `number` counts statements from 1, 0 when it is about none
 * (then `what` says what was done). The error's code is what stands before " Error". Fresh. */
tr_value duck_fault(const char *said, size_t number, const char *what);
/** Statement `number` did not end in time; 0: it had not begun. */
tr_value duck_fault_timeout(size_t number);

#endif
