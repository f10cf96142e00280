/* SPDX-License-Identifier: Apache-2.0 */
/* Rows come a chunk at a time, so that a result that is too large is noticed before it is in memory. All of this runs
 * on the dirty pool. */
#include "plugins/shared/duckdb/query.h"
#include "plugins/shared/duckdb/fault.h"
#include "plugins/shared/duckdb/guard.h"
#include "plugins/shared/duckdb/statement.h"

#include <ctype.h>
#include <string.h>

/* ---- life ---- */

static void query_end(void *data)
{
	duck_query *q = data;

	tr_drop(q->path);
	tr_drop(q->attach);
	tr_drop(q->statements);
	tr_drop(q->params);
	tr_drop(q->fault);
	sql_answer_fini(&q->answer);
	sql_total_fini(&q->total);
	tr_free(q);
}

static const tr_class query_class = {"duckdb query", query_end};

tr_value duck_query_new(void)
{
	duck_query *q = tr_alloc(sizeof(*q));

	if (q == NULL)
		return tr_invalid(TR_ENOMEM);
	q->path = q->attach = q->statements = q->params = q->fault = tr_absent();
	sql_answer_init(&q->answer);
	sql_total_init(&q->total);
	return tr_object(&query_class, q);
}

duck_query *duck_query_of(tr_value object)
{
	return tr_as_object(object, &query_class);
}

/* ---- one statement ---- */

static size_t cell_size(tr_value cell)
{
	return cell.type < (uint32_t)TR_STRING    ? 0
	       : cell.type <= (uint32_t)TR_BINARY ? tr_as_str(cell).n
						  : tr_value_size(cell);
}

static tr_value too_large(const duck_query *q, const duck_statement *r)
{
	return tr_outcome_error("too_large", false,
				"duckdb: statement %zu gives more than %zu bytes; ask for fewer rows, raise max_bytes, "
				"or use the kind transfer",
				r->number, q->max_bytes);
}

/* A text that is too large is not copied first. */
static bool fits(const duck_query *q, const duck_statement *r, const duck_type *type, duckdb_vector v, idx_t row)
{
	const uint64_t *valid = r->api->vector_get_validity(v);

	if ((type->id != DUCKDB_VARCHAR && type->id != DUCKDB_BLOB) ||
	    (valid != NULL && (valid[row / 64] >> (row % 64) & 1) == 0))
		return true;
	const duckdb_string_t *text = (const duckdb_string_t *)r->api->vector_get_data(v) + row;
	return q->bytes <= q->max_bytes && text->length <= q->max_bytes - q->bytes;
}

static tr_value read_row(duck_query *q, duck_statement *r, sql_answer *a, duckdb_data_chunk chunk, idx_t row)
{
	tr_value map = tr_map_with(r->columns);

	for (size_t i = 0; i < r->columns; i++) {
		duckdb_vector v = r->api->data_chunk_get_vector(chunk, i);
		if (!fits(q, r, &r->types[i], v, row)) {
			tr_drop(map);
			return too_large(q, r);
		}
		tr_value cell = duck_cell_read(r->api, &r->types[i], v, row), name = tr_array_at(a->columns, i);
		if (!tr_is_valid(cell)) {
			tr_drop(map);
			return tr_outcome_error("data", false,
						"duckdb: statement %zu: the column %s is of a type that has no "
						"counterpart here; cast it in the statement, to text for instance",
						r->number, tr_as_cstr(name, "?"));
		}
		q->bytes += cell_size(cell) + sizeof(tr_entry);
		map = tr_map_put(map, tr_keep(name), cell);
	}
	a->rows = tr_array_push(a->rows, map);
	return tr_absent();
}

static tr_value read_chunk(duck_query *q, duck_statement *r, sql_answer *a, duckdb_data_chunk chunk)
{
	tr_value fault = tr_absent();

	for (idx_t row = 0, n = r->api->data_chunk_get_size(chunk); row < n && !tr_is_valid(fault); row++) {
		fault = read_row(q, r, a, chunk, row);
		if (q->bytes > q->max_bytes && !tr_is_valid(fault))
			fault = too_large(q, r);
		if (atomic_load(&q->session->cancelled) && !tr_is_valid(fault))
			fault = duck_fault_timeout(r->number);
	}
	return fault;
}

static tr_value read_rows(duck_query *q, duck_statement *r, sql_answer *a)
{
	duckdb_data_chunk chunk;
	tr_value fault = duck_statement_columns(r, &a->columns);

	a->has_rows = true;
	while (!tr_is_valid(fault) && (chunk = r->api->fetch_chunk(r->result)) != NULL) {
		fault = read_chunk(q, r, a, chunk);
		bool last = r->api->data_chunk_get_size(chunk) == 0;
		r->api->destroy_data_chunk(&chunk);
		if (last)
			break;
	}
	if (tr_is_valid(fault))
		return fault;
	return duck_statement_fault(r);
}

/* INSERT, SELECT, … */
static tr_value first_word(tr_str statement)
{
	char word[24];
	size_t n = 0;

	while (n < statement.n && n < sizeof word && isalpha((unsigned char)statement.p[n])) {
		word[n] = (char)toupper((unsigned char)statement.p[n]);
		n++;
	}
	return n == 0 ? tr_nil() : tr_string_n(word, n);
}

static tr_value run_one(duck_query *q, tr_value statement, size_t number)
{
	duck_statement r;
	sql_answer *a = &q->answer;

	atomic_store(&q->number, number);
	sql_answer_fini(a);
	sql_answer_init(a);
	duck_statement_init(&r, q->session, number);
	tr_value fault = duck_statement_begin(&r, tr_as_str(statement), q->params);
	if (!tr_is_valid(fault)) {
		duckdb_result_type type = r.api->result_return_type(r.result);
		if (type == DUCKDB_CHANGED_ROWS)
			a->affected = (int64_t)r.api->rows_changed(&r.result);
		else if (type == DUCKDB_ROWS)
			fault = read_rows(q, &r, a);
		tr_assign(&a->status, first_word(tr_as_str(statement)));
	}
	duck_statement_fini(&r);
	if (!tr_is_valid(fault) && strcasestr(tr_as_cstr(statement, ""), "attach") != NULL)
		fault = duck_guard_catalog(q->session);
	return fault;
}

/* ---- all ---- */

tr_value duck_run(duck_session *s, const char *sql, const char *what)
{
	duckdb_result r = {0};
	tr_value fault = tr_absent();

	if (s->api->query(s->connection, sql, &r) != DUCKDB_SUCCESS)
		fault = duck_fault(s->api->result_error(&r), 0, what);
	s->api->destroy_result(&r);
	return fault;
}

static tr_value run_all(duck_query *q)
{
	for (size_t i = 0; i < tr_array_len(q->statements); i++) {
		tr_value fault = run_one(q, tr_array_at(q->statements, i), i + 1);
		if (tr_is_valid(fault))
			return fault;
		sql_total_add(&q->total, &q->answer);
	}
	return tr_absent();
}

static tr_value run_within(duck_query *q)
{
	tr_value fault = q->transaction ? duck_run(q->session, "BEGIN", "the transaction") : tr_absent();

	if (tr_is_valid(fault))
		return fault;
	fault = run_all(q);
	if (q->transaction && tr_is_valid(fault))
		tr_drop(duck_run(q->session, "ROLLBACK", ""));
	else if (q->transaction)
		fault = duck_run(q->session, "COMMIT", "the end of the transaction");
	return fault;
}

/* What it does may show in the database as long as that is open. */
static bool strays(const duck_query *q)
{
	bool local = tr_array_len(q->attach) == 0;

	for (size_t i = 0; i < tr_array_len(q->statements) && local; i++)
		local = duck_guard_is_local(tr_as_str(tr_array_at(q->statements, i)));
	return !local;
}

void duck_query_work(void *query)
{
	duck_query *q = query;
	tr_value why = tr_absent();

	q->session->after = (duck_after){.keep_ns = q->keep_ns, .strayed = strays(q)};
	if (q->session->after.strayed) /* it may attach a file, which must not be open as another database */
		duck_engine_sweep(q->session->engine, true);
	if (!duck_session_connect(q->session, tr_as_cstr(q->path, ""), &why)) {
		q->fault = duck_fault(tr_as_cstr(why, NULL), 0, tr_as_cstr(q->path, ""));
		tr_drop(why);
		return;
	}
	for (size_t i = 0; i < tr_array_len(q->attach) && !tr_is_valid(q->fault); i++)
		q->fault = duck_run(q->session, tr_as_cstr(tr_array_at(q->attach, i), ""), "attach");
	if (!tr_is_valid(q->fault) && (tr_array_len(q->attach) > 0 || !q->session->known))
		q->fault = duck_guard_catalog(q->session);
	q->session->after.looked = !tr_is_valid(q->fault);
	if (!tr_is_valid(q->fault))
		q->fault = run_within(q);
}

tr_value duck_query_outcome(const duck_query *q)
{
	if (tr_is_valid(q->fault))
		return tr_keep(q->fault);
	return tr_outcome_put(
	    tr_outcome_ok(sql_total_result(&q->total)), "duckdb",
	    TR_DICT("code", tr_nil(), "message", tr_nil(), "rows_affected", tr_int(q->total.affected)));
}
