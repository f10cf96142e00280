/* SPDX-License-Identifier: Apache-2.0 */
/* Rows come one at a time, so that a result that is too large is noticed before it is in memory. */
#include "plugins/actions/postgres/query.h"
#include "plugins/actions/postgres/cell.h"
#include "plugins/actions/postgres/fault.h"
#include "plugins/shared/sql/sql.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_A_SLICE 256

/* What one statement gave. */
typedef struct answer {
	tr_value rows, columns, status;
	int64_t affected;
	tr_value fault; /* absent, or the outcome */
	bool has_rows;
} answer;

static void answer_fini(answer *a)
{
	tr_drop(a->rows);
	tr_drop(a->columns);
	tr_drop(a->status);
	tr_drop(a->fault);
}

static tr_value lost(pg_query *q, tr_err err, size_t number)
{
	q->spoiled = true;
	return pg_fault_lost(q->session->conn, err, number);
}

/* ---- sending ---- */

typedef struct encoded {
	const char **texts; /* into values; NULL is NULL */
	tr_value values;    /* keeps them */
} encoded;

/* Types of the parameters as the server sees them, for values that more than one type could take. */
static PGresult *describe(pg_query *q, const char *sql, size_t number, tr_value *fault)
{
	PGconn *conn = q->session->conn;
	tr_err err = TR_ECLOSED;
	PGresult *r = NULL, *last = NULL;

	for (int phase = 0; phase < 2; phase++) {
		int sent = phase == 0 ? PQsendPrepare(conn, "", sql, 0, NULL) : PQsendDescribePrepared(conn, "");
		err = sent == 1 ? pg_session_flush(q->session, q->deadline) : TR_ECLOSED;
		while (err == TR_OK && (r = pg_session_result(q->session, q->deadline, &err)) != NULL) {
			PQclear(last);
			last = r;
		}
		if (err == TR_OK && last != NULL && PQresultStatus(last) == PGRES_COMMAND_OK)
			continue;
		*fault = err == TR_OK && last != NULL ? pg_fault_result(last, number, tr_s(sql)) : lost(q, err, number);
		PQclear(last);
		return NULL;
	}
	return last;
}

static bool ambiguous(tr_value values)
{
	for (size_t i = 0; i < tr_array_len(values); i++)
		if (tr_is(tr_array_at(values, i), TR_ARRAY))
			return true;
	return false;
}

static bool encode(encoded *e, tr_value values, const PGresult *types, tr_value *fault)
{
	size_t n = tr_array_len(values);
	tr_value why;

	e->values = tr_array();
	e->texts = tr_alloc((n + 1) * sizeof(char *));
	if (e->texts == NULL) {
		*fault = tr_invalid(TR_ENOMEM);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t type = types == NULL ? 0 : PQparamtype(types, (int)i);
		tr_value text = pg_cell_write(type, tr_array_at(values, i), &why);
		if (tr_is_valid(why)) {
			*fault = tr_outcome_error("input", false, "postgres: parameter %zu is %s", i + 1,
						  tr_as_cstr(why, "?"));
			tr_drop(why);
			return false;
		}
		e->texts[i] = tr_is(text, TR_STRING) ? tr_as_cstr(text, "") : NULL;
		e->values = tr_array_push(e->values, tr_is(text, TR_STRING) ? text : tr_nil());
	}
	return true;
}

static void encoded_fini(encoded *e)
{
	tr_free(e->texts);
	tr_drop(e->values);
}

/* Send a bound statement. Absent, or the outcome that says why not. */
static tr_value send_bound(pg_query *q, const char *sql, tr_value values, size_t number)
{
	PGconn *conn = q->session->conn;
	tr_value fault = tr_absent();
	encoded e = {.values = tr_absent()};
	PGresult *types = ambiguous(values) ? describe(q, sql, number, &fault) : NULL;
	int n = (int)tr_array_len(values), sent = 0;

	if (!tr_is_valid(fault) && encode(&e, values, types, &fault)) {
		sent = types != NULL ? PQsendQueryPrepared(conn, "", n, e.texts, NULL, NULL, 0)
				     : PQsendQueryParams(conn, sql, n, NULL, e.texts, NULL, NULL, 0);
		tr_err err = sent == 1 ? pg_session_flush(q->session, q->deadline) : TR_ECLOSED;
		if (err != TR_OK || PQsetSingleRowMode(conn) != 1)
			fault = lost(q, err == TR_OK ? TR_ECLOSED : err, number);
	}
	PQclear(types);
	encoded_fini(&e);
	return fault;
}

static tr_value send_statement(pg_query *q, tr_value statement, size_t number)
{
	tr_buf sql = {0};
	tr_value why, values = sql_bind(tr_as_str(statement), q->params, &sql, &why), fault;

	tr_buf_putc(&sql, '\0');
	if (!tr_is_valid(values))
		fault = tr_outcome_error("input", false, "postgres: statement %zu: %s", number, tr_as_cstr(why, "?"));
	else if (sql.err != TR_OK || memchr(sql.p, '\0', sql.n) != sql.p + sql.n - 1)
		fault = tr_outcome_error("input", false, "postgres: statement %zu has a NUL character in it", number);
	else if (tr_array_len(values) > 65535)
		fault =
		    tr_outcome_error("input", false, "postgres: statement %zu has more than 65,535 parameters", number);
	else
		fault = send_bound(q, sql.p, values, number);
	tr_buf_fini(&sql);
	tr_drop(values);
	tr_drop(why);
	return fault;
}

/* ---- receiving ---- */

static void read_columns(answer *a, const PGresult *r)
{
	if (a->has_rows)
		return;
	a->has_rows = true;
	for (int i = 0; i < PQnfields(r); i++)
		a->columns = tr_array_push(a->columns, tr_string_lossy(PQfname(r, i), strlen(PQfname(r, i))));
}

static void read_row(pg_query *q, answer *a, const PGresult *r, int row)
{
	int n = PQnfields(r);
	tr_value map = tr_map_with((size_t)n);

	for (int i = 0; i < n; i++) {
		tr_str text = {PQgetvalue(r, row, i), (size_t)PQgetlength(r, row, i)};
		tr_value cell = PQgetisnull(r, row, i) ? tr_nil() : pg_cell_read(PQftype(r, i), text);
		map = tr_map_put(map, tr_keep(tr_array_at(a->columns, (size_t)i)), cell);
		q->bytes += text.n + sizeof(tr_entry);
	}
	a->rows = tr_array_push(a->rows, map);
	if (tr_array_len(a->rows) % ROWS_A_SLICE == 0)
		tr_reduce(ROWS_A_SLICE);
}

/* A result of the statement. False when nothing more is to be read from this session. */
static bool take(pg_query *q, answer *a, PGresult *r, size_t number, tr_value statement)
{
	switch (PQresultStatus(r)) {
	case PGRES_SINGLE_TUPLE:
	case PGRES_TUPLES_OK:
		read_columns(a, r);
		for (int i = 0; i < PQntuples(r); i++)
			read_row(q, a, r, i);
		break;
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		break;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		q->spoiled = true;
		a->fault = tr_outcome_error("input", false,
					    "postgres: statement %zu copies to or from the client, which a task has "
					    "no part in; use the kind transfer, or a file of the server",
					    number);
		return false;
	default:
		if (!tr_is_valid(a->fault))
			a->fault = pg_fault_result(r, number, tr_as_str(statement));
		return true;
	}
	if (PQresultStatus(r) != PGRES_SINGLE_TUPLE) {
		a->affected = strtoll(PQcmdTuples(r), NULL, 10);
		tr_assign(&a->status, tr_string(PQcmdStatus(r)));
	}
	if (q->bytes <= q->max_bytes)
		return true;
	q->spoiled = true;
	a->fault = tr_outcome_error("too_large", false,
				    "postgres: statement %zu gives more than %zu bytes; ask for fewer rows, raise "
				    "max_bytes, or use the kind transfer",
				    number, q->max_bytes);
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

static answer run_one(pg_query *q, tr_value statement, size_t number)
{
	answer a = {.rows = tr_array(), .columns = tr_array(), .status = tr_nil(), .fault = tr_absent()};
	tr_err err = TR_OK;
	PGresult *r;
	bool more = true;

	a.fault = send_statement(q, statement, number);
	if (tr_is_valid(a.fault))
		return a;
	while (more && (r = pg_session_result(q->session, q->deadline, &err)) != NULL) {
		more = take(q, &a, r, number, statement);
		PQclear(r);
	}
	if (err != TR_OK && !tr_is_valid(a.fault))
		a.fault = lost(q, err, number);
	if (!harmless(a.status))
		q->session->altered = true;
	return a;
}

/* ---- the whole ---- */

static tr_value statement_result(const answer *a)
{
	return TR_DICT("rows", tr_keep(a->rows), "row_count", tr_int((int64_t)tr_array_len(a->rows)), "columns",
		       tr_keep(a->columns), "affected_rows", tr_int(a->affected), "status", tr_keep(a->status));
}

/* Begin or end the transaction; absent or an outcome. */
static tr_value control(pg_query *q, const char *sql)
{
	tr_value statement = tr_string(sql), params = q->params;

	q->params = tr_absent();
	answer a = run_one(q, statement, 0);
	q->params = params;
	tr_value fault = tr_is_valid(a.fault) ? tr_keep(a.fault) : tr_absent();
	answer_fini(&a);
	tr_drop(statement);
	return fault;
}

typedef struct summary {
	tr_value result; /* map: command_0 … */
	tr_value last;   /* what the last statement with rows gave, else the last one */
	int64_t affected;
} summary;

static tr_value run_all(pg_query *q, summary *s)
{
	size_t n = tr_array_len(q->statements);
	bool rows = false;

	for (size_t i = 0; i < n; i++) {
		answer a = run_one(q, tr_array_at(q->statements, i), i + 1);
		tr_value fault = tr_is_valid(a.fault) ? tr_keep(a.fault) : tr_absent();
		tr_value one = tr_is_valid(fault) ? tr_absent() : statement_result(&a);
		if (!tr_is_valid(fault) && !a.has_rows)
			s->affected += a.affected;
		if (tr_is_valid(one) && (a.has_rows || !rows))
			tr_assign(&s->last, tr_keep(one));
		rows = rows || a.has_rows;
		answer_fini(&a);
		if (tr_is_valid(fault))
			return fault;
		char key[32];
		(void)snprintf(key, sizeof key, "command_%zu", i);
		s->result = tr_map_put_s(s->result, key, one);
	}
	return tr_absent();
}

static tr_value success(pg_query *q, summary *s)
{
	tr_value result = tr_map_merge(tr_keep(s->last), tr_keep(s->result));

	result = tr_map_put_s(result, "affected_rows", tr_int(s->affected));
	result = tr_map_put_s(result, "statement_count", tr_int((int64_t)tr_array_len(q->statements)));
	return tr_outcome_put(
	    tr_outcome_ok(result), "pg",
	    TR_DICT("code", tr_string("00000"), "message", tr_nil(), "rows_affected", tr_int(s->affected)));
}

tr_value pg_query_run(pg_query *q)
{
	summary s = {.result = tr_map(), .last = tr_absent()};
	tr_value fault = q->transaction ? control(q, "BEGIN") : tr_absent();

	if (!tr_is_valid(fault))
		fault = run_all(q, &s);
	if (q->transaction && !q->spoiled) {
		/* A transaction that a statement has aborted ends with ROLLBACK whatever is said. */
		tr_value ended = control(q, tr_is_valid(fault) ? "ROLLBACK" : "COMMIT");
		if (!tr_is_valid(fault))
			fault = ended;
		else
			tr_drop(ended);
	}
	tr_value outcome = tr_is_valid(fault) ? fault : success(q, &s);
	tr_drop(s.result);
	tr_drop(s.last);
	return outcome;
}
