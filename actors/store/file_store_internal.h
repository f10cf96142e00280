/* SPDX-License-Identifier: Apache-2.0 */
/** What file_store.c and recover.c share. */
#ifndef TROUPE_ACTORS_STORE_FILE_STORE_INTERNAL_H
#define TROUPE_ACTORS_STORE_FILE_STORE_INTERNAL_H

#include "actors/store/file_store.h"
#include "actors/store/scan.h"

/* An execution that has been written to since the store was opened and is not finished. */
typedef struct store_entry {
	struct store_entry *next;         /* in its bucket */
	struct store_entry *next_touched; /* in the current batch, or among those that are ripe */
	int64_t execution_id;
	uint64_t last_seq; /* recovery: of the last event in its log */
	uint64_t segment;  /* journal segment that has its folder */
	tr_buf pending;    /* records that its log does not have yet */
	bool touched;
	bool finished;
	bool has_log; /* its folder exists */
	char folder[];
} store_entry;

struct file_store {
	char *data;
	layout_lock lock;
	journal journal;
	tr_buf batch;
	store_entry **buckets;
	size_t capacity, count;
	store_entry *touched; /* since the last write to the journal */
	store_entry *ripe;    /* to be written out to their logs */
	tr_buf index_batch;   /* records that the index's file does not have yet */
	bool unsynced;
};

store_entry *store_entry_find(const file_store *s, int64_t id);
store_entry *store_entry_new(file_store *s, int64_t id, tr_str folder);

/** The index's file is there, whole and not much longer than it must be; made anew where it is not. 0 or -errno. */
int store_check_index(file_store *s, tr_buf *report);
/** Bring the journal's records into the logs, sync them, delete the journal. */
tr_err store_recover(file_store *s, tr_buf *report, file_store_error *error);

#endif
