/* SPDX-License-Identifier: Apache-2.0 */
/* Rows come one at a time, so that a result that is too large is noticed before it is in memory. */
#include "plugins/actions/postgres/query.h"
#include "plugins/shared/postgres/cell.h"
#include "plugins/shared/postgres/fault.h"
#include "plugins/shared/sql/sql.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_A_SLICE 256

/* SQLSTATEs that tell that somebody in between shares the server's sessions. */
#define NO_SUCH_STATEMENT   "26000"
#define DUPLICATE_STATEMENT "42P05"

/* ---- life ---- */

/* What belongs to one statement. */
static void statement_end(pg_query *q)
{
	tr_buf_fini(&q->sql);
	tr_clear(&q->values);
	tr_clear(&q->texts);
	tr_free(q->argv);
	q->argv = NULL;
	PQclear(q->types);
	PQclear(q->result);
	q->types = q->result = NULL;
	q->prepared = NULL;
	q->stale = false;
	sql_answer_fini(&q->answer);
}

static void query_end(void *arg)
{
	pg_query *q = arg;

	statement_end(q);
	sql_total_fini(&q->total);
	tr_free(q);
}

pg_query *pg_query_new(void)
{
	pg_query *q = tr_alloc(sizeof(*q));

	if (q == NULL)
		return NULL;
	memset(q, 0, sizeof(*q));
	sql_total_init(&q->total);
	q->values = q->texts = tr_absent();
	return tr_own(q, query_end) == TR_OK ? q : NULL;
}

static tr_value lost(pg_query *q, tr_err err)
{
	q->spoiled = true;
	return pg_fault_lost(q->session->conn, err, q->number);
}

/* ---- sending ---- */

/* The next result becomes q->result; false when there is none. */
static bool receive(pg_query *q, tr_err *err)
{
	PQclear(q->result);
	q->result = NULL;
	q->result = pg_session_result(q->session, q->deadline, err);
	return q->result != NULL;
}

/* Send one protocol step and take its answer. Absent, or the outcome that says why not. */
static tr_value step(pg_query *q, int sent)
{
	tr_err err = sent == 1 ? pg_session_flush(q->session, q->deadline) : TR_ECLOSED;
	tr_value fault = tr_absent();

	while (err == TR_OK && receive(q, &err)) {
		if (PQresultStatus(q->result) != PGRES_COMMAND_OK && !tr_is_valid(fault))
			fault = pg_fault_result(q->result, q->number, tr_buf_str(&q->sql));
		PQclear(q->types);
		q->types = q->result;
		q->result = NULL;
	}
	if (err == TR_OK)
		return fault;
	tr_drop(fault);
	return lost(q, err);
}

/* Types of the parameters as the server sees them, for values that more than one type could take. */
static tr_value describe(pg_query *q)
{
	PGconn *conn = q->session->conn;
	tr_value fault = step(q, PQsendPrepare(conn, "", q->sql.p, 0, NULL));

	return tr_is_valid(fault) ? fault : step(q, PQsendDescribePrepared(conn, ""));
}

static bool ambiguous(tr_value values)
{
	for (size_t i = 0; i < tr_array_len(values); i++)
		if (tr_is(tr_array_at(values, i), TR_ARRAY))
			return true;
	return false;
}

static tr_value encode(pg_query *q)
{
	size_t n = tr_array_len(q->values);
	tr_value why;

	q->texts = tr_array();
	q->argv = tr_alloc((n + 1) * sizeof(char *));
	if (q->argv == NULL)
		return tr_outcome_error("busy", true, "postgres: out of memory");
	for (size_t i = 0; i < n; i++) {
		uint32_t type = q->types == NULL ? 0 : PQparamtype(q->types, (int)i);
		tr_value text = pg_cell_write(type, tr_array_at(q->values, i), &why);
		if (tr_is_valid(why)) {
			tr_value fault = tr_outcome_error("input", false, "postgres: parameter %zu is %s", i + 1,
							  tr_as_cstr(why, "?"));
			tr_drop(why);
			return fault;
		}
		q->argv[i] = tr_is(text, TR_STRING) ? tr_as_cstr(text, "") : NULL;
		q->texts = tr_array_push(q->texts, tr_is(text, TR_STRING) ? text : tr_nil());
	}
	return tr_absent();
}

/* The server does not want it prepared: what is wrong with it, if anything, its text will tell. Takes the fault. */
static void not_prepared(pg_query *q, pg_statement *s, tr_value fault)
{
	pg_prepared_forget(s);
	if (tr_str_is(tr_as_str(TR_GET(fault, "pg", "code")), DUPLICATE_STATEMENT))
		q->session->prepared.off = true;
	tr_drop(fault);
}

/* A statement that comes again and again is prepared; not in a transaction, which an error would end. Absent, or the
 * outcome when the session was lost over it. */
static tr_value prepare(pg_query *q)
{
	PGconn *conn = q->session->conn;
	pg_statement *s = PQtransactionStatus(conn) == PQTRANS_IDLE
			      ? pg_prepared_look(&q->session->prepared, (tr_str){q->sql.p, q->sql.n - 1})
			      : NULL;

	if (s != NULL && !s->ready) {
		tr_value fault = step(q, PQsendPrepare(conn, s->name, q->sql.p, 0, NULL));
		PQclear(q->types);
		q->types = NULL;
		if (q->spoiled)
			return fault;
		s->ready = !tr_is_valid(fault);
		if (!s->ready) {
			not_prepared(q, s, fault);
			s = NULL;
		}
	}
	q->prepared = s;
	return tr_absent();
}

static int send_it(pg_query *q)
{
	PGconn *conn = q->session->conn;
	int n = (int)tr_array_len(q->values);

	if (q->types == NULL && q->prepared == NULL)
		return PQsendQueryParams(conn, q->sql.p, n, NULL, q->argv, NULL, NULL, 0);
	return PQsendQueryPrepared(conn, q->prepared == NULL ? "" : q->prepared->name, n, q->argv, NULL, NULL, 0);
}

static tr_value send_bound(pg_query *q)
{
	PGconn *conn = q->session->conn;
	tr_value fault = ambiguous(q->values) ? describe(q) : prepare(q);

	if (!tr_is_valid(fault))
		fault = encode(q);
	if (tr_is_valid(fault))
		return fault;
	int sent = send_it(q);
	tr_err err = sent == 1 ? pg_session_flush(q->session, q->deadline) : TR_ECLOSED;
	return err == TR_OK && PQsetSingleRowMode(conn) == 1 ? tr_absent() : lost(q, err == TR_OK ? TR_ECLOSED : err);
}

static tr_value send_statement(pg_query *q, tr_value statement, tr_value params)
{
	tr_value why, fault;

	q->values = sql_bind(tr_as_str(statement), params, &q->sql, &why);
	tr_buf_putc(&q->sql, '\0');
	if (!tr_is_valid(q->values))
		fault =
		    tr_outcome_error("input", false, "postgres: statement %zu: %s", q->number, tr_as_cstr(why, "?"));
	else if (q->sql.err != TR_OK || memchr(q->sql.p, '\0', q->sql.n) != q->sql.p + q->sql.n - 1)
		fault =
		    tr_outcome_error("input", false, "postgres: statement %zu has a NUL character in it", q->number);
	else if (tr_array_len(q->values) > 65535)
		fault = tr_outcome_error("input", false, "postgres: statement %zu has more than 65,535 parameters",
					 q->number);
	else
		fault = send_bound(q);
	tr_drop(why);
	return fault;
}

/* ---- receiving ---- */

static void read_columns(sql_answer *a, const PGresult *r)
{
	if (a->has_rows)
		return;
	a->has_rows = true;
	for (int i = 0; i < PQnfields(r); i++)
		a->columns = tr_array_push(a->columns, tr_string_lossy(PQfname(r, i), strlen(PQfname(r, i))));
}

static void read_row(pg_query *q, const PGresult *r, int row)
{
	int n = PQnfields(r);
	tr_value map = tr_map_with((size_t)n);

	for (int i = 0; i < n; i++) {
		tr_str text = {PQgetvalue(r, row, i), (size_t)PQgetlength(r, row, i)};
		tr_value cell = PQgetisnull(r, row, i) ? tr_nil() : pg_cell_read(PQftype(r, i), text);
		map = tr_map_put(map, tr_keep(tr_array_at(q->answer.columns, (size_t)i)), cell);
		q->bytes += text.n + sizeof(tr_entry);
	}
	q->answer.rows = tr_array_push(q->answer.rows, map);
	if (tr_array_len(q->answer.rows) % ROWS_A_SLICE == 0)
		tr_reduce(ROWS_A_SLICE);
}

/* What q->result says of the statement. False when nothing more is to be read from this session. */
static bool take(pg_query *q, tr_value statement, tr_value *fault)
{
	PGresult *r = q->result;

	switch (PQresultStatus(r)) {
	case PGRES_SINGLE_TUPLE:
	case PGRES_TUPLES_OK:
		read_columns(&q->answer, r);
		for (int i = 0; i < PQntuples(r); i++)
			read_row(q, r, i);
		break;
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		break;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		q->spoiled = true;
		*fault = tr_outcome_error("input", false,
					  "postgres: statement %zu copies to or from the client, which a task has "
					  "no part in; use the kind transfer, or a file of the server",
					  q->number);
		return false;
	default:
		q->stale = q->prepared != NULL && pg_prepared_is_stale(PQresultErrorField(r, PG_DIAG_SQLSTATE));
		if (!tr_is_valid(*fault))
			*fault = pg_fault_result(r, q->number, tr_as_str(statement));
		return true;
	}
	if (PQresultStatus(r) != PGRES_SINGLE_TUPLE) {
		q->answer.affected = strtoll(PQcmdTuples(r), NULL, 10);
		tr_assign(&q->answer.status, tr_string(PQcmdStatus(r)));
	}
	if (q->bytes <= q->max_bytes)
		return true;
	q->spoiled = true;
	*fault = tr_outcome_error("too_large", false,
				  "postgres: statement %zu gives more than %zu bytes; ask for fewer rows, raise "
				  "max_bytes, or use the kind transfer",
				  q->number, q->max_bytes);
	return false;
}

static bool harmless(tr_value status)
{
	static const char *const tags[] = {"INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK"};
	tr_str s = tr_as_str(status);

	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (s.n >= strlen(tags[i]) && memcmp(s.p, tags[i], strlen(tags[i])) == 0)
			return true;
	return false;
}

static tr_value run_once(pg_query *q, tr_value statement, tr_value params, size_t number)
{
	tr_err err = TR_OK;
	bool more = true;

	statement_end(q);
	q->number = number;
	sql_answer_init(&q->answer);
	tr_value fault = send_statement(q, statement, params);
	if (tr_is_valid(fault))
		return fault;
	while (more && receive(q, &err))
		more = take(q, statement, &fault);
	if (err != TR_OK && !tr_is_valid(fault))
		fault = lost(q, err);
	if (!harmless(q->answer.status))
		q->session->altered = true;
	return fault;
}

/* Its answer stays in q until the next statement. Absent, or the outcome of the fault. */
static tr_value run_one(pg_query *q, tr_value statement, tr_value params, size_t number)
{
	size_t bytes = q->bytes;
	tr_value fault = run_once(q, statement, params, number);

	if (!q->stale || q->spoiled)
		return fault;
	/* Nothing of it was done. What has changed under it since it was prepared does not matter to its text. */
	q->session->prepared.off |= tr_str_is(tr_as_str(TR_GET(fault, "pg", "code")), NO_SUCH_STATEMENT);
	pg_prepared_forget(q->prepared);
	q->session->altered = true; /* what the server still has of it goes with the session's cleaning */
	q->bytes = bytes;
	tr_drop(fault);
	return run_once(q, statement, params, number);
}

/* ---- the whole ---- */

/* Begin or end the transaction; absent or an outcome. */
static tr_value control(pg_query *q, const char *sql)
{
	tr_value statement = tr_own_value(tr_string(sql));

	return run_one(q, statement, tr_absent(), 0);
}

static tr_value run_all(pg_query *q)
{
	for (size_t i = 0; i < tr_array_len(q->statements); i++) {
		tr_value fault = run_one(q, tr_array_at(q->statements, i), q->params, i + 1);
		if (tr_is_valid(fault))
			return fault;
		sql_total_add(&q->total, &q->answer);
	}
	return tr_absent();
}

static tr_value success(const pg_query *q)
{
	return tr_outcome_put(
	    tr_outcome_ok(sql_total_result(&q->total)), "pg",
	    TR_DICT("code", tr_string("00000"), "message", tr_nil(), "rows_affected", tr_int(q->total.affected)));
}

tr_value pg_query_run(pg_query *q)
{
	tr_value fault = q->transaction ? control(q, "BEGIN") : tr_absent();

	if (!tr_is_valid(fault))
		fault = run_all(q);
	if (q->transaction && !q->spoiled) {
		/* A transaction that a statement has aborted ends with ROLLBACK whatever is said. */
		fault = tr_own_value(fault);
		tr_value ended = control(q, tr_is_valid(fault) ? "ROLLBACK" : "COMMIT");
		if (!tr_is_valid(fault))
			return tr_is_valid(ended) ? ended : success(q);
		tr_drop(ended);
		return tr_keep(fault);
	}
	return tr_is_valid(fault) ? fault : success(q);
}
