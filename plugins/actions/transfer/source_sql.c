/* SPDX-License-Identifier: Apache-2.0 */
/* What a source selects. */
#include "plugins/actions/transfer/source_sql.h"
#include "plugins/shared/sql/sql.h"
#include "plugins/shared/sql/task.h"
#include "plugins/shared/sql/texts.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

tr_value source_sql(const transfer *t, void (*put_table)(tr_buf *, tr_str), tr_value *sql)
{
	tr_value table = tr_map_get_s(t->source_spec, "table"), why;
	tr_value fault = sql_params_fault(tr_map_get_s(t->source_spec, "params"), "transfer");
	tr_buf text = {0};

	*sql = tr_absent();
	if (tr_is_valid(fault))
		return fault;
	if (tr_is(table, TR_STRING)) {
		tr_buf_puts(&text, "SELECT * FROM ");
		put_table(&text, tr_as_str(table));
		*sql = tr_string_buf(&text);
		return tr_absent();
	}
	tr_value statements = sql_of_task(t->source_spec, t->context, "source", &why);
	if (!tr_is_valid(statements))
		fault = tr_outcome_error("input", false, "%s; or name a table", tr_as_cstr(why, "?"));
	else if (tr_array_len(statements) != 1)
		fault = tr_outcome_error("input", false, "the query of a source must be one statement, not %zu",
					 tr_array_len(statements));
	else
		*sql = tr_keep(tr_array_at(statements, 0));
	tr_drop(statements);
	tr_drop(why);
	return fault;
}

/* ---- files ---- */

static bool is_same(const char *path, const struct stat *file)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

/* Behind what a pattern has for one character; of brackets it is not asked which they mean. */
static const char *behind_one(const char *pattern)
{
	const char *end = *pattern == '[' && pattern[1] != '\0' ? strchr(pattern + 2, ']') : NULL;

	return end != NULL ? end + 1 : pattern + 1;
}

/* Stars stand for folders, too. In steps that are bounded by both lengths, whatever the pattern. */
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = text;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern != '\0' && (*pattern == *text || *pattern == '?' || *pattern == '[')) {
			pattern = behind_one(pattern);
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* A path, or a pattern of paths: of files in one folder, whatever way leads there, or of the path as it is. No folder
 * is searched. */
static bool leads_to(const char *path, void *arg)
{
	const source_file *file = arg;
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t wild = strcspn(path, "*?["), n = slash == NULL ? 0 : (size_t)(slash - path);

	if (path[wild] == '\0')
		return is_same(path, &file->file);
	if (wild < n || n >= sizeof folder)
		return matches(path, file->path);
	(void)snprintf(folder, sizeof folder, "%.*s", n == 0 ? 1 : (int)n, slash == NULL ? "." : path);
	return is_same(folder, &file->folder) && matches(slash == NULL ? path : slash + 1, file->name);
}

bool source_sql_names(tr_value sql, tr_value spec, source_file *file)
{
	return tr_is(sql, TR_STRING) && sql_texts_any(tr_as_str(sql), tr_map_get_s(spec, "params"), leads_to, file);
}
