/* SPDX-License-Identifier: Apache-2.0 */
/* The index on disk, and what is there beside it. */
#include "actors/store/index_table.h"
#include "actors/store/journal.h"
#include "actors/store/log_file.h"
#include "actors/store/scan.h"
#include "actors/store/walk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>
#include <unistd.h>

#define SHOWN "index/executions.idx"

tr_err index_path(layout_path out, const char *data)
{
	return layout_join(out, data, SHOWN);
}

struct loading {
	index_table *table;
	const char *data;
	tr_buf *notes;
	tr_err err;
};

/* ---- the file -------------------------------------------------------------------------------------------------------
 */

static bool take_record(void *arg, const frame *f)
{
	struct loading *l = arg;
	if (f->kind == FRAME_INDEX && index_wants(f->type)) {
		l->err = index_apply(l->table, f);
		l->table->records++;
		index_entry *e = index_find(l->table, f->execution_id);
		if (e != NULL)
			e->indexed = true;
	}
	return l->err == TR_OK;
}

tr_err index_read(index_table *t, const char *data, tr_buf *notes)
{
	struct loading l = {t, data, notes, TR_OK};
	layout_path path;
	tr_buf bytes = {0};
	tr_err err = index_path(path, data);
	if (err == TR_OK)
		err = disk_read_file(path, &bytes);
	if (err == TR_OK) {
		scan_note note;
		scan_frames(tr_buf_str(&bytes), take_record, &l, &note);
		if (note.torn || note.damaged) {
			scan_describe(&note, SHOWN, notes);
			tr_buf_puts(notes, "; the logs are asked instead\n");
			err = TR_ECORRUPT;
		}
		if (l.err != TR_OK)
			err = l.err;
	}
	tr_buf_fini(&bytes);
	return err;
}

static tr_value or_nil(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

/* Takes v. */
static void put_record(tr_buf *out, const index_entry *e, event_type type, uint64_t seq, tr_value v)
{
	tr_buf bytes = {0};
	tr_err err = tr_is_valid(v) ? tr_msgpack_write(&bytes, v) : tr_value_err(v);
	if (err == TR_OK)
		err = bytes.err;
	if (err == TR_OK)
		frame_put(out, FRAME_INDEX, type, e->id, seq, tr_buf_str(&bytes));
	else if (out->err == TR_OK)
		out->err = err;
	tr_buf_fini(&bytes);
	tr_drop(v);
}

/* As index_put would have made them. */
static void put_entry(tr_buf *out, const index_entry *e)
{
	const char *status = e->status != NULL ? e->status : "running";
	event_type type = e->finished     ? EVENT_PLAYBOOK_PROCESSED
			  : index_held(e) ? EVENT_EXECUTION_PAUSED
					  : EVENT_EXECUTION_RESUMED;
	if (e->status == NULL) /* nothing is known that the log does not have to be asked for */
		return;
	put_record(out, e, EVENT_EXECUTION_REQUESTED, 1,
		   TR_LIST(tr_int(e->started_us), tr_string("running"), or_nil(e->folder), or_nil(e->playbook),
			   or_nil(e->parent)));
	if (e->seq > 1)
		put_record(out, e, type, e->seq, TR_LIST(tr_int(e->ended_us), tr_string(status)));
}

int index_write(const index_table *t, const disk *d, const char *data)
{
	layout_path path, folder;
	tr_buf out = {0};
	if (index_path(path, data) != TR_OK || layout_join(folder, data, "index") != TR_OK)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < t->count; i++)
		put_entry(&out, &t->entries[i]);
	int err = out.err != TR_OK ? -ENOMEM : d->make_folder(d->arg, folder);
	if (err == 0)
		err = disk_replace(d, path, NULL, tr_buf_str(&out));
	tr_buf_fini(&out);
	return err;
}

/* ---- what is there --------------------------------------------------------------------------------------------------
 */

static bool take_journal(void *arg, const frame *f)
{
	struct loading *l = arg;
	index_entry *e = f->execution_id > 0 ? index_entry_of(l->table, f->execution_id) : NULL;
	if (e == NULL)
		return f->execution_id <= 0;
	e->here = e->in_journal = true;
	if (f->kind == FRAME_FOLDER)
		l->err = index_set_folder(e, f->payload);
	else if (f->kind == FRAME_EVENT && index_wants(f->type))
		l->err = index_apply_event(l->table, f);
	return l->err == TR_OK;
}

tr_err index_take_journal(index_table *t, tr_str segment)
{
	struct loading l = {.table = t};
	scan_note note; /* damage here is told by whoever reads the executions */
	scan_journal(segment, take_journal, &l, &note);
	return l.err;
}

static void read_journal(struct loading *l)
{
	uint64_t *numbers;
	size_t count;
	if (journal_segments(l->data, &numbers, &count) != TR_OK)
		return;
	for (size_t i = 0; i < count && l->err == TR_OK; i++) {
		layout_path path;
		tr_buf bytes = {0};
		if (journal_path(path, l->data, numbers[i]) == TR_OK && disk_read_growing(path, &bytes) == TR_OK)
			l->err = index_take_journal(l->table, tr_buf_str(&bytes));
		tr_buf_fini(&bytes);
	}
	tr_free(numbers);
}

static bool take_log(void *arg, const frame *f)
{
	struct loading *l = arg;
	if (f->kind == FRAME_EVENT && index_wants(f->type))
		l->err = index_apply_event(l->table, f);
	return l->err == TR_OK;
}

/* A log that no index knows. */
static void read_log(struct loading *l, const char *folder, bool packed)
{
	tr_buf bytes = {0};
	scan_note note;
	tr_err err = packed ? log_read_packed(l->data, folder, &bytes) : log_read_plain(l->data, folder, &bytes);
	if (err == TR_OK || err == TR_ECORRUPT)
		scan_frames(tr_buf_str(&bytes), take_log, l, &note);
	tr_buf_fini(&bytes);
}

/* It is there. NULL: no memory. */
static index_entry *found(struct loading *l, const char *folder, int64_t id, bool packed)
{
	index_entry *e = index_entry_of(l->table, id);
	if (e == NULL) {
		l->err = TR_ENOMEM;
		return NULL;
	}
	e->here = true;
	e->packed = e->packed || packed;
	if (!tr_str_is(tr_as_str(e->folder), folder)) {
		tr_assign(&e->folder, tr_absent());
		l->err = index_set_folder(e, tr_s(folder));
	}
	return e;
}

tr_err index_take_log(index_table *t, const char *folder, int64_t id, bool packed, tr_str log)
{
	struct loading l = {.table = t};
	scan_note note;
	if (found(&l, folder, id, packed) != NULL && l.err == TR_OK)
		scan_frames(log, take_log, &l, &note);
	return l.err;
}

static bool take_folder(void *arg, const char *folder, int64_t id, bool packed)
{
	struct loading *l = arg;
	const index_entry *e = found(l, folder, id, packed);
	if (e == NULL)
		return false;
	/* What the index calls unfinished, and the journal does not know, may have ended in a record that the index has
	 * lost. */
	if (e->status == NULL || e->started_us == 0 || (!e->finished && !e->in_journal))
		read_log(l, folder, packed);
	return l->err == TR_OK;
}

static int by_id(const void *a, const void *b)
{
	const index_entry *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

tr_err index_sort(index_table *t)
{
	if (t->count > 1)
		qsort(t->entries, t->count, sizeof *t->entries, by_id);
	return t->slot_count > 0 ? index_slots(t, t->slot_count) : TR_OK;
}

tr_err index_load(index_table *t, const char *data, bool rebuild, tr_buf *notes)
{
	struct loading l = {t, data, notes, TR_OK};
	/* The journal first: what leaves it meanwhile is in the index by then. */
	read_journal(&l);
	if (l.err == TR_OK && !rebuild) {
		tr_err err = index_read(t, data, notes);
		if (err == TR_ECORRUPT) {
			/* An entry before the damage may have ended behind it. */
			index_fini(t);
			return index_load(t, data, true, notes);
		}
		l.err = err == TR_ENOMEM ? err : TR_OK;
	}
	if (l.err == TR_OK)
		walk_executions(data, take_folder, &l);
	size_t kept = 0;
	for (size_t i = 0; i < t->count; i++) {
		index_entry *e = &t->entries[i];
		if (e->here) {
			t->entries[kept++] = *e;
			continue;
		}
		tr_drop(e->folder);
		tr_drop(e->playbook);
		tr_drop(e->parent);
	}
	t->count = kept;
	tr_err err = index_sort(t);
	return l.err != TR_OK ? l.err : err;
}
