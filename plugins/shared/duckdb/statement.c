/* SPDX-License-Identifier: Apache-2.0 */
/* Statements. */
#include "plugins/shared/duckdb/statement.h"
#include "plugins/shared/duckdb/fault.h"
#include "plugins/shared/duckdb/guard.h"
#include "plugins/shared/duckdb/pipe.h"
#include "plugins/shared/sql/sql.h"

#include <string.h>
#include <time.h>

#define REST_LEAST_NS 20000
#define REST_MOST_NS  1000000

void duck_statement_init(duck_statement *r, duck_session *session, size_t number)
{
	*r = (duck_statement){.session = session, .api = session->api, .number = number, .values = tr_absent()};
}

void duck_statement_fini(duck_statement *r)
{
	for (size_t i = 0; i < r->columns; i++)
		duck_type_fini(&r->types[i]);
	tr_free(r->types);
	r->api->destroy_result(&r->result);
	r->api->destroy_pending(&r->pending);
	r->api->destroy_prepare(&r->prepared);
	tr_drop(r->values);
	tr_buf_fini(&r->sql);
}

static tr_value input_fault(const duck_statement *r, const char *what)
{
	return tr_outcome_error("input", false, "duckdb: statement %zu: %s", r->number, what);
}

static tr_value bind(duck_statement *r, tr_value params)
{
	size_t wanted = r->api->nparams(r->prepared), given = tr_array_len(r->values);
	tr_value fault = tr_absent();

	/* ? takes the list as it is. */
	tr_value list = given == 0 && tr_is(params, TR_ARRAY) ? params : r->values;
	if (tr_array_len(list) < wanted) {
		tr_value what =
		    tr_stringf("it has %zu parameters, and params gives it %zu", wanted, tr_array_len(list));
		fault = input_fault(r, tr_as_cstr(what, ""));
		tr_drop(what);
		return fault;
	}
	for (size_t i = 0; i < wanted && !tr_is_valid(fault); i++) {
		duckdb_value v = duck_cell_write(r->api, tr_array_at(list, i));
		if (r->api->bind_value(r->prepared, i + 1, v) != DUCKDB_SUCCESS)
			fault = duck_fault(r->api->prepare_error(r->prepared), r->number, "");
		r->api->destroy_value(&v);
	}
	return fault;
}

/* DuckDB's own waiting for a result that comes in chunks goes round and round while its other threads work: here it
 * rests, longer and longer, as long as there is nothing to do for this one. False: it failed. */
static bool perform(duck_statement *r)
{
	long rest = REST_LEAST_NS;

	for (;;) {
		duckdb_pending_state at = r->api->pending_execute_task(r->pending);
		if (at == DUCKDB_PENDING_RESULT_READY || at == DUCKDB_PENDING_ERROR)
			return at == DUCKDB_PENDING_RESULT_READY;
		if (at == DUCKDB_PENDING_RESULT_NOT_READY) {
			rest = REST_LEAST_NS;
			continue;
		}
		(void)nanosleep(&(struct timespec){.tv_nsec = rest}, NULL);
		rest = rest * 2 < REST_MOST_NS ? rest * 2 : REST_MOST_NS;
	}
}

/* Its plan, its parameters, its beginning. */
tr_value duck_statement_begin(duck_statement *r, tr_str sql, tr_value params)
{
	tr_value why, fault;

	if (atomic_load(&r->session->cancelled))
		return duck_fault_timeout(r->number);
	r->values = sql_bind(sql, params, &r->sql, &why);
	if (!tr_is_valid(r->values)) {
		fault = input_fault(r, tr_as_cstr(why, "?"));
		tr_drop(why);
		return fault;
	}
	if (r->sql.err != TR_OK || memchr(r->sql.p, '\0', r->sql.n) != NULL)
		return input_fault(r, "it has a NUL character in it");
	fault = duck_guard_sql(tr_buf_str(&r->sql), r->number);
	if (!tr_is_valid(fault))
		fault = duck_pipe_fault(sql, params, r->session->engine->folders, r->number);
	if (tr_is_valid(fault))
		return fault;
	if (r->api->prepare(r->session->connection, r->sql.p, &r->prepared) != DUCKDB_SUCCESS)
		return duck_fault(r->api->prepare_error(r->prepared), r->number, "");
	fault = bind(r, params);
	if (tr_is_valid(fault))
		return fault;
	if (r->api->pending_prepared_streaming(r->prepared, &r->pending) != DUCKDB_SUCCESS)
		return duck_fault(r->api->pending_error(r->pending), r->number, "");
	/* From here on an interruption is kept until it is seen; one that came before is in the mark. */
	if (atomic_load(&r->session->cancelled))
		return duck_fault_timeout(r->number);
	if (!perform(r))
		return duck_fault(r->api->pending_error(r->pending), r->number, "");
	if (r->api->execute_pending(r->pending, &r->result) != DUCKDB_SUCCESS)
		return duck_fault(r->api->result_error(&r->result), r->number, "");
	return tr_absent();
}

tr_value duck_statement_columns(duck_statement *r, tr_value *names)
{
	size_t n = r->api->column_count(&r->result);

	r->types = tr_alloc((n + 1) * sizeof(*r->types));
	if (r->types == NULL)
		return tr_outcome_error("busy", true, "duckdb: out of memory");
	for (size_t i = 0; i < n; i++) {
		const char *name = r->api->column_name(&r->result, i);
		*names = tr_array_push(*names, tr_string_lossy(name, strlen(name)));
		duckdb_logical_type type = r->api->column_logical_type(&r->result, i);
		bool ok = duck_type_read(&r->types[r->columns++], r->api, type, 0);
		r->api->destroy_logical_type(&type);
		if (!ok)
			return input_fault(r, "a column's type is nested too deep");
	}
	return tr_absent();
}

tr_value duck_statement_fault(duck_statement *r)
{
	const char *said = r->api->result_error(&r->result);

	return said == NULL || said[0] == '\0' ? tr_absent() : duck_fault(said, r->number, "");
}
