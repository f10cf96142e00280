/* SPDX-License-Identifier: Apache-2.0 */
/* The file store: batch, journal, executions' logs. Recovery is in recover.c. */
#include "actors/store/file_store_internal.h"

#include "actors/store/index.h"
#include "actors/store/reader.h"
#include "actors/store/stranded.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Committed bytes an execution may hold back before they are written to its log. */
#define PENDING_MAX (256u * 1024u)
/* A rotation that the disk holds up does not let a segment grow beyond what places in it can say. */
#define SEGMENT_LIMIT (UINT32_C(1) << 30)
/* So much of the index is kept back. */
#define INDEX_PENDING_MAX (64u * 1024u)

/* ---- the table of executions that are being written ---------------------------------------------------------------
 */

static size_t slot_of(const file_store *s, int64_t id)
{
	uint64_t x = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(x >> 32) & (s->capacity - 1);
}

store_entry *store_entry_find(const file_store *s, int64_t id)
{
	if (s->capacity == 0)
		return NULL;
	for (store_entry *e = s->buckets[slot_of(s, id)]; e != NULL; e = e->next)
		if (e->execution_id == id)
			return e;
	return NULL;
}

static tr_err table_grow(file_store *s)
{
	size_t capacity = s->capacity == 0 ? 64 : s->capacity * 2;
	store_entry **buckets = tr_alloc(capacity * sizeof *buckets);
	if (buckets == NULL)
		return TR_ENOMEM;
	store_entry **old = s->buckets;
	size_t old_capacity = s->capacity;
	s->buckets = buckets;
	s->capacity = capacity;
	for (size_t i = 0; i < old_capacity; i++) {
		for (store_entry *e = old[i], *next; e != NULL; e = next) {
			next = e->next;
			size_t slot = slot_of(s, e->execution_id);
			e->next = buckets[slot];
			buckets[slot] = e;
		}
	}
	tr_free(old);
	s->swept = s->rested = 0;
	return TR_OK;
}

store_entry *store_entry_new(file_store *s, int64_t id, tr_str folder)
{
	if (!layout_folder_ok(folder) || (s->count >= s->capacity && table_grow(s) != TR_OK))
		return NULL;
	store_entry *e = tr_alloc(sizeof *e + folder.n + 1);
	if (e == NULL)
		return NULL;
	e->execution_id = id;
	memcpy(e->folder, folder.p, folder.n);
	store_entry_link(s, e);
	return e;
}

void store_entry_link(file_store *s, store_entry *e)
{
	size_t slot = slot_of(s, e->execution_id);
	e->next = s->buckets[slot];
	s->buckets[slot] = e;
	s->count++;
}

void store_entry_unlink(file_store *s, store_entry *e)
{
	store_entry **at = &s->buckets[slot_of(s, e->execution_id)];
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	s->count--;
}

void store_entry_end(store_entry *e)
{
	backlog_drop(&e->backlog);
	tr_buf_fini(&e->pending);
	tr_free(e);
}

static void entry_free(file_store *s, store_entry *e)
{
	store_entry_unlink(s, e);
	store_entry_end(e);
}

/* ---- batch and commit
 * ------------------------------------------------------------------------------------------------ */

/* The records' heads say what they are; they were made in this process, so their bytes are not summed up again. */
static tr_err look_through(file_store *s, const store_entry *e, tr_str frames, bool *last)
{
	while (frames.n > 0) {
		frame f;
		size_t used = 0;
		if (frame_look(frames, &f, &used) != FRAME_OK || f.execution_id != e->execution_id ||
		    f.kind == FRAME_FOLDER)
			return TR_ECORRUPT;
		*last = *last || (f.kind == FRAME_EVENT && f.type == EVENT_PLAYBOOK_PROCESSED);
		if (f.kind == FRAME_EVENT && index_wants(f.type))
			index_put(&s->index_batch, &f, e->folder);
		frames = (tr_str){frames.p + used, frames.n - used};
	}
	return TR_OK;
}

/* Each segment must be readable without the ones before it: the folder is told again in each. */
static void put_folder(file_store *s, store_entry *e)
{
	if (e->segment == s->journal.number && !s->journal.suspect)
		return;
	frame_put_folder(&s->batch, e->execution_id, e->folder);
	e->segment = s->journal.number;
}

static tr_err entry_for(file_store *s, int64_t execution_id, const char *folder, store_entry **entry)
{
	*entry = store_entry_find(s, execution_id);
	if (*entry != NULL)
		return TR_OK;
	if (folder == NULL)
		return TR_ENOENT;
	*entry = store_entry_new(s, execution_id, tr_s(folder));
	if (*entry != NULL)
		return TR_OK;
	return layout_folder_ok(tr_s(folder)) ? TR_ENOMEM : TR_EINVAL;
}

tr_err file_store_take(file_store *s, int64_t execution_id, tr_value frames, const char *folder)
{
	tr_str bytes = tr_as_str(frames);
	store_entry *e;
	if (s->ripe != NULL)
		file_store_settle(s); /* what is written out is what the journal has */
	tr_err err = entry_for(s, execution_id, folder, &e);
	if (err != TR_OK)
		return err;
	size_t index_before = s->index_batch.n, before = s->batch.n;
	uint64_t segment = e->segment;
	bool last = false;
	err = look_through(s, e, bytes, &last);
	if (err == TR_OK) {
		put_folder(s, e);
		size_t at = s->batch.n;
		tr_buf_put(&s->batch, bytes.p, bytes.n);
		err = s->batch.err != TR_OK || !backlog_add(&e->backlog, frames, at) ? TR_ENOMEM : TR_OK;
	}
	if (err != TR_OK) {
		s->batch.n = before;
		s->index_batch.n = index_before;
		s->batch.err = TR_OK;
		e->segment = segment;
		return err;
	}
	e->held += bytes.n;
	e->quiet = false;
	e->finished = e->finished || last;
	if (!e->touched) {
		e->touched = true;
		e->next_touched = s->touched;
		s->touched = e;
	}
	return TR_OK;
}

tr_err file_store_add(file_store *s, int64_t execution_id, tr_str frames, const char *folder)
{
	tr_value bytes = tr_binary(frames.p, frames.n);
	tr_err err = tr_is_valid(bytes) ? file_store_take(s, execution_id, bytes, folder) : tr_value_err(bytes);
	tr_drop(bytes);
	return err;
}

size_t file_store_batch_size(const file_store *s)
{
	return s->batch.n;
}

/* All in one piece, for one write. */
static int put_together(const char *data, store_entry *e)
{
	if (e->backlog.count == 0)
		return 0;
	if (tr_buf_reserve(&e->pending, e->held - e->pending.n) == NULL) {
		e->pending.err = TR_OK;
		return -ENOMEM;
	}
	int err = backlog_read(&e->backlog, data, &e->pending);
	if (err == 0)
		backlog_drop(&e->backlog);
	return err;
}

/* What the log turned out to have already. */
static void skip_known(store_entry *e)
{
	tr_str rest = tr_buf_str(&e->pending);
	frame f;
	size_t used = 0;
	while (rest.n > 0 && frame_look(rest, &f, &used) == FRAME_OK && f.kind == FRAME_EVENT && f.seq <= e->last_seq)
		rest = (tr_str){rest.p + used, rest.n - used};
	if (rest.n > 0)
		memmove(e->pending.p, rest.p, rest.n);
	e->pending.n = e->held = rest.n;
}

int store_entry_flush(const char *data, const disk *d, store_entry *e)
{
	int err = e->unread ? store_entry_look(data, d, e, NULL) : 0;
	if (err == 0)
		err = put_together(data, e);
	if (err == 0 && e->unread)
		skip_known(e);
	e->unread = e->unread && err != 0;
	if (err != 0 || e->pending.n == 0)
		return err;
	layout_path path;
	if (layout_join(path, data, "executions/%s", e->folder) != TR_OK)
		return -ENAMETOOLONG;
	err = e->has_log ? 0 : d->make_folder(d->arg, path);
	if (err != 0)
		return err;
	if (layout_join(path, data, "executions/%s/events.log", e->folder) != TR_OK)
		return -ENAMETOOLONG;
	int fd = d->open_append(d->arg, path);
	e->has_log = fd >= 0;
	if (fd < 0)
		return fd;
	off_t start = lseek(fd, 0, SEEK_END);
	err = d->append(d->arg, fd, e->pending.p, e->pending.n);
	if (err != 0) /* the journal still has all of it */
		e->unread = start < 0 || d->truncate(d->arg, fd, start) != 0;
	close(fd);
	if (err == 0) {
		tr_buf_fini(&e->pending);
		e->held = 0;
	}
	return err;
}

/* An error is one that all others have to do with, too. */
static int entry_flush(file_store *s, store_entry *e)
{
	int err = store_entry_flush(s->data, s->journal.disk, e);
	if (stranded_is_own(err)) {
		stranded_note(s, e, err);
		return 0;
	}
	if (err == 0)
		stranded_over(s, e);
	return err;
}

static int flush_and_free(file_store *s, store_entry *e)
{
	int err = entry_flush(s, e);
	if (err == 0 && e->finished && e->stranded == 0)
		entry_free(s, e);
	return err;
}

/* The index only saves reading: what cannot be written to it must not hold up an execution, and a file that lacks
 * records is worse than none. */
static void flush_index(file_store *s)
{
	const disk *d = s->journal.disk;
	layout_path path;
	if (s->index_batch.n == 0 || index_path(path, s->data) != TR_OK)
		return;
	int fd = s->index_batch.err == TR_OK ? d->open_append(d->arg, path) : -ENOMEM;
	int err = fd < 0 ? fd : d->append(d->arg, fd, s->index_batch.p, s->index_batch.n);
	if (fd >= 0)
		close(fd);
	if (err != 0)
		(void)d->remove(d->arg, path);
	tr_buf_fini(&s->index_batch);
}

/* The records of all entries are in the journal now: those that are large or finished are to be written out. */
static void sort_out(file_store *s, size_t base)
{
	store_entry *e = s->touched;
	s->touched = NULL;
	while (e != NULL) {
		store_entry *next = e->next_touched;
		e->touched = false;
		backlog_written(&e->backlog, s->journal.number, base);
		store_entry **list = e->stranded != 0        ? NULL /* it is tried with all others */
				     : e->finished           ? &s->finished
				     : e->held > PENDING_MAX ? &s->ripe
							     : NULL;
		if (list != NULL) {
			e->next_touched = *list;
			*list = e;
			s->finished_count += e->finished;
		}
		e = next;
	}
}

int file_store_write(file_store *s, bool sync)
{
	if (s->batch.n == 0)
		return 0;
	int err = journal_append(&s->journal, tr_buf_str(&s->batch), sync);
	if (err != 0)
		return err;
	s->unsynced = s->unsynced || !sync;
	sort_out(s, s->journal.size - s->batch.n);
	tr_buf_clear(&s->batch);
	if (s->journal.size >= SEGMENT_LIMIT && file_store_sync(s) == 0)
		(void)journal_start(&s->journal, s->journal.number + 1);
	return 0;
}

static void flush_list(file_store *s, store_entry **list)
{
	store_entry *e = *list;
	*list = NULL;
	while (e != NULL) {
		store_entry *next = e->next_touched;
		(void)flush_and_free(s, e);
		e = next;
	}
}

void file_store_settle(file_store *s)
{
	flush_list(s, &s->ripe);
	if (s->index_batch.n > INDEX_PENDING_MAX)
		flush_index(s);
}

bool file_store_is_settled(const file_store *s)
{
	return s->ripe == NULL && s->index_batch.n <= INDEX_PENDING_MAX;
}

int file_store_commit(file_store *s, bool sync)
{
	int err = file_store_write(s, sync);
	if (err == 0) {
		flush_list(s, &s->finished);
		s->finished_count = 0;
		file_store_settle(s);
	}
	return err;
}

int file_store_sync(file_store *s)
{
	if (!s->unsynced)
		return 0;
	int err = journal_sync(&s->journal);
	if (err == 0)
		s->unsynced = false;
	return err;
}

int file_store_flush(file_store *s)
{
	s->ripe = s->finished = NULL; /* they are in the table like all others */
	s->finished_count = 0;
	flush_index(s);
	for (size_t i = 0; i < s->capacity; i++) {
		for (store_entry *e = s->buckets[i], *next; e != NULL; e = next) {
			next = e->next;
			if (e->touched) /* its records are not all in the journal yet */
				continue;
			int err = flush_and_free(s, e);
			if (err != 0)
				return err;
		}
	}
	return 0;
}

/* After this nothing in segments up to the current one is needed any more. */
static int make_logs_durable(file_store *s)
{
	int err = s->out ? -EBUSY : file_store_commit(s, true);
	if (err == 0)
		err = file_store_flush(s);
	s->mended = false;
	if (err == 0)
		err = s->journal.disk->sync_all(s->journal.disk->arg, s->journal.fd);
	return err;
}

bool file_store_is_full(const file_store *s)
{
	return s->journal.size >= JOURNAL_SEGMENT_MAX;
}

bool file_store_is_rotating(const file_store *s)
{
	return s->full != 0;
}

static void begin_round(file_store *s)
{
	s->swept = 0;
	s->round++;
}

/* The segment that is left must hold what it says: nobody syncs it later. */
int file_store_rotate(file_store *s)
{
	uint64_t full = s->journal.number;
	int err = s->full != 0 ? -EBUSY : file_store_sync(s);
	if (err == 0)
		err = journal_start(&s->journal, full + 1);
	if (err == 0) {
		s->full = full;
		begin_round(s);
	}
	return err;
}

bool file_store_rest(file_store *s, size_t share)
{
	size_t end = s->rested + s->capacity / share + 1;
	if (s->rested == 0)
		s->awake = false;
	for (; s->rested < s->capacity && s->rested < end; s->rested++) {
		for (store_entry *e = s->buckets[s->rested]; e != NULL; e = e->next) {
			if (e->finished || e->backlog.count == 0 ||
			    !tr_is_valid(e->backlog.items[e->backlog.count - 1].bytes))
				continue;
			if (e->quiet)
				backlog_rest(&e->backlog);
			e->quiet = true;
			s->awake = true;
		}
	}
	bool more = s->rested < s->capacity || s->awake;
	if (s->rested >= s->capacity)
		s->rested = 0;
	return more;
}

/* Nobody adds to those that are over: what is left of them is few. */
static int flush_finished(file_store *s)
{
	s->finished = NULL;
	s->finished_count = 0;
	for (size_t i = 0; i < s->capacity; i++) {
		for (store_entry *e = s->buckets[i], *next; e != NULL; e = next) {
			next = e->next;
			int err = e->finished ? flush_and_free(s, e) : 0;
			if (err != 0)
				return err;
		}
	}
	return 0;
}

int file_store_sweep(file_store *s, size_t executions, uint64_t *full)
{
	*full = s->full;
	/* Records in the batch are in no segment yet, and cannot be told from those that are. */
	if (s->touched != NULL)
		return 0;
	for (; s->swept < s->capacity; s->swept++) {
		for (store_entry *e = s->buckets[s->swept]; e != NULL; e = e->next) {
			if (e->held == 0 || e->finished || e->tried == s->round)
				continue;
			if (executions-- == 0)
				return 0;
			int err = entry_flush(s, e);
			if (err != 0)
				return err;
			e->tried = s->round;
		}
	}
	int err = s->out ? 0 : flush_finished(s);
	flush_index(s); /* whoever reads does not find it in the journal any more */
	s->mended = false;
	return err != 0 ? err : !s->out;
}

int file_store_forget(file_store *s, uint64_t full)
{
	if (full < s->journal.first) /* others have done it */
		return 0;
	if (s->mended) {
		begin_round(s);
		return 1;
	}
	int err = s->stranded > 0 ? stranded_keep(s, full) : 0;
	if (err != 0) {
		begin_round(s);
		return err;
	}
	s->full = s->full == full ? 0 : s->full;
	return s->stranded > 0 ? 0 : journal_forget(&s->journal, full);
}

int file_store_checkpoint(file_store *s)
{
	int err = make_logs_durable(s);
	if (err != 0)
		return err;
	uint64_t full = s->journal.number;
	err = journal_start(&s->journal, full + 1);
	if (err != 0)
		return err;
	s->full = 0;
	return file_store_forget(s, full);
}

/* What is not in a folder yet has been written to since the store was opened. */
bool file_store_has(const file_store *s, int64_t execution_id)
{
	return store_entry_find(s, execution_id) != NULL || store_has_folder(s->data, execution_id);
}

int64_t file_store_died(const file_store *s)
{
	return s->died_us;
}

void file_store_alive(const file_store *s)
{
	layout_lock_touch(&s->lock);
}

const char *file_store_data(const file_store *s)
{
	return s->data;
}

const disk *file_store_disk(const file_store *s)
{
	return s->journal.disk;
}

void file_store_close(file_store **slot)
{
	file_store *s = *slot;
	if (s == NULL)
		return;
	*slot = NULL;
	if (s->journal.fd >= 0 && make_logs_durable(s) == 0)
		(void)file_store_forget(s, s->journal.number);
	journal_close(&s->journal);
	for (size_t i = 0; i < s->capacity; i++)
		while (s->buckets[i] != NULL)
			entry_free(s, s->buckets[i]);
	tr_free(s->buckets);
	tr_buf_fini(&s->batch);
	tr_buf_fini(&s->index_batch);
	layout_lock_give(&s->lock);
	tr_free(s->data);
	tr_free(s);
}
