/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities, provided types, dependencies, grants and hooks of a manifest. */
#include "plugins/host/manifest_parts.h"
#include "plugins/host/controller.h"
#include "plugins/host/grants.h"
#include "playbook/check/kind_read.h"
#include <stdio.h>
#include <string.h>

#define LIST_MAX     256u
#define HOOK_TIME_NS (5 * TR_SECOND)

const char *const hook_points[] = {"node_start",      "node_stop",          "validate_playbook", "validate_step",
				   "execution_start", "execution_complete", "step_schedule",     "step_run",
				   "task_execute",    "task_outcome",       "loop_iteration",    "event_append",
				   "template_render", "secret_resolve",     "result_store",      NULL};

static const char *const hook_types[] = {"before", "after", "around", "replace"};

int hook_point_index(const char *point)
{
	for (int i = 0; hook_points[i] != NULL; i++)
		if (strcmp(hook_points[i], point) == 0)
			return i;
	return -1;
}

const char *hook_type_name(hook_type type)
{
	return hook_types[type];
}

/* The list under `key`, or absent; anything else is a fault. */
static tr_value list_at(tr_value source, const char *key, fault_list *out)
{
	tr_value v = tr_map_get_s(source, key);

	if (!tr_is_valid(v) || (tr_is(v, TR_ARRAY) && tr_array_len(v) <= LIST_MAX))
		return v;
	faults_add(out, key, "must be a list of at most %u items", LIST_MAX);
	return tr_absent();
}

static tr_value map_at(tr_value source, const char *key, fault_list *out)
{
	tr_value v = tr_map_get_s(source, key);

	if (!tr_is_valid(v) || (tr_is(v, TR_MAP) && tr_map_len(v) <= LIST_MAX))
		return v;
	faults_add(out, key, "must be a mapping of at most %u keys", LIST_MAX);
	return tr_absent();
}

static bool capability_valid(tr_value name)
{
	tr_str s = tr_as_str(name);

	if (!tr_is(name, TR_STRING) || s.n == 0 || s.n > 128)
		return false;
	if (s.n >= 5 && memcmp(s.p, "tool:", 5) == 0) {
		tr_value kind = tr_string_n(s.p + 5, s.n - 5);
		bool ok = manifest_name_valid(kind);
		tr_drop(kind);
		return ok;
	}
	if (s.n >= 11 && memcmp(s.p, "controller:", 11) == 0)
		return controller_find((tr_str){s.p + 11, s.n - 11}) >= 0;
	return true;
}

/* What a tool kind says of its inputs (playbook/check/kind_read.h). */
static void check_inputs(tr_value name, tr_value options, const char *path, fault_list *out)
{
	const char *text = tr_as_cstr(name, "");
	char why[300];

	if (strncmp(text, "tool:", 5) != 0)
		return;
	described_kind *d = described_kind_read(text + 5, options, why, sizeof why);
	if (d == NULL && why[0] != '\0')
		faults_add(out, path, "inputs of %s: %s", text + 5, why);
	described_kind_free(&d);
}

tr_value manifest_capabilities(tr_value source, fault_list *out)
{
	tr_value list = list_at(source, "capabilities", out), map = tr_map();
	char path[64];

	for (size_t i = 0; i < tr_array_len(list); i++) {
		tr_value item = tr_array_at(list, i), name = item, options = tr_absent();
		if (tr_is(item, TR_MAP) && tr_map_len(item) == 1) {
			name = tr_map_entries(item)[0].key;
			options = tr_map_entries(item)[0].value;
		}
		snprintf(path, sizeof(path), "capabilities[%zu]", i);
		if (!capability_valid(name) || (tr_is_valid(options) && !tr_is(options, TR_MAP)))
			faults_add(out, path,
				   "must be a name such as \"tool:http\", or one {name: {options}}; the "
				   "controllers are iterator, result, workbook");
		else
			check_inputs(name, options, path, out);
		if (capability_valid(name))
			map = tr_map_put(map, tr_keep(name), tr_is_valid(options) ? tr_keep(options) : tr_map());
	}
	return map;
}

static tr_value names_of(tr_value v)
{
	if (tr_is(v, TR_STRING))
		return TR_LIST(tr_keep(v));
	for (size_t i = 0; i < tr_array_len(v); i++)
		if (!tr_is(tr_array_at(v, i), TR_STRING))
			return tr_absent();
	return tr_array_len(v) > 0 ? tr_keep(v) : tr_absent();
}

tr_value manifest_provides(tr_value source, fault_list *out)
{
	static const char *const types[] = {"node_handler", "provider",   "store", "secret_provider",
					    "validator",    "controller", NULL};
	tr_value given = map_at(source, "provides", out), map = tr_map();
	const tr_entry *e = tr_map_entries(given);
	char path[200];

	for (size_t i = 0; i < tr_map_len(given); i++) {
		const char *type = tr_as_cstr(e[i].key, "?");
		size_t k = 0;
		while (types[k] != NULL && strcmp(types[k], type) != 0)
			k++;
		snprintf(path, sizeof(path), "provides.%s", type);
		tr_value names = names_of(e[i].value);
		if (types[k] == NULL)
			faults_add(
			    out, path,
			    "is not one of node_handler, provider, store, secret_provider, validator, controller");
		if (!tr_is_valid(names))
			faults_add(out, path, "must be a name or a list of names");
		else
			map = tr_map_put(map, tr_keep(e[i].key), names);
	}
	return map;
}

tr_value manifest_depends_on(tr_value source, fault_list *out)
{
	tr_value given = map_at(source, "depends_on", out);
	const tr_entry *e = tr_map_entries(given);
	char path[200];

	for (size_t i = 0; i < tr_map_len(given); i++) {
		snprintf(path, sizeof(path), "depends_on.%s", tr_as_cstr(e[i].key, "?"));
		if (!manifest_name_valid(e[i].key))
			faults_add(out, path, "is not a plugin's id");
		if (!tr_is(e[i].value, TR_STRING) || !version_range_valid(tr_as_str(e[i].value)))
			faults_add(out, path, "must be a range of versions such as \">=1.2 <2\"");
	}
	return tr_is(given, TR_MAP) ? tr_keep(given) : tr_map();
}

tr_value manifest_needs(tr_value source, fault_list *out)
{
	tr_value given = list_at(source, "needs", out);
	char path[64];

	for (size_t i = 0; i < tr_array_len(given); i++) {
		tr_value need = tr_array_at(given, i);
		snprintf(path, sizeof(path), "needs[%zu]", i);
		if (!tr_is(need, TR_STRING) || !grant_valid(tr_as_str(need)))
			faults_add(out, path, "must be net, exec, fs:/path, secret:NAME or call:plugin");
	}
	return tr_is(given, TR_ARRAY) ? tr_keep(given) : tr_array();
}

static bool hook_type_read(const char *name, hook_type *type)
{
	for (size_t i = 0; i < sizeof(hook_types) / sizeof(hook_types[0]); i++)
		if (strcmp(hook_types[i], name) == 0) {
			*type = (hook_type)i;
			return true;
		}
	return false;
}

static void hook_read(tr_value item, const char *path, manifest_hook *hook, fault_list *out)
{
	tr_value priority = tr_map_get_s(item, "priority"), on_crash = tr_map_get_s(item, "on_crash");
	tr_value time = tr_map_get_s(item, "time");
	int point = hook_point_index(tr_as_cstr(tr_map_get_s(item, "point"), ""));
	double seconds = tr_as_float(time, 0);

	if (!hook_type_read(tr_as_cstr(tr_map_get_s(item, "type"), ""), &hook->type))
		faults_add(out, path, "type must be before, after, around or replace");
	if (point < 0)
		faults_add(out, path, "point must be one of the named points, e.g. \"task_execute\"");
	hook->point = point < 0 ? "" : hook_points[point];
	hook->priority = (int)tr_as_int(priority, 50);
	if (tr_is_valid(priority) &&
	    (!tr_is(priority, TR_INT) || tr_as_int(priority, 0) < 0 || tr_as_int(priority, 0) > 100))
		faults_add(out, path, "priority must be from 0 to 100");
	hook->fail_on_crash = tr_str_is(tr_as_str(on_crash), "fail");
	if (tr_is_valid(on_crash) && !hook->fail_on_crash && !tr_str_is(tr_as_str(on_crash), "skip"))
		faults_add(out, path, "on_crash must be skip or fail");
	hook->time_ns = HOOK_TIME_NS;
	if (tr_is_valid(time) && !(seconds > 0 && seconds <= 3600))
		faults_add(out, path, "time must be seconds above 0, at most 3600");
	else if (tr_is_valid(time))
		hook->time_ns = (int64_t)(seconds * 1e9);
}

void manifest_hooks(manifest *m, fault_list *out)
{
	static const char *const known[] = {"type", "point", "priority", "on_crash", "time", NULL};
	tr_value list = list_at(m->source, "hooks", out);
	size_t n = tr_array_len(list);
	char path[64], prefix[80];

	if (n > MANIFEST_MAX_HOOKS) {
		faults_add(out, "hooks", "must be at most %d", MANIFEST_MAX_HOOKS);
		return;
	}
	if (n == 0)
		return;
	m->hooks = tr_alloc(n * sizeof(manifest_hook));
	if (m->hooks == NULL) {
		faults_add(out, "hooks", "could not be read: out of memory");
		return;
	}
	m->hook_count = n;
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "hooks[%zu]", i);
		snprintf(prefix, sizeof(prefix), "%s.", path);
		manifest_check_keys(tr_array_at(list, i), prefix, known, out);
		hook_read(tr_array_at(list, i), path, &m->hooks[i], out);
	}
}

void manifest_each_tool(const manifest *m, void (*fn)(void *arg, const char *kind), void *arg)
{
	const tr_entry *e = tr_map_entries(m->capabilities);

	for (size_t i = 0; i < tr_map_len(m->capabilities); i++) {
		const char *name = tr_as_cstr(e[i].key, "");
		if (strncmp(name, "tool:", 5) == 0)
			fn(arg, name + 5);
	}
}

bool manifest_has_tool(const manifest *m, const char *kind)
{
	char name[80];

	snprintf(name, sizeof(name), "tool:%s", kind);
	return tr_is_valid(tr_map_get_s(m->capabilities, name));
}
