/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The runner: the actor behind `troupe run`. Hands the playbook to the catalog, starts an execution, feeds the view
 * with its events, turns SIGINT and SIGTERM into a cancel, and keeps the summary.
 */
#ifndef TROUPE_CLI_RUNNER_H
#define TROUPE_CLI_RUNNER_H

#include "cli/patience.h"
#include "cli/view.h"
#include "playbook/model/model.h"
#include <troupe/log.h>

typedef struct run_job {
	/* in; owned by the caller, who waits for the actor's end */
	playbook *playbook;
	tr_str source;
	tr_value file; /* the playbook's, as a whole path: the process that performs it may be in another folder */
	tr_value payload;
	view *view;
	/* out */
	int64_t execution_id;
	tr_value summary; /* absent when the execution did not end */
	tr_value faults;  /* what hooks of plugins have against the playbook (plugin_faults.h); absent */
	bool interrupted;
	bool again; /* nothing was begun, as the process that was asked is ending or has no room; problem says it */
	bool lost;  /* whoever performs it is gone; it goes on when a node takes it up again */
	bool stuck; /* it was interrupted, and its log cannot be written; problem says why */
	char problem[600]; /* why there is no summary */
	/* the runner's own: the execution's actor, and since when it is gone (0: it is there) */
	tr_pid execution;
	int64_t down_ns;
	/* of the runner and its remote sibling: signals; how often in a row the store could not write; is it asked? */
	patience signals;
	unsigned stuck_count;
	bool asking;
} run_job;

/** What the store said to [condition], about ten times a second. True when it has been stuck for so long that an
 * interrupted run does not wait any more; job->problem says it then, and what_then. Borrows. */
bool runner_stuck(run_job *job, tr_value condition, const char *what_then);

/** A log handler (arg: a style) that hands what is logged to the runner, who alone writes to the screen while a view is
 * drawn. */
tr_log_handler runner_log;

/** Run the job as an actor of the node and block the thread until it has ended. */
tr_err runner_run(tr_node *node, run_job *job);

#endif
