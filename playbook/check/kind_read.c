/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest's inputs as a table of the checker; everything it needs is in its own arena. */
#include "playbook/check/kind_read.h"
#include "playbook/check/kind_macros.h"
#include "playbook/yaml/arena.h"
#include <math.h>
#include <stdio.h>

#define KEYS_MAX   256u
#define VALUES_MAX 256u
#define GROUPS_MAX 64u

struct described_kind {
	tool_kind tool;
	arena mem;
	char *why;
	size_t n;
};

static bool refuse(described_kind *d, const char *key, const char *what)
{
	if (d->why[0] == '\0')
		(void)snprintf(d->why, d->n, "%s%s%s", key, *key == '\0' ? "" : ": ", what);
	return false;
}

static const char *text_of(described_kind *d, tr_value v)
{
	return arena_str(&d->mem, tr_as_str(v)).p;
}

/* A list of texts with a NULL behind it; NULL when it is something else. */
static const char *const *names_of(described_kind *d, tr_value list, size_t most)
{
	size_t n = tr_array_len(list);
	const char **names = n > 0 && n <= most ? arena_alloc_array(&d->mem, n + 1, sizeof *names) : NULL;

	for (size_t i = 0; names != NULL && i < n; i++) {
		if (!tr_is(tr_array_at(list, i), TR_STRING))
			return NULL;
		names[i] = text_of(d, tr_array_at(list, i));
	}
	return names;
}

/* ---- one key ---- */

static bool add_type(unsigned *shapes, tr_value name)
{
	static const struct {
		const char *name;
		unsigned shapes;
	} types[] = {{"string", SHAPE_TEXT}, {"int", SHAPE_INT}, {"number", SHAPE_NUMBER}, {"bool", SHAPE_BOOL},
		     {"list", SHAPE_LIST},   {"map", SHAPE_MAP}, {"any", SHAPE_ANY}};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (tr_str_is(tr_as_str(name), types[i].name)) {
			*shapes |= types[i].shapes;
			return true;
		}
	}
	return false;
}

static bool read_type(described_kind *d, kind_key *k, tr_value type)
{
	bool good = !tr_is_valid(type) || tr_is(type, TR_STRING) || tr_array_len(type) > 0;

	if (tr_is(type, TR_STRING))
		good = add_type(&k->shapes, type);
	for (size_t i = 0; i < tr_array_len(type); i++)
		good = add_type(&k->shapes, tr_array_at(type, i)) && good;
	if (k->shapes == SHAPE_ANY)
		k->shapes = 0;
	return good ||
	       refuse(d, k->key, "type must be string, int, number, bool, list, map or any, or a list of these");
}

static bool read_bounds(described_kind *d, kind_key *k, tr_value rule)
{
	tr_value min = tr_map_get_s(rule, "min"), max = tr_map_get_s(rule, "max");
	bool any = tr_is_valid(min) || tr_is_valid(max);

	k->min = tr_as_float(min, any ? -COUNT_MOST : 0);
	k->max = tr_as_float(max, any ? COUNT_MOST : 0);
	return (tr_is_valid(min) && !isfinite(tr_as_float(min, NAN))) ||
		       (tr_is_valid(max) && !isfinite(tr_as_float(max, NAN))) || k->min > k->max
		   ? refuse(d, k->key, "min and max must be numbers, the first not above the second")
		   : true;
}

static bool read_key(described_kind *d, kind_key *k, tr_value name, tr_value rule)
{
	static const char *const known[] = {"type", "required", "description", "enum", "min", "max"};
	tr_value list = tr_map_get_s(rule, "enum");

	k->key = text_of(d, name);
	if (!tr_is(rule, TR_MAP))
		return refuse(d, k->key, "must be a mapping with type, required, description, enum, min, max");
	for (size_t i = 0; i < tr_map_len(rule); i++) {
		bool found = false;
		for (size_t m = 0; m < sizeof known / sizeof *known; m++)
			found = found || tr_str_is(tr_as_str(tr_map_entries(rule)[i].key), known[m]);
		if (!found)
			return refuse(d, k->key,
				      "has a key that is none of type, required, description, enum, min, max");
	}
	k->doc = text_of(d, tr_map_get_s(rule, "description"));
	k->values = names_of(d, list, VALUES_MAX);
	if (tr_is_valid(list) && k->values == NULL)
		return refuse(d, k->key, "enum must be a list of texts");
	if (tr_is_valid(tr_map_get_s(rule, "required")) && !tr_is(tr_map_get_s(rule, "required"), TR_BOOL))
		return refuse(d, k->key, "required must be true or false");
	return read_type(d, k, tr_map_get_s(rule, "type")) && read_bounds(d, k, rule);
}

/* ---- all of them ---- */

static bool read_keys(described_kind *d, tr_value inputs)
{
	size_t n = tr_map_len(inputs), required = 0;
	kind_key *keys = n <= KEYS_MAX ? arena_alloc_array(&d->mem, n + 1, sizeof *keys) : NULL;
	const char **names = n <= KEYS_MAX ? arena_alloc_array(&d->mem, n + 1, sizeof *names) : NULL;

	if (keys == NULL || names == NULL || !tr_is(inputs, TR_MAP))
		return refuse(d, "", "must be a mapping of at most 256 keys to what they take");
	for (size_t i = 0; i < n; i++) {
		const tr_entry *e = &tr_map_entries(inputs)[i];
		if (!read_key(d, &keys[i], e->key, e->value))
			return false;
		if (tr_as_bool(tr_map_get_s(e->value, "required"), false))
			names[required++] = keys[i].key;
	}
	d->tool.keys = keys;
	d->tool.key_count = n;
	d->tool.required = required > 0 ? names : NULL;
	return true;
}

static bool read_groups(described_kind *d, tr_value options, const char *name, group_rule rule, kind_group *groups)
{
	tr_value lists = tr_map_get_s(options, name);

	if (tr_is_valid(lists) && !tr_is(lists, TR_ARRAY))
		return refuse(d, name, "must be a list of lists of keys");
	for (size_t i = 0; i < tr_array_len(lists); i++) {
		kind_group g = {.rule = rule, .keys = names_of(d, tr_array_at(lists, i), KEYS_MAX)};
		if (g.keys == NULL || d->tool.group_count == GROUPS_MAX)
			return refuse(d, name, "must be a list of lists of keys");
		for (size_t k = 0; g.keys[k] != NULL; k++)
			if (kind_key_find(&d->tool, tr_s(g.keys[k])) == NULL)
				return refuse(d, name, "names a key that is not among the inputs");
		groups[d->tool.group_count++] = g;
	}
	return true;
}

static bool read_all(described_kind *d, tr_value options)
{
	kind_group *groups = arena_alloc_array(&d->mem, GROUPS_MAX, sizeof *groups);

	d->tool.groups = groups;
	return groups != NULL && read_keys(d, tr_map_get_s(options, "inputs")) &&
	       read_groups(d, options, "one_of", GROUP_ONE_OF, groups) &&
	       read_groups(d, options, "exclusive", GROUP_AT_MOST, groups) && !d->mem.failed;
}

described_kind *described_kind_read(const char *name, tr_value options, char *why, size_t n)
{
	why[0] = '\0';
	if (!tr_is_valid(tr_map_get_s(options, "inputs")))
		return NULL;
	described_kind *d = tr_alloc(sizeof *d);
	if (d == NULL)
		return NULL;
	*d = (described_kind){.why = why, .n = n};
	arena_init(&d->mem);
	d->tool.name = arena_str(&d->mem, tr_s(name)).p;
	if (!read_all(d, options))
		described_kind_free(&d);
	return d;
}

const tool_kind *described_kind_tool(const described_kind *d)
{
	return &d->tool;
}

void described_kind_free(described_kind **d)
{
	if (*d == NULL)
		return;
	arena_fini(&(*d)->mem);
	tr_free(*d);
	*d = NULL;
}
