/* SPDX-License-Identifier: Apache-2.0 */
/** Files of rows: csv, jsonl (a mapping a line) and json (one list). Reading and writing block: on the dirty pool. */
#ifndef TROUPE_PLUGINS_TRANSFER_FILE_H
#define TROUPE_PLUGINS_TRANSFER_FILE_H

#include "plugins/actions/transfer/job.h"

typedef enum file_format {
	FORMAT_CSV,
	FORMAT_JSONL,
	FORMAT_JSON
} file_format;

typedef struct file_spec {
	tr_value path; /* absolute */
	file_format format;
	char delimiter;
	bool header;
	tr_value null; /* of csv: what says null besides an empty field without quotes; absent: nothing */
} file_spec;

/** Read a spec: path, format (default: by the path's ending), delimiter, header, null. Absent or an outcome. */
tr_value file_spec_read(file_spec *f, const transfer *t, tr_value spec);
void file_spec_fini(file_spec *f);

/* ---- what is in a file ---- */

typedef enum piece {
	PIECE_WHOLE,
	PIECE_MORE, /* there is not enough of it yet */
	PIECE_END,
	PIECE_BAD
} piece;

/** The next record of a csv in text[*at…]: calls `field` for each of its fields, quoted or not. `last`: no more text
 * comes. Moves *at behind a whole one only. */
piece csv_record(tr_str text, size_t *at, bool last, char delimiter, void (*field)(void *, tr_str, bool quoted),
		 void *arg, tr_buf *scratch);
/** The next value of a jsonl, as text. */
piece jsonl_record(tr_str text, size_t *at, bool last, tr_str *record);
/** The next item of a list in JSON, as text; *open tells from call to call whether its bracket was seen. */
piece json_item(tr_str text, size_t *at, bool last, bool *open, tr_str *record);

/** Append a row in the format. */
void file_put_row(tr_buf *out, const file_spec *f, const transfer *t, const batch *b, size_t row);
void file_put_header(tr_buf *out, const file_spec *f, const transfer *t);

#endif
