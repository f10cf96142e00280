/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What an execution's log does not have yet: records as they came, in memory, or, when the execution has been quiet for
 * a while, only where they stand in the journal. Blocking; no actors; one owner.
 */
#ifndef TROUPE_ACTORS_STORE_BACKLOG_H
#define TROUPE_ACTORS_STORE_BACKLOG_H

#include <troupe/value.h>

typedef struct backlog_part {
	tr_value bytes;   /* a binary; absent: only the journal has it */
	uint64_t segment; /* of the journal; 0: in the batch that is not written yet */
	uint32_t at, n;   /* from there (in the segment or the batch), so many bytes */
} backlog_part;

typedef struct backlog {
	backlog_part *items;
	uint32_t count, capacity;
} backlog;

void backlog_drop(backlog *p);
/** Records that stand `at` there in the batch; keeps the binary. False: no memory. */
bool backlog_add(backlog *p, tr_value bytes, size_t at);
/** The batch has been written, to this segment from `base` on. */
void backlog_written(backlog *p, uint64_t segment, size_t base);
/** Room for what backlog_moved says. False: no memory. */
bool backlog_ready(backlog *p);
/** All that it has, and what stood before it, is now in this segment, `n` bytes from `at` on. */
void backlog_moved(backlog *p, uint64_t segment, size_t at, size_t n);
/** Let go of the bytes of all that stand in the journal. */
void backlog_rest(backlog *p);
/** All of them, in order, behind what `out` has; what only the journal has is read there and must be whole records. 0
 * or -errno, and then `out` is as it was. */
int backlog_read(const backlog *p, const char *data, tr_buf *out);

#endif
