/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The file store: a journal for durability and one log an execution for reading. Records are added to a batch in memory
 * and become durable together at file_store_commit (group commit). Blocking; no actors; one owner, who holds the data
 * folder's lock.
 */
#ifndef TROUPE_ACTORS_STORE_FILE_STORE_H
#define TROUPE_ACTORS_STORE_FILE_STORE_H

#include "actors/store/journal.h"

typedef enum durability {
	DURABILITY_STRICT,
	DURABILITY_BATCHED,
	DURABILITY_NONE
} durability;

typedef struct file_store file_store;

/** In the text of a TR_EBUSY: another process has the folder. */
#define FILE_STORE_TAKEN "is writing here"

typedef struct file_store_error {
	tr_err err;
	int os_error;   /* errno, 0 when none */
	char text[600]; /* what, where and what to do */
} file_store_error;

/**
 * Open for writing: takes the lock, makes the folders, brings what only the journal has into the executions' logs. What
 * was torn or damaged is told in `report` (lines of text; may be NULL). NULL on failure.
 */
file_store *file_store_open(const char *data, const disk *d, tr_buf *report, file_store_error *error);
/** Add framed records of one execution to the batch. `folder` (with the first records since the store was opened) is
 * its folder below executions/. TR_ENOENT: unknown execution and no folder. TR_ECORRUPT: not whole frames of this
 * execution. */
tr_err file_store_add(file_store *s, int64_t execution_id, tr_str frames, const char *folder);
/** The same; of the frames, a binary (borrowed), a reference is kept instead of a copy. */
tr_err file_store_take(file_store *s, int64_t execution_id, tr_value frames, const char *folder);
size_t file_store_batch_size(const file_store *s);
/** Write the batch to the journal, with `sync` durably. 0 or -errno; after a failure the batch is kept and the call can
 * be repeated. */
int file_store_write(file_store *s, bool sync);
/** Chores for after that, which nobody who waits for the batch waits for: what is held back in too large a part is
 * written out to the logs. Logs of executions that are over: finished.h. What could not be written stays in the
 * journal. */
void file_store_settle(file_store *s);
/** Is nothing to be settled? */
bool file_store_is_settled(const file_store *s);
/** Write, write out the logs of executions that are over, and settle. */
int file_store_commit(file_store *s, bool sync);
/** Make durable what earlier commits wrote without syncing. */
int file_store_sync(file_store *s);
/** Bring all that was committed into the executions' logs (no sync needed: the journal has it). 0 or -errno. */
int file_store_flush(file_store *s);
/** Let go of what is in memory of executions that were quiet since this was called for them last: it stands in the
 * journal and is read there when it is needed. Looks at one part of `share` of all at a time; false when a whole round
 * found none with something in memory. */
bool file_store_rest(file_store *s, size_t share);
/** Rotation of a full segment, in steps that take little time each, so that nobody's append waits for all executions
 * that wait: begin a new segment; bring what older ones have into the logs, so many executions at a time; when that is
 * over, sync the file system (anybody may: disk.h), and then forget the segments up to *full. */
bool file_store_is_full(const file_store *s);
int file_store_rotate(file_store *s);
bool file_store_is_rotating(const file_store *s);
/** 1: all of it is in the logs, none are out (finished.h), and *full is the segment; 0: there is more; or -errno, to be
 * called again. */
int file_store_sweep(file_store *s, size_t executions, uint64_t *full);
/** 0; 1: it is to be swept once more before; or -errno. */
int file_store_forget(file_store *s, uint64_t full);
/** Append a line for each execution whose log cannot be written (stranded.h), once for each. */
void file_store_stranded(file_store *s, tr_buf *report);
/** All that at once: afterwards all that was committed stands in the logs, and the journal knows nothing of executions
 * that were finished. */
int file_store_checkpoint(file_store *s);
/** Flush, sync, forget the journal, give the lock back. *s becomes NULL. What could not be flushed stays in the
 * journal. */
void file_store_close(file_store **s);
/** Is there an execution with this id, running, interrupted or over? Looks at all folders: not for every append. */
bool file_store_has(const file_store *s, int64_t execution_id);
/** When the process died that owned the folder before, wall clock, as far as its files tell; 0: it gave it back. */
int64_t file_store_died(const file_store *s);
/** This one lives: what the next owner goes by. */
void file_store_alive(const file_store *s);
const char *file_store_data(const file_store *s);
const disk *file_store_disk(const file_store *s);

#endif
