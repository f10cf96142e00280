/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The journal: segments that take the records of all executions in the order they were appended, so that one sync makes
 * many executions durable. A segment is deleted when everything in it stands, synced, in the executions' own logs.
 * Blocking; no actors; one owner.
 */
#ifndef TROUPE_ACTORS_STORE_JOURNAL_H
#define TROUPE_ACTORS_STORE_JOURNAL_H

#include "actors/store/disk.h"
#include "actors/store/layout.h"

#define JOURNAL_SEGMENT_MAX (64u * 1024u * 1024u)

typedef struct journal {
	const disk *disk;
	const char *data; /* the data folder, borrowed */
	int fd;           /* -1: none open */
	uint64_t number;  /* of the open segment */
	uint64_t first;   /* oldest segment that still exists */
	size_t size;      /* bytes in the open segment that were acknowledged as written */
	size_t room;      /* its bytes with what is reserved behind them; SIZE_MAX: nothing can be reserved */
	bool suspect;     /* the last write or sync failed: this segment takes no more */
} journal;

/** Numbers of the segments in the folder, ascending; *numbers is to be given to tr_free. A missing folder has none. */
tr_err journal_segments(const char *data, uint64_t **numbers, size_t *count);
tr_err journal_path(layout_path out, const char *data, uint64_t number);

void journal_init(journal *j, const disk *d, const char *data);
/** Open a fresh segment behind `number`; 0 or -errno. */
int journal_start(journal *j, uint64_t number);
/** Append and, with `sync`, make durable; 0 or -errno. After a failure nothing of the bytes counts as written, the
 * segment is cut back if possible, and the next append opens a fresh segment: a failed sync says nothing about what is
 * on disk. */
int journal_append(journal *j, tr_str bytes, bool sync);
int journal_sync(journal *j);
/** Remove all segments up to and including `last`; 0 or -errno. */
int journal_forget(journal *j, uint64_t last);
void journal_close(journal *j);

#endif
