/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads from files and from --set. */
#include "cli/payload.h"

#include "cli/input.h"
#include "playbook/check/suggest.h"
#include "playbook/yaml/yaml.h"

#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

#define PAYLOAD_MAX (16u * 1024u * 1024u)

/* YAML covers JSON, and names the line when it is wrong. */
static tr_value parse(const char *file, tr_str text)
{
	diagnostics faults;
	diagnostics_init(&faults, file);
	yaml_document *doc = yaml_parse(file, text, NULL, &faults);
	tr_value value = tr_invalid(TR_ESYNTAX);
	if (doc != NULL)
		value = yaml_root(doc) == NULL ? tr_map() : yaml_to_value(yaml_root(doc));
	else
		diagnostics_print(&faults, text, stderr, false);
	yaml_free(&doc);
	diagnostics_fini(&faults);
	return value;
}

tr_value payload_read(const char *command, const char *file)
{
	tr_buf text = {0};
	tr_value value = tr_invalid(TR_EIO);
	if (input_read(command, "payload", file, &text))
		value = parse(strcmp(file, "-") == 0 ? "<stdin>" : file, tr_buf_str(&text));
	tr_buf_fini(&text);
	if (tr_is_valid(value) && !tr_is(value, TR_MAP)) {
		fprintf(stderr, "troupe %s: the payload %s must be a mapping, it is of type %s\n", command, file,
			tr_type_name(tr_type_of(value)));
		tr_drop(value);
		value = tr_invalid(TR_ETYPE);
	}
	return value;
}

static tr_value set_path(tr_value map, const char *path, size_t n, tr_value value)
{
	const char *dot = memchr(path, '.', n);
	size_t first = dot == NULL ? n : (size_t)(dot - path);
	tr_value key = tr_string_n(path, first);
	if (dot != NULL) {
		tr_value inner = tr_map_get(map, key);
		inner = tr_is(inner, TR_MAP) ? tr_keep(inner) : tr_map();
		value = set_path(inner, dot + 1, n - first - 1, value);
	}
	return tr_map_put(map, key, value);
}

tr_value payload_set(const char *command, tr_value payload, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	bool good = equals != NULL && equals != assignment && *assignment != '.' && equals[-1] != '.' &&
		    strlen(assignment) < PAYLOAD_MAX;
	for (const char *at = assignment; good && at < equals; at++)
		good = !(at[0] == '.' && at[1] == '.');
	if (!good) {
		fprintf(stderr, "troupe %s: --set takes key=value or outer.inner=value, not '%.100s'\n", command,
			assignment);
		tr_drop(payload);
		return tr_invalid(TR_EINVAL);
	}
	tr_str text = tr_s(equals + 1);
	tr_value value = tr_json_read(text, NULL, NULL);
	if (!tr_is_valid(value))
		value = tr_string_n(text.p, text.n);
	if (!tr_is_valid(value)) {
		fprintf(stderr, "troupe %s: --set %.*s: %s\n", command, (int)(equals - assignment), assignment,
			tr_err_text(tr_value_err(value)));
		tr_drop(payload);
		return value;
	}
	return set_path(payload, assignment, (size_t)(equals - assignment), value);
}

/* ---- names that the workload lacks ---- */

/* A mapping in the workload: the text of it that has no templates is one constant. */
typedef struct level {
	const pb_expr *expr; /* NULL: `value` is it */
	tr_value value;      /* borrowed */
} level;

static level level_of(const pb_expr *e)
{
	return e->kind == PB_CONST ? (level){.value = e->constant} : (level){.expr = e, .value = tr_absent()};
}

static size_t level_count(const level *l)
{
	return l->expr == NULL ? tr_map_len(l->value) : l->expr->kind == PB_MAP ? l->expr->count : 0;
}

static tr_str level_key(const level *l, size_t i)
{
	return tr_as_str(l->expr == NULL ? tr_map_entries(l->value)[i].key : l->expr->pairs[i].key->constant);
}

static level level_inner(const level *l, size_t i)
{
	return l->expr == NULL ? (level){.value = tr_map_entries(l->value)[i].value}
			       : level_of(l->expr->pairs[i].value);
}

static void warn_of(const char *command, const level *l, tr_str whole, tr_str name)
{
	suggestion s = suggest_for(name);
	char hint[120];
	for (size_t i = 0; i < level_count(l); i++)
		suggest_offer(&s, level_key(l, i));
	(void)suggest_text(&s, hint, sizeof hint);
	fprintf(stderr, "troupe %s: warning: --set %.*s: the workload has no '%.*s'%s%s\n", command, TR_STR(whole),
		TR_STR(name), hint[0] != '\0' ? "; " : "", hint);
}

void payload_warn(const char *command, const pb_expr *workload, tr_str path)
{
	level l = level_of(workload);
	for (size_t at = 0; at <= path.n;) {
		const char *dot = memchr(path.p + at, '.', path.n - at);
		tr_str name = {path.p + at, dot == NULL ? path.n - at : (size_t)(dot - path.p) - at};
		size_t i = 0, n = level_count(&l);
		if (l.expr != NULL && l.expr->kind != PB_MAP)
			return; /* a template says what is there */
		while (i < n && !tr_str_eq(level_key(&l, i), name))
			i++;
		if (i == n) {
			if (at == 0 || n > 0) /* what is empty, or no mapping, may be meant to be filled */
				warn_of(command, &l, path, name);
			return;
		}
		l = level_inner(&l, i);
		at += name.n + 1;
	}
}
