/* SPDX-License-Identifier: Apache-2.0 */
/* The text format of COPY: PostgreSQL's manual, COPY, "Text Format". Object ids: its catalog pg_type, where they are
 * fixed for built-in types. */
#include "plugins/actions/transfer/postgres.h"

#include <stdlib.h>
#include <string.h>

typedef struct type_row {
	uint32_t oid;
	column_type type;
} type_row;

static const type_row types[] = {
    {16, COLUMN_BOOL},          {17, COLUMN_BYTES},     {20, COLUMN_INT},    {21, COLUMN_INT},
    {23, COLUMN_INT},           {26, COLUMN_INT},       {114, COLUMN_JSON},  {700, COLUMN_FLOAT},
    {701, COLUMN_FLOAT},        {1082, COLUMN_DATE},    {1083, COLUMN_TIME}, {1114, COLUMN_TIMESTAMP},
    {1184, COLUMN_TIMESTAMPTZ}, {1700, COLUMN_DECIMAL}, {2950, COLUMN_UUID}, {3802, COLUMN_JSON},
};

column_type copy_type(uint32_t oid)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].oid == oid)
			return types[i].type;
	return COLUMN_TEXT;
}

/* ---- from the server ---- */

static void read_int(batch *b, tr_str text)
{
	bool negative = text.n > 0 && text.p[0] == '-';
	uint64_t n = 0;

	for (size_t i = negative; i < text.n; i++)
		n = n * 10 + (uint64_t)(text.p[i] - '0');
	batch_int(b, (int64_t)(negative ? 0 - n : n));
}

/* Few digits need no rounding: the integer of all digits and the power of ten are exact, so is their quotient. */
static bool read_short_float(batch *b, tr_str text)
{
	static const double tens[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
	bool negative = text.n > 0 && text.p[0] == '-', point = false;
	size_t digits = 0, behind = 0;
	int64_t n = 0;

	for (size_t i = negative; i < text.n; i++) {
		char c = text.p[i];
		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9' || ++digits > 15)
			return false;
		n = n * 10 + (c - '0');
		behind += point;
	}
	if (digits == 0 || (negative && n == 0))
		return false;
	double d = (double)n / tens[behind];
	batch_float(b, negative ? -d : d);
	return true;
}

/* NUL-terminated by the caller: what follows a field is a tab or a line feed, where strtod stops. */
static void read_float(batch *b, tr_str text)
{
	if (!read_short_float(b, text))
		batch_float(b, strtod(text.p, NULL));
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
}

static void read_bytes(batch *b, tr_str text)
{
	size_t n = text.n >= 2 ? (text.n - 2) / 2 : 0;

	batch_text(b, CELL_BYTES, (tr_str){text.p, n}); /* takes room; its bytes are written over */
	if (b->bytes.err != TR_OK)
		return;
	char *out = b->bytes.p + b->bytes.n - n;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(hex(text.p[2 + 2 * i]) << 4 | hex(text.p[3 + 2 * i]));
}

/* "2026-01-02 03:04:05+00" to "2026-01-02T03:04:05+00:00"; infinities and years before Christ as they are. */
static void read_time_stamp(batch *b, tr_str text)
{
	char out[48];
	size_t n = text.n;

	if (n < 11 || n > sizeof out - 4 || text.p[10] != ' ' || text.p[n - 1] == 'C') {
		batch_text(b, CELL_TEXT, text);
		return;
	}
	memcpy(out, text.p, n);
	out[10] = 'T';
	if (out[n - 3] == '+' || out[n - 3] == '-') {
		memcpy(out + n, ":00", 3);
		n += 3;
	}
	batch_text(b, CELL_TEXT, (tr_str){out, n});
}

static void read_field(batch *b, column_type type, tr_str text)
{
	switch (type) {
	case COLUMN_BOOL:
		batch_bool(b, text.n > 0 && text.p[0] == 't');
		break;
	case COLUMN_INT:
		read_int(b, text);
		break;
	case COLUMN_FLOAT:
		read_float(b, text);
		break;
	case COLUMN_BYTES:
		read_bytes(b, text);
		break;
	case COLUMN_TIMESTAMP:
	case COLUMN_TIMESTAMPTZ:
		read_time_stamp(b, text);
		break;
	case COLUMN_DECIMAL:
	case COLUMN_JSON:
		batch_text(b, type == COLUMN_JSON ? CELL_JSON : CELL_DECIMAL, text);
		break;
	default:
		batch_text(b, CELL_TEXT, text);
		break;
	}
}

/* What a backslash in a copy stands for. Numbers of characters are never written by the server. */
static void unescape(tr_buf *out, tr_str text)
{
	static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";

	tr_buf_clear(out);
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '\\' && i + 1 < text.n) {
			c = text.p[++i];
			const char *at = strchr(from, c);
			c = at != NULL && c != '\0' ? to[at - from] : c;
		}
		tr_buf_putc(out, c);
	}
}

bool copy_read(batch *b, const columns *c, tr_str row, tr_buf *scratch)
{
	size_t at = 0, i = 0;

	if (row.n > 0 && row.p[row.n - 1] == '\n')
		row.n--;
	for (; i < c->count && at <= row.n; i++) {
		const char *tab = memchr(row.p + at, '\t', row.n - at);
		tr_str text = {row.p + at, tab == NULL ? row.n - at : (size_t)(tab - row.p) - at};
		at += text.n + 1;
		if (text.n == 2 && text.p[0] == '\\' && text.p[1] == 'N') {
			batch_null(b);
			continue;
		}
		if (memchr(text.p, '\\', text.n) != NULL) {
			unescape(scratch, text);
			text = tr_buf_str(scratch);
		}
		read_field(b, c->items[i].type, text);
	}
	return i == c->count && at == row.n + 1;
}

/* ---- to the server ---- */

static void put_escaped(tr_buf *out, tr_str text)
{
	size_t from = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i], with = c == '\n'   ? 'n'
					   : c == '\r' ? 'r'
					   : c == '\t' ? 't'
					   : c == '\\' ? '\\'
						       : '\0';
		if (with == '\0')
			continue;
		tr_buf_put(out, text.p + from, i - from);
		tr_buf_putc(out, '\\');
		tr_buf_putc(out, with);
		from = i + 1;
	}
	tr_buf_put(out, text.p + from, text.n - from);
}

static void put_bytes(tr_buf *out, const batch *b, const cell *c)
{
	tr_buf_putc(out, '\\'); /* \\x…: the backslash of the value, escaped */
	cell_put(out, b, c);
}

void copy_write(tr_buf *out, const transfer *t, const batch *b, size_t row)
{
	for (size_t i = 0; i < t->target_columns.count; i++) {
		const cell *c = target_cell(t, b, row, i);
		if (i > 0)
			tr_buf_putc(out, '\t');
		if (c->kind == CELL_NULL)
			tr_buf_puts(out, "\\N");
		else if (c->kind == CELL_TEXT || c->kind == CELL_JSON)
			put_escaped(out, cell_text(b, c));
		else if (c->kind == CELL_BYTES)
			put_bytes(out, b, c);
		else
			cell_put(out, b, c);
	}
	tr_buf_putc(out, '\n');
}
