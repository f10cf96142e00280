/* SPDX-License-Identifier: Apache-2.0 */
/* From vectors. */
#include "plugins/shared/duckdb/text.h"
#include "plugins/shared/duckdb/type.h"
#include "plugins/shared/sql/number.h"

#include <string.h>
#include <troupe/codec.h>

static bool is_null(const duck_api *api, duckdb_vector v, idx_t row)
{
	const uint64_t *valid = api->vector_get_validity(v);

	return valid != NULL && (valid[row / 64] >> (row % 64) & 1) == 0;
}

static tr_str text_at(const void *data, idx_t row)
{
	const duckdb_string_t *s = (const duckdb_string_t *)data + row;

	return (tr_str){s->length <= 12 ? s->start : s->as.p, s->length};
}

/* An integer of whatever width. */
static duckdb_hugeint integer_at(duckdb_type id, const void *data, idx_t row)
{
	int64_t i = 0;

	switch (id) {
	case DUCKDB_TINYINT:
		i = ((const int8_t *)data)[row];
		break;
	case DUCKDB_SMALLINT:
		i = ((const int16_t *)data)[row];
		break;
	case DUCKDB_INTEGER:
		i = ((const int32_t *)data)[row];
		break;
	case DUCKDB_BIGINT:
		i = ((const int64_t *)data)[row];
		break;
	case DUCKDB_UTINYINT:
		i = ((const uint8_t *)data)[row];
		break;
	case DUCKDB_USMALLINT:
		i = ((const uint16_t *)data)[row];
		break;
	case DUCKDB_UINTEGER:
		i = ((const uint32_t *)data)[row];
		break;
	case DUCKDB_UBIGINT:
		return (duckdb_hugeint){((const uint64_t *)data)[row], 0};
	default: /* the two of 128 bits */
		return ((const duckdb_hugeint *)data)[row];
	}
	return (duckdb_hugeint){(uint64_t)i, i < 0 ? -1 : 0};
}

/* Takes the text. */
static tr_value number(tr_buf *text)
{
	tr_buf_putc(text, '\0');
	tr_value v = text->err == TR_OK ? sql_number((tr_str){text->p, text->n - 1}) : tr_invalid(text->err);
	tr_buf_fini(text);
	return v;
}

static tr_value read_integer(const duck_type *t, const void *data, idx_t row)
{
	duckdb_hugeint i = integer_at(t->id, data, row);
	tr_buf text = {0};
	bool is_signed = t->id != DUCKDB_UHUGEINT;

	if (i.upper == ((int64_t)i.lower < 0 ? -1 : 0) && (is_signed || i.upper == 0))
		return tr_int((int64_t)i.lower);
	duck_put_wide(&text, i, is_signed, 0);
	return tr_string_buf(&text);
}

static tr_value read_decimal(const duck_type *t, const void *data, idx_t row)
{
	tr_buf text = {0};

	duck_put_wide(&text, integer_at(t->internal, data, row), true, t->scale);
	return number(&text);
}

static tr_value read_text(const duck_type *t, tr_str s)
{
	tr_value v = t->json ? tr_json_read(s, NULL, NULL) : tr_absent();

	return tr_is_valid(v) ? v : tr_string_lossy(s.p, s.n);
}

static tr_value read_time(const duck_type *t, const void *data, idx_t row)
{
	tr_buf out = {0};

	switch (t->id) {
	case DUCKDB_DATE:
		duck_put_date(&out, ((const int32_t *)data)[row]);
		break;
	case DUCKDB_TIME:
		duck_put_time(&out, ((const int64_t *)data)[row]);
		break;
	case DUCKDB_TIME_TZ:
		duck_put_time_tz(&out, ((const uint64_t *)data)[row]);
		break;
	case DUCKDB_INTERVAL:
		duck_put_interval(&out, ((const duckdb_interval *)data)[row]);
		break;
	default:
		duck_put_timestamp(&out, ((const int64_t *)data)[row],
				   t->id == DUCKDB_TIMESTAMP_S    ? 1
				   : t->id == DUCKDB_TIMESTAMP_MS ? 1000
				   : t->id == DUCKDB_TIMESTAMP_NS ? 1000000000
								  : 1000000,
				   t->id == DUCKDB_TIMESTAMP_TZ);
		break;
	}
	return tr_string_buf(&out);
}

static tr_value read_bits(const duck_type *t, const void *data, idx_t row)
{
	tr_buf out = {0};

	if (t->id == DUCKDB_UUID)
		duck_put_uuid(&out, ((const duckdb_hugeint *)data)[row]);
	else
		duck_put_bits(&out, text_at(data, row));
	return tr_string_buf(&out);
}

/* ---- nested ---- */

static tr_value read_items(const duck_api *api, const duck_type *item, duckdb_vector child, idx_t from, idx_t n)
{
	tr_value list = tr_array_with(n);

	for (idx_t i = 0; i < n; i++)
		list = tr_array_push(list, duck_cell_read(api, item, child, from + i));
	return list;
}

static tr_value read_list(const duck_api *api, const duck_type *t, duckdb_vector v, idx_t row)
{
	if (t->id == DUCKDB_ARRAY)
		return read_items(api, &t->children[0], api->array_vector_get_child(v), row * t->size, t->size);
	duckdb_list_entry e = ((const duckdb_list_entry *)api->vector_get_data(v))[row];
	return read_items(api, &t->children[0], api->list_vector_get_child(v), e.offset, e.length);
}

/* A struct without names for its fields is a list. */
static tr_value read_struct(const duck_api *api, const duck_type *t, duckdb_vector v, idx_t row)
{
	bool named = tr_as_str(tr_array_at(t->names, 0)).n > 0;
	tr_value out = named ? tr_map_with(t->count) : tr_array_with(t->count);

	for (size_t i = 0; i < t->count; i++) {
		tr_value cell = duck_cell_read(api, &t->children[i], api->struct_vector_get_child(v, i), row);
		out = named ? tr_map_put(out, tr_keep(tr_array_at(t->names, i)), cell) : tr_array_push(out, cell);
	}
	return out;
}

/* Takes the key. */
static tr_value key_text(tr_value key)
{
	tr_buf out = {0};

	if (tr_is(key, TR_STRING) || !tr_is_valid(key))
		return key;
	tr_err err = tr_json_write(&out, key, 0);
	tr_drop(key);
	if (err == TR_OK)
		return tr_string_buf(&out);
	tr_buf_fini(&out);
	return tr_invalid(err);
}

/* Kept as a list of structs of a key and a value. */
static tr_value read_map(const duck_api *api, const duck_type *t, duckdb_vector v, idx_t row)
{
	duckdb_list_entry e = ((const duckdb_list_entry *)api->vector_get_data(v))[row];
	duckdb_vector pairs = api->list_vector_get_child(v), keys = api->struct_vector_get_child(pairs, 0);
	duckdb_vector values = api->struct_vector_get_child(pairs, 1);
	tr_value map = tr_map_with(e.length);

	for (idx_t i = e.offset; i < e.offset + e.length; i++)
		map = tr_map_put(map, key_text(duck_cell_read(api, &t->children[0], keys, i)),
				 duck_cell_read(api, &t->children[1], values, i));
	return map;
}

/* Kept as a struct: which member it is, then all members. */
static tr_value read_union(const duck_api *api, const duck_type *t, duckdb_vector v, idx_t row)
{
	const uint8_t *tags = api->vector_get_data(api->struct_vector_get_child(v, 0));
	size_t tag = tags[row];

	if (tag >= t->count)
		return tr_invalid(TR_ECORRUPT);
	return duck_cell_read(api, &t->children[tag], api->struct_vector_get_child(v, tag + 1), row);
}

tr_value duck_cell_read(const duck_api *api, const duck_type *t, duckdb_vector v, idx_t row)
{
	const void *data = api->vector_get_data(v);

	if (is_null(api, v, row))
		return tr_nil();
	switch (t->id) {
	case DUCKDB_BOOLEAN:
		return tr_bool(((const bool *)data)[row]);
	case DUCKDB_FLOAT:
		return tr_float((double)((const float *)data)[row]);
	case DUCKDB_DOUBLE:
		return tr_float(((const double *)data)[row]);
	case DUCKDB_VARCHAR:
		return read_text(t, text_at(data, row));
	case DUCKDB_BLOB:
		return tr_binary(text_at(data, row).p, text_at(data, row).n);
	case DUCKDB_DECIMAL:
		return read_decimal(t, data, row);
	case DUCKDB_ENUM:
		return tr_keep(tr_array_at(t->names, integer_at(t->internal, data, row).lower));
	case DUCKDB_LIST:
	case DUCKDB_ARRAY:
		return read_list(api, t, v, row);
	case DUCKDB_STRUCT:
		return read_struct(api, t, v, row);
	case DUCKDB_MAP:
		return read_map(api, t, v, row);
	case DUCKDB_UNION:
		return read_union(api, t, v, row);
	case DUCKDB_UUID:
	case DUCKDB_BIT:
		return read_bits(t, data, row);
	case DUCKDB_DATE:
	case DUCKDB_TIME:
	case DUCKDB_TIME_TZ:
	case DUCKDB_INTERVAL:
	case DUCKDB_TIMESTAMP:
	case DUCKDB_TIMESTAMP_S:
	case DUCKDB_TIMESTAMP_MS:
	case DUCKDB_TIMESTAMP_NS:
	case DUCKDB_TIMESTAMP_TZ:
		return read_time(t, data, row);
	case DUCKDB_SQLNULL:
		return tr_nil();
	default:
		if (t->id > DUCKDB_UHUGEINT ||
		    (t->id > DUCKDB_UBIGINT && t->id != DUCKDB_HUGEINT && t->id != DUCKDB_UHUGEINT))
			return tr_invalid(TR_EUNSUPPORTED);
		return read_integer(t, data, row);
	}
}
