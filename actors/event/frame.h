/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Records on disk: a fixed head with length and CRC32C, then the payload. The same frame stands in the journal and in
 * the log of one execution. All numbers are little-endian.
 *
 *   offset  0  u32  payload length
 *           4  u32  CRC32C of everything from offset 8 to the payload's end
 *           8  u16  kind
 *          10  u16  type: the event's (event_type), 0 for other kinds
 *          12  u64  execution id
 *          20  u64  seq
 *          28       payload
 *
 * Pure functions.
 */
#ifndef TROUPE_ACTORS_FRAME_H
#define TROUPE_ACTORS_FRAME_H

#include "actors/event/event.h"

#define FRAME_HEAD 28u
#define FRAME_MAX  (64u * 1024u * 1024u) /* a longer payload is refused when written and damage when read */

typedef enum frame_kind {
	FRAME_EVENT = 1,  /* commands are among them: docs/decisions/0026-commands-are-events.md; 2 is not used again */
	FRAME_FOLDER = 3, /* payload: the folder of the execution, relative to the store's executions folder */
	FRAME_INDEX = 4,  /* in the index of executions: what the event of this type and seq says there */
	FRAME_SNAPSHOT = 5 /* a file of its own: the state after the event seq */
} frame_kind;

typedef struct frame {
	frame_kind kind;
	event_type type;
	int64_t execution_id;
	uint64_t seq;
	tr_str payload; /* borrowed from the bytes it was read from */
} frame;

typedef enum frame_result {
	FRAME_OK,
	FRAME_TORN,   /* the bytes end inside a frame */
	FRAME_DAMAGED /* length or checksum cannot be right */
} frame_result;

/** Append a frame; errors stick in out->err. */
void frame_put(tr_buf *out, frame_kind kind, event_type type, int64_t execution_id, uint64_t seq, tr_str payload);
/** Append the frame of an event: what an execution sends to the store. */
tr_err store_frame(tr_buf *out, const event *e);
/** Read one frame from the front of `bytes`; *used gets its whole length when FRAME_OK. */
frame_result frame_get(tr_str bytes, frame *f, size_t *used);
/** The same without summing the bytes up: for frames that were made in this process. */
frame_result frame_look(tr_str bytes, frame *f, size_t *used);
/** The execution's folder record. */
void frame_put_folder(tr_buf *out, int64_t execution_id, const char *folder);

/** CRC32C (Castagnoli) of `p`, continuing from `crc` (0 at the start). */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

#endif
