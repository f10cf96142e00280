/* SPDX-License-Identifier: Apache-2.0 */
/** The table of a transfer's own, in the schema of its target: rows gather there until all are there. It goes with the
 * transfer, whatever becomes of that. */
#ifndef TROUPE_PLUGINS_TRANSFER_SNOWFLAKE_STAGE_H
#define TROUPE_PLUGINS_TRANSFER_SNOWFLAKE_STAGE_H

#include "plugins/actions/transfer/snowflake.h"

typedef struct snow_stage snow_stage;

/** Make it beside the table; the wire stays. *stage is the actor's: when that ends and the table may be there, the
 * plugin's actor gets [settle, order]. Absent or an outcome, with which there may be a table and *stage, too. */
tr_value snow_stage_make(snow_stage **stage, snow_wire *w, tr_str table);
/** As SQL. */
const char *snow_stage_name(const snow_stage *stage);
/** Drop it now; what fails is done at the actor's end. */
void snow_stage_drop(snow_stage *stage);

/** In an actor of the plugin: see to it that the table of an order is gone. Fit for tr_spawn. */
void snow_stage_settle(tr_value order);

#endif
