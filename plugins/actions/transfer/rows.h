/* SPDX-License-Identifier: Apache-2.0 */
/** Rows that come as values: mappings, or lists when the columns are named. */
#ifndef TROUPE_PLUGINS_TRANSFER_ROWS_H
#define TROUPE_PLUGINS_TRANSFER_ROWS_H

#include "plugins/actions/transfer/job.h"

/** Columns that the spec names (`columns`: a list of names). Absent, or an outcome. */
tr_value rows_columns(transfer *t);
/** Fill the batch with rows (an array). The first time the columns become known: all keys of these rows. A later row
 * with another key is a fault, unless `mapping` says which are wanted. Absent, or an outcome. */
tr_value rows_fill(transfer *t, batch *b, tr_value rows);

#endif
