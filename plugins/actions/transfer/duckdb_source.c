/* SPDX-License-Identifier: Apache-2.0 */
/* From DuckDB: `query` (with params) or `table`; its result is read as it comes. */
#include "plugins/actions/transfer/duckdb.h"
#include "plugins/actions/transfer/source_sql.h"
#include "plugins/shared/duckdb/statement.h"
#include "plugins/shared/duckdb/text.h"
#include "plugins/shared/sql/sql.h"
#include "plugins/shared/sql/task.h"

#include <string.h>

typedef struct duck_reading {
	transfer *t;
	duck_place place;
	duck_statement statement;
	tr_value sql; /* a text */
	duckdb_data_chunk chunk;
	idx_t row; /* of the chunk: the next one */
	bool done;
	batch *filling;
	tr_value fault; /* of the work under way */
} duck_reading;

/* Its connection is closed after this; a result may outlive it only with a chunk that was given back. */
static void duckdb_destroy(void *state)
{
	duck_reading *s = state;

	if (s->statement.api != NULL) {
		s->statement.api->destroy_data_chunk(&s->chunk);
		duck_statement_fini(&s->statement);
	}
	duck_place_fini(&s->place);
	tr_drop(s->sql);
	tr_drop(s->fault);
	tr_free(s);
}

/* ---- opening ---- */

static column_type type_of(const duck_type *type)
{
	switch (type->id) {
	case DUCKDB_BOOLEAN:
		return COLUMN_BOOL;
	case DUCKDB_TINYINT:
	case DUCKDB_SMALLINT:
	case DUCKDB_INTEGER:
	case DUCKDB_BIGINT:
	case DUCKDB_UTINYINT:
	case DUCKDB_USMALLINT:
	case DUCKDB_UINTEGER:
		return COLUMN_INT;
	case DUCKDB_UBIGINT:
	case DUCKDB_HUGEINT:
	case DUCKDB_UHUGEINT:
	case DUCKDB_DECIMAL:
		return COLUMN_DECIMAL;
	case DUCKDB_FLOAT:
	case DUCKDB_DOUBLE:
		return COLUMN_FLOAT;
	case DUCKDB_BLOB:
		return COLUMN_BYTES;
	case DUCKDB_LIST:
	case DUCKDB_ARRAY:
	case DUCKDB_STRUCT:
	case DUCKDB_MAP:
		return COLUMN_JSON;
	case DUCKDB_DATE:
		return COLUMN_DATE;
	case DUCKDB_TIME:
		return COLUMN_TIME;
	case DUCKDB_TIMESTAMP:
	case DUCKDB_TIMESTAMP_S:
	case DUCKDB_TIMESTAMP_MS:
	case DUCKDB_TIMESTAMP_NS:
		return COLUMN_TIMESTAMP;
	case DUCKDB_TIMESTAMP_TZ:
		return COLUMN_TIMESTAMPTZ;
	case DUCKDB_UUID:
		return COLUMN_UUID;
	case DUCKDB_VARCHAR:
		return type->json ? COLUMN_JSON : COLUMN_TEXT;
	default:
		return COLUMN_TEXT;
	}
}

static tr_value open_columns(duck_reading *s)
{
	tr_value names = tr_array(), fault = duck_statement_columns(&s->statement, &names);
	columns *c = &s->t->source_columns;

	for (size_t i = 0; i < s->statement.columns && !tr_is_valid(fault); i++) {
		const duck_type *type = &s->statement.types[i];
		if (columns_add(c, tr_keep(tr_array_at(names, i)), type_of(type)) != TR_OK)
			fault = tr_outcome_error("busy", true, "out of memory");
		else if (type->id == DUCKDB_DECIMAL) {
			c->items[i].precision = type->width;
			c->items[i].scale = type->scale;
		}
	}
	tr_drop(names);
	return fault;
}

static void open_work(void *state)
{
	duck_reading *s = state;

	s->fault = duck_place_connect(&s->place);
	if (tr_is_valid(s->fault))
		return;
	duck_statement_init(&s->statement, duck_session_of(s->place.session), 1);
	s->fault = duck_statement_begin(&s->statement, tr_as_str(s->sql), tr_map_get_s(s->t->source_spec, "params"));
	if (!tr_is_valid(s->fault) && s->statement.api->result_return_type(s->statement.result) != DUCKDB_ROWS)
		s->fault = tr_outcome_error("input", false, "the query of a source must give rows; this one does not");
	if (!tr_is_valid(s->fault))
		s->fault = open_columns(s);
}

static tr_value duckdb_open(transfer *t)
{
	duck_reading *s = tr_alloc(sizeof(*s));

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	t->source_state = s;
	s->t = t;
	s->sql = s->fault = s->place.session = s->place.path = s->place.attach = tr_absent();
	tr_value fault = source_sql(t, column_put_table, &s->sql);
	t->source_sql = tr_keep(s->sql);
	if (!tr_is_valid(fault))
		fault = duck_place_find(&s->place, t, t->source_spec);
	return tr_is_valid(fault) ? fault : duck_place_do(&s->place, t, open_work, s, &s->fault);
}

/* ---- rows ---- */

static tr_str string_at(const void *data, idx_t row)
{
	const duckdb_string_t *s = (const duckdb_string_t *)data + row;

	return (tr_str){s->length <= 12 ? s->start : s->as.p, s->length};
}

/* The commonest types without a value in between; everything else as the kind duckdb reads it. */
static bool put_cell(duck_reading *s, batch *b, const duck_type *type, column_type as, duckdb_vector v, idx_t row)
{
	const duck_api *api = s->statement.api;
	const void *data = api->vector_get_data(v);
	const uint64_t *valid = api->vector_get_validity(v);

	if (valid != NULL && (valid[row / 64] >> (row % 64) & 1) == 0) {
		batch_null(b);
		return true;
	}
	switch (type->id) {
	case DUCKDB_INTEGER:
		batch_int(b, ((const int32_t *)data)[row]);
		return true;
	case DUCKDB_BIGINT:
		batch_int(b, ((const int64_t *)data)[row]);
		return true;
	case DUCKDB_DOUBLE:
		batch_float(b, ((const double *)data)[row]);
		return true;
	case DUCKDB_VARCHAR:
		batch_text(b, type->json ? CELL_JSON : CELL_TEXT, string_at(data, row));
		return true;
	case DUCKDB_BLOB:
		batch_text(b, CELL_BYTES, string_at(data, row));
		return true;
	default:
		break;
	}
	tr_value value = duck_cell_read(api, type, v, row);
	bool ok = tr_is_valid(value);
	if (ok && as == COLUMN_DECIMAL && tr_is(value, TR_STRING))
		batch_text(b, CELL_DECIMAL, tr_as_str(value));
	else if (ok)
		batch_value(b, value);
	tr_drop(value);
	return ok;
}

static bool put_row(duck_reading *s, batch *b)
{
	for (size_t i = 0; i < s->statement.columns; i++) {
		duckdb_vector v = s->statement.api->data_chunk_get_vector(s->chunk, i);
		column_type as = s->t->source_columns.items[i].type;
		if (put_cell(s, b, &s->statement.types[i], as, v, s->row))
			continue;
		tr_str name = tr_as_str(s->t->source_columns.items[i].name);
		s->fault = tr_outcome_error("data", false,
					    "the column %.*s is of a type that has no counterpart here; cast it in the "
					    "query, to text for instance",
					    TR_STR(name));
		return false;
	}
	s->row++;
	return true;
}

static bool next_chunk(duck_reading *s)
{
	const duck_api *api = s->statement.api;

	api->destroy_data_chunk(&s->chunk);
	s->chunk = api->fetch_chunk(s->statement.result);
	s->row = 0;
	if (s->chunk != NULL && api->data_chunk_get_size(s->chunk) > 0)
		return true;
	s->done = true;
	s->fault = duck_statement_fault(&s->statement);
	return false;
}

static void next_work(void *state)
{
	duck_reading *s = state;
	batch *b = s->filling;

	while (!batch_full(b, s->t->chunk_size)) {
		bool rows = s->chunk != NULL && s->row < s->statement.api->data_chunk_get_size(s->chunk);
		if (!rows && !next_chunk(s))
			return;
		if (!put_row(s, b))
			return;
	}
}

static void close_work(void *state)
{
	duck_reading *s = state;

	s->statement.api->destroy_data_chunk(&s->chunk);
	duck_statement_fini(&s->statement);
	s->statement.api = NULL;
}

static tr_value duckdb_next(transfer *t, batch *b)
{
	duck_reading *s = t->source_state;

	batch_begin(b, t->source_columns.count);
	s->filling = b;
	if (s->place.lease == NULL)
		return tr_absent();
	tr_value fault = duck_place_do(&s->place, t, next_work, s, &s->fault);
	if (!s->done || tr_is_valid(fault))
		return fault;
	fault = duck_place_do(&s->place, t, close_work, s, &s->fault);
	duck_lease_end(s->place.lease);
	s->place.lease = NULL;
	return fault;
}

const source_class duckdb_source = {"duckdb", duckdb_open, duckdb_next, duckdb_destroy};
