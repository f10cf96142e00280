/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas of settings, and settings against a schema. */
#include "plugins/host/config.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const type_names[] = {"string", "int", "number", "bool", "list", "map", "any", NULL};

static bool type_known(const char *name)
{
	for (size_t i = 0; type_names[i] != NULL; i++)
		if (strcmp(type_names[i], name) == 0)
			return true;
	return false;
}

static bool type_holds(const char *type, tr_value v)
{
	switch (tr_type_of(v)) {
	case TR_STRING:
		return strcmp(type, "string") == 0 || strcmp(type, "any") == 0;
	case TR_INT:
		return strcmp(type, "int") == 0 || strcmp(type, "number") == 0 || strcmp(type, "any") == 0;
	case TR_FLOAT:
		return strcmp(type, "number") == 0 || strcmp(type, "any") == 0;
	case TR_BOOL:
		return strcmp(type, "bool") == 0 || strcmp(type, "any") == 0;
	case TR_ARRAY:
		return strcmp(type, "list") == 0 || strcmp(type, "any") == 0;
	case TR_MAP:
		return strcmp(type, "map") == 0 || strcmp(type, "any") == 0;
	default:
		return strcmp(type, "any") == 0;
	}
}

static const char *rule_type(tr_value rule)
{
	return tr_as_cstr(tr_map_get_s(rule, "type"), "any");
}

static bool listed(tr_value list, tr_value v)
{
	for (size_t i = 0; i < tr_array_len(list); i++)
		if (tr_equal(tr_array_at(list, i), v))
			return true;
	return false;
}

/* A value against its rule; the fault, if any, is added under `path`. */
static void check_value(tr_value rule, tr_value v, const char *path, fault_list *out)
{
	const char *type = rule_type(rule);
	tr_value list = tr_map_get_s(rule, "enum"), min = tr_map_get_s(rule, "min"), max = tr_map_get_s(rule, "max");

	if (!type_holds(type, v)) {
		faults_add(out, path, "must be of type %s, is %s", type, tr_type_name(tr_type_of(v)));
		return;
	}
	if (tr_is(list, TR_ARRAY) && !listed(list, v)) {
		tr_buf text = {0};
		tr_show(&text, list, 200);
		faults_add(out, path, "must be one of %s", text.p == NULL ? "its listed values" : text.p);
		tr_buf_fini(&text);
	}
	double n = tr_as_float(v, NAN);
	if (n < tr_as_float(min, -INFINITY))
		faults_add(out, path, "must be at least %g", tr_as_float(min, 0));
	if (n > tr_as_float(max, INFINITY))
		faults_add(out, path, "must be at most %g", tr_as_float(max, 0));
}

static void check_rule_keys(tr_value rule, const char *path, fault_list *out)
{
	static const char *const known[] = {"type", "default", "required", "description", "enum", "min", "max", NULL};
	const tr_entry *e = tr_map_entries(rule);

	for (size_t i = 0; i < tr_map_len(rule); i++) {
		const char *key = tr_as_cstr(e[i].key, "");
		bool ok = false;
		for (size_t k = 0; known[k] != NULL; k++)
			ok = ok || strcmp(known[k], key) == 0;
		if (!ok)
			faults_add(out, path, "has an unknown key \"%s\"", key);
	}
}

static void check_rule(tr_value rule, const char *path, fault_list *out)
{
	if (!tr_is(rule, TR_MAP)) {
		faults_add(out, path, "must be a mapping with type, default, required, description, enum, min, max");
		return;
	}
	check_rule_keys(rule, path, out);
	tr_value type = tr_map_get_s(rule, "type");
	if (!type_known(tr_as_cstr(type, ""))) {
		faults_add(out, path, "type must be string, int, number, bool, list, map or any");
		return;
	}
	tr_value otherwise = tr_map_get_s(rule, "default"), required = tr_map_get_s(rule, "required");
	tr_value list = tr_map_get_s(rule, "enum");
	if (tr_is_valid(required) && !tr_is(required, TR_BOOL))
		faults_add(out, path, "required must be true or false");
	if (tr_is_valid(list) && !tr_is(list, TR_ARRAY))
		faults_add(out, path, "enum must be a list");
	if (tr_is_valid(otherwise) && !tr_is_nil(otherwise))
		check_value(rule, otherwise, path, out);
}

void config_schema_check(tr_value schema, fault_list *out)
{
	const tr_entry *e = tr_map_entries(schema);
	char path[300];

	if (!tr_is(schema, TR_MAP)) {
		faults_add(out, "config", "must be a mapping of setting names to their rules");
		return;
	}
	for (size_t i = 0; i < tr_map_len(schema); i++) {
		snprintf(path, sizeof(path), "config.%s", tr_as_cstr(e[i].key, "?"));
		check_rule(e[i].value, path, out);
	}
}

static void check_unknown(tr_value schema, tr_value settings, const char *path, fault_list *out)
{
	const tr_entry *e = tr_map_entries(settings);
	char at[300];

	for (size_t i = 0; i < tr_map_len(settings); i++) {
		if (tr_is_valid(tr_map_get(schema, e[i].key)))
			continue;
		snprintf(at, sizeof(at), "%s.%s", path, tr_as_cstr(e[i].key, "?"));
		faults_add(out, at, "is no setting of this plugin");
	}
}

tr_value config_apply(tr_value schema, tr_value settings, const char *path, fault_list *out)
{
	const tr_entry *e = tr_map_entries(schema);
	tr_value config = tr_map();
	char at[300];

	if (tr_is_valid(settings) && !tr_is_nil(settings) && !tr_is(settings, TR_MAP)) {
		faults_add(out, path, "must be a mapping of settings, is %s", tr_type_name(tr_type_of(settings)));
		return config;
	}
	for (size_t i = 0; i < tr_map_len(schema); i++) {
		tr_value given = tr_map_get(settings, e[i].key), rule = e[i].value;
		tr_value otherwise = tr_map_get_s(rule, "default");
		snprintf(at, sizeof(at), "%s.%s", path, tr_as_cstr(e[i].key, "?"));
		if (tr_is_valid(given) && !tr_is_nil(given)) {
			check_value(rule, given, at, out);
			config = tr_map_put(config, tr_keep(e[i].key), tr_keep(given));
		} else if (tr_as_bool(tr_map_get_s(rule, "required"), false)) {
			faults_add(out, at, "is required (%s)",
				   tr_as_cstr(tr_map_get_s(rule, "description"), "no description"));
		} else {
			config = tr_map_put(config, tr_keep(e[i].key),
					    tr_is_valid(otherwise) ? tr_keep(otherwise) : tr_nil());
		}
	}
	check_unknown(schema, settings, path, out);
	return config;
}
