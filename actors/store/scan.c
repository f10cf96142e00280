/* SPDX-License-Identifier: Apache-2.0 */
/* Reading frames up to the first fault. */
#include "actors/store/scan.h"

/* Behind damage, look for whole records, so that a flipped bit in the middle is not mistaken for a torn tail. A record
   is believed only with its checksum, so a false hit would need a 1 in 2^32 accident on bytes that also look like a
   head. */
static size_t claimed(tr_str at)
{
	return FRAME_HEAD + ((size_t)(unsigned char)at.p[0] | (size_t)(unsigned char)at.p[1] << 8 |
			     (size_t)(unsigned char)at.p[2] << 16);
}

static size_t count_later(tr_str rest)
{
	size_t found = 0;
	/* Bytes that may be looked at or summed: keeps a hostile file from costing quadratic time. */
	size_t budget = 64u * 1024u * 1024u;
	for (size_t at = 1; at + FRAME_HEAD <= rest.n && budget > 0;) {
		frame f;
		size_t used = 0;
		tr_str tail = {rest.p + at, rest.n - at};
		size_t whole = claimed(tail);
		bool head = tail.p[8] >= FRAME_EVENT && tail.p[8] <= FRAME_SNAPSHOT && tail.p[9] == 0 &&
			    tail.p[3] == 0 && whole <= tail.n;
		size_t cost = head ? whole : 1;
		budget -= cost < budget ? cost : budget;
		if (head && frame_get(tail, &f, &used) == FRAME_OK) {
			found++;
			at += used;
		} else {
			at++;
		}
	}
	return found;
}

void scan_frames(tr_str bytes, bool (*each)(void *arg, const frame *f), void *arg, scan_note *note)
{
	*note = (scan_note){0};
	while (note->good < bytes.n) {
		frame f;
		size_t used = 0;
		tr_str rest = {bytes.p + note->good, bytes.n - note->good};
		frame_result result = frame_get(rest, &f, &used);
		if (result != FRAME_OK) {
			note->lost = rest.n;
			note->later = count_later(rest);
			/* A length that was damaged reads as torn; whole records behind it tell the difference. */
			note->torn = result == FRAME_TORN && note->later == 0;
			note->damaged = !note->torn;
			return;
		}
		note->good += used;
		note->records++;
		if (!each(arg, &f))
			return;
	}
}

void scan_journal(tr_str bytes, bool (*each)(void *arg, const frame *f), void *arg, scan_note *note)
{
	scan_frames(bytes, each, arg, note);
	if (note->lost == 0)
		return;
	size_t end = bytes.n;
	while (end > note->good && bytes.p[end - 1] == '\0')
		end--;
	tr_str left = {bytes.p + note->good, end - note->good};
	if (note->later > 0)
		return;
	note->lost = left.n;
	note->torn = left.n > 0 && (left.n < FRAME_HEAD || claimed(left) > left.n);
	note->damaged = left.n > 0 && !note->torn;
}

void scan_describe(const scan_note *note, const char *file, tr_buf *out)
{
	if (note->torn)
		tr_buf_putf(out,
			    "%s: torn tail cut at byte %zu: %zu bytes of an unfinished record; all %zu records before "
			    "it are kept",
			    file, note->good, note->lost, note->records);
	else if (note->damaged)
		tr_buf_putf(out,
			    "%s: damaged at byte %zu: %zu bytes cannot be trusted (%zu whole records behind the "
			    "damage); the %zu "
			    "records before it are kept",
			    file, note->good, note->lost, note->later, note->records);
}
