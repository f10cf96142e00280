/* SPDX-License-Identifier: Apache-2.0 */
/* Cells. */
#include "plugins/actions/transfer/batch.h"

#include <math.h>
#include <string.h>
#include <troupe/codec.h>

#define BATCH_BYTES ((size_t)16 << 20) /* a batch ends behind the row that reaches it */
#define TEXT_MAX    ((size_t)1 << 30)  /* of one batch, whatever a row has */

void batch_fini(batch *b)
{
	tr_free(b->cells);
	tr_buf_fini(&b->bytes);
	*b = (batch){0};
}

void batch_begin(batch *b, size_t columns)
{
	b->columns = columns;
	b->filled = 0;
	b->bytes.max = TEXT_MAX;
	tr_buf_clear(&b->bytes);
}

size_t batch_rows(const batch *b)
{
	return b->columns == 0 ? 0 : b->filled / b->columns;
}

bool batch_full(const batch *b, size_t rows)
{
	return batch_rows(b) >= rows || b->bytes.n + b->filled * sizeof(cell) >= BATCH_BYTES || b->bytes.err != TR_OK;
}

tr_err batch_err(const batch *b)
{
	return b->bytes.err;
}

/* The next cell, NULL without memory. */
static cell *next(batch *b)
{
	if (b->filled == b->capacity) {
		size_t wanted = b->capacity == 0 ? 1024 : b->capacity * 2;
		cell *more = tr_realloc(b->cells, wanted * sizeof(*more));
		if (more == NULL) {
			b->bytes.err = TR_ENOMEM;
			return NULL;
		}
		b->cells = more;
		b->capacity = wanted;
	}
	return &b->cells[b->filled++];
}

void batch_null(batch *b)
{
	cell *c = next(b);

	if (c != NULL)
		*c = (cell){.kind = CELL_NULL};
}

void batch_bool(batch *b, bool v)
{
	cell *c = next(b);

	if (c != NULL)
		*c = (cell){.kind = CELL_BOOL, .as.i = v};
}

void batch_int(batch *b, int64_t v)
{
	cell *c = next(b);

	if (c != NULL)
		*c = (cell){.kind = CELL_INT, .as.i = v};
}

void batch_float(batch *b, double v)
{
	cell *c = next(b);

	if (c != NULL)
		*c = (cell){.kind = CELL_FLOAT, .as.d = v};
}

void batch_text(batch *b, cell_kind kind, tr_str text)
{
	cell *c = next(b);

	if (c == NULL)
		return;
	*c = (cell){.kind = kind, .n = (uint32_t)text.n, .as.at = b->bytes.n};
	tr_buf_put(&b->bytes, text.p, text.n);
}

void batch_value(batch *b, tr_value v)
{
	tr_buf json = {0};

	switch (tr_type_of(v)) {
	case TR_BOOL:
		batch_bool(b, tr_as_bool(v, false));
		break;
	case TR_INT:
		batch_int(b, tr_as_int(v, 0));
		break;
	case TR_FLOAT:
		batch_float(b, tr_as_float(v, 0));
		break;
	case TR_STRING:
	case TR_ATOM:
		batch_text(b, CELL_TEXT, tr_as_str(v));
		break;
	case TR_BINARY:
		batch_text(b, CELL_BYTES, tr_as_str(v));
		break;
	case TR_ARRAY:
	case TR_MAP:
		if (tr_json_write(&json, v, 0) == TR_OK)
			batch_text(b, CELL_JSON, tr_buf_str(&json));
		else
			batch_null(b);
		tr_buf_fini(&json);
		break;
	default:
		batch_null(b);
		break;
	}
}

void batch_drop_row(batch *b)
{
	b->filled -= b->columns == 0 ? 0 : b->filled % b->columns;
}

const cell *batch_cell(const batch *b, size_t row, size_t column)
{
	return &b->cells[row * b->columns + column];
}

tr_str cell_text(const batch *b, const cell *c)
{
	return (tr_str){b->bytes.p == NULL ? "" : b->bytes.p + c->as.at, c->n};
}

/* ---- out again ---- */

static void put_float(tr_buf *out, double d)
{
	if (isnan(d))
		tr_buf_puts(out, "NaN");
	else if (isinf(d))
		tr_buf_puts(out, d > 0 ? "Infinity" : "-Infinity");
	else
		(void)tr_json_write(out, tr_float(d), 0); /* the shortest digits that mean it */
}

static void put_int(tr_buf *out, int64_t i)
{
	char digits[24];
	size_t at = sizeof digits;
	uint64_t n = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	if (i < 0)
		digits[--at] = '-';
	tr_buf_put(out, digits + at, sizeof digits - at);
}

static void put_hex(tr_buf *out, tr_str bytes)
{
	static const char digits[] = "0123456789abcdef";

	tr_buf_puts(out, "\\x");
	for (size_t i = 0; i < bytes.n; i++) {
		tr_buf_putc(out, digits[(unsigned char)bytes.p[i] >> 4]);
		tr_buf_putc(out, digits[(unsigned char)bytes.p[i] & 15]);
	}
}

void cell_put(tr_buf *out, const batch *b, const cell *c)
{
	tr_str text;

	switch ((cell_kind)c->kind) {
	case CELL_NULL:
		break;
	case CELL_BOOL:
		tr_buf_putc(out, c->as.i != 0 ? 't' : 'f');
		break;
	case CELL_INT:
		put_int(out, c->as.i);
		break;
	case CELL_FLOAT:
		put_float(out, c->as.d);
		break;
	case CELL_BYTES:
		put_hex(out, cell_text(b, c));
		break;
	default:
		text = cell_text(b, c);
		tr_buf_put(out, text.p, text.n);
		break;
	}
}

tr_value cell_value(const batch *b, const cell *c)
{
	tr_str text = c->kind >= CELL_DECIMAL ? cell_text(b, c) : (tr_str){"", 0};
	tr_value v;

	switch ((cell_kind)c->kind) {
	case CELL_BOOL:
		return tr_bool(c->as.i != 0);
	case CELL_INT:
		return tr_int(c->as.i);
	case CELL_FLOAT:
		return tr_float(c->as.d);
	case CELL_BYTES:
		return tr_binary(text.p, text.n);
	case CELL_JSON:
		v = tr_json_read(text, NULL, NULL);
		return tr_is_valid(v) ? v : tr_string_lossy(text.p, text.n);
	case CELL_TEXT:
	case CELL_DECIMAL:
		return tr_string_lossy(text.p, text.n);
	default:
		return tr_nil();
	}
}

static void put_json_value(tr_buf *out, tr_value v)
{
	if (tr_json_write(out, v, 0) != TR_OK)
		tr_buf_puts(out, "null");
	tr_drop(v);
}

void cell_put_json(tr_buf *out, const batch *b, const cell *c)
{
	tr_str text;

	switch ((cell_kind)c->kind) {
	case CELL_NULL:
		tr_buf_puts(out, "null");
		break;
	case CELL_BOOL:
		tr_buf_puts(out, c->as.i != 0 ? "true" : "false");
		break;
	case CELL_INT:
		put_int(out, c->as.i);
		break;
	case CELL_FLOAT:
		if (isfinite(c->as.d))
			put_float(out, c->as.d);
		else
			tr_buf_puts(out, "null");
		break;
	case CELL_DECIMAL: /* written as PostgreSQL and DuckDB do, its text is a JSON number */
		text = cell_text(b, c);
		if (text.n > 0 && (text.p[0] == '-' || (text.p[0] >= '0' && text.p[0] <= '9')))
			tr_buf_put(out, text.p, text.n);
		else
			tr_buf_puts(out, "null"); /* NaN */
		break;
	default:
		put_json_value(out, cell_value(b, c));
		break;
	}
}
