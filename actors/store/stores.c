/* SPDX-License-Identifier: Apache-2.0 */
/* The stores' branch of the node's tree. */
#include "actors/store/store.h"

#include "actors/protocol.h"
#include "actors/store/snapshots.h"
#include "actors/store/store_actor.h"

#include <stdint.h>
#include <string.h>

static void forget(void *data)
{
	(void)data; /* the disk is the starter's */
}

const tr_class store_disk_class = {"disk", forget};

static tr_value store_arg(const store_options *options)
{
	const disk *d = options->disk != NULL ? options->disk : &disk_real;
	return TR_DICT("data", tr_string_lossy(options->data, strlen(options->data)), "durability",
		       tr_int((int64_t)options->durability), "disk",
		       tr_object(&store_disk_class, (void *)(uintptr_t)d));
}

tr_child_spec stores_child_spec(const store_options *options)
{
	tr_child_spec children[] = {
	    {.id = "event store",
	     .arg = store_arg(options),
	     .restart = TR_PERMANENT,
	     .shutdown_ns = 30 * TR_SECOND, /* time to bring the journal into the logs */
	     .server = &store_server,
	     .name = SUBJECT_STORE,
	     .label = "event store"},
	    {.id = "artifact store",
	     .arg = store_arg(options),
	     .restart = TR_PERMANENT,
	     .server = &artifacts_server,
	     .name = SUBJECT_ARTIFACTS,
	     .label = "artifact store"},
	    {.id = "snapshots",
	     .arg = store_arg(options),
	     .restart = TR_PERMANENT,
	     .server = &snapshots_server,
	     .name = SUBJECT_SNAPSHOTS,
	     .label = "snapshots"},
	};
	tr_supervisor_spec spec = {
	    .strategy = TR_ONE_FOR_ONE,
	    .intensity = 5,
	    .period_ns = 30 * TR_SECOND,
	    .backoff_ns = 100 * TR_MS,
	    .children = children,
	    .child_count = sizeof children / sizeof *children,
	    .name = "stores",
	    .label = "stores",
	};
	tr_child_spec child = {
	    .id = "stores",
	    .start = tr_supervisor_start,
	    .arg = tr_supervisor_arg(&spec),
	    .restart = TR_PERMANENT,
	    .type = TR_SUPERVISOR,
	    .label = "stores",
	};
	return child;
}
