/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To Snowflake. Its interface keeps no session from one request to the next, so chunks go into a table of the
 * transfer's own first, each as one JSON text, and come into the target by one request at the end: all or nothing.
 */
#include "plugins/actions/transfer/snowflake_stage.h"

#include <string.h>
#include <troupe/codec.h>

#define PIECE_BYTES ((size_t)8 << 20) /* of JSON in a request; PARSE_JSON takes 16 MB at least */

typedef struct snow_writing {
	snow_wire wire;
	tr_value table;
	snow_stage *stage; /* the actor's */
} snow_writing;

static void snow_destroy(void *state)
{
	tr_free(state);
}

/* ---- statements ---- */

static void put_columns(tr_buf *sql, const transfer *t)
{
	for (size_t i = 0; i < t->target_columns.count; i++) {
		tr_buf_puts(sql, i == 0 ? "" : ", ");
		snow_put_name(sql, tr_as_str(t->target_columns.items[i].name));
	}
}

static void put_keys(tr_buf *sql, const transfer *t)
{
	for (size_t i = 0; i < tr_array_len(t->keys); i++) {
		tr_buf_puts(sql, i == 0 ? "" : ", ");
		snow_put_name(sql, tr_as_str(tr_array_at(t->keys, i)));
	}
}

static tr_value make_table(snow_writing *s, const transfer *t)
{
	tr_buf sql = {0};

	tr_buf_puts(&sql, "CREATE TABLE IF NOT EXISTS ");
	snow_put_table(&sql, tr_as_str(s->table));
	for (size_t i = 0; i < t->target_columns.count; i++) {
		tr_buf_puts(&sql, i == 0 ? " (" : ", ");
		snow_put_name(&sql, tr_as_str(t->target_columns.items[i].name));
		tr_buf_putc(&sql, ' ');
		column_put_snowflake(&sql, &t->target_columns.items[i]);
	}
	if (tr_array_len(t->keys) > 0) {
		tr_buf_puts(&sql, ", PRIMARY KEY (");
		put_keys(&sql, t);
		tr_buf_putc(&sql, ')');
	}
	tr_buf_putc(&sql, ')');
	return snow_place_do(&s->wire, &sql, 1);
}

static tr_value snow_open(transfer *t)
{
	snow_writing *s = tr_alloc(sizeof(*s));

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	t->target_state = s;
	s->table = tr_map_get_s(t->target_spec, "table");
	if (!tr_is(s->table, TR_STRING) || tr_as_str(s->table).n == 0)
		return tr_outcome_error("input", false, "a target of kind snowflake needs table");
	tr_value fault = snow_place_find(&s->wire, t, t->target_spec);
	if (!tr_is_valid(fault) && tr_as_bool(tr_map_get_s(t->target_spec, "create"), true))
		fault = make_table(s, t);
	return tr_is_valid(fault) ? fault : snow_stage_make(&s->stage, &s->wire, tr_as_str(s->table));
}

/* ---- rows ---- */

/* Texts, which the target's types are made of again: a JSON number would not keep all digits. */
static void put_row(tr_buf *out, const transfer *t, const batch *b, size_t row, tr_buf *scratch)
{
	tr_buf_putf(out, "[%llu", (unsigned long long)(b->first + row));
	for (size_t i = 0; i < t->target_columns.count; i++) {
		const cell *c = target_cell(t, b, row, i);
		tr_buf_putc(out, ',');
		if (c->kind == CELL_NULL) {
			tr_buf_puts(out, "null");
			continue;
		}
		tr_buf_clear(scratch);
		cell_put(scratch, b, c);
		tr_str text = tr_buf_str(scratch);
		if (c->kind == CELL_BYTES && text.n >= 2) /* behind \x */
			text = (tr_str){text.p + 2, text.n - 2};
		tr_value v = tr_string_lossy(text.p, text.n);
		(void)tr_json_write(out, v, TR_JSON_COMPACT);
		tr_drop(v);
	}
	tr_buf_putc(out, ']');
}

static tr_value send_piece(snow_writing *s, tr_buf *rows)
{
	tr_value fault = tr_absent(), why = tr_absent();

	tr_buf_putc(rows, ']');
	if (rows->err != TR_OK)
		return tr_outcome_error("busy", true, "out of memory");
	tr_value text = tr_stringf("INSERT INTO %s (N, R) SELECT VALUE[0]::NUMBER(38,0), VALUE FROM "
				   "TABLE(FLATTEN(INPUT => PARSE_JSON(?)))",
				   snow_stage_name(s->stage));
	tr_value params = TR_LIST(tr_string_n(rows->p, rows->n));
	tr_value request = snow_request(&s->wire, text, params, &why);
	tr_drop(text);
	tr_drop(params);
	tr_buf_clear(rows);
	if (tr_is_valid(why))
		fault = tr_outcome_error("data", false, "%s", tr_as_cstr(why, "?"));
	else
		tr_drop(snow_wire_run(&s->wire, request, &fault));
	tr_drop(why);
	return fault;
}

static tr_value write_rows(snow_writing *s, const transfer *t, const batch *b, tr_buf *rows, tr_buf *scratch)
{
	tr_value fault = tr_absent();
	size_t n = batch_rows(b);

	for (size_t row = 0; row < n && !tr_is_valid(fault); row++) {
		tr_buf_putc(rows, rows->n == 0 ? '[' : ',');
		put_row(rows, t, b, row, scratch);
		if (rows->n >= PIECE_BYTES || row + 1 == n)
			fault = send_piece(s, rows);
		if (row % 256 == 0)
			tr_reduce(256);
	}
	return fault;
}

static void end_buffers(void *arg)
{
	tr_buf *two = arg;

	tr_buf_fini(&two[0]);
	tr_buf_fini(&two[1]);
	tr_free(two);
}

static tr_value snow_write(transfer *t, const batch *b)
{
	tr_buf *two = tr_alloc(2 * sizeof(*two));

	if (two == NULL || tr_own(two, end_buffers) != TR_OK)
		return tr_outcome_error("busy", true, "out of memory");
	tr_value fault = write_rows(t->target_state, t, b, &two[0], &two[1]);
	(void)tr_disown(two);
	end_buffers(two);
	return fault;
}

/* ---- the end ---- */

/* What a column is of its text. */
static void put_value(tr_buf *sql, const column *c, size_t at)
{
	tr_buf type = {0};

	column_put_snowflake(&type, c);
	if (c->type == COLUMN_JSON)
		tr_buf_putf(sql, "PARSE_JSON(R[%zu]::VARCHAR)", at);
	else if (c->type == COLUMN_BYTES)
		tr_buf_putf(sql, "TO_BINARY(R[%zu]::VARCHAR, 'HEX')", at);
	else
		tr_buf_putf(sql, "R[%zu]::VARCHAR::%s", at, type.p == NULL ? "VARCHAR" : type.p);
	tr_buf_fini(&type);
}

static void put_select(tr_buf *sql, const snow_writing *s, const transfer *t, bool number)
{
	tr_buf_puts(sql, number ? "SELECT N AS \"troupe_n\", " : "SELECT ");
	for (size_t i = 0; i < t->target_columns.count; i++) {
		tr_buf_puts(sql, i == 0 ? "" : ", ");
		put_value(sql, &t->target_columns.items[i], i + 1);
		tr_buf_puts(sql, " AS ");
		snow_put_name(sql, tr_as_str(t->target_columns.items[i].name));
	}
	tr_buf_putf(sql, " FROM %s", snow_stage_name(s->stage));
}

static void put_merge(tr_buf *sql, const snow_writing *s, const transfer *t)
{
	size_t others = 0;

	tr_buf_puts(sql, "MERGE INTO ");
	snow_put_table(sql, tr_as_str(s->table));
	tr_buf_puts(sql, " AS T USING (SELECT * FROM (");
	put_select(sql, s, t, true);
	tr_buf_puts(sql, ") QUALIFY ROW_NUMBER() OVER (PARTITION BY ");
	put_keys(sql, t);
	tr_buf_puts(sql, " ORDER BY \"troupe_n\" DESC) = 1) AS S ON ");
	for (size_t i = 0; i < tr_array_len(t->keys); i++) {
		tr_str key = tr_as_str(tr_array_at(t->keys, i));
		tr_buf_puts(sql, i == 0 ? "T." : " AND T.");
		snow_put_name(sql, key);
		tr_buf_puts(sql, " = S.");
		snow_put_name(sql, key);
	}
	for (size_t i = 0; i < t->target_columns.count; i++) {
		tr_value name = t->target_columns.items[i].name;
		if (column_is_among(t->keys, name))
			continue;
		tr_buf_puts(sql, others++ == 0 ? " WHEN MATCHED THEN UPDATE SET " : ", ");
		snow_put_name(sql, tr_as_str(name));
		tr_buf_puts(sql, " = S.");
		snow_put_name(sql, tr_as_str(name));
	}
	tr_buf_puts(sql, " WHEN NOT MATCHED THEN INSERT (");
	put_columns(sql, t);
	tr_buf_puts(sql, ") VALUES (");
	for (size_t i = 0; i < t->target_columns.count; i++) {
		tr_buf_puts(sql, i == 0 ? "S." : ", S.");
		snow_put_name(sql, tr_as_str(t->target_columns.items[i].name));
	}
	tr_buf_puts(sql, ")");
}

static tr_value snow_finish(transfer *t)
{
	snow_writing *s = t->target_state;
	tr_buf sql = {0};
	size_t count = 3;

	tr_buf_puts(&sql, "BEGIN;\n");
	if (t->mode == MODE_REPLACE) {
		tr_buf_puts(&sql, "DELETE FROM ");
		snow_put_table(&sql, tr_as_str(s->table));
		tr_buf_puts(&sql, ";\n");
		count++;
	}
	if (t->mode == MODE_UPSERT) {
		put_merge(&sql, s, t);
	} else {
		tr_buf_puts(&sql, "INSERT INTO ");
		snow_put_table(&sql, tr_as_str(s->table));
		tr_buf_puts(&sql, " (");
		put_columns(&sql, t);
		tr_buf_puts(&sql, ") ");
		put_select(&sql, s, t, false);
		tr_buf_puts(&sql, " ORDER BY N");
	}
	tr_buf_puts(&sql, ";\nCOMMIT;\n");
	return snow_place_do(&s->wire, &sql, count);
}

static void snow_clear(transfer *t)
{
	snow_writing *s = t->target_state;

	if (s->stage != NULL)
		snow_stage_drop(s->stage);
}

static tr_value snow_finish_and_clear(transfer *t)
{
	tr_value fault = snow_finish(t);

	if (!tr_is_valid(fault))
		snow_clear(t);
	return fault;
}

const target_class snowflake_target = {"snowflake",           snow_open,  snow_write,  NULL,
				       snow_finish_and_clear, snow_clear, snow_destroy};
