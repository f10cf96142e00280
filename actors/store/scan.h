/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Reading a file of frames that a crash may have torn or a disk may have damaged: everything before the first fault is
 * kept, and the fault is told. Blocking; no actors.
 */
#ifndef TROUPE_ACTORS_STORE_SCAN_H
#define TROUPE_ACTORS_STORE_SCAN_H

#include "actors/event/frame.h"

typedef struct scan_note {
	bool torn;      /* the file ends inside a record */
	bool damaged;   /* a record's length or checksum is wrong */
	size_t good;    /* bytes up to the first fault */
	size_t lost;    /* bytes behind it */
	size_t records; /* good ones */
	size_t later;   /* whole records found behind the fault (damage in the middle, not a torn tail) */
} scan_note;

/** Calls `each` for each good frame, in order; each returning false stops the scan. */
void scan_frames(tr_str bytes, bool (*each)(void *arg, const frame *f), void *arg, scan_note *note);

/** The same for a segment of the journal, where zeros up to the end are room that was reserved and not written, and a
 * record that runs into them is torn. */
void scan_journal(tr_str bytes, bool (*each)(void *arg, const frame *f), void *arg, scan_note *note);

/** "events.log: cut at byte 120: 7 bytes of an unfinished record" and the like, appended; nothing when there was no
 * fault. */
void scan_describe(const scan_note *note, const char *file, tr_buf *out);

#endif
