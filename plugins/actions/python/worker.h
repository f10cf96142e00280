/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A worker: the actor of one child interpreter. The child is started with the first task and kept for the next; one
 * that dies in the middle of a task takes its worker with it, and the pool's supervisor starts a fresh one.
 *
 * To it: [job, caller pid, caller ref, frame, {timeout_ns, deadline}] (worker_job). The caller gets, as the reply of
 * its call: [data, frame, stdout, stderr]    the child's answer, and what went to its descriptors 1 and 2 past Python
 *   [crash, text]                    the child ended in the middle
 *   [timeout, text]
 *   [error, text]                    no child could be started
 * A caller that ends meanwhile has its child killed.
 */
#ifndef TROUPE_PLUGINS_ACTIONS_PYTHON_WORKER_H
#define TROUPE_PLUGINS_ACTIONS_PYTHON_WORKER_H

#include <troupe/actor.h>

/** arg: [pool pid, config map]. Casts [ready, self] to the pool when it can take a task. */
tr_body python_worker;
/** Takes frame. */
tr_value python_worker_job(tr_from from, tr_value frame, int64_t timeout_ns, int64_t deadline);

#endif
