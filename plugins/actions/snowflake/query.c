/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several statements without parameters go in one request: they share a session, so that USE, temporary tables and
 * transactions work. The interface takes no parameters there, so statements with parameters go one by one.
 */
#include "plugins/actions/snowflake/query.h"
#include "plugins/shared/snowflake/cell.h"
#include "plugins/shared/snowflake/request.h"
#include "plugins/shared/sql/sql.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_A_SLICE 256

static void query_end(void *arg)
{
	snow_query *q = arg;

	sql_total_fini(&q->total);
	sql_answer_fini(&q->answer);
	tr_clear(&q->metadata);
	tr_clear(&q->reply);
	tr_free(q);
}

snow_query *snow_query_new(void)
{
	snow_query *q = tr_alloc(sizeof(*q));

	if (q == NULL)
		return NULL;
	sql_total_init(&q->total);
	sql_answer_init(&q->answer);
	q->metadata = q->reply = tr_absent();
	return tr_own(q, query_end) == TR_OK ? q : NULL;
}

/* ---- requests ---- */

/* One statement with its parameters (fresh). Absent with an outcome in *fault. */
static tr_value single(const snow_query *q, tr_value statement, size_t number, tr_value *fault)
{
	tr_value why = tr_absent(), request = snow_request(&q->wire, statement, q->params, &why);

	if (tr_is_valid(why))
		*fault = tr_outcome_error("input", false, "snowflake: statement %zu: %s", number, tr_as_cstr(why, "?"));
	tr_drop(why);
	return request;
}

static tr_value several(const snow_query *q)
{
	tr_buf script = {0};
	size_t n = tr_array_len(q->statements);

	if (q->transaction)
		tr_buf_puts(&script, "BEGIN;\n");
	for (size_t i = 0; i < n; i++) {
		tr_str one = tr_as_str(tr_array_at(q->statements, i));
		tr_buf_put(&script, one.p, one.n);
		tr_buf_puts(&script, ";\n");
	}
	if (q->transaction)
		tr_buf_puts(&script, "COMMIT;\n");
	return snow_request_script(&q->wire, tr_string_buf(&script), n + (q->transaction ? 2 : 0));
}

/* ---- results ---- */

static tr_value too_large(const snow_query *q)
{
	return tr_outcome_error("too_large", false,
				"snowflake: the rows have more than %zu bytes; ask for fewer rows, raise max_bytes, or "
				"use the kind transfer",
				q->max_bytes);
}

/* Absent, or an outcome. */
static tr_value read_rows(snow_query *q, tr_value data)
{
	tr_value types = tr_map_get_s(q->metadata, "rowType");
	size_t n = tr_array_len(types);

	for (size_t i = 0; i < tr_array_len(data); i++) {
		tr_value from = tr_array_at(data, i), row = tr_map_with(n);
		for (size_t k = 0; k < n; k++) {
			tr_value cell = tr_array_at(from, k);
			row = tr_map_put(row, tr_keep(tr_array_at(q->answer.columns, k)),
					 snow_cell_read(tr_array_at(types, k), cell));
			q->bytes += tr_as_str(cell).n + sizeof(tr_entry);
		}
		q->answer.rows = tr_array_push(q->answer.rows, row);
		if (q->bytes > q->max_bytes)
			return too_large(q);
		if (i % ROWS_A_SLICE == 0)
			tr_reduce(ROWS_A_SLICE);
	}
	return tr_absent();
}

/* A change gives one row that counts what was changed. */
static bool counts(tr_value metadata, tr_value reply)
{
	tr_value name = TR_GET(tr_array_at(tr_map_get_s(metadata, "rowType"), 0), "name");

	return tr_is(tr_map_get_s(reply, "stats"), TR_MAP) && strncmp(tr_as_cstr(name, ""), "number of ", 10) == 0;
}

static int64_t affected(tr_value stats)
{
	static const char *const names[] = {"numRowsInserted", "numRowsUpdated", "numRowsDeleted"};
	int64_t sum = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		tr_value v = tr_map_get_s(stats, names[i]);
		sum += tr_is(v, TR_STRING) ? strtoll(tr_as_cstr(v, "0"), NULL, 10) : tr_as_int(v, 0);
	}
	return sum;
}

static tr_value read_partitions(snow_query *q)
{
	tr_value parts = tr_map_get_s(q->metadata, "partitionInfo"), handle = tr_map_get_s(q->reply, "statementHandle");
	tr_value fault = read_rows(q, tr_map_get_s(q->reply, "data"));

	for (size_t i = 1; i < tr_array_len(parts) && !tr_is_valid(fault); i++) {
		tr_value data = tr_own_value(snow_wire_partition(&q->wire, handle, (int64_t)i, &fault));
		if (!tr_is_valid(fault))
			fault = read_rows(q, data);
	}
	return fault;
}

/* Takes reply. Absent, or an outcome. */
static tr_value take(snow_query *q, tr_value reply)
{
	tr_assign(&q->reply, reply);
	tr_assign(&q->metadata, tr_keep(tr_map_get_s(reply, "resultSetMetaData")));
	tr_value types = tr_map_get_s(q->metadata, "rowType"), fault;
	sql_answer_fini(&q->answer);
	sql_answer_init(&q->answer);
	q->answer.has_rows = !counts(q->metadata, reply);
	q->answer.affected = affected(tr_map_get_s(reply, "stats"));
	tr_assign(&q->answer.status, tr_keep(tr_map_get_s(reply, "message")));
	if (!q->answer.has_rows) {
		sql_total_add(&q->total, &q->answer);
		return tr_absent();
	}
	for (size_t i = 0; i < tr_array_len(types); i++)
		q->answer.columns =
		    tr_array_push(q->answer.columns, tr_keep(tr_map_get_s(tr_array_at(types, i), "name")));
	fault = read_partitions(q);
	if (!tr_is_valid(fault))
		sql_total_add(&q->total, &q->answer);
	return fault;
}

/* ---- the whole ---- */

static tr_value run_each(snow_query *q)
{
	tr_value fault = tr_absent();

	for (size_t i = 0; i < tr_array_len(q->statements) && !tr_is_valid(fault); i++) {
		tr_value request = single(q, tr_array_at(q->statements, i), i + 1, &fault);
		tr_value reply = tr_is_valid(fault) ? tr_absent() : snow_wire_run(&q->wire, request, &fault);
		if (!tr_is_valid(fault))
			fault = take(q, reply);
	}
	return fault;
}

static tr_value run_together(snow_query *q)
{
	tr_value fault = tr_absent(), request = several(q);
	tr_value reply = tr_own_value(snow_wire_run(&q->wire, request, &fault));
	tr_value handles = tr_map_get_s(reply, "statementHandles");
	size_t skip = q->transaction ? 1 : 0, n = tr_array_len(handles);

	if (!tr_is_valid(fault) && n != tr_array_len(q->statements) + 2 * skip)
		fault = tr_outcome_error("snowflake", false, "snowflake: of %zu statements the server knows %zu",
					 tr_array_len(q->statements), n);
	for (size_t i = skip; i < n - skip && !tr_is_valid(fault); i++) {
		tr_value one = snow_wire_result(&q->wire, tr_array_at(handles, i), &fault);
		if (!tr_is_valid(fault))
			fault = take(q, one);
	}
	return fault;
}

tr_value snow_query_run(snow_query *q)
{
	bool params = tr_array_len(q->params) > 0 || tr_map_len(q->params) > 0;
	tr_value fault;

	if (params && q->transaction)
		return tr_outcome_error("input", false,
					"snowflake: statements of a transaction take no params; write the values into "
					"the SQL, or use one statement");
	fault = (tr_array_len(q->statements) > 1 && !params) || q->transaction ? run_together(q) : run_each(q);
	if (tr_is_valid(fault))
		return fault;
	return tr_outcome_put(
	    tr_outcome_ok(sql_total_result(&q->total)), "snowflake",
	    TR_DICT("code", tr_string("00000"), "handle", tr_keep(tr_map_get_s(q->reply, "statementHandle"))));
}
