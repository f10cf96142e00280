/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The commands that are out at one desk. Owned by the desk's actor; when that ends, however it ends, each is answered
 * with "crash".
 *
 * A job is waiting (in the queue), running (has a runner), or answered before its runner ended (cancelled, timed out):
 * then it only holds its place until the runner is gone.
 */
#ifndef TROUPE_PLUGINS_HOST_JOB_H
#define TROUPE_PLUGINS_HOST_JOB_H

#include "plugins/host/state.h"

typedef struct job {
	struct job *next, *prev; /* in the queue, or in the list of those that run */
	tr_pid reply_to;
	tr_ref ref;
	tr_value command;
	tr_value behalf;  /* of whom it is performed (behalf.h); absent: of nobody */
	int64_t deadline; /* when it must have an answer; TR_FOREVER */
	tr_ref timer;
	tr_pid runner;  /* 0: waiting */
	tr_ref monitor; /* of reply_to, while a runner of its own works for it */
	bool answered;
} job;

typedef struct job_list {
	job *first, *last;
	size_t count;
} job_list;

typedef enum job_end {
	JOB_DONE,
	JOB_FAILED,
	JOB_CRASHED,
	JOB_TIMED_OUT,
	JOB_CANCELLED,
	JOB_REFUSED,
	JOB_ENDS
} job_end;

typedef struct jobs {
	job_list waiting, running;
	idmap by_ref;    /* not answered yet */
	idmap by_runner; /* actors of `run` */
	uint64_t ends[JOB_ENDS];
} jobs;

/** Make them, owned by the calling actor. */
jobs *jobs_new(void);
/** Take a command in; NULL when there is no memory or the ref is out already. */
job *jobs_add(jobs *j, tr_pid reply_to, tr_ref ref, tr_value command, int64_t deadline);
/** From waiting to running by `runner`. */
tr_err jobs_start(jobs *j, job *item, tr_pid runner, bool own_runner);
/** Send the answer (takes it) if there was none, and count how it ended. */
void jobs_answer(jobs *j, job *item, job_end end, tr_value outcome);
/** Forget a job that was answered. */
void jobs_remove(jobs *j, job *item);

job *jobs_by_ref(const jobs *j, tr_ref ref);
job *jobs_by_runner(const jobs *j, tr_pid runner);

#endif
