/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters. */
#include "plugins/shared/duckdb/type.h"

#include <troupe/codec.h>

/* The one type that holds all items of a list; SQLNULL for none, 0 when there is no such. */
static duckdb_type item_type(tr_value list)
{
	duckdb_type common = DUCKDB_SQLNULL;

	for (size_t i = 0; i < tr_array_len(list); i++) {
		duckdb_type one;
		switch (tr_type_of(tr_array_at(list, i))) {
		case TR_NIL:
			continue;
		case TR_BOOL:
			one = DUCKDB_BOOLEAN;
			break;
		case TR_INT:
			one = DUCKDB_BIGINT;
			break;
		case TR_FLOAT:
			one = DUCKDB_DOUBLE;
			break;
		case TR_STRING:
			one = DUCKDB_VARCHAR;
			break;
		case TR_BINARY:
			one = DUCKDB_BLOB;
			break;
		default:
			return (duckdb_type)0;
		}
		bool numbers = (one == DUCKDB_BIGINT && common == DUCKDB_DOUBLE) ||
			       (one == DUCKDB_DOUBLE && common == DUCKDB_BIGINT);
		if (common == DUCKDB_SQLNULL)
			common = one;
		else if (numbers)
			common = DUCKDB_DOUBLE;
		else if (common != one)
			return (duckdb_type)0;
	}
	return common;
}

static duckdb_value as_json(const duck_api *api, tr_value v)
{
	tr_buf out = {0};
	bool ok = tr_json_write(&out, v, 0) == TR_OK;
	duckdb_value value = ok ? api->create_varchar_length(out.p, out.n) : api->create_null_value();

	tr_buf_fini(&out);
	return value;
}

static void destroy_all(const duck_api *api, duckdb_value *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		api->destroy_value(&values[i]);
	tr_free(values);
}

static duckdb_value write_list(const duck_api *api, tr_value v)
{
	size_t n = tr_array_len(v);
	duckdb_type common = item_type(v);
	duckdb_value *items = common == 0 ? NULL : tr_alloc((n + 1) * sizeof(*items));

	if (items == NULL) /* nested or mixed */
		return as_json(api, v);
	for (size_t i = 0; i < n; i++) {
		tr_value item = tr_array_at(v, i);
		bool widened = common == DUCKDB_DOUBLE && tr_is(item, TR_INT);
		items[i] = widened ? api->create_double(tr_as_float(item, 0)) : duck_cell_write(api, item);
	}
	duckdb_logical_type type = api->create_logical_type(common);
	duckdb_value list = api->create_list_value(type, items, n);
	api->destroy_logical_type(&type);
	destroy_all(api, items, n);
	return list;
}

static bool has_text_keys(tr_value map)
{
	bool ok = tr_map_len(map) > 0;

	for (size_t i = 0; i < tr_map_len(map); i++)
		ok = ok && tr_is(tr_map_entries(map)[i].key, TR_STRING);
	return ok;
}

static duckdb_value write_struct(const duck_api *api, tr_value v)
{
	size_t n = has_text_keys(v) ? tr_map_len(v) : 0;
	duckdb_value *fields = tr_alloc((n + 1) * sizeof(*fields));
	duckdb_logical_type *types = tr_alloc((n + 1) * sizeof(*types));
	const char **names = tr_alloc((n + 1) * sizeof(*names));
	duckdb_value value = NULL;
	bool room = n > 0 && fields != NULL && types != NULL && names != NULL;

	for (size_t i = 0; room && i < n; i++) {
		const tr_entry *e = &tr_map_entries(v)[i];
		fields[i] = duck_cell_write(api, e->value);
		types[i] = api->get_value_type(fields[i]); /* the value's own */
		names[i] = tr_as_cstr(e->key, "");
	}
	if (room) {
		duckdb_logical_type type = api->create_struct_type(types, names, n);
		value = api->create_struct_value(type, fields);
		api->destroy_logical_type(&type);
		destroy_all(api, fields, n);
	} else {
		tr_free(fields);
	}
	tr_free(types);
	tr_free(names);
	return value != NULL ? value : as_json(api, v);
}

duckdb_value duck_cell_write(const duck_api *api, tr_value v)
{
	tr_str s = tr_as_str(v);

	switch (tr_type_of(v)) {
	case TR_BOOL:
		return api->create_bool(tr_as_bool(v, false));
	case TR_INT:
		return api->create_int64(tr_as_int(v, 0));
	case TR_FLOAT:
		return api->create_double(tr_as_float(v, 0));
	case TR_STRING:
	case TR_ATOM:
		return api->create_varchar_length(s.n == 0 ? "" : s.p, s.n);
	case TR_BINARY:
		return api->create_blob((const uint8_t *)(s.n == 0 ? "" : s.p), s.n);
	case TR_ARRAY:
		return write_list(api, v);
	case TR_MAP:
		return write_struct(api, v);
	default:
		return api->create_null_value();
	}
}
