/* SPDX-License-Identifier: Apache-2.0 */
/* USES: store */
/* Log files: whatever the bytes are, scanning ends, keeps to its bounds, and events that are accepted can be shown. */
#include <stdlib.h>

#include "actors/store/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool each(void *arg, const frame *f)
{
	size_t *records = arg;
	event e;
	(*records)++;
	if (f->kind == FRAME_EVENT && event_decode(f->payload, &e) == TR_OK) {
		tr_value envelope = event_envelope(&e, true);
		tr_drop(envelope);
		event_fini(&e);
	}
	return true;
}

/* The fuzzer cannot guess checksums: give it frames whose payload is its bytes, too. */
static void as_payload(tr_str bytes)
{
	tr_buf whole = {0};
	size_t records = 0;
	scan_note note;
	frame_put(&whole, FRAME_EVENT, EVENT_STEP_DONE, 1, 1, bytes);
	scan_frames(tr_buf_str(&whole), each, &records, &note);
	if (records != 1 || note.torn || note.damaged)
		abort();
	tr_buf_fini(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tr_str bytes = {(const char *)data, size};
	size_t records = 0;
	scan_note note;
	scan_frames(bytes, each, &records, &note);
	if (note.good + note.lost != size || records != note.records || (note.lost > 0) != (note.torn || note.damaged))
		abort();
	as_payload(bytes);
	return 0;
}
