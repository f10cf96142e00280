/* SPDX-License-Identifier: Apache-2.0 */
/* Types taken apart. */
#include "plugins/shared/duckdb/type.h"

#include <string.h>

#define TYPE_DEPTH 32

typedef duckdb_logical_type child_fn(duckdb_logical_type type);

static tr_value text_of(const duck_api *api, char *text)
{
	tr_value v = text == NULL ? tr_string("") : tr_string_lossy(text, strlen(text));

	api->free(text);
	return v;
}

static bool make_room(duck_type *t, size_t n)
{
	t->children = tr_alloc((n == 0 ? 1 : n) * sizeof(*t->children));
	t->count = t->children == NULL ? 0 : n;
	return t->children != NULL;
}

/* Takes the child. */
static bool read_child(duck_type *t, size_t at, const duck_api *api, duckdb_logical_type child, int depth)
{
	bool ok = duck_type_read(&t->children[at], api, child, depth + 1);

	api->destroy_logical_type(&child);
	return ok;
}

static bool read_members(duck_type *t, const duck_api *api, duckdb_logical_type type, int depth)
{
	bool is_union = t->id == DUCKDB_UNION, ok;
	size_t n = is_union ? api->union_type_member_count(type) : api->struct_type_child_count(type);

	ok = make_room(t, n);
	for (size_t i = 0; ok && i < n; i++) {
		if (!is_union)
			t->names = tr_array_push(t->names, text_of(api, api->struct_type_child_name(type, i)));
		ok = read_child(t, i, api,
				is_union ? api->union_type_member_type(type, i) : api->struct_type_child_type(type, i),
				depth);
	}
	return ok;
}

static void read_words(duck_type *t, const duck_api *api, duckdb_logical_type type)
{
	t->internal = api->enum_internal_type(type);
	for (uint32_t i = 0; i < api->enum_dictionary_size(type); i++)
		t->names = tr_array_push(t->names, text_of(api, api->enum_dictionary_value(type, i)));
}

static void read_alias(duck_type *t, const duck_api *api, duckdb_logical_type type)
{
	char *alias = api->logical_type_get_alias(type);

	t->json = alias != NULL && strcmp(alias, "JSON") == 0;
	api->free(alias);
}

bool duck_type_read(duck_type *t, const duck_api *api, duckdb_logical_type type, int depth)
{
	*t = (duck_type){.id = api->get_type_id(type), .names = tr_array()};
	if (depth > TYPE_DEPTH)
		return false;
	switch (t->id) {
	case DUCKDB_VARCHAR:
		read_alias(t, api, type);
		break;
	case DUCKDB_DECIMAL:
		t->width = api->decimal_width(type);
		t->scale = api->decimal_scale(type);
		t->internal = api->decimal_internal_type(type);
		break;
	case DUCKDB_ENUM:
		read_words(t, api, type);
		break;
	case DUCKDB_LIST:
		return make_room(t, 1) && read_child(t, 0, api, api->list_type_child_type(type), depth);
	case DUCKDB_ARRAY:
		t->size = api->array_type_array_size(type);
		return make_room(t, 1) && read_child(t, 0, api, api->array_type_child_type(type), depth);
	case DUCKDB_MAP:
		return make_room(t, 2) && read_child(t, 0, api, api->map_type_key_type(type), depth) &&
		       read_child(t, 1, api, api->map_type_value_type(type), depth);
	case DUCKDB_STRUCT:
	case DUCKDB_UNION:
		return read_members(t, api, type, depth);
	default:
		break;
	}
	return true;
}

void duck_type_fini(duck_type *t)
{
	for (size_t i = 0; i < t->count; i++)
		duck_type_fini(&t->children[i]);
	tr_free(t->children);
	tr_clear(&t->names);
	*t = (duck_type){.names = tr_absent()};
}
