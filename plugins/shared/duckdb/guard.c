/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neither lock_configuration nor allowed_directories covers DuckDB's logging and profiling: what it cannot write
 * ends the process, from within a destructor. Its functions cannot be dropped either. So their names are looked for
 * in what of a statement is code. Statements made from texts (query()) and read from files (IMPORT DATABASE) would go
 * around that.
 *
 * Texts and comments are left out only of statements that read or change rows, and in which all is plain (code.h): of
 * others, PRAGMA and CALL for two, DuckDB may make SQL from texts, and views and macros come as others have written
 * them. There the names are looked for in all bytes, whatever DuckDB makes of quotes.
 */
#include "plugins/shared/duckdb/guard.h"
#include "plugins/shared/duckdb/code.h"
#include "plugins/shared/duckdb/fault.h"
#include "plugins/shared/sql/scan.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const forbidden[] = {
    "enable_logging",      "disable_logging",    "truncate_duckdb_logs",
    "enable_profil",       "enable_progress",    "enable_print_progress",
    "enable_peg_parser",   "disable_peg_parser", /* another lexer */
    "enable_verification", "verify_external",    "verify_serializer",
    "verify_parallelism",  "verify_fetch_row",   "json_execute_serialized_sql",
    "import_database",     "arrow_scan", /* takes addresses */
};

static const char *find_name(tr_str sql)
{
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
		size_t n = strlen(forbidden[i]);
		for (size_t at = 0; at + n <= sql.n; at++)
			if (strncasecmp(sql.p + at, forbidden[i], n) == 0)
				return forbidden[i];
	}
	return NULL;
}

static bool is_part(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* What is neither comment nor white space, in any of Unicode's forms. */
static size_t behind_space(tr_str sql, size_t at)
{
	while (at < sql.n) {
		unsigned char c = (unsigned char)sql.p[at];
		size_t comment = sql_comment(sql, at);
		if (comment == SQL_UNCLOSED)
			return sql.n;
		if (comment == 0 && !isspace(c) && c < 0x80)
			break;
		at += comment > 0 ? comment : 1;
	}
	return at;
}

/* query (…), with or without quotes. */
static bool calls_query(tr_str sql)
{
	static const char name[] = "query";
	const size_t n = sizeof name - 1;

	for (size_t at = 0; at + n < sql.n; at++) {
		if (strncasecmp(sql.p + at, name, n) != 0 || (at > 0 && is_part(sql.p[at - 1])))
			continue;
		size_t behind = at + n + (sql.p[at + n] == '"');
		behind = behind_space(sql, behind);
		if (behind < sql.n && sql.p[behind] == '(')
			return true;
	}
	return false;
}

/* IMPORT DATABASE 'folder' runs the files there. */
static bool imports(tr_str sql)
{
	static const char word[] = "import";
	const size_t n = sizeof word - 1;
	size_t at = behind_space(sql, 0);

	return at + n < sql.n && strncasecmp(sql.p + at, word, n) == 0 && !is_part(sql.p[at + n]);
}

static const char *find_forbidden(tr_str sql)
{
	const char *name = find_name(sql);

	if (name == NULL && calls_query(sql))
		name = "query(…)";
	return name == NULL && imports(sql) ? "IMPORT DATABASE" : name;
}

/* One statement, whose first word is among these. */
static bool is_one_of(tr_str code, const char *const *first, size_t count)
{
	size_t at = behind_space(code, 0), n = 0;
	const char *end = memchr(code.p, ';', code.n);

	if (end != NULL && behind_space(code, (size_t)(end - code.p) + 1) < code.n)
		return false;
	while (at + n < code.n && is_part(code.p[at + n]))
		n++;
	for (size_t i = 0; i < count; i++)
		if (strlen(first[i]) == n && strncasecmp(code.p + at, first[i], n) == 0)
			return true;
	return false;
}

/* Of those that do nothing with a text but to take it as a value. */
static bool is_plain(tr_str code)
{
	static const char *const first[] = {"select", "with", "from", "values", "insert", "update", "delete"};

	return is_one_of(code, first, sizeof first / sizeof *first);
}

/* Secrets belong to the open database, what is set for all and what is attached likewise; SQL in texts may do anything.
 */
bool duck_guard_is_local(tr_str sql)
{
	static const char *const first[] = {"create", "drop",    "alter",    "truncate", "merge",
					    "copy",   "explain", "describe", "show",     "summarize"};
	tr_buf code = {0};
	bool local =
	    duck_code(sql, &code) &&
	    (is_plain(tr_buf_str(&code)) || is_one_of(tr_buf_str(&code), first, sizeof first / sizeof *first)) &&
	    strcasestr(code.p, "secret") == NULL && strcasestr(code.p, "database") == NULL;

	tr_buf_fini(&code);
	return local;
}

static const char *find_in_statement(tr_str sql)
{
	tr_buf code = {0};
	bool plain = duck_code(sql, &code) && code.n > 0 && is_plain(tr_buf_str(&code));
	const char *name = find_forbidden(plain ? tr_buf_str(&code) : sql);

	tr_buf_fini(&code);
	return name;
}

tr_value duck_guard_sql(tr_str sql, size_t number)
{
	const char *name = find_in_statement(sql);

	if (name == NULL)
		return tr_absent();
	return tr_outcome_error("denied", false,
				"duckdb: statement %zu has %s in it, which tasks may not use: it reaches beyond the "
				"task; when it is only part of a text, give that by params",
				number, name);
}

static tr_value check_chunk(const duck_api *api, duckdb_data_chunk chunk)
{
	duckdb_vector v = api->data_chunk_get_vector(chunk, 0);
	const duckdb_string_t *texts = api->vector_get_data(v);
	const uint64_t *valid = api->vector_get_validity(v);

	for (idx_t row = 0, n = api->data_chunk_get_size(chunk); row < n; row++) {
		const duckdb_string_t *s = &texts[row];
		if (valid != NULL && (valid[row / 64] >> (row % 64) & 1) == 0)
			continue;
		const char *name = find_forbidden((tr_str){s->length <= 12 ? s->start : s->as.p, s->length});
		if (name != NULL)
			return tr_outcome_error("denied", false,
						"duckdb: a view or macro of the database has %s in it, which tasks may "
						"not use: it reaches beyond the task",
						name);
	}
	return tr_absent();
}

tr_value duck_guard_catalog(duck_session *s)
{
	static const char sql[] =
	    "SELECT sql FROM system.main.duckdb_views() WHERE database_name <> 'system' UNION ALL "
	    "SELECT macro_definition FROM system.main.duckdb_functions() "
	    "WHERE database_name <> 'system' AND macro_definition IS NOT NULL";
	duckdb_result r = {0};
	duckdb_data_chunk chunk;
	tr_value fault = tr_absent();

	if (s->api->query(s->connection, sql, &r) != DUCKDB_SUCCESS)
		fault = duck_fault(s->api->result_error(&r), 0, "the views of the database");
	while (!tr_is_valid(fault) && (chunk = s->api->fetch_chunk(r)) != NULL) {
		fault = check_chunk(s->api, chunk);
		bool last = s->api->data_chunk_get_size(chunk) == 0;
		s->api->destroy_data_chunk(&chunk);
		if (last)
			break;
	}
	s->api->destroy_result(&r);
	return fault;
}
