/* SPDX-License-Identifier: Apache-2.0 */
/* Reading executions from logs and journal. */
#include "actors/store/reader.h"
#include "actors/store/reading.h"
#include "actors/store/disk.h"
#include "actors/store/index.h"
#include "actors/store/journal.h"
#include "actors/store/log_file.h"
#include "actors/store/scan.h"
#include "actors/store/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one execution
 * --------------------------------------------------------------------------------------------------------- */

struct reading {
	const char *data;
	int64_t id;
	uint64_t from;    /* earlier ones are not decoded */
	uint64_t mark;    /* the one whose id is wanted; 0: none */
	uint64_t mark_id; /* 0: it was not there */
	tr_value events;  /* array */
	uint64_t last_seq;
	bool gap, torn; /* in the log */
	tr_buf *notes;
	bool found;
};

struct finding {
	int64_t id;
	char folder[PATH_MAX];
	bool plain, packed;
};

static bool is_it(void *arg, const char *folder, int64_t id, bool packed)
{
	struct finding *f = arg;
	if (id != f->id)
		return true;
	(void)snprintf(f->folder, sizeof f->folder, "%s", folder);
	f->plain = f->plain || !packed;
	f->packed = f->packed || packed;
	return true; /* it may be there in both forms */
}

static bool take_frame(void *arg, const frame *f)
{
	struct reading *r = arg;
	if (f->kind != FRAME_EVENT || f->execution_id != r->id)
		return true;
	r->found = true;
	if (f->seq <= r->last_seq)
		return true;
	if (f->seq != r->last_seq + 1) {
		if (!r->gap)
			tr_buf_putf(r->notes,
				    "events %" PRIu64 " to %" PRIu64 " are missing; what follows is not shown\n",
				    r->last_seq + 1, f->seq - 1);
		r->gap = true;
		return true;
	}
	if (f->seq < r->from && f->seq != r->mark) {
		r->last_seq = f->seq;
		return true;
	}
	event e;
	tr_err err = event_decode(f->payload, &e);
	if (err != TR_OK) {
		if (!r->gap)
			tr_buf_putf(r->notes, "event %" PRIu64 " has a good checksum but cannot be read: %s\n", f->seq,
				    tr_err_text(err));
		r->gap = true;
		return true;
	}
	if (f->seq == r->mark)
		r->mark_id = e.event_id;
	if (f->seq >= r->from)
		r->events = tr_array_push(r->events, event_to_value(&e));
	event_fini(&e);
	r->last_seq = f->seq;
	return tr_is_valid(r->events);
}

static void tell(struct reading *r, const scan_note *note, const char *shown)
{
	size_t before = r->notes->n;
	scan_describe(note, shown, r->notes);
	if (r->notes->n > before)
		tr_buf_putc(r->notes, '\n');
}

static void take_bytes(struct reading *r, tr_str bytes, const char *shown)
{
	scan_note note;
	scan_frames(bytes, take_frame, r, &note);
	r->torn = r->torn || note.torn;
	tell(r, &note, shown);
}

static void read_segment(struct reading *r, const char *path, const char *shown)
{
	tr_buf bytes = {0};
	scan_note note;
	if (disk_read_growing(path, &bytes) == TR_OK) {
		scan_journal(tr_buf_str(&bytes), take_frame, r, &note);
		/* Whoever writes there is in the middle of it: a journal that a crash left is gone when a folder is
		   opened. */
		if (!note.torn || layout_lock_owner(r->data) == 0)
			tell(r, &note, shown);
	}
	tr_buf_fini(&bytes);
}

static void read_plain(struct reading *r, const char *data, const char *folder)
{
	layout_path path;
	tr_buf bytes = {0};
	char shown[PATH_MAX + 32];
	(void)snprintf(shown, sizeof shown, "executions/%s/events.log", folder);
	if (log_plain_path(path, data, folder) == TR_OK && disk_read_file(path, &bytes) == TR_OK)
		take_bytes(r, tr_buf_str(&bytes), shown);
	tr_buf_fini(&bytes);
}

static void read_packed(struct reading *r, const char *data, const char *folder)
{
	tr_buf bytes = {0};
	char shown[PATH_MAX + 32];
	(void)snprintf(shown, sizeof shown, "executions/%s" PACKED_SUFFIX, folder);
	tr_err err = log_read_packed(data, folder, &bytes);
	if (err == TR_OK || err == TR_ECORRUPT)
		take_bytes(r, tr_buf_str(&bytes), shown);
	if (err != TR_OK)
		tr_buf_putf(r->notes, "%s: %s; %" PRIu64 " events before that are kept\n", shown, tr_err_text(err),
			    r->last_seq);
	tr_buf_fini(&bytes);
}

static void read_journal(struct reading *r, const char *data)
{
	uint64_t *numbers;
	size_t count;
	if (journal_segments(data, &numbers, &count) != TR_OK)
		return;
	for (size_t i = 0; i < count; i++) {
		layout_path path;
		char shown[64];
		(void)snprintf(shown, sizeof shown, "journal/%016" PRIu64 ".journal", numbers[i]);
		if (journal_path(path, data, numbers[i]) == TR_OK)
			read_segment(r, path, shown);
	}
	tr_free(numbers);
}

/* The events behind what was asked to be left out; TR_ENOENT when nothing of it is there. */
static tr_err read_log(struct reading *r, const char *data)
{
	r->data = data;
	r->events = tr_array();
	/* The writer moves records from the journal to the log and then deletes the segment: a reader that meets a gap
	   in between, or half of what is being written, looks again. */
	for (int attempt = 0; attempt < 3; attempt++) {
		struct finding f = {.id = r->id};
		size_t notes_before = r->notes->n;
		tr_assign(&r->events, tr_array());
		r->last_seq = 0;
		r->gap = r->torn = false;
		walk_executions(data, is_it, &f);
		r->found = r->found || f.plain || f.packed;
		if (f.packed)
			read_packed(r, data, f.folder);
		if (f.plain)
			read_plain(r, data, f.folder);
		read_journal(r, data);
		if ((!r->gap && !r->torn) || attempt == 2)
			break;
		r->notes->n = notes_before;
	}
	return !r->found ? TR_ENOENT : tr_value_err(r->events);
}

tr_value store_read_execution(const char *data, int64_t execution_id, tr_buf *notes)
{
	struct reading r = {.id = execution_id, .notes = notes};
	tr_err err = read_log(&r, data);
	if (err == TR_OK)
		return r.events;
	tr_drop(r.events);
	return tr_invalid(err);
}

/* ---- by a snapshot --------------------------------------------------------------------------------------------------
 */

static void left_aside(store_reading *r, uint64_t seq, const char *why)
{
	tr_buf_putf(&r->remarks, "the snapshot of event %" PRIu64 " is left aside: %s\n", seq, why);
}

static tr_err read_from(store_reading *r, const char *data, int64_t id, uint64_t from, uint64_t mark, uint64_t *mark_id)
{
	tr_buf_clear(&r->notes);
	tr_clear(&r->events);
	struct reading one = {.id = id, .from = from, .mark = mark, .notes = &r->notes};
	tr_err err = read_log(&one, data);
	r->events = one.events;
	r->last = one.last_seq;
	if (mark_id != NULL)
		*mark_id = one.mark_id;
	return err;
}

/* True: it is used, or there is no going on (*err). */
static bool try_snapshot(store_reading *r, const char *data, const char *folder, int64_t id, uint64_t seq, tr_err *err)
{
	uint64_t mark_id = 0;
	*err = snapshot_read(data, folder, id, seq, &r->snapshot);
	if (*err != TR_OK) {
		if (*err != TR_EUNSUPPORTED) /* an earlier version's is no fault */
			left_aside(r, seq, *err == TR_ECORRUPT ? "it is damaged" : tr_err_text(*err));
		snapshot_fini(&r->snapshot);
		return *err == TR_ENOMEM;
	}
	*err = read_from(r, data, id, r->snapshot.needed < seq ? r->snapshot.needed : seq, seq, &mark_id);
	if (*err == TR_OK && mark_id == r->snapshot.event_id && mark_id != 0)
		return true;
	if (*err == TR_OK)
		left_aside(r, seq, r->last < seq ? "the log does not reach so far" : "it is of another log");
	snapshot_fini(&r->snapshot);
	return *err != TR_OK;
}

tr_err store_read(const char *data, int64_t execution_id, store_reading *r)
{
	layout_path folder;
	size_t count = 0;
	bool done = false;
	tr_err err = TR_OK;
	uint64_t *seqs = r->by_snapshot && store_folder_of(data, execution_id, folder) == TR_OK
			     ? snapshot_list(data, folder, &count)
			     : NULL;
	r->events = tr_absent();
	r->snapshot = (snapshot){.playbook = tr_absent(), .state = tr_absent()};
	for (size_t i = 0; i < count && !done; i++)
		if (r->to == 0 || seqs[i] <= r->to)
			done = try_snapshot(r, data, folder, execution_id, seqs[i], &err);
	tr_free(seqs);
	return done ? err : read_from(r, data, execution_id, r->from, 0, NULL);
}

void store_reading_fini(store_reading *r)
{
	tr_clear(&r->events);
	snapshot_fini(&r->snapshot);
	tr_buf_fini(&r->notes);
	tr_buf_fini(&r->remarks);
}

tr_err store_folder_of(const char *data, int64_t execution_id, layout_path folder)
{
	struct finding f = {.id = execution_id};
	walk_executions(data, is_it, &f);
	if (!f.plain && !f.packed)
		return TR_ENOENT;
	(void)snprintf(folder, PATH_MAX, "%s", f.folder);
	return TR_OK;
}

bool store_has_folder(const char *data, int64_t execution_id)
{
	struct finding f = {.id = execution_id};
	walk_executions(data, is_it, &f);
	return f.plain || f.packed;
}

/* ---- all executions
 * ------------------------------------------------------------------------------------------------------------ */

tr_value store_list_executions(const char *data)
{
	index_table t = {0};
	tr_buf notes = {0};
	tr_value list = tr_array();
	tr_err err = index_load(&t, data, false, &notes);
	for (size_t i = 0; i < t.count; i++)
		list = tr_array_push(list, index_entry_value(&t.entries[i]));
	index_fini(&t);
	tr_buf_fini(&notes);
	if (err == TR_OK)
		return list;
	tr_drop(list);
	return tr_invalid(err);
}

tr_value store_unfinished_executions(const char *data)
{
	index_table t = {0};
	tr_buf notes = {0};
	tr_value list = tr_array();
	tr_err err = index_load(&t, data, false, &notes);
	for (size_t i = 0; i < t.count; i++)
		if (!t.entries[i].finished && !index_damaged(&t.entries[i]) && t.entries[i].started_us != 0)
			list = tr_array_push(list, tr_int(t.entries[i].id));
	index_fini(&t);
	tr_buf_fini(&notes);
	if (err == TR_OK)
		return list;
	tr_drop(list);
	return tr_invalid(err);
}

int64_t store_newest_execution(const char *data)
{
	index_table t = {0};
	tr_buf notes = {0};
	(void)index_load(&t, data, false, &notes);
	int64_t id = t.count > 0 ? t.entries[t.count - 1].id : 0;
	index_fini(&t);
	tr_buf_fini(&notes);
	return id;
}
