/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The SQL REST interface: statements are handed in, looked after until they are over, read by partitions, cancelled.
 * Requests go through the plugin `http`. What goes wrong is an outcome.
 */
#ifndef TROUPE_PLUGINS_SHARED_SNOWFLAKE_WIRE_H
#define TROUPE_PLUGINS_SHARED_SNOWFLAKE_WIRE_H

#include "plugins/shared/snowflake/target.h"

typedef struct snow_wire {
	const snow_target *target;
	tr_pid plugin;
	int64_t deadline;
	size_t max_body;
	tr_value headers; /* owned by the actor */
} snow_wire;

/** Hand a request in ({statement, bindings, parameters, …}, borrowed) and wait for the end of what it starts. The
 * answer (fresh): {resultSetMetaData, data, …} or, of several statements, {statementHandles}. When the actor ends
 * meanwhile, or time runs out, it is cancelled at the server. Invalid with an outcome in *fault. */
tr_value snow_wire_run(snow_wire *w, tr_value request, tr_value *fault);
/** The result of one of several statements. */
tr_value snow_wire_result(snow_wire *w, tr_value handle, tr_value *fault);
/** The rows of a partition, from the second on (number 1). */
tr_value snow_wire_partition(snow_wire *w, tr_value handle, int64_t number, tr_value *fault);

/** In an actor of the plugin: [url, headers (wrapped)], cancel it. Fit for tr_spawn. */
void snow_wire_cancel(tr_value order);
/** The same of [url of the account, headers (wrapped), request]: perform it, whatever comes of it. */
void snow_wire_settle(tr_value order);

#endif
