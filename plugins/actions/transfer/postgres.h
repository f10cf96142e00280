/* SPDX-License-Identifier: Apache-2.0 */
/** What source and target have in common: a session for the task, and texts of PostgreSQL's copies. */
#ifndef TROUPE_PLUGINS_TRANSFER_POSTGRES_H
#define TROUPE_PLUGINS_TRANSFER_POSTGRES_H

#include "plugins/actions/transfer/job.h"
#include "plugins/shared/postgres/command.h"
#include "plugins/shared/postgres/pool.h"

/** A session for what `auth` of the spec names, owned by the actor. NULL with an outcome in *fault. */
pg_lease *copy_connect(const transfer *t, tr_value spec, tr_value *fault);

/** The type of a column by its object id; how its text in a copy becomes a cell. */
column_type copy_type(uint32_t oid);
/** A row of a copy (with its line feed) into the batch. False when it has not as many fields as there are columns. */
bool copy_read(batch *b, const columns *c, tr_str row, tr_buf *scratch);
/** A row as a line of a copy. */
void copy_write(tr_buf *out, const transfer *t, const batch *b, size_t row);

#endif
