/* SPDX-License-Identifier: Apache-2.0 */
/* From PostgreSQL: `query` (with params) or `table`, by COPY … TO STDOUT. */
#include "plugins/actions/transfer/postgres.h"
#include "plugins/actions/transfer/source_sql.h"
#include "plugins/shared/auth/auth.h"
#include "plugins/shared/postgres/cell.h"
#include "plugins/shared/sql/scan.h"
#include "plugins/shared/sql/sql.h"
#include "plugins/shared/sql/task.h"

#include <string.h>

#define ROWS_A_SLICE 512

static void target_end(void *arg)
{
	pg_target_fini(arg);
	tr_free(arg);
}

pg_lease *copy_connect(const transfer *t, tr_value spec, tr_value *fault)
{
	pg_target *where = tr_alloc(sizeof(*where));

	if (where == NULL || tr_own(where, target_end) != TR_OK) {
		*fault = tr_outcome_error("busy", true, "out of memory");
		return NULL;
	}
	*fault = pg_target_read(where, tr_map_get_s(spec, "auth"), spec, t->context, t->deadline);
	return tr_is_valid(*fault) ? NULL : pg_pool_borrow(t->plugin, where, t->deadline, fault);
}

typedef struct postgres_state {
	pg_lease *lease; /* the actor's, until it is given back */
	tr_buf sql, scratch;
	bool done;
} postgres_state;

static void postgres_destroy(void *state)
{
	postgres_state *s = state;

	tr_buf_fini(&s->sql);
	tr_buf_fini(&s->scratch);
	tr_free(s);
}

/* ---- the statement ---- */

/* $n becomes the n-th value as a literal, since a copy takes no parameters. */
static tr_value put_literals(tr_buf *out, PGconn *conn, tr_str sql, tr_value values)
{
	size_t at = 0;

	while (at < sql.n) {
		size_t from = at, number = 0;
		sql_unit unit = sql_next(sql, &at);
		for (size_t i = from + 1; unit == SQL_NUMBERED && i < at; i++)
			number = number * 10 + (size_t)(sql.p[i] - '0');
		if (number == 0 || number > tr_array_len(values)) {
			tr_buf_put(out, sql.p + from, at - from);
			continue;
		}
		tr_value why, text = pg_cell_write(0, tr_array_at(values, number - 1), &why);
		char *literal =
		    tr_is(text, TR_STRING) ? PQescapeLiteral(conn, tr_as_str(text).p, tr_as_str(text).n) : NULL;
		tr_buf_puts(out, literal != NULL ? literal : "NULL");
		PQfreemem(literal);
		tr_drop(text);
		if (tr_is_valid(why)) {
			tr_value fault =
			    tr_outcome_error("input", false, "parameter %zu is %s", number, tr_as_cstr(why, "?"));
			tr_drop(why);
			return fault;
		}
	}
	return tr_absent();
}

static tr_value bind(tr_buf *out, PGconn *conn, tr_value statement, tr_value params)
{
	tr_buf numbered = {0};
	tr_value why, values = sql_bind(tr_as_str(statement), params, &numbered, &why), fault;

	if (tr_is_valid(values))
		fault = put_literals(out, conn, tr_buf_str(&numbered), values);
	else
		fault = tr_outcome_error("input", false, "%s", tr_as_cstr(why, "?"));
	tr_drop(values);
	tr_drop(why);
	tr_buf_fini(&numbered);
	return fault;
}

/* The SELECT of the source. */
static tr_value put_select(tr_buf *out, const transfer *t, PGconn *conn)
{
	bool table = tr_is(tr_map_get_s(t->source_spec, "table"), TR_STRING);
	tr_value sql, fault = source_sql(t, column_put_table, &sql);

	if (!tr_is_valid(fault) && table)
		tr_buf_put(out, tr_as_str(sql).p, tr_as_str(sql).n);
	else if (!tr_is_valid(fault))
		fault = bind(out, conn, sql, tr_map_get_s(t->source_spec, "params"));
	tr_drop(sql);
	return fault;
}

/* ---- the source ---- */

static tr_value read_columns(columns *c, const PGresult *r)
{
	tr_err err = TR_OK;

	for (int i = 0; i < PQnfields(r) && err == TR_OK; i++) {
		const char *name = PQfname(r, i);
		int modifier = PQfmod(r, i); /* of a numeric: precision and scale, and 4 */
		err = columns_add(c, tr_string_lossy(name, strlen(name)), copy_type(PQftype(r, i)));
		if (err == TR_OK && PQftype(r, i) == 1700 && modifier >= 4) {
			c->items[i].precision = (modifier - 4) >> 16 & 0xffff;
			c->items[i].scale = (modifier - 4) & 0x7ff;
		}
	}
	if (err != TR_OK)
		return tr_outcome_error("busy", true, "out of memory");
	return c->count > 0
		   ? tr_absent()
		   : tr_outcome_error("input", false, "the query of a source must give rows; this one does not");
}

static tr_value postgres_open(transfer *t)
{
	postgres_state *s = tr_alloc(sizeof(*s));
	PGresult *r = NULL;
	tr_value fault;

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	t->source_state = s;
	s->lease = copy_connect(t, t->source_spec, &fault);
	if (s->lease == NULL)
		return fault;
	pg_session *session = s->lease->session;
	fault = put_select(&s->scratch, t, session->conn);
	if (tr_is_valid(fault))
		return fault;
	/* One time zone and one style of dates, whatever the server's are. */
	fault = pg_command(session,
			   "SET timezone TO 'UTC'; SET datestyle TO 'ISO, YMD'; SET intervalstyle TO 'postgres'; SET "
			   "bytea_output TO 'hex'; SET extra_float_digits TO 1",
			   t->deadline);
	if (!tr_is_valid(fault))
		fault = pg_describe(session, tr_buf_str(&s->scratch).p, t->deadline, &r);
	if (!tr_is_valid(fault))
		fault = read_columns(&t->source_columns, r);
	PQclear(r);
	if (tr_is_valid(fault))
		return fault;
	tr_buf_putf(&s->sql, "COPY (%s\n) TO STDOUT", s->scratch.p);
	if (s->sql.err != TR_OK || s->scratch.err != TR_OK)
		return tr_outcome_error("busy", true, "out of memory");
	return pg_copy_begin(session, s->sql.p, t->deadline);
}

static tr_value postgres_next(transfer *t, batch *b)
{
	postgres_state *s = t->source_state;
	char *row;
	size_t n;

	batch_begin(b, t->source_columns.count);
	while (!s->done && !batch_full(b, t->chunk_size)) {
		tr_value fault = pg_copy_row(s->lease->session, t->deadline, &row, &n);
		if (tr_is_valid(fault))
			return fault;
		s->done = row == NULL;
		bool ok = s->done || copy_read(b, &t->source_columns, (tr_str){row, n}, &s->scratch);
		PQfreemem(row);
		if (!ok)
			return transfer_at_row(tr_outcome_error("data", false, "a row has not all of its columns"), b,
					       batch_rows(b));
		if (batch_rows(b) % ROWS_A_SLICE == 0)
			tr_reduce(ROWS_A_SLICE);
	}
	if (s->done && s->lease != NULL) {
		pg_pool_return(s->lease, true);
		s->lease = NULL;
	}
	return tr_absent();
}

const source_class postgres_source = {"postgres", postgres_open, postgres_next, postgres_destroy};
