/* SPDX-License-Identifier: Apache-2.0 */
/* From Snowflake: the partitions of a result, one after the other. */
#include "plugins/actions/transfer/snowflake.h"
#include "plugins/actions/transfer/source_sql.h"
#include "plugins/shared/snowflake/cell.h"

#include <strings.h>

typedef struct snow_reading {
	snow_wire wire;
	tr_value types, handle;
	tr_value rows; /* of the partition that is read */
	size_t at, part, parts;
} snow_reading;

static void snow_destroy(void *state)
{
	snow_reading *s = state;

	tr_drop(s->types);
	tr_drop(s->handle);
	tr_drop(s->rows);
	tr_free(s);
}

static bool is_semistructured(const char *type)
{
	static const char *const names[] = {"variant", "object", "array", "map", "vector"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(type, names[i]) == 0)
			return true;
	return false;
}

static column_type type_of(tr_value about)
{
	const char *type = tr_as_cstr(tr_map_get_s(about, "type"), "");

	if (strcasecmp(type, "fixed") == 0) /* numbers of more digits than ours have come as decimals */
		return tr_as_int(tr_map_get_s(about, "scale"), 0) == 0 &&
			       tr_as_int(tr_map_get_s(about, "precision"), 38) <= 18
			   ? COLUMN_INT
			   : COLUMN_DECIMAL;
	if (strcasecmp(type, "real") == 0 || strcasecmp(type, "float") == 0)
		return COLUMN_FLOAT;
	if (strcasecmp(type, "boolean") == 0)
		return COLUMN_BOOL;
	if (strcasecmp(type, "date") == 0)
		return COLUMN_DATE;
	if (strcasecmp(type, "time") == 0)
		return COLUMN_TIME;
	if (strcasecmp(type, "binary") == 0)
		return COLUMN_BYTES;
	if (strncasecmp(type, "timestamp", 9) == 0)
		return strcasecmp(type, "timestamp_ntz") == 0 ? COLUMN_TIMESTAMP : COLUMN_TIMESTAMPTZ;
	return is_semistructured(type) ? COLUMN_JSON : COLUMN_TEXT;
}

static tr_value read_columns(transfer *t, const snow_reading *s)
{
	for (size_t i = 0; i < tr_array_len(s->types); i++) {
		tr_value type = tr_array_at(s->types, i);
		if (columns_add(&t->source_columns, tr_keep(tr_map_get_s(type, "name")), type_of(type)) != TR_OK)
			return tr_outcome_error("busy", true, "out of memory");
		column *c = &t->source_columns.items[i];
		if (c->type == COLUMN_DECIMAL) {
			c->precision = (int)tr_as_int(tr_map_get_s(type, "precision"), 38);
			c->scale = (int)tr_as_int(tr_map_get_s(type, "scale"), 0);
		}
	}
	return tr_absent();
}

static tr_value snow_open(transfer *t)
{
	snow_reading *s = tr_alloc(sizeof(*s));
	tr_value sql = tr_absent(), why = tr_absent(), fault;

	if (s == NULL)
		return tr_outcome_error("busy", true, "out of memory");
	t->source_state = s;
	s->types = s->handle = s->rows = tr_absent();
	fault = source_sql(t, snow_put_table, &sql);
	sql = tr_own_value(sql);
	if (!tr_is_valid(fault))
		fault = snow_place_find(&s->wire, t, t->source_spec);
	if (tr_is_valid(fault))
		return fault;
	bool table = tr_is(tr_map_get_s(t->source_spec, "table"), TR_STRING);
	tr_value params = table ? tr_absent() : tr_map_get_s(t->source_spec, "params");
	tr_value request = snow_request(&s->wire, sql, params, &why);
	if (tr_is_valid(why)) {
		fault = tr_outcome_error("input", false, "%s", tr_as_cstr(why, "?"));
		tr_drop(why);
		return fault;
	}
	tr_value reply = snow_wire_run(&s->wire, request, &fault);
	tr_value about = tr_map_get_s(reply, "resultSetMetaData");
	s->types = tr_keep(tr_map_get_s(about, "rowType"));
	s->handle = tr_keep(tr_map_get_s(reply, "statementHandle"));
	s->rows = tr_keep(tr_map_get_s(reply, "data"));
	s->parts = tr_array_len(tr_map_get_s(about, "partitionInfo"));
	tr_drop(reply);
	return tr_is_valid(fault) ? fault : read_columns(t, s);
}

static void put_cell(batch *b, column_type type, tr_value about, tr_value said)
{
	if (!tr_is(said, TR_STRING)) {
		batch_null(b);
	} else if (type == COLUMN_DECIMAL || type == COLUMN_JSON) {
		batch_text(b, type == COLUMN_JSON ? CELL_JSON : CELL_DECIMAL, tr_as_str(said));
	} else {
		tr_value v = snow_cell_read(about, said);
		batch_value(b, v);
		tr_drop(v);
	}
}

static tr_value snow_next(transfer *t, batch *b)
{
	snow_reading *s = t->source_state;
	tr_value fault = tr_absent();
	size_t n = t->source_columns.count;

	batch_begin(b, n);
	while (!tr_is_valid(fault) && !batch_full(b, t->chunk_size)) {
		if (s->at == tr_array_len(s->rows)) {
			if (++s->part >= s->parts)
				break;
			tr_clear(&s->rows); /* one is enough to have in memory */
			s->rows = snow_wire_partition(&s->wire, s->handle, (int64_t)s->part, &fault);
			s->at = 0;
			continue;
		}
		tr_value row = tr_array_at(s->rows, s->at++);
		for (size_t i = 0; i < n; i++)
			put_cell(b, t->source_columns.items[i].type, tr_array_at(s->types, i), tr_array_at(row, i));
		if (s->at % 256 == 0)
			tr_reduce(256);
	}
	return fault;
}

const source_class snowflake_source = {"snowflake", snow_open, snow_next, snow_destroy};
