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

/** Hand a request in ({statement, bindings, parameters, …}, taken) and wait for the end of what it starts. The
 * answer (fresh): {resultSetMetaData, data, …} or, of several statements, {statementHandles}. When the actor ends
 * meanwhile, or time runs out, it is cancelled at the server. Invalid with an outcome in *fault. */
tr_value snow_wire_run(snow_wire *w, tr_value request, tr_value *fault);
/** An id for a request that may have to be sent twice (fresh). */
tr_value snow_wire_id(void);
/** snow_wire_run under an id of one's own (taken). `again`: it may have arrived already, and is performed once. */
tr_value snow_wire_run_as(snow_wire *w, tr_value request, tr_value id, bool again, tr_value *fault);
/** The result of one of several statements. */
tr_value snow_wire_result(snow_wire *w, tr_value handle, tr_value *fault);
/** The rows of a partition, from the second on (number 1). */
tr_value snow_wire_partition(snow_wire *w, tr_value handle, int64_t number, tr_value *fault);

/** What another actor of the plugin needs to go on with this wire (fresh). */
tr_value snow_wire_hand_on(const snow_wire *w);
/** There, with a deadline of its own. Absent, or an outcome. */
tr_value snow_wire_take_on(snow_wire *w, tr_value handed, int64_t deadline);
/** In an actor of the plugin: [what was handed on, handle of a statement], cancel it. Fit for tr_spawn. */
void snow_wire_cancel(tr_value order);

#endif
