/* SPDX-License-Identifier: Apache-2.0 */
/* Columns and the SQL that names them. */
#include "plugins/actions/transfer/column.h"

#include <string.h>

static const char *const postgres_types[] = {
#define X(name, postgres, duckdb, snowflake) postgres,
    COLUMN_TYPES(X)
#undef X
};

static const char *const duckdb_types[] = {
#define X(name, postgres, duckdb, snowflake) duckdb,
    COLUMN_TYPES(X)
#undef X
};

static const char *const snowflake_types[] = {
#define X(name, postgres, duckdb, snowflake) snowflake,
    COLUMN_TYPES(X)
#undef X
};

void columns_fini(columns *c)
{
	for (size_t i = 0; i < c->count; i++)
		tr_drop(c->items[i].name);
	tr_free(c->items);
	*c = (columns){0};
}

tr_err columns_add(columns *c, tr_value name, column_type type)
{
	column *more = tr_is_valid(name) ? tr_realloc(c->items, (c->count + 1) * sizeof(*more)) : NULL;

	if (more == NULL) {
		tr_drop(name);
		return TR_ENOMEM;
	}
	c->items = more;
	c->items[c->count] = (column){.name = name, .type = type, .from = c->count};
	c->count++;
	return TR_OK;
}

int64_t columns_find(const columns *c, tr_str name)
{
	for (size_t i = 0; i < c->count; i++)
		if (tr_str_eq(tr_as_str(c->items[i].name), name))
			return (int64_t)i;
	return -1;
}

static column_type type_of(uint32_t kind)
{
	switch ((cell_kind)kind) {
	case CELL_BOOL:
		return COLUMN_BOOL;
	case CELL_INT:
		return COLUMN_INT;
	case CELL_FLOAT:
		return COLUMN_FLOAT;
	case CELL_DECIMAL:
		return COLUMN_DECIMAL;
	case CELL_BYTES:
		return COLUMN_BYTES;
	case CELL_JSON:
		return COLUMN_JSON;
	case CELL_NULL:
		return COLUMN_ANY;
	default:
		return COLUMN_TEXT;
	}
}

void columns_guess(columns *c, const batch *b)
{
	for (size_t i = 0; i < c->count; i++) {
		column_type common = c->items[i].type;
		if (common != COLUMN_ANY)
			continue;
		for (size_t row = 0; row < batch_rows(b); row++) {
			column_type one = type_of(batch_cell(b, row, i)->kind);
			bool numbers = (one == COLUMN_INT && common == COLUMN_FLOAT) ||
				       (one == COLUMN_FLOAT && common == COLUMN_INT);
			if (one == COLUMN_ANY || one == common)
				continue;
			common = common == COLUMN_ANY ? one : numbers ? COLUMN_FLOAT : COLUMN_TEXT;
		}
		c->items[i].type = common == COLUMN_ANY ? COLUMN_TEXT : common;
	}
}

static tr_value map_one(columns *target, const columns *source, const tr_entry *e)
{
	tr_str from = tr_as_str(e->value);
	int64_t at = columns_find(source, from);

	if (!tr_is(e->key, TR_STRING) || !tr_is(e->value, TR_STRING))
		return tr_outcome_error("input", false,
					"transfer: mapping must be names: target column to source column");
	if (at < 0)
		return tr_outcome_error("input", false, "transfer: the source has no column %.*s, which mapping names",
					TR_STR(from));
	if (columns_add(target, tr_keep(e->key), source->items[at].type) != TR_OK)
		return tr_outcome_error("busy", true, "transfer: out of memory");
	column *new = &target->items[target->count - 1];
	new->precision = source->items[at].precision;
	new->scale = source->items[at].scale;
	new->from = (size_t)at;
	return tr_absent();
}

tr_value columns_map(columns *target, const columns *source, tr_value mapping)
{
	tr_value fault = tr_absent();

	if (tr_map_len(mapping) == 0) {
		for (size_t i = 0; i < source->count && !tr_is_valid(fault); i++) {
			tr_entry same = {source->items[i].name, source->items[i].name};
			fault = map_one(target, source, &same);
			if (!tr_is_valid(fault))
				target->items[i].from = i; /* of two with one name, each its own */
		}
		return fault;
	}
	for (size_t i = 0; i < tr_map_len(mapping) && !tr_is_valid(fault); i++)
		fault = map_one(target, source, &tr_map_entries(mapping)[i]);
	return fault;
}

/* ---- SQL ---- */

static void put_type(tr_buf *out, const column *c, const char *const *names, const char *exact)
{
	if (c->type == COLUMN_DECIMAL && c->precision > 0 && c->precision <= 38)
		tr_buf_putf(out, "%s(%d, %d)", exact, c->precision, c->scale);
	else
		tr_buf_puts(out, names[c->type]);
}

void column_put_postgres(tr_buf *out, const column *c)
{
	put_type(out, c, postgres_types, "numeric");
}

void column_put_duckdb(tr_buf *out, const column *c)
{
	put_type(out, c, duckdb_types, "DECIMAL");
}

void column_put_snowflake(tr_buf *out, const column *c)
{
	put_type(out, c, snowflake_types, "NUMBER");
}

void column_put_name(tr_buf *out, tr_str name)
{
	tr_buf_putc(out, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"')
			tr_buf_putc(out, '"');
		tr_buf_putc(out, name.p[i]);
	}
	tr_buf_putc(out, '"');
}

void columns_put_names(tr_buf *out, const columns *c)
{
	for (size_t i = 0; i < c->count; i++) {
		tr_buf_puts(out, i == 0 ? "" : ", ");
		column_put_name(out, tr_as_str(c->items[i].name));
	}
}

void columns_put_list(tr_buf *out, tr_value names)
{
	for (size_t i = 0; i < tr_array_len(names); i++) {
		tr_buf_puts(out, i == 0 ? "" : ", ");
		column_put_name(out, tr_as_str(tr_array_at(names, i)));
	}
}

void column_put_table(tr_buf *out, tr_str table)
{
	for (;;) {
		const char *dot = table.n == 0 ? NULL : memchr(table.p, '.', table.n);
		size_t n = dot == NULL ? table.n : (size_t)(dot - table.p);
		column_put_name(out, (tr_str){table.p, n});
		if (dot == NULL)
			return;
		tr_buf_putc(out, '.');
		table = (tr_str){dot + 1, table.n - n - 1};
	}
}

void column_put_create(tr_buf *out, tr_str table, const columns *c, void (*put)(tr_buf *, const column *),
		       tr_value keys)
{
	tr_buf_puts(out, "CREATE TABLE IF NOT EXISTS ");
	column_put_table(out, table);
	tr_buf_puts(out, " (");
	for (size_t i = 0; i < c->count; i++) {
		tr_buf_puts(out, i == 0 ? "" : ", ");
		column_put_name(out, tr_as_str(c->items[i].name));
		tr_buf_putc(out, ' ');
		put(out, &c->items[i]);
	}
	if (tr_array_len(keys) > 0) {
		tr_buf_puts(out, ", PRIMARY KEY (");
		columns_put_list(out, keys);
		tr_buf_putc(out, ')');
	}
	tr_buf_putc(out, ')');
}

bool column_is_among(tr_value names, tr_value name)
{
	for (size_t i = 0; i < tr_array_len(names); i++)
		if (tr_equal(tr_array_at(names, i), name))
			return true;
	return false;
}
