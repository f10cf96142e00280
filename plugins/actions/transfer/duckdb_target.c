/* SPDX-License-Identifier: Apache-2.0 */
/* To DuckDB: by its appender, in one transaction. While it takes a batch the next one is read. An upsert appends to a
 * temporary table first. */
#include "plugins/actions/transfer/duckdb.h"
#include "plugins/actions/transfer/duckdb_append.h"
#include "plugins/shared/duckdb/query.h"

#define STAGE "troupe_transfer"

typedef struct duck_writing {
	transfer *t;
	duck_place place;
	duck_appender appender;
	tr_value table;
	const batch *taking;
	tr_ref pending;
	bool busy;
	tr_value fault; /* of the work under way */
} duck_writing;

static void duckdb_destroy(void *state)
{
	duck_writing *s = state;

	duck_append_fini(&s->appender);
	duck_place_fini(&s->place);
	tr_drop(s->fault);
	tr_free(s);
}

/* Takes the SQL. */
static tr_value run(duck_writing *s, tr_buf *sql, const char *what)
{
	tr_value fault = sql->err == TR_OK ? duck_run(duck_session_of(s->place.session), sql->p, what)
					   : tr_outcome_error("busy", true, "out of memory");

	tr_buf_fini(sql);
	return fault;
}

static tr_value ready_table(duck_writing *s)
{
	const transfer *t = s->t;
	tr_str table = tr_as_str(s->table);
	tr_buf sql = {0};

	tr_buf_puts(&sql, "BEGIN; ");
	if (tr_as_bool(tr_map_get_s(t->target_spec, "create"), true)) {
		column_put_create(&sql, table, &t->target_columns, column_put_duckdb, t->keys);
		tr_buf_puts(&sql, "; ");
	}
	if (t->mode == MODE_REPLACE) {
		tr_buf_puts(&sql, "TRUNCATE ");
		column_put_table(&sql, table);
	}
	if (t->mode == MODE_UPSERT) {
		tr_buf_puts(&sql, "CREATE OR REPLACE TEMP TABLE " STAGE " AS SELECT ");
		columns_put_names(&sql, &t->target_columns);
		tr_buf_puts(&sql, " FROM ");
		column_put_table(&sql, table);
		tr_buf_puts(&sql, " LIMIT 0");
	}
	return run(s, &sql, "the table");
}

static void open_work(void *state)
{
	duck_writing *s = state;
	tr_str table = s->t->mode == MODE_UPSERT ? tr_s("temp.main." STAGE) : tr_as_str(s->table);

	s->fault = duck_place_connect(&s->place);
	if (!tr_is_valid(s->fault))
		s->fault = ready_table(s);
	if (!tr_is_valid(s->fault))
		s->fault = duck_append_open(&s->appender, duck_session_of(s->place.session), s->t, table);
}

static tr_value duckdb_open(transfer *t)
{
	duck_writing *s = tr_alloc(sizeof(*s));

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	t->target_state = s;
	s->t = t;
	s->fault = s->place.session = s->place.path = s->place.attach = tr_absent();
	s->table = tr_map_get_s(t->target_spec, "table");
	if (!tr_is(s->table, TR_STRING) || tr_as_str(s->table).n == 0)
		return tr_outcome_error("input", false, "a target of kind duckdb needs table");
	tr_value fault = duck_place_find(&s->place, t, t->target_spec);
	return tr_is_valid(fault) ? fault : duck_place_do(&s->place, t, open_work, s, &s->fault);
}

static void write_work(void *state)
{
	duck_writing *s = state;

	s->fault = duck_append_batch(&s->appender, s->taking);
}

static tr_value duckdb_write(transfer *t, const batch *b)
{
	duck_writing *s = t->target_state;

	s->taking = b;
	s->fault = tr_absent();
	tr_err err = duck_begin(s->place.lease, write_work, s, t->object, &s->pending);
	s->busy = err == TR_OK;
	return s->busy ? tr_absent() : duck_place_fault(err);
}

static tr_value duckdb_wait(transfer *t)
{
	duck_writing *s = t->target_state;

	if (!s->busy)
		return tr_absent();
	s->busy = false;
	tr_err err = duck_wait(s->place.lease, s->pending, t->deadline);
	if (err != TR_OK)
		return duck_place_fault(err);
	tr_value fault = s->fault;
	s->fault = tr_absent();
	return fault;
}

/* The last of the rows that have one key wins. */
static void put_merge(tr_buf *sql, const transfer *t, tr_value table)
{
	size_t others = 0;

	tr_buf_puts(sql, "MERGE INTO ");
	column_put_table(sql, tr_as_str(table));
	tr_buf_puts(sql, " AS troupe_into USING (SELECT * FROM temp.main." STAGE
			 " QUALIFY row_number() OVER (PARTITION BY ");
	columns_put_list(sql, t->keys);
	tr_buf_puts(sql, " ORDER BY rowid DESC) = 1) AS troupe_from USING (");
	columns_put_list(sql, t->keys);
	tr_buf_puts(sql, ")");
	for (size_t i = 0; i < t->target_columns.count; i++) {
		tr_value name = t->target_columns.items[i].name;
		if (column_is_among(t->keys, name))
			continue;
		tr_buf_puts(sql, others++ == 0 ? " WHEN MATCHED THEN UPDATE SET " : ", ");
		column_put_name(sql, tr_as_str(name));
		tr_buf_puts(sql, " = troupe_from.");
		column_put_name(sql, tr_as_str(name));
	}
	tr_buf_puts(sql, " WHEN NOT MATCHED THEN INSERT (");
	columns_put_names(sql, &t->target_columns);
	tr_buf_puts(sql, ") VALUES (");
	for (size_t i = 0; i < t->target_columns.count; i++) {
		tr_buf_puts(sql, i == 0 ? "troupe_from." : ", troupe_from.");
		column_put_name(sql, tr_as_str(t->target_columns.items[i].name));
	}
	tr_buf_puts(sql, "); DROP TABLE temp.main." STAGE "; ");
}

static void finish_work(void *state)
{
	duck_writing *s = state;
	tr_buf sql = {0};

	s->fault = duck_append_close(&s->appender);
	if (tr_is_valid(s->fault))
		return;
	if (s->t->mode == MODE_UPSERT)
		put_merge(&sql, s->t, s->table);
	tr_buf_puts(&sql, "COMMIT");
	s->fault = run(s, &sql, "the end of the transaction");
}

static tr_value duckdb_finish(transfer *t)
{
	duck_writing *s = t->target_state;
	tr_value fault = duck_place_do(&s->place, t, finish_work, s, &s->fault);

	if (!tr_is_valid(fault)) {
		duck_lease_end(s->place.lease);
		s->place.lease = NULL;
	}
	return fault;
}

static void abandon_work(void *state)
{
	duck_writing *s = state;

	duck_append_fini(&s->appender); /* before the connection, and its flush is rolled back with it */
	tr_drop(duck_run(duck_session_of(s->place.session), "ROLLBACK", ""));
}

static void duckdb_abandon(transfer *t)
{
	duck_writing *s = t->target_state;
	tr_value ignored = tr_absent();

	if (s->place.lease == NULL)
		return;
	tr_drop(duckdb_wait(t));
	if (duck_session_of(s->place.session)->connection != NULL)
		tr_drop(duck_place_do(&s->place, t, abandon_work, s, &ignored));
	duck_lease_end(s->place.lease);
	s->place.lease = NULL;
}

const target_class duckdb_target = {"duckdb",      duckdb_open,    duckdb_write,  duckdb_wait,
				    duckdb_finish, duckdb_abandon, duckdb_destroy};
