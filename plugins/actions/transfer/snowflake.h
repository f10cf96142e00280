/* SPDX-License-Identifier: Apache-2.0 */
/** What source and target have in common: an account, and how names are written. */
#ifndef TROUPE_PLUGINS_TRANSFER_SNOWFLAKE_H
#define TROUPE_PLUGINS_TRANSFER_SNOWFLAKE_H

#include "plugins/actions/transfer/job.h"
#include "plugins/shared/snowflake/request.h"

/** Who to ask, as `auth` and the other keys of the spec say. Absent or an outcome. */
tr_value snow_place_find(snow_wire *w, const transfer *t, tr_value spec);
/** Perform SQL (its text is taken): `count` statements, in one session. Absent or an outcome. */
tr_value snow_place_do(snow_wire *w, tr_buf *sql, size_t count);
/** Append a name as SQL without quotes means it: what is a plain identifier in capitals; what has quotes of its own, or
 * is none, as it is. */
void snow_put_name(tr_buf *out, tr_str name);
/** Append "database.schema.table", each part like a name. */
void snow_put_table(tr_buf *out, tr_str table);
/** How many bytes of it are database and schema, with the last point. */
size_t snow_table_place(tr_str table);

#endif
