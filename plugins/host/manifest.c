/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a manifest: the scalar keys and the whole; lists and hooks are in manifest_parts.c. */
#include "plugins/host/manifest.h"
#include "plugins/host/manifest_parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

#define DEFAULT_MAILBOX     65536u
#define DEFAULT_CONCURRENCY 256u
#define MAX_MAILBOX         16777216
#define MAX_CONCURRENCY     1048576

static bool id_valid(tr_str id)
{
	if (id.n == 0 || id.n > 64 || id.p[0] < 'a' || id.p[0] > 'z')
		return false;
	for (size_t i = 0; i < id.n; i++) {
		char c = id.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return true;
}

bool manifest_name_valid(tr_value v)
{
	return tr_is(v, TR_STRING) && id_valid(tr_as_str(v));
}

static void read_identity(manifest *m, fault_list *out)
{
	tr_value id = tr_map_get_s(m->source, "id"), number = tr_map_get_s(m->source, "version");
	static const char *const texts[] = {"description", "author", "license", NULL};

	if (!manifest_name_valid(id))
		faults_add(out, "id", "is required: 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter");
	m->id = tr_as_cstr(id, "");
	m->version_text = tr_as_cstr(number, "");
	if (!tr_is(number, TR_STRING) || !version_read(tr_as_str(number), &m->version))
		faults_add(out, "version", "is required: a semantic version such as \"1.2.0\"");
	for (size_t i = 0; texts[i] != NULL; i++) {
		tr_value v = tr_map_get_s(m->source, texts[i]);
		if (tr_is_valid(v) && !tr_is(v, TR_STRING))
			faults_add(out, texts[i], "must be text");
	}
}

static void read_isolation(manifest *m, fault_list *out)
{
	tr_value v = tr_map_get_s(m->source, "isolation");

	m->isolated = tr_str_is(tr_as_str(v), "process");
	if (tr_is_valid(v) && !m->isolated && !tr_str_is(tr_as_str(v), "shared"))
		faults_add(out, "isolation", "must be \"shared\" or \"process\"");
}

static int64_t read_count(tr_value limits, const char *key, int64_t otherwise, int64_t max, fault_list *out)
{
	tr_value v = tr_map_get_s(limits, key);
	char path[64];

	if (!tr_is_valid(v))
		return otherwise;
	int64_t n = tr_as_int(v, 0);
	if (n >= 1 && n <= max)
		return n;
	snprintf(path, sizeof(path), "limits.%s", key);
	faults_add(out, path, "must be a whole number from 1 to %lld", (long long)max);
	return otherwise;
}

static void read_limits(manifest *m, fault_list *out)
{
	static const char *const known[] = {"mailbox", "concurrency", "memory", "time", NULL};
	tr_value limits = tr_map_get_s(m->source, "limits");

	if (tr_is_valid(limits) && !tr_is(limits, TR_MAP)) {
		faults_add(out, "limits", "must be a mapping of mailbox, concurrency, memory, time");
		limits = tr_absent();
	}
	manifest_check_keys(limits, "limits.", known, out);
	m->mailbox = (uint32_t)read_count(limits, "mailbox", DEFAULT_MAILBOX, MAX_MAILBOX, out);
	m->concurrency = (uint32_t)read_count(limits, "concurrency", DEFAULT_CONCURRENCY, MAX_CONCURRENCY, out);
	m->memory = (uint64_t)read_count(limits, "memory", 0, INT64_MAX, out);
	tr_value time = tr_map_get_s(limits, "time");
	double seconds = tr_as_float(time, 0);
	if (tr_is_valid(time) && !(seconds > 0 && seconds <= 1e9))
		faults_add(out, "limits.time", "must be seconds above 0");
	else
		m->time_ns = (int64_t)(seconds * 1e9);
}

static void read_abi(manifest *m, fault_list *out)
{
	tr_value abi = tr_map_get_s(m->source, "abi");

	if (tr_is_valid(abi) && !tr_is(abi, TR_INT))
		faults_add(out, "abi", "must be a whole number");
}

void manifest_check_keys(tr_value map, const char *prefix, const char *const *known, fault_list *out)
{
	const tr_entry *e = tr_map_entries(map);
	char path[200];

	for (size_t i = 0; i < tr_map_len(map); i++) {
		const char *key = tr_as_cstr(e[i].key, "?");
		size_t k = 0;
		while (known[k] != NULL && strcmp(known[k], key) != 0)
			k++;
		if (known[k] != NULL)
			continue;
		snprintf(path, sizeof(path), "%s%s", prefix, key);
		faults_add(out, path, "is not a key of a manifest");
	}
}

static void read_all(manifest *m, fault_list *out)
{
	static const char *const known[] = {"id",      "version",      "abi",       "description", "author",
					    "license", "capabilities", "provides",  "depends_on",  "needs",
					    "hooks",   "config",       "isolation", "limits",      NULL};
	tr_value schema = tr_map_get_s(m->source, "config");

	manifest_check_keys(m->source, "", known, out);
	read_identity(m, out);
	read_abi(m, out);
	m->capabilities = manifest_capabilities(m->source, out);
	m->provides = manifest_provides(m->source, out);
	m->depends_on = manifest_depends_on(m->source, out);
	m->needs = manifest_needs(m->source, out);
	manifest_hooks(m, out);
	m->config = tr_is_valid(schema) ? tr_keep(schema) : tr_map();
	config_schema_check(m->config, out);
	read_isolation(m, out);
	read_limits(m, out);
}

static tr_err parse(tr_str json, manifest *m, fault_list *out)
{
	tr_decode_limits limits = {.max_depth = 32, .max_bytes = MANIFEST_MAX_BYTES, .max_items = 20000};
	tr_decode_error error = {0};

	while (json.n > 0 && json.p[json.n - 1] == '\0')
		json.n--; /* the literal's own end in an ELF section */
	m->source = tr_json_read(json, &limits, &error);
	if (!tr_is_valid(m->source)) {
		faults_add(out, "manifest", "is no JSON at line %zu, column %zu: %s", error.line, error.column,
			   error.message);
		return TR_ESYNTAX;
	}
	if (!tr_is(m->source, TR_MAP)) {
		faults_add(out, "manifest", "must be a JSON object, is %s", tr_type_name(tr_type_of(m->source)));
		return TR_EINVAL;
	}
	return TR_OK;
}

tr_err manifest_read(tr_str json, manifest *out, tr_value *list)
{
	fault_list found;

	faults_init(&found);
	memset(out, 0, sizeof(*out));
	tr_err err = parse(json, out, &found);
	if (err == TR_OK) {
		read_all(out, &found);
		if (!tr_is_valid(out->capabilities) || !tr_is_valid(out->provides) || !tr_is_valid(out->depends_on) ||
		    !tr_is_valid(out->needs) || !tr_is_valid(found.list))
			err = TR_ENOMEM;
		else if (faults_any(&found))
			err = TR_EINVAL;
	}
	if (err != TR_OK)
		manifest_fini(out);
	*list = found.list;
	return err;
}

void manifest_fini(manifest *m)
{
	tr_drop(m->source);
	tr_drop(m->capabilities);
	tr_drop(m->provides);
	tr_drop(m->depends_on);
	tr_drop(m->needs);
	tr_drop(m->config);
	tr_free(m->hooks);
	memset(m, 0, sizeof(*m));
}

tr_value manifest_faults_text(tr_value list)
{
	tr_buf text = {0};

	for (size_t i = 0; i < tr_array_len(list); i++) {
		tr_str s = tr_as_str(tr_array_at(list, i));
		tr_buf_puts(&text, i == 0 ? "" : "; ");
		tr_buf_put(&text, s.p, s.n);
	}
	if (text.n == 0)
		tr_buf_puts(&text, "out of memory");
	return tr_string_buf(&text);
}
