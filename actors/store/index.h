/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The index of executions: what lists and queries need of each, without its log.
 *
 * On disk it is <data>/index/executions.idx, records behind each other: what the first event of an execution says, what
 * its pauses and its last event say. Records may come twice and in any order; the one with the highest seq tells the
 * status. The file is written behind the journal and not synced with it: what a crash takes from it is in the journal,
 * or the logs, and index_load looks there too.
 *
 * Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_INDEX_H
#define TROUPE_ACTORS_STORE_INDEX_H

#include "actors/event/frame.h"
#include "actors/store/disk.h"
#include "actors/store/layout.h"

typedef struct index_entry {
	int64_t id;
	int64_t started_us, ended_us; /* 0: not known, not over */
	uint64_t seq;                 /* of the event that told the status */
	const char *status; /* "running", "paused", "damaged", or as the execution ended; NULL: nothing that could be
		       read says it */
	tr_value folder;    /* <workflow>/<id>, text; absent: not known */
	tr_value playbook;  /* map {name, path, version, hash, file} or absent */
	tr_value parent;    /* map or absent */
	bool finished;
	bool indexed; /* the index's file knows it */
	bool here;    /* seen as a folder or in the journal */
	bool packed;
	bool in_journal;
} index_entry;

typedef struct index_table {
	index_entry *entries;
	size_t count, capacity;
	uint32_t *slots; /* position + 1 by id */
	size_t slot_count;
	size_t records; /* of the file */
} index_table;

/** Does an event of this type belong into the index? */
bool index_wants(event_type t);
/** Append the record of an event's frame of such a type; other frames, and ones that cannot be read, add nothing. */
void index_put(tr_buf *out, const frame *f, const char *folder);

tr_err index_path(layout_path out, const char *data);

void index_fini(index_table *t);
/** An entry of the table by id, NULL. */
index_entry *index_find(const index_table *t, int64_t id);
/** Read the index's file alone; `notes` gets a line when it is torn or damaged. TR_ENOENT, TR_ENOMEM, TR_EIO;
 * TR_ECORRUPT with what is before the damage in the table. */
tr_err index_read(index_table *t, const char *data, tr_buf *notes);
/** All executions that are there: the journal, the index, and for what neither knows the logs. Entries of executions
 * that are gone are left out. Sorted by id, oldest first. `rebuild`: believe no index. */
tr_err index_load(index_table *t, const char *data, bool rebuild, tr_buf *notes);
/** The parts of that, for whoever reads everything anyway: the log of an execution that is there, as far as it is
 * whole, a segment of the journal, and at last the order by id. */
tr_err index_take_log(index_table *t, const char *folder, int64_t id, bool packed, tr_str log);
tr_err index_take_journal(index_table *t, tr_str segment);
tr_err index_sort(index_table *t);
/** Write the table as the index's file, whole or not at all; 0 or -errno. */
int index_write(const index_table *t, const disk *d, const char *data);

/** Nothing new begins in it until somebody says so. */
bool index_held(const index_entry *e);
/** So it is because repair took a part of its log: only who names it may go on with it. */
bool index_damaged(const index_entry *e);

/** An entry as lists show it: {execution_id text, id int, workflow, path, playbook, name, status, started_at_us,
 * ended_at_us, events, parent, packed}. Fresh. */
tr_value index_entry_value(const index_entry *e);

#endif
