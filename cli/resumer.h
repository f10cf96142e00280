/* SPDX-License-Identifier: Apache-2.0 */
/** Resuming executions and waiting for their ends: with a node of this process, or by asking another's. */
#ifndef TROUPE_CLI_RESUMER_H
#define TROUPE_CLI_RESUMER_H

#include "cli/remote.h"
#include <troupe/log.h>
#include <troupe/node.h>

typedef struct resume_one {
	int64_t id;
	tr_value playbook; /* its path, text */
	bool unpause;
	int64_t parent; /* the execution that started it; 0: none */
	tr_pid pid;     /* the resumer's own: its actor here */
	/* out */
	bool begun;
	bool over;         /* its parent had taken it up, and it ended before it could be watched */
	tr_value summary;  /* absent: it did not end */
	bool lost;         /* whoever performs it is gone */
	char problem[400]; /* why not */
} resume_one;

typedef struct resume_job {
	resume_one *all;
	size_t count;
	bool quiet;       /* no lines about progress */
	bool interrupted; /* out: a signal ended the waiting */
	char again[300];  /* out: nothing was done; whoever was asked is ending or has no room, and said this */
} resume_job;

/** The log handler of such a node (arg: a style). */
tr_log_handler resumer_log;
/** Resume as an actor of the node and block the thread until all have ended, or a signal comes. */
tr_err resumer_run(tr_node *node, resume_job *job);
/** Ask the node behind the connection. With `wait` until all have ended, or a signal comes. */
void resumer_ask(remote *r, resume_job *job, bool wait);

#endif
