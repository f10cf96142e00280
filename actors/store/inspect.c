/* SPDX-License-Identifier: Apache-2.0 */
/* One log under the glass. */
#include "actors/store/inspect.h"

#include "actors/store/log_file.h"
#include "actors/store/scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct looking {
	int64_t id;
	void (*each)(void *arg, const event *e);
	void *arg;
	inspect_result *out;
};

static bool look(void *arg, const frame *f)
{
	struct looking *l = arg;
	inspect_result *out = l->out;
	event e;
	if (f->execution_id != l->id) {
		(void)snprintf(out->fault, sizeof out->fault, "a record of execution %" PRId64 " behind event %" PRIu64,
			       f->execution_id, out->last_seq);
		return false;
	}
	if (f->kind == FRAME_EVENT && f->seq != out->last_seq + 1) {
		(void)snprintf(out->fault, sizeof out->fault, "event %" PRIu64 " follows event %" PRIu64, f->seq,
			       out->last_seq);
		return false;
	}
	if (f->kind == FRAME_EVENT) {
		tr_err err = event_decode(f->payload, &e);
		if (err != TR_OK) {
			(void)snprintf(out->fault, sizeof out->fault,
				       "event %" PRIu64 " has a good checksum but cannot be read: %s", f->seq,
				       tr_err_text(err));
			return false;
		}
		out->last_seq = f->seq;
		out->last_event_id = e.event_id;
		out->last_us = e.time_us;
		out->finished = e.type == EVENT_PLAYBOOK_PROCESSED;
		out->closing = e.type == EVENT_WORKFLOW_FINISHED;
		if (l->each != NULL)
			l->each(l->arg, &e);
		event_fini(&e);
	}
	out->good += FRAME_HEAD + f->payload.n;
	return true;
}

void inspect_bytes(tr_str bytes, int64_t id, void (*each)(void *arg, const event *e), void *arg, inspect_result *out)
{
	struct looking l = {id, each, arg, out};
	scan_note note;
	*out = (inspect_result){0};
	scan_frames(bytes, look, &l, &note);
	if (out->fault[0] == '\0' && (note.torn || note.damaged)) {
		tr_buf text = {0};
		out->torn = note.torn;
		scan_describe(&note, "", &text);
		(void)snprintf(out->fault, sizeof out->fault, "%s", text.n > 2 ? text.p + 2 : "damaged");
		tr_buf_fini(&text);
	}
}

void inspect_packed_fault(inspect_result *out)
{
	out->packed_fault = true;
	out->torn = false;
	(void)snprintf(out->fault, sizeof out->fault,
		       "the packed file is damaged; %" PRIu64 " events before that are whole", out->last_seq);
}

bool inspect_log(const char *data, const char *folder, int64_t id, bool packed, void (*each)(void *arg, const event *e),
		 void *arg, tr_buf *bytes, inspect_result *out)
{
	*out = (inspect_result){0};
	tr_err err = packed ? log_read_packed(data, folder, bytes) : log_read_plain(data, folder, bytes);
	if (err != TR_OK && err != TR_ECORRUPT) {
		(void)snprintf(out->fault, sizeof out->fault, "cannot be read: %s", tr_err_text(err));
		return false;
	}
	inspect_bytes(tr_buf_str(bytes), id, each, arg, out);
	if (err == TR_ECORRUPT)
		inspect_packed_fault(out);
	return true;
}
