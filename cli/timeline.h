/* SPDX-License-Identifier: Apache-2.0 */
/** The course of an execution from its events: step runs in the order they were scheduled, each with its tasks. No
 * actors. */
#ifndef TROUPE_CLI_TIMELINE_H
#define TROUPE_CLI_TIMELINE_H

#include "actors/event/event.h"

typedef struct timeline_task {
	tr_value label, kind;
	uint64_t runs, retries, failed;
	int64_t start_us, end_us; /* first start, last end; 0: none */
	int64_t busy_us;          /* sum of the runs that ended */
	tr_value error;           /* last one's message, or absent */
} timeline_task;

typedef struct timeline_run {
	uint64_t id;
	tr_value step;
	uint32_t attempts;
	int64_t scheduled_us, start_us, end_us; /* 0: not yet */
	const char *status;                     /* "scheduled", "running", or as it ended */
	int64_t total, done, failed;            /* of its loop; total -1: none */
	tr_value error;                         /* message, or absent */
	timeline_task *tasks;
	size_t task_count;
} timeline_run;

typedef struct timeline {
	int64_t started_us, last_us;
	const char *status; /* of the execution: "running" until it is over */
	const char *held;   /* "paused", "damaged"; NULL */
	bool finished;
	uint64_t events;
	tr_value playbook; /* map, or absent */
	tr_value result, failures;
	tr_value warnings; /* array */
	timeline_run *runs;
	size_t count, capacity;
	tr_value by_id;   /* step run id -> position */
	tr_value started; /* (step run, task run) -> start */
} timeline;

void timeline_init(timeline *t);
tr_err timeline_add(timeline *t, const event *e);
void timeline_fini(timeline *t);

#endif
