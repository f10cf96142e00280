/* SPDX-License-Identifier: Apache-2.0 */
/** What file_store.c and recover.c share. */
#ifndef TROUPE_ACTORS_STORE_FILE_STORE_INTERNAL_H
#define TROUPE_ACTORS_STORE_FILE_STORE_INTERNAL_H

#include "actors/store/file_store.h"
#include "actors/store/backlog.h"
#include "actors/store/scan.h"

/* An execution that has been written to since the store was opened and is not finished. */
typedef struct store_entry {
	struct store_entry *next;         /* in its bucket */
	struct store_entry *next_touched; /* in the current batch, or among those that are ripe or finished */
	int64_t execution_id;
	uint64_t last_seq; /* recovery: of the last event in its log */
	uint64_t segment;  /* journal segment that has its folder */
	tr_buf pending;    /* records that its log does not have yet: first these, then */
	backlog backlog;   /* these */
	size_t held;       /* bytes of both */
	bool touched;
	bool quiet; /* nothing came since file_store_rest last looked */
	bool finished;
	bool has_log;   /* its folder exists */
	bool unread;    /* nobody knows where its log ends: that must be looked at before anything is added */
	bool told;      /* that it is stranded … */
	int failed;     /* what finished_write could not do: -errno */
	int stranded;   /* … since its log cannot be written: -errno (stranded.h); 0: it is not */
	uint64_t tried; /* round of file_store_sweep in which that was found last */
	char folder[];
} store_entry;

struct file_store {
	char *data;
	layout_lock lock;
	journal journal;
	tr_buf batch;
	store_entry **buckets;
	size_t capacity, count;
	store_entry *touched;  /* since the last write to the journal */
	store_entry *ripe;     /* those that hold back too much: to be written out to their logs */
	store_entry *finished; /* those that are over: the same, but nobody adds to them any more */
	size_t finished_count;
	bool out;        /* some that are over are being written beside the store */
	uint64_t full;   /* rotated: records up to this segment are being brought into the logs; 0: none are */
	size_t rested;   /* so many buckets have been looked at by file_store_rest in this round … */
	bool awake;      /* … and some execution there had bytes in memory */
	size_t swept;    /* so many buckets of the table have been looked at for that … */
	uint64_t round;  /* … this time */
	size_t stranded; /* so many are (stranded.h), so many of them have not been told of, */
	size_t untold;
	bool mended;        /* and some are not any more since the last sweep */
	tr_buf index_batch; /* records that the index's file does not have yet */
	bool unsynced;
	int64_t died_us; /* when the last owner did */
};

store_entry *store_entry_find(const file_store *s, int64_t id);
/** Into the table, which has room for as many as there were, and out of it; the entry stays. */
void store_entry_link(file_store *s, store_entry *e);
void store_entry_unlink(file_store *s, store_entry *e);
/** Free one that is in no table. */
void store_entry_end(store_entry *e);
/** Learn where its log ends (last_seq), and cut off what a crash left unfinished there. 0 or -errno. */
int store_entry_look(const char *data, const disk *d, store_entry *e, tr_buf *report);
/** Write what it holds back to its log. 0 or -errno. */
int store_entry_flush(const char *data, const disk *d, store_entry *e);
store_entry *store_entry_new(file_store *s, int64_t id, tr_str folder);

/** The index's file is there, whole and not much longer than it must be; made anew where it is not. 0 or -errno. */
int store_check_index(file_store *s, tr_buf *report);
/** Bring the journal's records into the logs, sync them, delete the journal. */
tr_err store_recover(file_store *s, tr_buf *report, file_store_error *error);

#endif
