/* SPDX-License-Identifier: Apache-2.0 */
/* To PostgreSQL: a chunk is a COPY … FROM STDIN, and all chunks are one transaction. An upsert copies into a temporary
 * table first. */
#include "plugins/actions/transfer/postgres.h"

#include <string.h>

#define PART_BYTES   65536 /* that are sent at once */
#define ROWS_A_SLICE 512
#define STAGE        "troupe_transfer"

typedef struct postgres_state {
	pg_lease *lease;
	tr_value table;
	tr_buf copy, text, sql;
} postgres_state;

static void postgres_destroy(void *state)
{
	postgres_state *s = state;

	tr_buf_fini(&s->copy);
	tr_buf_fini(&s->text);
	tr_buf_fini(&s->sql);
	tr_free(s);
}

/* Run what was written to s->sql. */
static tr_value run(transfer *t, postgres_state *s)
{
	tr_value fault = s->sql.err == TR_OK ? pg_command(s->lease->session, s->sql.p, t->deadline)
					     : tr_outcome_error("busy", true, "out of memory");

	tr_buf_clear(&s->sql);
	return fault;
}

static void put_begin(tr_buf *sql, const transfer *t, tr_value table)
{
	bool create = tr_as_bool(tr_map_get_s(t->target_spec, "create"), true);

	tr_buf_puts(sql, "BEGIN; ");
	if (create) {
		column_put_create(sql, tr_as_str(table), &t->target_columns, column_put_postgres, t->keys);
		tr_buf_puts(sql, "; ");
	}
	if (t->mode == MODE_REPLACE) {
		tr_buf_puts(sql, "TRUNCATE ");
		column_put_table(sql, tr_as_str(table));
	}
	if (t->mode == MODE_UPSERT) {
		tr_buf_puts(sql, "CREATE TEMP TABLE " STAGE " ON COMMIT DROP AS SELECT ");
		columns_put_names(sql, &t->target_columns);
		tr_buf_puts(sql, " FROM ");
		column_put_table(sql, tr_as_str(table));
		tr_buf_puts(sql, " WITH NO DATA; ALTER TABLE " STAGE " ADD COLUMN troupe_row bigserial");
	}
}

static tr_value postgres_open(transfer *t)
{
	postgres_state *s = tr_alloc(sizeof(*s));
	tr_value fault;

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	t->target_state = s;
	s->table = tr_map_get_s(t->target_spec, "table");
	if (!tr_is(s->table, TR_STRING) || tr_as_str(s->table).n == 0)
		return tr_outcome_error("input", false, "a target of kind postgres needs table");
	s->lease = copy_connect(t, t->target_spec, &fault);
	if (s->lease == NULL)
		return fault;
	tr_buf_puts(&s->copy, "COPY ");
	if (t->mode == MODE_UPSERT)
		tr_buf_puts(&s->copy, STAGE);
	else
		column_put_table(&s->copy, tr_as_str(s->table));
	tr_buf_puts(&s->copy, " (");
	columns_put_names(&s->copy, &t->target_columns);
	tr_buf_puts(&s->copy, ") FROM STDIN");
	if (s->copy.err != TR_OK)
		return tr_outcome_error("busy", true, "out of memory");
	tr_buf_puts(&s->sql,
		    "SET client_min_messages TO warning; SET datestyle TO 'ISO, YMD'; SET timezone TO 'UTC'; ");
	put_begin(&s->sql, t, s->table);
	return run(t, s);
}

static tr_value send_rows(transfer *t, postgres_state *s, const batch *b)
{
	tr_value fault = tr_absent();

	tr_buf_clear(&s->text);
	for (size_t row = 0, n = batch_rows(b); row < n && !tr_is_valid(fault); row++) {
		copy_write(&s->text, t, b, row);
		if (s->text.n >= PART_BYTES || row + 1 == n) {
			fault = s->text.err == TR_OK ? pg_copy_put(s->lease->session, tr_buf_str(&s->text), t->deadline)
						     : tr_outcome_error("busy", true, "out of memory");
			tr_buf_clear(&s->text);
		}
		if (row % ROWS_A_SLICE == 0)
			tr_reduce(ROWS_A_SLICE);
	}
	return fault;
}

static tr_value postgres_write(transfer *t, const batch *b)
{
	postgres_state *s = t->target_state;
	size_t line = 0;
	tr_value fault = pg_copy_begin(s->lease->session, s->copy.p, t->deadline);

	if (!tr_is_valid(fault))
		fault = send_rows(t, s, b);
	if (!tr_is_valid(fault))
		fault = pg_copy_end(s->lease->session, t->deadline, &line);
	return line > 0 ? transfer_at_row(fault, b, line - 1) : fault;
}

/* The last of the rows that have one key wins. */
static void put_merge(tr_buf *sql, const transfer *t, tr_value table)
{
	size_t others = 0;

	tr_buf_puts(sql, "INSERT INTO ");
	column_put_table(sql, tr_as_str(table));
	tr_buf_puts(sql, " (");
	columns_put_names(sql, &t->target_columns);
	tr_buf_puts(sql, ") SELECT DISTINCT ON (");
	columns_put_list(sql, t->keys);
	tr_buf_puts(sql, ") ");
	columns_put_names(sql, &t->target_columns);
	tr_buf_puts(sql, " FROM " STAGE " ORDER BY ");
	columns_put_list(sql, t->keys);
	tr_buf_puts(sql, ", troupe_row DESC ON CONFLICT (");
	columns_put_list(sql, t->keys);
	tr_buf_puts(sql, ") DO ");
	for (size_t i = 0; i < t->target_columns.count; i++) {
		tr_value name = t->target_columns.items[i].name;
		if (column_is_among(t->keys, name))
			continue;
		tr_buf_puts(sql, others++ == 0 ? "UPDATE SET " : ", ");
		column_put_name(sql, tr_as_str(name));
		tr_buf_puts(sql, " = EXCLUDED.");
		column_put_name(sql, tr_as_str(name));
	}
	tr_buf_puts(sql, others == 0 ? "NOTHING; " : "; ");
}

static tr_value postgres_finish(transfer *t)
{
	postgres_state *s = t->target_state;

	if (t->mode == MODE_UPSERT)
		put_merge(&s->sql, t, s->table);
	tr_buf_puts(&s->sql, "COMMIT");
	tr_value fault = run(t, s);
	if (!tr_is_valid(fault)) {
		pg_pool_return(s->lease, true);
		s->lease = NULL;
	}
	return fault;
}

/* Closing the session rolls back. */
static void postgres_abandon(transfer *t)
{
	postgres_state *s = t->target_state;

	if (s->lease != NULL)
		pg_pool_return(s->lease, true);
	s->lease = NULL;
}

const target_class postgres_target = {"postgres",      postgres_open,    postgres_write,  NULL,
				      postgres_finish, postgres_abandon, postgres_destroy};
