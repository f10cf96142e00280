/* SPDX-License-Identifier: Apache-2.0 */
/* csv as RFC 4180 has it (any line end, texts may go over lines), jsonl, lists in JSON. */
#include "plugins/actions/transfer/file.h"
#include "plugins/shared/files.h"

#include <string.h>
#include <troupe/codec.h>

/* ---- specs ---- */

static bool ends_with(const char *path, const char *ending)
{
	size_t n = strlen(path), m = strlen(ending);

	return n >= m && strcmp(path + n - m, ending) == 0;
}

static tr_value read_format(file_spec *f, tr_value spec)
{
	tr_value format = tr_map_get_s(spec, "format");
	const char *path = tr_as_cstr(f->path, ""), *word = tr_as_cstr(format, "");

	if (strcmp(word, "csv") == 0 || (!tr_is_valid(format) && ends_with(path, ".csv")))
		f->format = FORMAT_CSV;
	else if (strcmp(word, "jsonl") == 0 || strcmp(word, "ndjson") == 0 ||
		 (!tr_is_valid(format) && (ends_with(path, ".jsonl") || ends_with(path, ".ndjson"))))
		f->format = FORMAT_JSONL;
	else if (strcmp(word, "json") == 0 || (!tr_is_valid(format) && ends_with(path, ".json")))
		f->format = FORMAT_JSON;
	else
		return tr_outcome_error("input", false, "format must be csv, jsonl or json, not %s",
					tr_is_valid(format) ? word : "what the path's ending says");
	return tr_absent();
}

tr_value file_spec_read(file_spec *f, const transfer *t, tr_value spec)
{
	tr_value path = tr_map_get_s(spec, "path"), delimiter = tr_map_get_s(spec, "delimiter"), fault;
	tr_value folders = tr_own_value(files_granted());

	*f = (file_spec){.path = tr_absent(),
			 .delimiter = ',',
			 .header = tr_as_bool(tr_map_get_s(spec, "header"), true),
			 .null = tr_keep(tr_map_get_s(spec, "null"))};
	if (!tr_is(path, TR_STRING))
		return tr_outcome_error("input", false, "a file needs path");
	f->path = files_locate(path, t->context, folders, "transfer", &fault);
	if (!tr_is_valid(fault))
		fault = read_format(f, spec);
	if (tr_is_valid(fault) || !tr_is_valid(delimiter))
		return fault;
	if (tr_as_str(delimiter).n != 1 || strchr("\"\r\n", tr_as_str(delimiter).p[0]) != NULL)
		return tr_outcome_error("input", false, "delimiter must be one character, and no quote or line end");
	f->delimiter = tr_as_str(delimiter).p[0];
	return tr_absent();
}

void file_spec_fini(file_spec *f)
{
	tr_clear(&f->path);
	tr_clear(&f->null);
}

/* ---- csv ---- */

/* Where a field in quotes ends: at its closing one; SIZE_MAX when that is not there. What it says goes to scratch. */
static size_t quoted_field(tr_str text, size_t i, tr_buf *scratch)
{
	tr_buf_clear(scratch);
	for (;;) {
		const char *quote = i < text.n ? memchr(text.p + i, '"', text.n - i) : NULL;
		if (quote == NULL)
			return SIZE_MAX;
		size_t at = (size_t)(quote - text.p);
		tr_buf_put(scratch, text.p + i, at - i);
		if (at + 1 >= text.n || text.p[at + 1] != '"')
			return at;
		tr_buf_putc(scratch, '"');
		i = at + 2;
	}
}

/* Is the record whole, and where does it end? A quote that is open goes over line ends. */
static piece record_end(tr_str text, size_t at, bool last, size_t *end)
{
	bool quoted = false;

	for (size_t i = at; i < text.n; i++) {
		if (text.p[i] == '"')
			quoted = !quoted;
		else if (text.p[i] == '\n' && !quoted) {
			*end = i;
			return PIECE_WHOLE;
		}
	}
	if (!last)
		return PIECE_MORE;
	*end = text.n;
	return quoted ? PIECE_BAD : at == text.n ? PIECE_END : PIECE_WHOLE;
}

piece csv_record(tr_str text, size_t *at, bool last, char delimiter, void (*field)(void *, tr_str, bool quoted),
		 void *arg, tr_buf *scratch)
{
	size_t end;
	piece found = record_end(text, *at, last, &end);

	if (found != PIECE_WHOLE)
		return found;
	tr_str line = {text.p, end > *at && text.p[end - 1] == '\r' ? end - 1 : end};
	for (size_t i = *at;;) {
		size_t stop;
		if (i < line.n && line.p[i] == '"') {
			size_t closing = quoted_field(line, i + 1, scratch);
			stop = closing + 1;
			if (closing == SIZE_MAX || (stop < line.n && line.p[stop] != delimiter))
				return PIECE_BAD; /* something behind the closing quote */
			field(arg, tr_buf_str(scratch), true);
		} else {
			const char *next = i < line.n ? memchr(line.p + i, delimiter, line.n - i) : NULL;
			stop = next == NULL ? line.n : (size_t)(next - line.p);
			field(arg, (tr_str){line.p + i, stop - i}, false);
		}
		if (stop >= line.n)
			break;
		i = stop + 1;
	}
	*at = end < text.n ? end + 1 : end;
	return PIECE_WHOLE;
}

/* ---- JSON ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

piece jsonl_record(tr_str text, size_t *at, bool last, tr_str *record)
{
	while (*at < text.n && is_space(text.p[*at]))
		++*at;
	const char *end = *at < text.n ? memchr(text.p + *at, '\n', text.n - *at) : NULL;
	if (end == NULL && !last)
		return PIECE_MORE;
	*record = (tr_str){text.p + *at, (end == NULL ? text.n : (size_t)(end - text.p)) - *at};
	*at += record->n;
	return record->n == 0 ? PIECE_END : PIECE_WHOLE;
}

/* Behind the value at i: at a comma or bracket that is not within it. SIZE_MAX when it is not whole. */
static size_t skip_value(tr_str text, size_t i)
{
	size_t depth = 0;
	bool quoted = false;

	for (; i < text.n; i++) {
		char c = text.p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (depth == 0 && (c == ',' || c == ']'))
			return i;
		else if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return SIZE_MAX;
}

piece json_item(tr_str text, size_t *at, bool last, bool *open, tr_str *record)
{
	size_t i = *at;
	bool wanted = !*open; /* of the bracket, or of a comma */

	while (i < text.n && (is_space(text.p[i]) || (text.p[i] == (wanted ? '[' : ',') && (wanted || i == *at)))) {
		if (text.p[i] == '[')
			wanted = false;
		i++;
	}
	if (i == text.n)
		return last ? PIECE_BAD : PIECE_MORE;
	if (wanted)
		return PIECE_BAD; /* no list */
	if (text.p[i] == ']') {
		*open = true;
		*at = i;
		return PIECE_END;
	}
	size_t end = skip_value(text, i);
	if (end == SIZE_MAX)
		return last ? PIECE_BAD : PIECE_MORE;
	*record = (tr_str){text.p + i, end - i};
	*open = true;
	*at = end;
	return PIECE_WHOLE;
}

/* ---- writing ---- */

static void put_csv_text(tr_buf *out, tr_str text, char delimiter)
{
	bool plain = text.n > 0 && memchr(text.p, '"', text.n) == NULL && memchr(text.p, delimiter, text.n) == NULL &&
		     memchr(text.p, '\n', text.n) == NULL && memchr(text.p, '\r', text.n) == NULL;

	if (plain) {
		tr_buf_put(out, text.p, text.n);
		return;
	}
	tr_buf_putc(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			tr_buf_putc(out, '"');
		tr_buf_putc(out, text.p[i]);
	}
	tr_buf_putc(out, '"');
}

static void put_csv_cell(tr_buf *out, const file_spec *f, const batch *b, const cell *c)
{
	if (c->kind == CELL_NULL)
		tr_buf_put(out, tr_as_str(f->null).p, tr_as_str(f->null).n);
	else if (c->kind == CELL_BOOL)
		tr_buf_puts(out, c->as.i != 0 ? "true" : "false");
	else if (c->kind == CELL_TEXT || c->kind == CELL_JSON)
		put_csv_text(out, cell_text(b, c), f->delimiter);
	else
		cell_put(out, b, c);
}

void file_put_header(tr_buf *out, const file_spec *f, const transfer *t)
{
	for (size_t i = 0; i < t->target_columns.count; i++) {
		if (i > 0)
			tr_buf_putc(out, f->delimiter);
		put_csv_text(out, tr_as_str(t->target_columns.items[i].name), f->delimiter);
	}
	tr_buf_putc(out, '\n');
}

static void put_json_row(tr_buf *out, const transfer *t, const batch *b, size_t row)
{
	tr_buf_putc(out, '{');
	for (size_t i = 0; i < t->target_columns.count; i++) {
		if (i > 0)
			tr_buf_putc(out, ',');
		(void)tr_json_write(out, t->target_columns.items[i].name, 0);
		tr_buf_putc(out, ':');
		cell_put_json(out, b, target_cell(t, b, row, i));
	}
	tr_buf_putc(out, '}');
}

void file_put_row(tr_buf *out, const file_spec *f, const transfer *t, const batch *b, size_t row)
{
	if (f->format != FORMAT_CSV) {
		if (f->format == FORMAT_JSON)
			tr_buf_puts(out, b->first + row == 1 ? "\n" : ",\n");
		put_json_row(out, t, b, row);
		if (f->format == FORMAT_JSONL)
			tr_buf_putc(out, '\n');
		return;
	}
	for (size_t i = 0; i < t->target_columns.count; i++) {
		if (i > 0)
			tr_buf_putc(out, f->delimiter);
		put_csv_cell(out, f, b, target_cell(t, b, row, i));
	}
	tr_buf_putc(out, '\n');
}
