/* SPDX-License-Identifier: Apache-2.0 */
/** What of a statement DuckDB takes as code, and what as text. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_CODE_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_CODE_H

#include <troupe/base.h>

/** Append the statement with '' for each text in it and a space for each comment. False: it has something in it of
 * which this is not sure, and all of it must be taken as code. Pure. */
bool duck_code(tr_str sql, tr_buf *out);

#endif
