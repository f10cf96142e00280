/* SPDX-License-Identifier: Apache-2.0 */
/** Putting a node together: which branches it has, under one top supervisor. Nothing below knows which node it is in.
 */
#ifndef TROUPE_CLI_ASSEMBLE_H
#define TROUPE_CLI_ASSEMBLE_H

#include "actors/store/file_store.h"
#include "cli/settings.h"
#include "plugins/host/host.h"
#include <pthread.h>
#include <troupe/log.h>
#include <troupe/node.h>

/** What is logged while the tree starts is held back: a start that fails has one reason, and whoever asked for the node
 * is told it. When the tree stands, what was held goes to the handler. */
typedef struct assemble_gate {
	pthread_mutex_t mutex;
	bool open;
	tr_value held; /* records */
} assemble_gate;

/** Outlives the node. */
typedef struct assemble_options {
	const char *data;
	durability durability;
	int64_t snapshot_every; /* events; 0: as it is; below: never */
	int64_t crash_limit;    /* of a step run; the same */
	tr_level log_level;
	tr_log_handler *log; /* gets what is logged, in the logger's actor, from the tree's start to its end */
	void *log_arg;
	const builtin
	    *plugins; /* linked into the program, instead of the standard ones; NULL: those. Outlive the node */
	size_t plugin_count;
	uint32_t concurrency;     /* step runs a pool performs at once; 0: its default */
	const settings *settings; /* of plugins; NULL: none */
	const char *mode;         /* what the endpoint says this process is; NULL: "run" */
	const char *owner;        /* the actor that gets [stop] from clients; NULL: they may not ask */
	tr_value env;             /* what templates see as env: a map of text, borrowed; absent: nothing */
	tr_value env_names;       /* what secrets may be asked of the environment: a list, borrowed; absent: nothing */
	assemble_gate gate;       /* assemble_embedded's own */
} assemble_options;

/** Start a node with all branches of an embedded run. NULL on failure with the reason in `why` (at least 600 bytes). */
tr_node *assemble_embedded(assemble_options *options, char *why, size_t n);
/** Stop the tree in order, then the node. False: code of a plugin does not come back, which has been told on stderr;
 * what was to be written is written, and the process ends by command_leave. */
bool assemble_stop(tr_node **node);

#endif
