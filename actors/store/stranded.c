/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the records of a few in a segment that is made anew. */
#include "actors/store/stranded.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So much is copied with each full segment; more stays where it is. */
#define KEEP_MAX JOURNAL_SEGMENT_MAX
/* So many are told one by one. */
#define TELL_MAX 10u

bool stranded_is_own(int os_error)
{
	switch (-os_error) {
	case ENOSPC:
	case EDQUOT:
	case EROFS:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
	case EINTR:
		return false;
	default:
		return os_error < 0;
	}
}

void stranded_note(file_store *s, store_entry *e, int os_error)
{
	if (e->stranded == 0) {
		s->stranded++;
		s->untold++;
		e->told = false;
	}
	e->stranded = os_error;
}

void stranded_over(file_store *s, store_entry *e)
{
	if (e->stranded == 0)
		return;
	s->stranded--;
	s->untold -= !e->told;
	s->mended = true; /* what a segment had for it is in a log now that is not synced */
	e->stranded = 0;
}

static void tell(const file_store *s, const store_entry *e, tr_buf *report)
{
	tr_buf_putf(report,
		    "execution %" PRId64 ": its log %s/executions/%s/events.log cannot be written: %s; its records "
		    "stay in the journal and it goes on; put aside what stands there, or let it be written to: it is "
		    "tried again with each full journal and at each start\n",
		    e->execution_id, s->data, e->folder, strerror(-e->stranded));
}

void file_store_stranded(file_store *s, tr_buf *report)
{
	size_t told = 0, all = s->untold;
	for (size_t i = 0; i < s->capacity && s->untold > 0; i++) {
		for (store_entry *e = s->buckets[i]; e != NULL; e = e->next) {
			if (e->stranded == 0 || e->told)
				continue;
			if (told++ < TELL_MAX)
				tell(s, e, report);
			e->told = true;
			s->untold--;
		}
	}
	if (all > TELL_MAX)
		tr_buf_putf(report, "the logs of %zu executions more cannot be written, either\n", all - TELL_MAX);
}

/* ---- the segment that is made anew ---- */

static size_t bytes_held(const file_store *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->capacity; i++)
		for (const store_entry *e = s->buckets[i]; e != NULL; e = e->next)
			n += e->stranded != 0 ? e->held : 0;
	return n;
}

static int write_entry(const file_store *s, const store_entry *e, int fd)
{
	const disk *d = s->journal.disk;
	tr_buf bytes = {0};
	frame_put_folder(&bytes, e->execution_id, e->folder);
	tr_buf_put(&bytes, e->pending.p, e->pending.n);
	int err = bytes.err != TR_OK ? -ENOMEM : backlog_read(&e->backlog, s->data, &bytes);
	if (err == 0)
		err = d->append(d->arg, fd, bytes.p, bytes.n);
	tr_buf_fini(&bytes);
	return err;
}

/* Nothing may be missing behind this, since the old segment is gone then. */
static int write_all(const file_store *s, int fd)
{
	int err = 0;
	for (size_t i = 0; i < s->capacity && err == 0; i++) {
		for (store_entry *e = s->buckets[i]; e != NULL && err == 0; e = e->next) {
			if (e->stranded != 0)
				err = backlog_ready(&e->backlog) ? write_entry(s, e, fd) : -ENOMEM;
		}
	}
	return err;
}

/* Where they stand now, in the order in which they were written. */
static void let_go(file_store *s, uint64_t number)
{
	size_t at = 0;
	for (size_t i = 0; i < s->capacity; i++) {
		for (store_entry *e = s->buckets[i]; e != NULL; e = e->next) {
			if (e->stranded == 0)
				continue;
			at += FRAME_HEAD + strlen(e->folder);
			backlog_moved(&e->backlog, number, at, e->held);
			tr_buf_fini(&e->pending);
			at += e->held;
		}
	}
}

static int make_segment(file_store *s, uint64_t number)
{
	const disk *d = s->journal.disk;
	layout_path path, folder;
	char beside[PATH_MAX + 8];
	if (journal_path(path, s->data, number) != TR_OK || layout_join(folder, s->data, "journal") != TR_OK)
		return -ENAMETOOLONG;
	(void)snprintf(beside, sizeof beside, "%s.new", path);
	int fd = d->create(d->arg, beside);
	int err = fd < 0 ? fd : write_all(s, fd);
	if (err == 0)
		err = d->sync(d->arg, fd);
	if (fd >= 0)
		close(fd);
	if (err == 0 && rename(beside, path) != 0)
		err = -errno;
	if (err != 0) {
		(void)d->remove(d->arg, beside);
		return err;
	}
	let_go(s, number);
	return d->sync_folder(d->arg, folder);
}

int stranded_keep(file_store *s, uint64_t last)
{
	if (s->touched != NULL)
		return -EBUSY; /* what is in no segment yet cannot be told from what is */
	if (bytes_held(s) > KEEP_MAX)
		return 0;
	int err = make_segment(s, last);
	return err == 0 ? journal_forget(&s->journal, last - 1) : err;
}
