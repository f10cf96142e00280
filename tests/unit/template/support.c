/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "support.h"

static tr_value read_context(const char *json)
{
	tr_decode_error bad = {0};
	tr_value v = json != NULL ? tr_json_read(tr_s(json), NULL, &bad) : tr_map();

	if (!tr_is_valid(v))
		fail_msg("the test's own context is not JSON: %s in %s", bad.message, json);
	return v;
}

tr_value give(const char *template, const char *context, const tr_template_options *options, const tr_eval_options *how,
	      tr_template_error *error)
{
	tr_value scope_map = read_context(context), v;
	tr_scope scope = tr_scope_of_map(&scope_map);
	tr_template *t = tr_template_compile(tr_s(template), options, error);

	if (t == NULL) {
		tr_drop(scope_map);
		return tr_invalid(error->err);
	}
	v = tr_template_eval(t, &scope, how, error);
	tr_template_free(&t);
	tr_drop(scope_map);
	return v;
}

void check_text(const char *template, const char *context, const char *want)
{
	tr_template_error error = {0};
	tr_value v = give(template, context, NULL, NULL, &error);

	if (!tr_is_valid(v))
		fail_msg("%s\n  failed: %u:%u: %s", template, error.line, error.column, error.message);
	if (strcmp(tr_as_cstr(v, "?"), want) != 0)
		fail_msg("%s\n  gave: %s\n  want: %s", template, tr_as_cstr(v, "?"), want);
	tr_drop(v);
}

void check_value(const char *template, const char *context, const char *want_json)
{
	tr_eval_options how = {.native = true};
	tr_template_error error = {0};
	tr_value v = give(template, context, NULL, &how, &error), json;

	if (!tr_is_valid(v))
		fail_msg("%s\n  failed: %u:%u: %s", template, error.line, error.column, error.message);
	json = tr_json_string(v, TR_JSON_COMPACT);
	if (strcmp(tr_as_cstr(json, "?"), want_json) != 0)
		fail_msg("%s\n  gave: %s\n  want: %s", template, tr_as_cstr(json, "?"), want_json);
	tr_drop(json);
	tr_drop(v);
}

void check_error(const char *template, const char *context, const char *want)
{
	tr_template_error error = {0};
	tr_value v = give(template, context, NULL, NULL, &error);
	char text[400];

	if (tr_is_valid(v))
		fail_msg("%s\n  gave: %s\n  want the error: %s", template, tr_as_cstr(v, "?"), want);
	snprintf(text, sizeof(text), "%u:%u: %s (%s)", error.line, error.column, error.message, error.hint);
	if (strncmp(text, want, strlen(want)) != 0)
		fail_msg("%s\n  failed: %s\n  want:   %s", template, text, want);
}

void check_all(const struct expectation *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_text(table[i].template, table[i].context, table[i].text);
}

void check_all_errors(const struct expectation *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_error(table[i].template, table[i].context, table[i].text);
}
