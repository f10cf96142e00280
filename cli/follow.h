/* SPDX-License-Identifier: Apache-2.0 */
/** Following an execution that another process performs, as if it were performed here. */
#ifndef TROUPE_CLI_FOLLOW_H
#define TROUPE_CLI_FOLLOW_H

#include "cli/remote.h"
#include "cli/runner.h"

/** Hand the job's playbook to the node that owns the folder `data` and start an execution there; job->execution_id,
 * once its first events are durable. With `watch` its events come to this connection, signals are held back for
 * `follow`, and a store that cannot write is waited for. False with job->problem. */
bool follow_start(remote *r, const char *data, run_job *job, bool watch);
/** Feed the job's view from the watched events until the execution is done; SIGINT, SIGTERM and SIGHUP cancel it,
 * and have their way again afterwards.
 * job->summary, or job->problem. */
void follow(remote *r, run_job *job);

#endif
