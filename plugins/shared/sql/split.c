/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts into statements. */
#include "plugins/shared/sql/scan.h"
#include "plugins/shared/sql/sql.h"
#include "plugins/shared/source.h"

#include <string.h>
#include <strings.h>

#define SQL_FILE_MAX (16u << 20)

/* Where in a CREATE FUNCTION … BEGIN ATOMIC … END the scanner is: semicolons in the body end no statement. */
typedef struct body {
	size_t words; /* of the statement so far */
	bool create, routine;
	size_t depth;
} body;

static bool is_word(tr_str w, const char *expected)
{
	return w.n == __builtin_strlen(expected) && strncasecmp(w.p, expected, w.n) == 0;
}

static void body_word(body *b, tr_str word)
{
	if (b->words++ == 0)
		b->create = is_word(word, "create");
	if (!b->create)
		return;
	if (is_word(word, "function") || is_word(word, "procedure"))
		b->routine = true;
	else if (b->routine && is_word(word, "begin"))
		b->depth++;
	else if (b->depth > 0 && is_word(word, "case"))
		b->depth++;
	else if (b->depth > 0 && is_word(word, "end"))
		b->depth--;
}

static tr_value add(tr_value list, tr_str script, size_t first, size_t last)
{
	return first < last ? tr_array_push(list, tr_string_lossy(script.p + first, last - first)) : list;
}

tr_value sql_split(tr_str script)
{
	tr_value list = tr_array();
	size_t at = 0, first = 0, last = 0; /* from the first to behind the last unit that says something */
	body b = {0};

	for (;;) {
		size_t from = at;
		sql_unit unit = sql_next(script, &at);
		bool ends =
		    unit == SQL_END || (unit == SQL_OTHER && at - from == 1 && script.p[from] == ';' && b.depth == 0);
		if (ends) {
			list = add(list, script, first, last);
			first = last = at;
			b = (body){0};
			if (unit == SQL_END)
				return list;
			continue;
		}
		if (unit == SQL_SPACE || unit == SQL_COMMENT)
			continue;
		if (unit == SQL_WORD)
			body_word(&b, (tr_str){script.p + from, at - from});
		if (first == last)
			first = from;
		last = at;
	}
}

/* ---- the script of a task ---- */

static tr_value add_script(tr_value list, tr_value v, const char *kind, tr_value *why)
{
	if (!tr_is(v, TR_STRING)) {
		tr_drop(list);
		*why = tr_stringf("%s: a statement must be text, not %s", kind, tr_type_name(tr_type_of(v)));
		return tr_absent();
	}
	if (tr_as_str(v).n > 0 && memchr(tr_as_str(v).p, '\0', tr_as_str(v).n) != NULL) {
		tr_drop(list);
		*why = tr_stringf("%s: a statement has a NUL character in it", kind);
		return tr_absent();
	}
	return tr_array_concat(list, sql_split(tr_as_str(v)));
}

/* Borrowed. */
static tr_value script_of(tr_value input)
{
	static const char *const names[] = {"command", "commands", "query", "sql", "statement", "script"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		tr_value v = tr_map_get_s(input, names[i]);
		if (tr_is(v, TR_MAP)) /* a script that was read from a file */
			v = tr_map_get_s(v, "content");
		if (tr_is_valid(v) && !tr_is_nil(v))
			return v;
	}
	return tr_absent();
}

/* Where the SQL is, when it is in a file: `file`, or `script` as a mapping. Borrowed; absent when none is named. */
static tr_value file_of(tr_value input)
{
	tr_value script = tr_map_get_s(input, "script"), file = tr_map_get_s(input, "file");

	if (tr_is(script, TR_MAP))
		file = tr_map_get_s(script, "path");
	return tr_is_nil(file) ? tr_absent() : file;
}

static tr_value from_file(tr_value file, tr_value context, const char *kind, tr_value *why)
{
	tr_value path, text, fault;

	if (!tr_is(file, TR_STRING)) {
		*why = tr_stringf("%s: file must be a path, not %s", kind, tr_type_name(tr_type_of(file)));
		return tr_absent();
	}
	if (tr_as_str(file).n > 0 && memchr(tr_as_str(file).p, '\0', tr_as_str(file).n) != NULL) {
		*why = tr_stringf("%s: file has a NUL character in it", kind);
		return tr_absent();
	}
	path = source_path(tr_as_cstr(file, ""), context);
	text = source_read(tr_as_cstr(path, ""), SQL_FILE_MAX, &fault);
	if (!tr_is_valid(text))
		*why = tr_stringf("%s: the SQL in %s", kind, tr_as_cstr(fault, "?"));
	tr_drop(fault);
	tr_drop(path);
	return text;
}

tr_value sql_of_task(tr_value input, tr_value context, const char *kind, tr_value *why)
{
	tr_value script = tr_keep(script_of(input)), file = file_of(input), list = tr_array();

	*why = tr_absent();
	if (!tr_is_valid(script) && tr_is_valid(file))
		script = from_file(file, context, kind, why);
	for (size_t i = 0; tr_is_valid(list) && i < tr_array_len(script); i++)
		list = add_script(list, tr_array_at(script, i), kind, why);
	if (tr_is_valid(script) && !tr_is(script, TR_ARRAY))
		list = add_script(list, script, kind, why);
	tr_drop(script);
	if (tr_is_valid(list) && tr_array_len(list) == 0) {
		tr_drop(list);
		list = tr_absent();
		if (!tr_is_valid(*why))
			*why = tr_stringf(
			    "%s: there is no SQL to run; give it as command, commands, query, script or file", kind);
	}
	return list;
}
