/* SPDX-License-Identifier: Apache-2.0 */
/* Values to cells. */
#include "plugins/actions/transfer/rows.h"

tr_value rows_columns(transfer *t)
{
	tr_value names = tr_map_get_s(t->source_spec, "columns");

	if (!tr_is_valid(names) || tr_is_nil(names))
		return tr_absent();
	for (size_t i = 0; i < tr_array_len(names); i++)
		if (!tr_is(tr_array_at(names, i), TR_STRING) ||
		    columns_add(&t->source_columns, tr_keep(tr_array_at(names, i)), COLUMN_ANY) != TR_OK)
			return tr_outcome_error("input", false, "columns must be a list of names");
	return tr_array_len(names) > 0 ? tr_absent()
				       : tr_outcome_error("input", false, "columns must be a list of names");
}

/* The keys of these rows, in the order in which they come up. */
static tr_value learn(transfer *t, const batch *b, tr_value rows)
{
	columns *c = &t->source_columns;
	tr_value seen = tr_map();
	tr_err err = TR_OK;

	for (size_t i = 0; i < tr_array_len(rows) && err == TR_OK; i++) {
		tr_value row = tr_array_at(rows, i);
		if (!tr_is(row, TR_MAP)) {
			tr_drop(seen);
			return transfer_at_row(tr_outcome_error("data", false,
								"a row must be a mapping, not %s; or name "
								"the columns of rows that are lists",
								tr_type_name(tr_type_of(row))),
					       b, i);
		}
		for (size_t k = 0; k < tr_map_len(row) && err == TR_OK; k++) {
			tr_value key = tr_map_entries(row)[k].key;
			if (!tr_is(key, TR_STRING) || tr_is_valid(tr_map_get(seen, key)))
				continue;
			seen = tr_map_put(seen, tr_keep(key), tr_bool(true));
			err = columns_add(c, tr_keep(key), COLUMN_ANY);
		}
	}
	tr_drop(seen);
	return err == TR_OK ? tr_absent() : tr_outcome_error("busy", true, "out of memory");
}

static tr_value stranger(const transfer *t, const batch *b, tr_value row, size_t at)
{
	for (size_t k = 0; k < tr_map_len(row); k++) {
		tr_str key = tr_as_str(tr_map_entries(row)[k].key);
		if (columns_find(&t->source_columns, key) < 0)
			return transfer_at_row(
			    tr_outcome_error("data", false,
					     "the row has a field %.*s that no row of the first chunk has; list all "
					     "in columns, or the wanted ones in mapping",
					     TR_STR(key)),
			    b, at);
	}
	return tr_absent();
}

static tr_value fill_map(transfer *t, batch *b, tr_value row, size_t at, bool strict)
{
	size_t known = 0;

	for (size_t i = 0; i < t->source_columns.count; i++) {
		tr_value v = tr_map_get(row, t->source_columns.items[i].name);
		known += tr_is_valid(v);
		batch_value(b, v);
	}
	return strict && known < tr_map_len(row) ? stranger(t, b, row, at) : tr_absent();
}

static tr_value fill_list(transfer *t, batch *b, tr_value row, size_t at)
{
	if (tr_array_len(row) > t->source_columns.count)
		return transfer_at_row(tr_outcome_error("data", false,
							"the row has %zu fields, and there are %zu columns",
							tr_array_len(row), t->source_columns.count),
				       b, at);
	for (size_t i = 0; i < t->source_columns.count; i++)
		batch_value(b, tr_array_at(row, i));
	return tr_absent();
}

tr_value rows_fill(transfer *t, batch *b, tr_value rows)
{
	tr_value fault = tr_absent();
	bool named = tr_is(tr_map_get_s(t->source_spec, "columns"), TR_ARRAY);
	bool strict = !named && tr_map_len(t->mapping) == 0;

	if (t->source_columns.count == 0)
		fault = learn(t, b, rows);
	if (tr_is_valid(fault))
		return fault;
	batch_begin(b, t->source_columns.count);
	for (size_t i = 0; i < tr_array_len(rows) && !tr_is_valid(fault); i++) {
		tr_value row = tr_array_at(rows, i);
		if (tr_is(row, TR_MAP))
			fault = fill_map(t, b, row, i, strict);
		else if (tr_is(row, TR_ARRAY) && named)
			fault = fill_list(t, b, row, i);
		else
			fault = transfer_at_row(tr_outcome_error("data", false, "a row must be a mapping, not %s",
								 tr_type_name(tr_type_of(row))),
						b, i);
	}
	return fault;
}
