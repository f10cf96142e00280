/* SPDX-License-Identifier: Apache-2.0 */
/** Following an execution that another process performs, as if it were performed here. */
#ifndef TROUPE_CLI_FOLLOW_H
#define TROUPE_CLI_FOLLOW_H

#include "cli/remote.h"
#include "cli/runner.h"

/** Hand the job's playbook to the node and start an execution there; job->execution_id. With `watch` its events come to
 * this connection. False with job->problem. */
bool follow_start(remote *r, run_job *job, bool watch);
/** Feed the job's view from the watched events until the execution is done; SIGINT, SIGTERM and SIGHUP cancel it.
 * job->summary, or job->problem. */
void follow(remote *r, run_job *job);

#endif
