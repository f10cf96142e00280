/* SPDX-License-Identifier: Apache-2.0 */
/** The statements of a task, performed one after the other or, where they belong together, in one session. */
#ifndef TROUPE_PLUGINS_SNOWFLAKE_QUERY_H
#define TROUPE_PLUGINS_SNOWFLAKE_QUERY_H

#include "plugins/shared/snowflake/wire.h"
#include "plugins/shared/sql/answer.h"

typedef struct snow_query {
	snow_wire wire;
	tr_value statements; /* borrowed */
	tr_value params;     /* borrowed */
	bool transaction;
	size_t max_bytes;
	/* while it runs */
	sql_total total;
	sql_answer answer;
	tr_value metadata, reply; /* of the result that is read */
	size_t bytes;
} snow_query;

/** Owned by the actor; NULL without memory. */
snow_query *snow_query_new(void);
/** The outcome. */
tr_value snow_query_run(snow_query *q);

#endif
