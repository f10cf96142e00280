/* SPDX-License-Identifier: Apache-2.0 */
/* Environments of child processes. */
#include "plugins/shared/environment.h"
#include <stdlib.h>
#include <troupe/codec.h>

static const char *const passed_on[] = {"PATH",     "HOME",          "USER",         "LOGNAME",    "SHELL",
					"LANG",     "LANGUAGE",      "LC_ALL",       "LC_CTYPE",   "TZ",
					"TMPDIR",   "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy",
					"no_proxy", "HTTP_PROXY",    "HTTPS_PROXY",  "NO_PROXY",   NULL};

struct environment {
	tr_value list; /* array of texts that the vector points into */
	const char **vector;
};

static tr_value add_ours(tr_value list, const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? list : tr_array_push(list, tr_stringf("%s=%s", name, value));
}

static tr_value add_own(tr_value list, tr_value key, tr_value v)
{
	tr_buf text = {0};
	tr_str name = tr_as_str(key), value = tr_as_str(v);

	tr_buf_put(&text, name.p, name.n);
	tr_buf_putc(&text, '=');
	if (tr_is(v, TR_STRING))
		tr_buf_put(&text, value.p, value.n);
	else if (!tr_is_nil(v))
		tr_json_write(&text, v, TR_JSON_COMPACT);
	return tr_array_push(list, tr_string_buf(&text));
}

environment *environment_new(tr_value names, tr_value own)
{
	environment *e = tr_alloc(sizeof(*e));
	const tr_entry *entries = tr_map_entries(own);

	if (e == NULL)
		return NULL;
	e->list = tr_array();
	for (size_t i = 0; i < tr_map_len(own); i++) /* first: of two values for a name the first counts */
		e->list = add_own(e->list, entries[i].key, entries[i].value);
	for (size_t i = 0; passed_on[i] != NULL; i++)
		if (!tr_is_valid(tr_map_get_s(own, passed_on[i])))
			e->list = add_ours(e->list, passed_on[i]);
	for (size_t i = 0; i < tr_array_len(names); i++)
		e->list = add_ours(e->list, tr_as_cstr(tr_array_at(names, i), ""));
	e->vector = tr_alloc((tr_array_len(e->list) + 1) * sizeof(char *));
	if (e->vector == NULL || !tr_is_valid(e->list)) {
		environment_free(e);
		return NULL;
	}
	for (size_t i = 0; i < tr_array_len(e->list); i++)
		e->vector[i] = tr_as_cstr(tr_array_at(e->list, i), "");
	return e;
}

const char *const *environment_vector(const environment *e)
{
	return e->vector;
}

void environment_free(environment *e)
{
	if (e == NULL)
		return;
	tr_drop(e->list);
	tr_free(e->vector);
	tr_free(e);
}
