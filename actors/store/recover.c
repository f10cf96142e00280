/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a data folder: what a crash left in the journal goes into the executions' logs. */
#include "actors/store/stranded.h"

#include "actors/store/index.h"
#include "actors/store/leftovers.h"
#include "actors/store/log_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct recovery {
	file_store *store;
	tr_buf *report;
	tr_err err;
	int os_error;
};

static void tell(tr_buf *report, const scan_note *note, const char *file)
{
	if (report == NULL || !(note->torn || note->damaged))
		return;
	scan_describe(note, file, report);
	tr_buf_putc(report, '\n');
}

static bool note_last_seq(void *arg, const frame *f)
{
	uint64_t *last = arg;
	if (f->kind == FRAME_EVENT && f->seq > *last)
		*last = f->seq;
	return true;
}

/* A log with damage in its middle is kept beside for whoever wants to look; the log goes on from its last good record.
 */
static int keep_damaged(const disk *d, const char *path, tr_str bytes)
{
	char aside[PATH_MAX + 16];
	(void)snprintf(aside, sizeof aside, "%s.damaged", path);
	int fd = d->open_append(d->arg, aside);
	if (fd < 0)
		return fd;
	int err = d->append(d->arg, fd, bytes.p, bytes.n);
	close(fd);
	return err;
}

static int cut_log(const disk *d, const char *path, const scan_note *note, tr_str bytes)
{
	int err = note->damaged ? keep_damaged(d, path, bytes) : 0;
	if (err != 0)
		return err;
	int fd = d->open_append(d->arg, path);
	if (fd < 0)
		return fd;
	err = d->truncate(d->arg, fd, (off_t)note->good);
	close(fd);
	return err;
}

static int look_into(const char *path, const disk *d, store_entry *e, tr_str bytes, tr_buf *report)
{
	char shown[600];
	scan_note note;
	scan_frames(bytes, note_last_seq, &e->last_seq, &note);
	e->has_log = true;
	if (!note.torn && !note.damaged)
		return 0;
	(void)snprintf(shown, sizeof shown, "executions/%s/events.log", e->folder);
	tell(report, &note, shown);
	return cut_log(d, path, &note, bytes);
}

int store_entry_look(const char *data, const disk *d, store_entry *e, tr_buf *report)
{
	layout_path path;
	tr_buf bytes = {0};
	e->last_seq = 0;
	if (log_packed_path(path, data, e->folder) == TR_OK && access(path, F_OK) == 0) {
		/* Packed since: all of it is there. */
		e->last_seq = UINT64_MAX;
		e->finished = true;
		return 0;
	}
	if (log_plain_path(path, data, e->folder) != TR_OK)
		return -ENAMETOOLONG;
	tr_err err = disk_read_file(path, &bytes);
	int os = err == TR_ENOENT ? 0 : err == TR_ENOMEM ? -ENOMEM : -errno;
	if (err == TR_OK)
		os = look_into(path, d, e, tr_buf_str(&bytes), report);
	tr_buf_fini(&bytes);
	return os;
}

/* What is wrong with one log holds up that execution alone. */
static void look_at_log(struct recovery *r, store_entry *e)
{
	int os = store_entry_look(r->store->data, r->store->journal.disk, e, r->report);
	e->unread = stranded_is_own(os);
	if (os != 0 && !e->unread) {
		r->err = TR_EIO;
		r->os_error = -os;
	}
}

static bool recover_frame(void *arg, const frame *f)
{
	struct recovery *r = arg;
	store_entry *e = store_entry_find(r->store, f->execution_id);
	if (f->kind == FRAME_FOLDER) {
		if (e == NULL) {
			e = store_entry_new(r->store, f->execution_id, f->payload);
			if (e == NULL) {
				r->err = layout_folder_ok(f->payload) ? TR_ENOMEM : TR_ECORRUPT;
				return false;
			}
			leftovers_clear_execution(r->store->data, r->store->journal.disk, e->folder);
			look_at_log(r, e);
		}
		return r->err == TR_OK;
	}
	if (e == NULL) {
		r->err = TR_ECORRUPT;
		return false;
	}
	/* A log may have what the index has not: it is written at an execution's end, the index when enough has come
	 * together. */
	if (f->kind == FRAME_EVENT && index_wants(f->type))
		index_put(&r->store->index_batch, f, e->folder);
	if (f->kind != FRAME_EVENT || f->seq > e->last_seq) {
		frame_put(&e->pending, f->kind, f->type, f->execution_id, f->seq, f->payload);
		r->err = e->pending.err;
		e->held = e->pending.n;
		if (f->kind == FRAME_EVENT)
			e->last_seq = f->seq;
		e->finished = e->finished || f->type == EVENT_PLAYBOOK_PROCESSED;
	}
	return r->err == TR_OK;
}

static void recover_segment(struct recovery *r, uint64_t number)
{
	layout_path path;
	tr_buf bytes = {0};
	r->err = journal_path(path, r->store->data, number);
	if (r->err == TR_OK)
		r->err = disk_read_file(path, &bytes);
	if (r->err == TR_OK) {
		scan_note note;
		scan_journal(tr_buf_str(&bytes), recover_frame, r, &note);
		char shown[64];
		(void)snprintf(shown, sizeof shown, "journal/%016" PRIu64 ".journal", number);
		tell(r->report, &note, shown);
		if (note.damaged) {
			int os = keep_damaged(r->store->journal.disk, path, tr_buf_str(&bytes));
			if (os != 0 && r->err == TR_OK) {
				r->err = TR_EIO;
				r->os_error = -os;
			}
		}
	}
	tr_buf_fini(&bytes);
}

tr_err store_recover(file_store *s, tr_buf *report, file_store_error *error)
{
	struct recovery r = {s, report, TR_OK, 0};
	uint64_t *numbers;
	size_t count;
	r.err = journal_segments(s->data, &numbers, &count);
	for (size_t i = 0; i < count && r.err == TR_OK; i++)
		recover_segment(&r, numbers[i]);
	uint64_t last = count == 0 ? 0 : numbers[count - 1];
	if (count == 0) /* nothing is left there by one that ended as it should */
		s->died_us = 0;
	s->journal.first = count == 0 ? 0 : numbers[0];
	tr_free(numbers);
	int os = 0;
	/* What the index lacks is read from the logs and the journal, before the journal is forgotten. */
	if (r.err == TR_OK)
		(void)store_check_index(s, report);
	if (r.err == TR_OK)
		os = file_store_flush(s);
	if (r.err == TR_OK && os == 0)
		os = journal_start(&s->journal, last + 1);
	if (r.err == TR_OK && os == 0 && last > 0) {
		os = s->journal.disk->sync_all(s->journal.disk->arg, s->journal.fd);
		if (os == 0)
			os = file_store_forget(s, last);
	}
	if (report != NULL && os == 0)
		file_store_stranded(s, report);
	if (r.err == TR_OK && os != 0) {
		r.err = TR_EIO;
		r.os_error = -os;
	}
	if (r.err != TR_OK) {
		error->err = r.err;
		error->os_error = r.os_error;
		(void)snprintf(error->text, sizeof error->text,
			       "%.300s: what a crash left in the journal could not be taken over: %s", s->data,
			       r.os_error != 0 ? strerror(r.os_error) : tr_err_text(r.err));
	}
	return r.err;
}

int store_check_index(file_store *s, tr_buf *report)
{
	index_table t = {0};
	tr_buf notes = {0};
	tr_err err = index_read(&t, s->data, &notes);
	int result = 0;
	if (err != TR_OK || t.records > 3 * t.count + 1000) {
		index_fini(&t);
		if (index_load(&t, s->data, err != TR_OK, &notes) == TR_OK && (err == TR_ECORRUPT || t.count > 0))
			result = index_write(&t, s->journal.disk, s->data);
	}
	if (report != NULL && notes.n > 0)
		tr_buf_put(report, notes.p, notes.n);
	tr_buf_fini(&notes);
	index_fini(&t);
	return result;
}

static void open_failed(file_store_error *error, tr_err err, int os, const char *data, const char *doing)
{
	error->err = err;
	error->os_error = os;
	(void)snprintf(error->text, sizeof error->text, "%.300s: %s: %s", data, doing,
		       os != 0 ? strerror(os) : tr_err_text(err));
}

static tr_err prepare(file_store *s, const disk *d, file_store_error *error)
{
	static const char *const folders[] = {"journal", "executions", "artifacts", "playbooks", "index"};
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		layout_path path;
		if (layout_join(path, s->data, "%s", folders[i]) != TR_OK) {
			open_failed(error, TR_ELIMIT, 0, s->data, "the folder's name is too long");
			return TR_ELIMIT;
		}
		int os = d->make_folder(d->arg, path);
		if (os != 0) {
			open_failed(error, TR_EIO, -os, s->data,
				    "the data folder cannot be made (give another with --data)");
			return TR_EIO;
		}
	}
	long owner;
	tr_err err = layout_lock_take(&s->lock, s->data, &owner);
	if (err == TR_EBUSY) {
		error->err = err;
		(void)snprintf(error->text, sizeof error->text,
			       "%.300s: process %ld " FILE_STORE_TAKEN
			       "; wait for it, stop it, or give another folder with --data",
			       s->data, owner);
	} else if (err != TR_OK) {
		open_failed(error, err, errno, s->data, "the lock file cannot be written");
	}
	return err;
}

static void newest(const char *path, int64_t *us)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return;
	int64_t at = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
	*us = at > *us ? at : *us;
}

/* Of life, by whoever wrote here. */
static int64_t last_sign(const char *data)
{
	layout_path path;
	uint64_t *numbers;
	size_t count;
	int64_t us = 0;
	if (layout_join(path, data, "lock") == TR_OK)
		newest(path, &us);
	if (journal_segments(data, &numbers, &count) != TR_OK)
		return us;
	if (count > 0 && journal_path(path, data, numbers[count - 1]) == TR_OK)
		newest(path, &us);
	tr_free(numbers);
	return us;
}

file_store *file_store_open(const char *data, const disk *d, tr_buf *report, file_store_error *error)
{
	*error = (file_store_error){0};
	file_store *s = tr_alloc(sizeof *s);
	size_t n = strlen(data) + 1;
	char *copy = tr_alloc(n);
	if (s == NULL || copy == NULL) {
		tr_free(s);
		tr_free(copy);
		open_failed(error, TR_ENOMEM, 0, data, "opening the store");
		return NULL;
	}
	memcpy(copy, data, n);
	s->data = copy;
	s->died_us = last_sign(data);
	s->lock.fd = -1;
	journal_init(&s->journal, d, s->data);
	tr_err err = prepare(s, d, error);
	if (err == TR_OK)
		leftovers_clear(data, d);
	if (err == TR_OK && store_recover(s, report, error) == TR_OK)
		return s;
	/* Not file_store_close's way: the journal that could not be taken over must stay. */
	journal_close(&s->journal);
	file_store_close(&s);
	return NULL;
}
