/* SPDX-License-Identifier: Apache-2.0 */
/* From the server. Object ids: PostgreSQL's catalog pg_type, where they are fixed for built-in types. */
#include "plugins/shared/postgres/cell.h"
#include "plugins/shared/sql/number.h"

#include <string.h>
#include <troupe/codec.h>

#define ARRAY_DEPTH 6 /* the server's own limit */

typedef tr_value read_fn(tr_str text);

static tr_value as_text(tr_str text)
{
	return tr_string_lossy(text.p, text.n);
}

static tr_value as_bool(tr_str text)
{
	return tr_bool(text.n > 0 && text.p[0] == 't');
}

static tr_value as_json(tr_str text)
{
	tr_value v = tr_json_read(text, NULL, NULL);

	return tr_is_valid(v) ? v : as_text(text);
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static tr_value as_bytes(tr_str text)
{
	tr_buf out = {0};

	if (text.n < 2 || text.p[0] != '\\' || text.p[1] != 'x' || text.n % 2 != 0)
		return as_text(text);
	for (size_t i = 2; i < text.n; i += 2) {
		int high = hex(text.p[i]), low = hex(text.p[i + 1]);
		if (high < 0 || low < 0) {
			tr_buf_fini(&out);
			return as_text(text);
		}
		tr_buf_putc(&out, (char)(high << 4 | low));
	}
	tr_value v = out.err == TR_OK ? tr_binary(out.p, out.n) : tr_invalid(out.err);
	tr_buf_fini(&out);
	return v;
}

/* "2026-01-02 03:04:05.6+00" to "2026-01-02T03:04:05.6+00:00"; infinities and years before Christ as they are. */
static tr_value as_time_stamp(tr_str text)
{
	tr_buf out = {0};
	size_t space = 0;

	while (space < text.n && text.p[space] != ' ')
		space++;
	if (space == text.n || memchr(text.p + space + 1, ' ', text.n - space - 1) != NULL)
		return as_text(text);
	tr_buf_put(&out, text.p, space);
	tr_buf_putc(&out, 'T');
	tr_buf_put(&out, text.p + space + 1, text.n - space - 1);
	if (text.n >= 3 && (text.p[text.n - 3] == '+' || text.p[text.n - 3] == '-'))
		tr_buf_puts(&out, ":00");
	return tr_string_buf(&out);
}

typedef struct pg_type {
	uint32_t oid, array; /* of arrays of it */
	read_fn *read;
	char delimiter;
} pg_type;

static const pg_type types[] = {
    {16, 1000, as_bool, ','},     {17, 1001, as_bytes, ','},        {18, 1002, as_text, ','},
    {19, 1003, as_text, ','},     {20, 1016, sql_integer, ','},     {21, 1005, sql_integer, ','},
    {23, 1007, sql_integer, ','}, {25, 1009, as_text, ','},         {26, 1028, sql_integer, ','},
    {114, 199, as_json, ','},     {700, 1021, sql_double, ','},     {701, 1022, sql_double, ','},
    {1042, 1014, as_text, ','},   {1043, 1015, as_text, ','},       {1082, 1182, as_text, ','},
    {1083, 1183, as_text, ','},   {1114, 1115, as_time_stamp, ','}, {1184, 1185, as_time_stamp, ','},
    {1186, 1187, as_text, ','},   {1700, 1231, sql_number, ','},    {2950, 2951, as_text, ','},
    {3802, 3807, as_json, ','},
};

/* ---- array literals: {1,NULL,"a\"b",{…}} ---- */

typedef struct literal {
	tr_str text;
	size_t at;
	const pg_type *type;
	bool ok;
} literal;

static bool take(literal *l, char c)
{
	bool is = l->at < l->text.n && l->text.p[l->at] == c;

	l->at += is;
	return is;
}

static tr_value element(literal *l, tr_buf *item, bool quoted)
{
	tr_buf_putc(item, '\0'); /* for strtoll and its like */
	if (item->err != TR_OK) {
		l->ok = false;
		return tr_nil();
	}
	tr_str text = {item->p, item->n - 1};
	return !quoted && tr_str_is(text, "NULL") ? tr_nil() : l->type->read(text);
}

static tr_value read_element(literal *l)
{
	tr_buf item = {0};
	bool quoted = take(l, '"'), closed = !quoted;

	while (l->at < l->text.n) {
		char c = l->text.p[l->at];
		if (!quoted && (c == l->type->delimiter || c == '}'))
			break;
		l->at++;
		if (quoted && c == '"') {
			closed = true;
			break;
		}
		if (c == '\\' && l->at < l->text.n)
			c = l->text.p[l->at++];
		tr_buf_putc(&item, c);
	}
	l->ok = l->ok && closed;
	tr_value v = element(l, &item, quoted);
	tr_buf_fini(&item);
	return v;
}

static tr_value read_array(literal *l, int depth)
{
	tr_value list = tr_array();

	if (!take(l, '{') || depth > ARRAY_DEPTH) {
		l->ok = false;
		return list;
	}
	if (take(l, '}'))
		return list;
	do {
		bool nested = l->at < l->text.n && l->text.p[l->at] == '{';
		list = tr_array_push(list, nested ? read_array(l, depth + 1) : read_element(l));
	} while (l->ok && take(l, l->type->delimiter));
	l->ok = l->ok && take(l, '}');
	return list;
}

static tr_value as_array(const pg_type *type, tr_str text)
{
	literal l = {.text = text, .type = type, .ok = true};

	if (text.n > 0 && text.p[0] == '[') /* bounds of its own: [2:4]={…} */
		while (l.at < text.n && text.p[l.at++] != '=')
			continue;
	tr_value list = read_array(&l, 1);
	if (l.ok && l.at == text.n)
		return list;
	tr_drop(list);
	return as_text(text);
}

tr_value pg_cell_read(uint32_t type, tr_str text)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (types[i].oid == type)
			return types[i].read(text);
		if (types[i].array == type)
			return as_array(&types[i], text);
	}
	return as_text(text);
}
