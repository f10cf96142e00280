/* SPDX-License-Identifier: Apache-2.0 */
/** Reading a part of an execution: from some event on, or from a snapshot that fits its log. Blocking; no actors. */
#ifndef TROUPE_ACTORS_STORE_READING_H
#define TROUPE_ACTORS_STORE_READING_H

#include "actors/store/snapshot_file.h"

typedef struct store_reading {
	/* asked */
	uint64_t from;    /* leave out the events before this one; 0, 1: none */
	bool by_snapshot; /* begin with the newest snapshot that fits, and the events that are needed beside it */
	uint64_t to;      /* of an event no later than this; 0: any */
	/* answered; store_reading_fini */
	tr_value events;   /* event arrays, in order, without a gap */
	uint64_t last;     /* seq of the log's last event, whether it was left out or not */
	snapshot snapshot; /* state absent: none was used */
	tr_buf notes;      /* lines on what is torn or damaged in the log */
	tr_buf remarks;    /* lines on snapshots that were left aside */
} store_reading;

/** All of the log is looked at: what store_read_execution tells of damage is told here, too. TR_ENOENT, TR_ENOMEM. */
tr_err store_read(const char *data, int64_t execution_id, store_reading *r);
void store_reading_fini(store_reading *r);
/** The folder of an execution below executions/. TR_ENOENT. */
tr_err store_folder_of(const char *data, int64_t execution_id, layout_path folder);

#endif
