/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Some rows on their way from a source to a target: cells without an allocation of their own, their texts in one
 * buffer. A batch is filled, handed over, and used again. Not for two threads at once.
 */
#ifndef TROUPE_PLUGINS_TRANSFER_BATCH_H
#define TROUPE_PLUGINS_TRANSFER_BATCH_H

#include <troupe/value.h>

typedef enum cell_kind {
	CELL_NULL,
	CELL_BOOL,    /* as.i */
	CELL_INT,     /* as.i */
	CELL_FLOAT,   /* as.d */
	CELL_DECIMAL, /* a number as text: exact, and too long for the others */
	CELL_TEXT,
	CELL_BYTES,
	CELL_JSON /* a text that is JSON */
} cell_kind;

typedef struct cell {
	uint32_t kind;
	uint32_t n; /* bytes of a text */
	union {
		int64_t i;
		double d;
		uint64_t at; /* of a text, in the batch's bytes */
	} as;
} cell;

typedef struct batch {
	cell *cells; /* row by row */
	size_t columns, filled, capacity;
	tr_buf bytes;
	uint64_t first; /* the number of its first row, from 1 */
	size_t number;  /* its own, from 1 */
} batch;

void batch_fini(batch *b);
/** Empty it for rows of so many columns. */
void batch_begin(batch *b, size_t columns);
size_t batch_rows(const batch *b);
/** Has it all it may have of rows and bytes? */
bool batch_full(const batch *b, size_t rows);
tr_err batch_err(const batch *b);

/* The next cell. A failure is kept (batch_err). */
void batch_null(batch *b);
void batch_bool(batch *b, bool v);
void batch_int(batch *b, int64_t v);
void batch_float(batch *b, double v);
void batch_text(batch *b, cell_kind kind, tr_str text);
/** Borrows; arrays and maps become JSON. */
void batch_value(batch *b, tr_value v);
/** Take back the cells of a row that is not whole. */
void batch_drop_row(batch *b);

const cell *batch_cell(const batch *b, size_t row, size_t column);
tr_str cell_text(const batch *b, const cell *c);
/** Append what a cell says, as text of the kind that databases read: t and f, NaN, bytes as \x00ff. Null says nothing.
 */
void cell_put(tr_buf *out, const batch *b, const cell *c);
/** Append it as JSON. Not finite numbers are null, bytes are base64. */
void cell_put_json(tr_buf *out, const batch *b, const cell *c);
/** As a value; fresh reference. */
tr_value cell_value(const batch *b, const cell *c);

#endif
