/* SPDX-License-Identifier: Apache-2.0 */
/* Cells to vectors. What is not a vector's native type goes as text, which DuckDB casts to the column's type. */
#include "plugins/actions/transfer/duckdb_append.h"
#include "plugins/shared/duckdb/fault.h"

#include <stdlib.h>
#include <string.h>

static tr_value fault_of(const duck_appender *a)
{
	const char *said = a->api->appender_error(a->appender);

	return duck_fault(said, 0, "append");
}

/* ---- the appender ---- */

/* "a", "a.b" or "a.b.c", taken apart from the right: table, schema, catalog; "" where there is none. */
static void split_name(tr_str name, tr_value parts[3])
{
	for (size_t i = 0; i < 3; i++) {
		const char *dot = i < 2 && name.n > 0 ? memrchr(name.p, '.', name.n) : NULL;
		size_t from = dot == NULL ? 0 : (size_t)(dot - name.p) + 1;
		parts[i] = tr_string_n(name.n == 0 ? "" : name.p + from, name.n - from);
		name.n = dot == NULL ? 0 : from - 1;
	}
}

static const char *or_null(tr_value text)
{
	return tr_as_str(text).n == 0 ? NULL : tr_as_cstr(text, NULL);
}

static tr_value create(duck_appender *a, duck_session *s, tr_str table)
{
	tr_value p[3];

	split_name(table, p);
	bool ok = a->api->appender_create_ext(s->connection, or_null(p[2]), or_null(p[1]), tr_as_cstr(p[0], ""),
					      &a->appender) == DUCKDB_SUCCESS;
	if (!ok && tr_as_str(p[2]).n == 0 && tr_as_str(p[1]).n > 0) { /* x.t: x may be an attached database */
		(void)a->api->appender_destroy(&a->appender);
		ok = a->api->appender_create_ext(s->connection, tr_as_cstr(p[1], ""), NULL, tr_as_cstr(p[0], ""),
						 &a->appender) == DUCKDB_SUCCESS;
	}
	for (size_t i = 0; i < 3; i++)
		tr_drop(p[i]);
	return ok ? tr_absent() : fault_of(a);
}

tr_value duck_append_open(duck_appender *a, duck_session *s, const transfer *t, tr_str table)
{
	size_t n = t->target_columns.count;

	a->api = s->api;
	a->t = t;
	a->types = tr_alloc((n + 1) * sizeof(*a->types));
	if (a->types == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	tr_value fault = create(a, s, table);
	for (size_t i = 0; i < n && !tr_is_valid(fault); i++) {
		tr_value name = t->target_columns.items[i].name;
		if (a->api->appender_add_column(a->appender, tr_as_cstr(name, "")) != DUCKDB_SUCCESS)
			fault = fault_of(a);
	}
	return fault;
}

/* ---- vectors ---- */

/* The type that all cells of a column can be written as. */
static duckdb_type common_type(const transfer *t, const batch *b, size_t at)
{
	static const duckdb_type native[] = {
	    [CELL_BOOL] = DUCKDB_BOOLEAN,    [CELL_INT] = DUCKDB_BIGINT,   [CELL_FLOAT] = DUCKDB_DOUBLE,
	    [CELL_DECIMAL] = DUCKDB_VARCHAR, [CELL_TEXT] = DUCKDB_VARCHAR, [CELL_BYTES] = DUCKDB_BLOB,
	    [CELL_JSON] = DUCKDB_VARCHAR,
	};
	uint32_t seen = CELL_NULL;

	for (size_t row = 0; row < batch_rows(b); row++) {
		uint32_t kind = target_cell(t, b, row, at)->kind;
		if (kind == seen || kind == CELL_NULL)
			continue;
		if (seen != CELL_NULL)
			return DUCKDB_VARCHAR;
		seen = kind;
	}
	return seen == CELL_NULL ? DUCKDB_VARCHAR : native[seen];
}

/* A chunk whose vectors fit the batch: the one before, when it does. */
static bool ready_chunk(duck_appender *a, const batch *b)
{
	size_t n = a->t->target_columns.count;
	bool same = a->chunk != NULL;

	for (size_t i = 0; i < n; i++) {
		duckdb_type type = common_type(a->t, b, i);
		same = same && type == a->types[i];
		a->types[i] = type;
	}
	if (same)
		return true;
	a->api->destroy_data_chunk(&a->chunk);
	duckdb_logical_type *types = tr_alloc((n + 1) * sizeof(duckdb_logical_type));
	if (types == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		types[i] = a->api->create_logical_type(a->types[i]);
	a->chunk = a->api->create_data_chunk(types, n);
	for (size_t i = 0; i < n; i++)
		a->api->destroy_logical_type(&types[i]);
	tr_free(types);
	return a->chunk != NULL;
}

static void put_text(duck_appender *a, duckdb_vector v, idx_t at, const batch *b, const cell *c)
{
	if (c->kind >= CELL_DECIMAL) {
		tr_str text = cell_text(b, c);
		a->api->vector_assign_string_element_len(v, at, text.p, text.n);
		return;
	}
	tr_buf_clear(&a->text);
	cell_put(&a->text, b, c);
	a->api->vector_assign_string_element_len(v, at, a->text.p, a->text.n);
}

static void put_column(duck_appender *a, const batch *b, size_t nth, size_t from, size_t count)
{
	duckdb_vector v = a->api->data_chunk_get_vector(a->chunk, nth);
	void *data = a->api->vector_get_data(v);
	uint64_t *valid = NULL;

	for (size_t i = 0; i < count; i++) {
		const cell *c = target_cell(a->t, b, from + i, nth);
		if (c->kind == CELL_NULL) {
			if (valid == NULL) {
				a->api->vector_ensure_validity_writable(v);
				valid = a->api->vector_get_validity(v);
			}
			valid[i / 64] &= ~(UINT64_C(1) << (i % 64));
			continue;
		}
		switch (a->types[nth]) {
		case DUCKDB_BOOLEAN:
			((bool *)data)[i] = c->as.i != 0;
			break;
		case DUCKDB_BIGINT:
			((int64_t *)data)[i] = c->as.i;
			break;
		case DUCKDB_DOUBLE:
			((double *)data)[i] = c->as.d;
			break;
		default:
			put_text(a, v, i, b, c);
			break;
		}
	}
}

static bool append(duck_appender *a, const batch *b, size_t from, size_t count)
{
	a->api->data_chunk_reset(a->chunk);
	for (size_t i = 0; i < a->t->target_columns.count; i++)
		put_column(a, b, i, from, count);
	a->api->data_chunk_set_size(a->chunk, count);
	return a->api->append_data_chunk(a->appender, a->chunk) == DUCKDB_SUCCESS;
}

/* "…, expected INTEGER, got VARCHAR for column 0" as what it means: a value that is none of the column's type. */
static tr_value value_fault(const duck_appender *a, const batch *b, size_t row)
{
	const char *said = a->api->appender_error(a->appender), *type = NULL, *nth = NULL;

	if (said != NULL) {
		type = strstr(said, "expected ");
		nth = strstr(said, " for column ");
	}
	size_t at = nth == NULL ? SIZE_MAX : (size_t)strtoul(nth + strlen(" for column "), NULL, 10);
	if (type == NULL || at >= a->t->target_columns.count)
		return fault_of(a);
	type += strlen("expected ");
	tr_buf shown = {0};
	cell_put(&shown, b, target_cell(a->t, b, row, at));
	tr_value fault =
	    tr_outcome_error("data", false, "duckdb: the column %s takes no '%.*s': its type is %.*s",
			     tr_as_cstr(a->t->target_columns.items[at].name, "?"), (int)(shown.n < 80 ? shown.n : 80),
			     shown.n == 0 ? "" : shown.p, (int)strcspn(type, ","), type);
	tr_buf_fini(&shown);
	return fault;
}

/* Which of these rows is at fault? All is rolled back afterwards, so they may go in twice. */
static tr_value find_row(duck_appender *a, const batch *b, size_t from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!append(a, b, from + i, 1))
			return transfer_at_row(value_fault(a, b, from + i), b, from + i);
	return fault_of(a);
}

tr_value duck_append_batch(duck_appender *a, const batch *b)
{
	size_t most = a->api->vector_size(), rows = batch_rows(b);

	if (!ready_chunk(a, b))
		return tr_outcome_error("busy", true, "out of memory");
	for (size_t from = 0; from < rows; from += most) {
		size_t count = rows - from < most ? rows - from : most;
		if (!append(a, b, from, count))
			return find_row(a, b, from, count);
	}
	/* What a constraint says is said of this batch, not of a later one. */
	return a->api->appender_flush(a->appender) == DUCKDB_SUCCESS ? tr_absent() : fault_of(a);
}

tr_value duck_append_close(duck_appender *a)
{
	tr_value fault = tr_absent();

	if (a->appender != NULL && a->api->appender_flush(a->appender) != DUCKDB_SUCCESS)
		fault = fault_of(a);
	duck_append_fini(a);
	return fault;
}

void duck_append_fini(duck_appender *a)
{
	if (a->api != NULL) {
		a->api->destroy_data_chunk(&a->chunk);
		(void)a->api->appender_destroy(&a->appender);
	}
	tr_free(a->types);
	tr_buf_fini(&a->text);
	*a = (duck_appender){0};
}
