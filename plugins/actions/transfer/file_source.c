/* SPDX-License-Identifier: Apache-2.0 */
/* From a file. */
#include "plugins/actions/transfer/file.h"
#include "plugins/actions/transfer/rows.h"
#include "plugins/shared/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <troupe/codec.h>
#include <unistd.h>

#define READ_BYTES ((size_t)1 << 20)
#define RECORD_MAX ((size_t)64 << 20) /* bytes of one row */

typedef struct file_state {
	transfer *t;
	file_spec spec;
	int fd;
	tr_buf text; /* what was read and is not taken yet, from `at` on */
	size_t at;
	bool last; /* nothing more is in the file */
	bool open; /* of json: the list has begun */
	bool done;
	tr_buf scratch;
	tr_value record; /* of csv: the header's fields */
	batch *filling;
	size_t fields;
	tr_value fault;
} file_state;

static void file_destroy(void *state)
{
	file_state *s = state;

	if (s->fd >= 0)
		close(s->fd);
	file_spec_fini(&s->spec);
	tr_buf_fini(&s->text);
	tr_buf_fini(&s->scratch);
	tr_drop(s->record);
	tr_drop(s->fault);
	tr_free(s);
}

static tr_value trouble(const file_state *s, const char *what, int err)
{
	return tr_outcome_error(err == ENOENT ? "not_found" : "io", false, "%s cannot be %s: %s",
				tr_as_cstr(s->spec.path, "?"), what, files_error(err));
}

/* More of the file behind what is left. */
static bool read_more(file_state *s)
{
	if (s->at > 0 && s->text.n > 0) {
		memmove(s->text.p, s->text.p + s->at, s->text.n - s->at);
		s->text.n -= s->at;
		s->at = 0;
	}
	if (s->text.n >= RECORD_MAX) {
		s->fault =
		    transfer_at_row(tr_outcome_error("too_large", false, "a row has more than %zu bytes", RECORD_MAX),
				    s->filling, batch_rows(s->filling));
		return false;
	}
	char *room = tr_buf_reserve(&s->text, READ_BYTES);
	if (room == NULL) {
		s->fault = tr_outcome_error("busy", true, "out of memory");
		return false;
	}
	ssize_t n = read(s->fd, room, READ_BYTES);
	if (n < 0 && errno != EINTR) {
		s->fault = trouble(s, "read", errno);
		return false;
	}
	s->text.n += n > 0 ? (size_t)n : 0;
	s->last = n == 0;
	return true;
}

static tr_value bad_record(const file_state *s, size_t row, const char *what)
{
	return transfer_at_row(tr_outcome_error("data", false, "%s: %s", tr_as_cstr(s->spec.path, "?"), what),
			       s->filling, row);
}

/* ---- csv ---- */

static void name_field(void *arg, tr_str text, bool quoted)
{
	file_state *s = arg;

	(void)quoted;
	s->record = tr_array_push(s->record, tr_string_lossy(text.p, text.n));
}

static void data_field(void *arg, tr_str text, bool quoted)
{
	file_state *s = arg;
	bool null = !quoted && (text.n == 0 || (tr_is_valid(s->spec.null) && tr_str_eq(text, tr_as_str(s->spec.null))));

	if (s->fields++ >= s->t->source_columns.count)
		return;
	if (null)
		batch_null(s->filling);
	else
		batch_text(s->filling, CELL_TEXT, text);
}

static piece next_csv(file_state *s, void (*field)(void *, tr_str, bool))
{
	piece p;

	for (;;) {
		p = csv_record(tr_buf_str(&s->text), &s->at, s->last, s->spec.delimiter, field, s, &s->scratch);
		if (p != PIECE_MORE || !read_more(s))
			return p;
	}
}

/* A blank line at the end is none. */
static bool row_is_right(file_state *s)
{
	size_t wanted = s->t->source_columns.count, n = s->filling->filled;

	if (s->fields == wanted)
		return true;
	bool blank = s->fields == 1 && s->filling->cells[n - 1].kind == CELL_NULL;
	batch_drop_row(s->filling);
	if (blank)
		return true;
	tr_value what = tr_stringf("the row has %zu fields, and there are %zu columns", s->fields, wanted);
	s->fault = bad_record(s, batch_rows(s->filling), tr_as_cstr(what, "?"));
	tr_drop(what);
	return false;
}

static void fill_csv(file_state *s)
{
	while (!batch_full(s->filling, s->t->chunk_size)) {
		s->fields = 0;
		size_t from = s->filling->bytes.n;
		piece p = next_csv(s, data_field);
		if (p == PIECE_BAD)
			s->fault = bad_record(s, batch_rows(s->filling), "a field in quotes does not end as it should");
		s->done = p == PIECE_END;
		if (p != PIECE_WHOLE || !row_is_right(s))
			return;
		tr_str new = {s->filling->bytes.p + from, s->filling->bytes.n - from};
		if (new.n > 0 && !tr_utf8_valid(new, NULL)) {
			s->fault = bad_record(s, batch_rows(s->filling) - 1, "this is not UTF-8");
			return;
		}
	}
}

static void read_header(file_state *s)
{
	columns *c = &s->t->source_columns;
	bool named = c->count > 0;

	s->record = tr_array();
	if (!s->spec.header && !named) {
		s->fault = tr_outcome_error("input", false, "a csv without a header needs columns");
		return;
	}
	piece p = s->spec.header ? next_csv(s, name_field) : PIECE_END;
	if (p == PIECE_BAD)
		s->fault = bad_record(s, 0, "the header's quotes do not end as they should");
	for (size_t i = 0; i < tr_array_len(s->record) && !named; i++)
		if (columns_add(c, tr_keep(tr_array_at(s->record, i)), COLUMN_TEXT) != TR_OK)
			s->fault = tr_outcome_error("busy", true, "out of memory");
	if (p == PIECE_END && s->spec.header && !named)
		s->done = true; /* an empty file */
}

/* ---- JSON ---- */

static piece next_json(file_state *s, tr_str *record)
{
	piece p;

	for (;;) {
		tr_str text = tr_buf_str(&s->text);
		p = s->spec.format == FORMAT_JSONL ? jsonl_record(text, &s->at, s->last, record)
						   : json_item(text, &s->at, s->last, &s->open, record);
		if (p != PIECE_MORE || !read_more(s))
			return p;
	}
}

static void fill_json(file_state *s)
{
	tr_value rows = tr_array();
	size_t bytes = 0;
	tr_decode_error wrong;
	tr_str record;

	while (tr_array_len(rows) < s->t->chunk_size && bytes < READ_BYTES * 8 && !tr_is_valid(s->fault) && !s->done) {
		piece p = next_json(s, &record);
		s->done = p == PIECE_END;
		if (p == PIECE_BAD)
			s->fault = bad_record(s, tr_array_len(rows), "this is no list of rows, or it does not end");
		if (p != PIECE_WHOLE)
			break;
		tr_value row = tr_json_read(record, NULL, &wrong);
		if (!tr_is_valid(row))
			s->fault = bad_record(s, tr_array_len(rows), wrong.message);
		else
			rows = tr_array_push(rows, row);
		bytes += record.n;
	}
	if (!tr_is_valid(s->fault) && tr_array_len(rows) > 0)
		s->fault = rows_fill(s->t, s->filling, rows);
	tr_drop(rows);
}

/* ---- the source ---- */

static void *do_open(void *arg)
{
	file_state *s = arg;

	struct stat st;
	int err;

	s->fd = files_open(tr_as_cstr(s->spec.path, ""), O_RDONLY, &err);
	if (s->fd < 0) {
		s->fault = trouble(s, "opened", err);
		return NULL;
	}
	s->t->from_file = fstat(s->fd, &st) == 0;
	if (s->t->from_file) {
		s->t->from_dev = st.st_dev;
		s->t->from_ino = st.st_ino;
	}
	if (s->spec.format == FORMAT_CSV)
		read_header(s);
	return NULL;
}

static void *do_fill(void *arg)
{
	file_state *s = arg;

	if (s->spec.format == FORMAT_CSV)
		fill_csv(s);
	else
		fill_json(s);
	return NULL;
}

static tr_value perform(file_state *s, void *(*work)(void *))
{
	tr_err err;

	(void)tr_dirty(work, s, &err);
	if (err != TR_OK)
		return tr_outcome_error("busy", true, "the node has no thread for it now: %s", tr_err_text(err));
	tr_value fault = s->fault;
	s->fault = tr_absent();
	return fault;
}

static tr_value file_open(transfer *t)
{
	file_state *s = tr_alloc(sizeof(*s));

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	t->source_state = s;
	s->t = t;
	s->fd = -1;
	s->record = s->fault = tr_absent();
	s->filling = &t->batches[0];
	t->batches[0].first = 1;
	tr_value fault = file_spec_read(&s->spec, t, t->source_spec);
	if (!tr_is_valid(fault))
		fault = rows_columns(t);
	return tr_is_valid(fault) ? fault : perform(s, do_open);
}

static tr_value file_next(transfer *t, batch *b)
{
	file_state *s = t->source_state;

	batch_begin(b, t->source_columns.count);
	s->filling = b;
	if (s->done)
		return tr_absent();
	if (tr_now() >= t->deadline)
		return tr_outcome_error("timeout", false, "the transfer did not end in time");
	return perform(s, do_fill);
}

const source_class file_source = {"file", file_open, file_next, file_destroy};
