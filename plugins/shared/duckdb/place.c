/* SPDX-License-Identifier: Apache-2.0 */
/* Names of databases to paths and ATTACH statements. */
#include "plugins/shared/duckdb/place.h"
#include "plugins/shared/auth/auth.h"
#include "plugins/shared/files.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static void put_quoted(tr_buf *out, tr_str text, char quote)
{
	tr_buf_putc(out, quote);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == quote)
			tr_buf_putc(out, quote);
		tr_buf_putc(out, text.p[i]);
	}
	tr_buf_putc(out, quote);
}

void duck_put_name(tr_buf *out, tr_str text)
{
	put_quoted(out, text, '"');
}

/* ---- the task's own ---- */

/* An execution's id is a number; whatever else came here must not lead out of the folder. */
static bool plain_id(tr_str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!isalnum((unsigned char)id.p[i]) && id.p[i] != '-' && id.p[i] != '_')
			return false;
	return id.n > 0 && id.n < 100;
}

static tr_value of_execution(const duck_engine *e, tr_value context, tr_value *fault)
{
	tr_value id = tr_map_get_s(context, "execution_id");
	const char *folder = tr_as_cstr(e->folder, "");

	if (folder[0] == '\0' || !plain_id(tr_as_str(id)))
		return tr_string(":memory:");
	tr_value why = files_make_folder(folder);
	if (!tr_is_valid(why))
		return tr_stringf("%s/%s.duckdb", folder, tr_as_cstr(id, ""));
	*fault = tr_outcome_error("io", true, "duckdb: %s", tr_as_cstr(why, "?"));
	tr_drop(why);
	return tr_absent();
}

tr_value duck_database(const duck_engine *e, tr_value database, tr_value context, tr_value *fault)
{
	*fault = tr_absent();
	if (!tr_is_valid(database) || tr_is_nil(database))
		return of_execution(e, context, fault);
	if (!tr_is(database, TR_STRING)) {
		*fault = tr_outcome_error("input", false, "duckdb: database must be a path or :memory:, not %s",
					  tr_type_name(tr_type_of(database)));
		return tr_absent();
	}
	if (tr_str_is(tr_as_str(database), ":memory:"))
		return tr_keep(database);
	return files_locate(database, context, e->folders, "duckdb", fault);
}

/* ---- attached ones ---- */

static bool is_path(tr_value v)
{
	const char *text = tr_as_cstr(v, ""), *dot = strrchr(text, '.');

	return strchr(text, '/') != NULL || (dot != NULL && (strcmp(dot, ".duckdb") == 0 || strcmp(dot, ".db") == 0));
}

/* What `attach` says of one alias as fields: a path, the name of a credential, or a mapping that may have both. */
static tr_value fields_of(tr_value what, int64_t deadline, tr_value *fault)
{
	if (tr_is(what, TR_STRING) && is_path(what))
		return TR_DICT("path", tr_keep(what));
	tr_value auth = tr_is(what, TR_MAP) ? tr_map_get_s(what, "auth") : what;
	tr_value fields = auth_resolve(auth, "duckdb", deadline, fault);
	if (tr_is_valid(*fault))
		return tr_absent();
	fields = tr_is_valid(fields) ? fields : tr_map();
	return tr_is(what, TR_MAP) ? tr_map_merge(fields, tr_keep(what)) : fields;
}

static bool is_file_database(tr_value type)
{
	return !tr_is_valid(type) || strcasecmp(tr_as_cstr(type, ""), "duckdb") == 0;
}

static tr_value statement_for(const duck_engine *e, tr_str alias, tr_value fields, tr_value context, tr_value *fault)
{
	tr_value type = auth_text(fields, "type", "kind", "service", NULL);
	tr_value path = auth_text(fields, "path", "file", "database", NULL), real = tr_absent();
	tr_buf sql = {0};

	if (!is_file_database(type))
		*fault =
		    tr_outcome_error("missing", false,
				     "duckdb: %.*s is a %s database, and DuckDB reads those through an extension "
				     "that is not part of its library; copy the rows with a task of kind transfer, "
				     "or attach a DuckDB file",
				     TR_STR(alias), tr_as_cstr(type, "?"));
	else if (!tr_is_valid(path))
		*fault = tr_outcome_error("input", false,
					  "duckdb: attach says no path for %.*s; give the path of a DuckDB file, or a "
					  "credential with one",
					  TR_STR(alias));
	else
		real = files_locate(path, context, e->folders, "duckdb", fault);
	tr_drop(type);
	tr_drop(path);
	if (!tr_is_valid(real))
		return tr_absent();
	tr_buf_puts(&sql, "ATTACH ");
	put_quoted(&sql, tr_as_str(real), '\'');
	tr_buf_puts(&sql, " AS ");
	duck_put_name(&sql, alias);
	if (tr_as_bool(tr_map_get_s(fields, "read_only"), false))
		tr_buf_puts(&sql, " (READ_ONLY)");
	tr_drop(real);
	return tr_string_buf(&sql);
}

tr_value duck_attach(const duck_engine *e, tr_value attach, tr_value context, int64_t deadline, tr_value *fault)
{
	tr_value list = tr_own_value(tr_keep(attach)), statements = tr_array();

	*fault = tr_absent();
	if (tr_is_valid(list) && !tr_is_nil(list) && !tr_is(list, TR_MAP))
		*fault = tr_outcome_error("input", false, "duckdb: attach must be a mapping of aliases, not %s",
					  tr_type_name(tr_type_of(list)));
	for (size_t i = 0; i < tr_map_len(list) && !tr_is_valid(*fault); i++) {
		const tr_entry *one = &tr_map_entries(list)[i];
		tr_value fields = fields_of(one->value, deadline, fault);
		if (tr_is_valid(*fault))
			break;
		tr_value sql = statement_for(e, tr_as_str(one->key), fields, context, fault);
		tr_drop(fields);
		if (tr_is_valid(sql))
			statements = tr_array_push(statements, sql);
	}
	if (!tr_is_valid(*fault))
		return statements;
	tr_drop(statements);
	return tr_absent();
}
