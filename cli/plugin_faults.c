/* SPDX-License-Identifier: Apache-2.0 */
/* From the catalog's answer to diagnostics. */
#include "cli/plugin_faults.h"

#include "actors/protocol.h"

#include <string.h>

#define ASK_MS 30000

static uint32_t place(tr_value v)
{
	int64_t n = tr_as_int(v, 0);
	return n > 0 && n < UINT32_MAX ? (uint32_t)n : 0;
}

/* A plugin that is loaded here and there says the same twice. */
static bool is_said(const diagnostics *d, uint32_t line, uint32_t column, const char *message)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->items[i].line == line && d->items[i].column == column &&
		    strcmp(d->items[i].message, message) == 0)
			return true;
	return false;
}

void plugin_faults_add(tr_value faults, diagnostics *out)
{
	for (size_t i = 0; i < tr_array_len(faults); i++) {
		tr_value f = tr_array_at(faults, i);
		uint32_t line = place(tr_map_get_s(f, "line")), column = place(tr_map_get_s(f, "column"));
		const char *message = tr_as_cstr(tr_map_get_s(f, "message"), "a plugin found a fault");
		bool warning = tr_str_is(tr_as_str(tr_map_get_s(f, "level")), "warning");
		if (!is_said(out, line, column, message))
			diagnostics_add(out, warning ? DIAGNOSTIC_WARNING : DIAGNOSTIC_ERROR, "plugin", line, column,
					tr_as_cstr(tr_map_get_s(f, "path"), ""),
					tr_as_cstr(tr_map_get_s(f, "hint"), ""), "%s", message);
	}
}

bool plugin_faults_ask(remote *r, tr_value file, tr_str source, tr_value *faults)
{
	char why[300];
	tr_value answer = tr_absent();
	bool good = remote_call(r, SUBJECT_CATALOG,
				TR_LIST(tr_string("validate"), tr_keep(file), tr_string_n(source.p, source.n)), ASK_MS,
				&answer, why, sizeof why);
	*faults = good ? tr_keep(tr_array_at(answer, 1)) : tr_absent();
	tr_drop(answer);
	return good;
}
