/* SPDX-License-Identifier: Apache-2.0 */
/** Values of the SQL REST interface, which are texts, and ours. Pure functions. */
#ifndef TROUPE_PLUGINS_SHARED_SNOWFLAKE_CELL_H
#define TROUPE_PLUGINS_SHARED_SNOWFLAKE_CELL_H

#include <troupe/value.h>

/** A cell (text or nil) of a column, which the result's rowType describes. Fresh reference. */
tr_value snow_cell_read(tr_value column, tr_value cell);
/** A bind value: {type, value}. Fresh reference; invalid when it has no form (*why, a text). */
tr_value snow_cell_write(tr_value v, tr_value *why);

#endif
