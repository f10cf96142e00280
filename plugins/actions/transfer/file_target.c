/* SPDX-License-Identifier: Apache-2.0 */
/* To a file. What replaces a file is written beside it and takes its name when all is there; what is appended is cut
 * off again when something fails. */
#include "plugins/actions/transfer/file.h"
#include "plugins/actions/transfer/source_sql.h"
#include "plugins/shared/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct file_state {
	transfer *t;
	file_spec spec;
	int fd;
	int folder;  /* where it is: what is put into its path later leads nowhere */
	bool beside; /* the file that is written takes the other's name */
	bool whole;
	const char *name; /* in the folder */
	tr_value part;    /* its name until then */
	off_t size;       /* of what was there */
	tr_buf text;
	const batch *taking;
	int err;
	bool own_source; /* it would read what it writes, for ever */
} file_state;

static void file_destroy(void *state)
{
	file_state *s = state;

	if (s->fd >= 0 && !s->whole) { /* the task was ended */
		if (s->beside)
			(void)unlinkat(s->folder, tr_as_cstr(s->part, ""), 0);
		else if (ftruncate(s->fd, s->size) != 0)
			s->err = errno; /* nobody is left to be told */
	}
	if (s->fd >= 0)
		close(s->fd);
	if (s->folder >= 0)
		close(s->folder);
	file_spec_fini(&s->spec);
	tr_drop(s->part);
	tr_buf_fini(&s->text);
	tr_free(s);
}

static void write_out(file_state *s)
{
	size_t done = 0;

	if (s->text.err != TR_OK)
		s->err = ENOMEM;
	while (s->err == 0 && done < s->text.n) {
		ssize_t n = write(s->fd, s->text.p + done, s->text.n - done);
		if (n < 0 && errno != EINTR)
			s->err = errno;
		done += n > 0 ? (size_t)n : 0;
	}
	tr_buf_clear(&s->text);
}

static bool is_own_source(const file_state *s, const struct stat *st)
{
	source_file file = {.path = tr_as_cstr(s->spec.path, ""), .name = s->name, .file = *st};

	if (s->t->from_file && s->t->from_dev == st->st_dev && s->t->from_ino == st->st_ino)
		return true;
	return !s->beside && fstat(s->folder, &file.folder) == 0 &&
	       source_sql_names(s->t->source_sql, s->t->source_spec, &file);
}

static void *do_open(void *arg)
{
	file_state *s = arg;
	int how = s->beside ? O_EXCL : O_APPEND;
	struct stat st;

	s->folder = files_folder(tr_as_cstr(s->spec.path, ""), &s->name, &s->err);
	if (s->folder < 0)
		return NULL;
	s->fd =
	    files_open_in(s->folder, s->beside ? tr_as_cstr(s->part, "") : s->name, O_WRONLY | O_CREAT | how, &s->err);
	if (s->fd < 0)
		return NULL;
	if (fstat(s->fd, &st) != 0) {
		s->err = errno;
		return NULL;
	}
	s->size = st.st_size;
	s->own_source = is_own_source(s, &st);
	if (s->own_source)
		return NULL;
	if (s->spec.format == FORMAT_JSON && st.st_size > 0)
		s->err = EEXIST;
	else if (s->spec.format == FORMAT_JSON)
		tr_buf_putc(&s->text, '[');
	else if (s->spec.format == FORMAT_CSV && s->spec.header && st.st_size == 0)
		file_put_header(&s->text, &s->spec, s->t);
	write_out(s);
	return NULL;
}

#define PART_BYTES 262144

static void *do_write(void *arg)
{
	file_state *s = arg;
	size_t n = batch_rows(s->taking);

	for (size_t row = 0; row < n && s->err == 0; row++) {
		file_put_row(&s->text, &s->spec, s->t, s->taking, row);
		if (s->text.n >= PART_BYTES || row + 1 == n)
			write_out(s);
	}
	return NULL;
}

/* The folder as well, or the name may be lost. */
static int sync_folder(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	int err = fsync(fd) == 0 ? 0 : errno;
	close(fd);
	return err;
}

static void *do_finish(void *arg)
{
	file_state *s = arg;

	if (s->spec.format == FORMAT_JSON)
		tr_buf_puts(&s->text, "\n]\n");
	write_out(s);
	if (s->err == 0 && fsync(s->fd) != 0)
		s->err = errno;
	if (s->err == 0 && s->beside && renameat(s->folder, tr_as_cstr(s->part, ""), s->folder, s->name) != 0)
		s->err = errno;
	s->whole = s->err == 0;
	if (s->whole && s->beside)
		s->err = sync_folder(s->folder);
	return NULL;
}

static void *do_abandon(void *arg)
{
	file_state *s = arg;

	if (s->fd < 0 || s->whole)
		return NULL;
	if (s->beside)
		(void)unlinkat(s->folder, tr_as_cstr(s->part, ""), 0);
	else if (ftruncate(s->fd, s->size) != 0)
		s->err = errno;
	s->whole = true; /* settled */
	return NULL;
}

static tr_value perform(file_state *s, void *(*work)(void *))
{
	const char *path = tr_as_cstr(s->spec.path, "?");
	tr_err err;

	(void)tr_dirty(work, s, &err);
	if (err != TR_OK)
		return tr_outcome_error("busy", true, "the node has no thread for it now: %s", tr_err_text(err));
	if (s->own_source)
		return tr_outcome_error("input", false,
					"%s is the source as well, and what is appended would be read again; use mode: "
					"replace, or another file",
					path);
	if (s->err == EEXIST && s->spec.format == FORMAT_JSON)
		return tr_outcome_error(
		    "input", false,
		    "%s has something in it, and a list in JSON cannot be appended to; use jsonl, or "
		    "mode: replace",
		    path);
	return s->err == 0 ? tr_absent()
			   : tr_outcome_error("io", false, "%s cannot be written: %s", path, files_error(s->err));
}

static tr_value file_open(transfer *t)
{
	file_state *s = tr_alloc(sizeof(*s));

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	t->target_state = s;
	s->t = t;
	s->fd = s->folder = -1;
	s->part = tr_absent();
	s->beside = t->mode == MODE_REPLACE;
	tr_value fault = file_spec_read(&s->spec, t, t->target_spec);
	if (tr_is_valid(fault))
		return fault;
	if (t->mode == MODE_UPSERT)
		return tr_outcome_error("input", false, "a target of kind file can append or replace, not upsert");
	const char *name = strrchr(tr_as_cstr(s->spec.path, "/"), '/') + 1;
	s->part = tr_stringf("%s.part-%016llx", name, (unsigned long long)tr_random());
	return perform(s, do_open);
}

static tr_value file_write(transfer *t, const batch *b)
{
	file_state *s = t->target_state;

	s->taking = b;
	return perform(s, do_write);
}

static tr_value file_finish(transfer *t)
{
	return perform(t->target_state, do_finish);
}

static void file_abandon(transfer *t)
{
	tr_err err;

	(void)tr_dirty(do_abandon, t->target_state, &err);
}

const target_class file_target = {"file", file_open, file_write, NULL, file_finish, file_abandon, file_destroy};
