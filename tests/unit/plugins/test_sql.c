/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts cut into statements, and parameters (docs/playbook.md, section 10, the kinds that take SQL). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/shared/sql/sql.h"
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

/* The statements, each ended by a bar. */
static void check_split(const char *script, const char *expected)
{
	tr_value list = sql_split(tr_s(script));
	tr_buf text = {0};

	for (size_t i = 0; i < tr_array_len(list); i++)
		tr_buf_putf(&text, "%s|", tr_as_cstr(tr_array_at(list, i), "?"));
	tr_buf_putc(&text, '\0');
	assert_string_equal(text.p, expected);
	tr_buf_fini(&text);
	tr_drop(list);
}

static void section_10_statements_end_at_semicolons(void **state)
{
	(void)state;
	check_split("", "");
	check_split(" ;; \n;", "");
	check_split("select 1", "select 1|");
	check_split("select 1; select 2 ;", "select 1|select 2|");
	check_split("-- first\nselect 1 -- one\n; /* a;b /* c; */ d; */ select 2", "select 1|select 2|");
	check_split("select /* in ; between */ 1", "select /* in ; between */ 1|");
	check_split("-- only words", "");
}

static void section_10_semicolons_in_texts_are_text(void **state)
{
	(void)state;
	check_split("select 'a;b', 'it''s;'; x", "select 'a;b', 'it''s;'|x|");
	check_split("select E'a\\';b'; x", "select E'a\\';b'|x|");
	check_split("select 'a\\'; x", "select 'a\\'|x|"); /* a backslash is nothing special there */
	check_split("select \"a;\"\"b\"; x", "select \"a;\"\"b\"|x|");
	check_split("select 'open; x", "select 'open; x|");
}

static void section_10_dollar_quotes_and_do_blocks(void **state)
{
	(void)state;
	check_split("do $$ begin; perform 1; end $$; x", "do $$ begin; perform 1; end $$|x|");
	check_split("do $a$ select $$;$$; $a$; x", "do $a$ select $$;$$; $a$|x|");
	check_split("select a$b$c; x", "select a$b$c|x|"); /* a name with dollar signs */
	check_split("select $1; x", "select $1|x|");
	check_split("do $$ never closed ; x", "do $$ never closed ; x|");
	check_split("create function f() returns int begin atomic select 1; select case when true then 1 end; end; x",
		    "create function f() returns int begin atomic select 1; select case when true then 1 end; end|x|");
	check_split("begin; commit", "begin|commit|"); /* a transaction is no body */
}

/* Statement and values as JSON-like text, or why not. */
static void check_bind(const char *statement, tr_value params, const char *expected)
{
	tr_buf out = {0}, shown = {0};
	tr_value why, values = sql_bind(tr_s(statement), params, &out, &why);

	if (tr_is_valid(values)) {
		tr_buf_put(&shown, out.p, out.n);
		tr_buf_putc(&shown, ' ');
		tr_json_write(&shown, values, 0);
	} else {
		tr_buf_puts(&shown, tr_as_cstr(why, "?"));
	}
	tr_buf_putc(&shown, '\0');
	assert_string_equal(shown.p, expected);
	tr_buf_fini(&out);
	tr_buf_fini(&shown);
	tr_drop(values);
	tr_drop(why);
	tr_drop(params);
}

static void section_10_parameters_by_name(void **state)
{
	(void)state;
	tr_value ab = TR_DICT("a", tr_int(1), "b", tr_string("x"));
	check_bind("select :a, :b, :a", tr_keep(ab), "select $1, $2, $1 [1,\"x\"]");
	check_bind("select :b::text, ':a', t[:a]", tr_keep(ab), "select $1::text, ':a', t[$2] [\"x\",1]");
	check_bind("select t[lo:hi], 1 -- :a", tr_keep(ab), "select t[lo:hi], 1 -- :a []");
	check_bind("select :c", tr_keep(ab), "the statement uses :c, and params has no c");
	check_bind("select :a", tr_absent(), "select :a []");
	tr_drop(ab);
}

static void section_10_parameters_by_position(void **state)
{
	(void)state;
	tr_value list = TR_LIST(tr_int(1), tr_nil(), tr_int(3));
	check_bind("select $2, $1", tr_keep(list), "select $2, $1 [1,null]");
	check_bind("select 1", tr_keep(list), "select 1 []");
	check_bind("select '$3', $$ $2 $$", tr_keep(list), "select '$3', $$ $2 $$ []");
	check_bind("select $4", tr_keep(list), "the statement uses $4, and params has 3 values");
	check_bind("select $0", tr_keep(list), "the statement uses $0, and params has 3 values");
	check_bind("select $99999999999999999999", tr_keep(list),
		   "the statement uses $99999999999999999999, and params has 3 values");
	tr_drop(list);
}

static void check_task(tr_value input, const char *expected)
{
	tr_value why, list = sql_of_task(input, tr_nil(), "postgres", &why);
	tr_buf shown = {0};

	tr_json_write(&shown, tr_is_valid(list) ? list : why, 0);
	tr_buf_putc(&shown, '\0');
	assert_string_equal(shown.p, expected);
	tr_buf_fini(&shown);
	tr_drop(list);
	tr_drop(why);
	tr_drop(input);
}

static void section_10_the_script_of_a_task(void **state)
{
	(void)state;
	check_task(TR_DICT("command", tr_string("a; b")), "[\"a\",\"b\"]");
	check_task(TR_DICT("commands", TR_LIST(tr_string("a"), tr_string("b;c"))), "[\"a\",\"b\",\"c\"]");
	check_task(TR_DICT("query", tr_string("a")), "[\"a\"]");
	check_task(TR_DICT("query", tr_string(" -- nothing")),
		   "\"postgres: there is no SQL to run; give it as command, commands, query, script or file\"");
	check_task(TR_DICT("commands", TR_LIST(tr_string("a"), tr_int(1))),
		   "\"postgres: a statement must be text, not int\"");
	check_task(TR_DICT("file", tr_int(1)), "\"postgres: file must be a path, not int\"");
	check_task(TR_DICT("query", tr_string("a"), "file", tr_string("/is/not/read")), "[\"a\"]");
	check_task(tr_map(),
		   "\"postgres: there is no SQL to run; give it as command, commands, query, script or file\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_10_statements_end_at_semicolons),
	    cmocka_unit_test(section_10_semicolons_in_texts_are_text),
	    cmocka_unit_test(section_10_dollar_quotes_and_do_blocks),
	    cmocka_unit_test(section_10_parameters_by_name),
	    cmocka_unit_test(section_10_parameters_by_position),
	    cmocka_unit_test(section_10_the_script_of_a_task),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
