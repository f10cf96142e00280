/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind snowflake. Snowflake cannot be had on a developer's machine: tests/support/snowflake_server.py stands
 * in for it and checks what a client owes it, the signature and claims of its tokens above all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/http/http.h"
#include "plugins/actions/snowflake/snowflake.h"
#include "plugins/host/command.h"
#include "server.h"
#include "world.h"
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

static world w;
static server stand_in;
static int port;
static char folder[256];

static const builtin trusted[] = {{http_manifest, &http_plugin, true}, {snowflake_manifest, &snowflake_plugin, true}};

static int start(void **state)
{
	(void)state;
	if (!server_start(&stand_in, "snowflake_server.py") || sscanf(stand_in.line, "%d %255s", &port, folder) != 2)
		return -1;
	world_with(&w, trusted, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	server_stop(&stand_in);
	return 0;
}

/* ---- asking ---- */

static tr_value key(const char *name)
{
	char path[300], text[8192];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof text, f);
	(void)fclose(f);
	return tr_string_n(text, n);
}

static tr_value who(void)
{
	return TR_DICT("url", tr_stringf("http://127.0.0.1:%d", port), "account", tr_string("test-account.eu-west-1"),
		       "user", tr_string("troupe_user"));
}

static tr_value auth(void)
{
	return tr_map_put_s(who(), "private_key", key("key.pem"));
}

/* Takes more, a map of further inputs. */
static tr_value sql_with(const char *sql, tr_value more)
{
	return world_run(&w, "snowflake", tr_map_merge(TR_DICT("query", tr_string(sql), "auth", auth()), more));
}

static tr_value sql(const char *text)
{
	return sql_with(text, tr_map());
}

static tr_value good(tr_value o)
{
	if (!succeeded(o))
		show("an error", o);
	assert_true(succeeded(o));
	return o;
}

static void check_json(tr_value v, const char *expected)
{
	tr_value text = tr_json_string(v, TR_JSON_COMPACT);

	assert_string_equal(tr_as_cstr(text, ""), expected);
	tr_drop(text);
}

static void check_error(tr_value o, const char *kind, bool retryable, const char *part)
{
	if (strcmp(error_kind(o), kind) != 0 || strstr(error_message(o), part) == NULL)
		show(kind, o);
	assert_string_equal(error_kind(o), kind);
	assert_int_equal(tr_as_bool(TR_GET(o, "error", "retryable"), !retryable), retryable);
	assert_non_null(strstr(error_message(o), part));
	tr_drop(o);
}

/* What the stand-in was told. */
static tr_value said(void)
{
	tr_value o = good(world_run(&w, "http", TR_DICT("url", tr_stringf("http://127.0.0.1:%d/said", port))));
	tr_value all = tr_keep(TR_GET(o, "result", "data"));

	tr_drop(o);
	return all;
}

static bool was_cancelled(const char *statement)
{
	tr_value all = said(), list = tr_map_get_s(all, "cancelled");
	bool found = false;

	for (size_t i = 0; i < tr_array_len(list); i++)
		found = found || tr_str_is(tr_as_str(tr_array_at(list, i)), statement);
	tr_drop(all);
	return found;
}

/* ---- results ---- */

static void section_10_snowflake_result(void **state)
{
	(void)state;
	tr_value o = good(sql("select parts 3"));
	check_json(TR_GET(o, "result", "rows"), "[{\"N\":0},{\"N\":1},{\"N\":2},{\"N\":3},{\"N\":4},{\"N\":5}]");
	check_json(TR_GET(o, "result", "columns"), "[\"N\"]");
	assert_int_equal(tr_as_int(TR_GET(o, "result", "row_count"), -1), 6);
	assert_string_equal(tr_as_cstr(TR_GET(o, "snowflake", "code"), ""), "00000");
	tr_drop(o);
	o = good(sql("select slow 4"));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "statement_count"), -1), 1);
	tr_drop(o);
	o = good(sql("insert into t values (1), (2), (3)"));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "affected_rows"), -1), 3);
	assert_int_equal(tr_as_int(TR_GET(o, "result", "row_count"), -1), 0);
	tr_drop(o);
	tr_value place = TR_DICT("database", tr_string("D"), "schema", tr_string("S"), "warehouse", tr_string("W"),
				 "role", tr_string("R"));
	o = good(sql_with("select place", place));
	check_json(TR_GET(o, "result", "rows"),
		   "[{\"DATABASE\":\"D\",\"SCHEMA\":\"S\",\"WAREHOUSE\":\"W\",\"ROLE\":\"R\",\"TIMEOUT\":\"true\"}]");
	tr_drop(o);
}

static void section_10_snowflake_types(void **state)
{
	(void)state;
	tr_value o = good(sql("select types")), row = tr_array_at(TR_GET(o, "result", "rows"), 0);
	assert_true(tr_as_int(tr_map_get_s(row, "I"), 0) == INT64_MIN);
	assert_string_equal(tr_as_cstr(tr_map_get_s(row, "BIG"), ""), "123456789012345678901234567890");
	assert_true(tr_equal(tr_map_get_s(row, "DEC"), tr_float(12.5)));
	assert_string_equal(tr_as_cstr(tr_map_get_s(row, "PRECISE"), ""), "12345678901234567890.1234567890");
	assert_true(tr_equal(tr_map_get_s(row, "R"), tr_float(1.5)));
	assert_true(tr_equal(tr_map_get_s(row, "NAN"), tr_float(__builtin_nan(""))));
	assert_string_equal(tr_as_cstr(tr_map_get_s(row, "T"), ""), "žluťoučký 🐎");
	assert_true(tr_equal(tr_map_get_s(row, "YES"), tr_bool(true)));
	assert_true(tr_equal(tr_map_get_s(row, "NO"), tr_bool(false)));
	static const char *const texts[][2] = {{"D", "2026-01-02"},
					       {"OLD", "1969-12-31"},
					       {"TI", "01:02:03.25"},
					       {"NTZ", "2026-01-02T03:04:05.25"},
					       {"LTZ", "2026-01-02T03:04:05+00:00"},
					       {"TZ", "2026-01-02T05:04:05+02:00"},
					       {"BEFORE", "1969-12-31T23:59:59.5"},
					       {"ODD", "POINT(1 2)"}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_string_equal(tr_as_cstr(tr_map_get_s(row, texts[i][0]), ""), texts[i][1]);
	check_json(tr_map_get_s(row, "V"), "{\"a\":[1,null,\"x\"]}");
	check_json(tr_map_get_s(row, "L"), "[1,2]");
	assert_true(tr_is(tr_map_get_s(row, "B"), TR_BINARY));
	assert_memory_equal(tr_as_str(tr_map_get_s(row, "B")).p, "\x00\xff", 2);
	assert_true(tr_is_nil(tr_map_get_s(row, "NOTHING")));
	tr_drop(o);
}

static void section_10_snowflake_parameters(void **state)
{
	(void)state;
	tr_value all = TR_LIST(tr_nil(), tr_bool(true), tr_int(INT64_MIN), tr_float(0.1), tr_string("it's ?"),
			       tr_binary("\0\xfe", 2), TR_LIST(tr_int(1)));
	tr_value o = good(sql_with("select binds $1, $2, $3, $4, $5, $6, $7, '?', $2", TR_DICT("params", all)));
	tr_value rows = TR_GET(o, "result", "rows");
	static const char *const types[] = {"TEXT", "BOOLEAN", "FIXED", "REAL", "TEXT", "BINARY", "TEXT", "BOOLEAN"};
	static const char *const values[] = {NULL,  "true", "-9223372036854775808", "0.1", "it's ?", "00fe",
					     "[1]", "true"};
	assert_int_equal(tr_array_len(rows), 8);
	for (size_t i = 0; i < 8; i++) {
		tr_value row = tr_array_at(rows, i);
		assert_string_equal(tr_as_cstr(tr_map_get_s(row, "TYPE"), ""), types[i]);
		if (values[i] == NULL)
			assert_true(tr_is_nil(tr_map_get_s(row, "VALUE")));
		else
			assert_string_equal(tr_as_cstr(tr_map_get_s(row, "VALUE"), ""), values[i]);
	}
	assert_string_equal(tr_as_cstr(tr_map_get_s(tr_array_at(rows, 0), "TEXT"), ""),
			    "select binds ?, ?, ?, ?, ?, ?, ?, '?', ?");
	tr_drop(o);
	o = good(sql_with("select binds :b::int, :a, :b", TR_DICT("params", TR_DICT("a", tr_int(1), "b", tr_int(2)))));
	check_json(
	    TR_GET(o, "result", "rows"),
	    "[{\"TEXT\":\"select binds ?::int, ?, ?\",\"TYPE\":\"FIXED\",\"VALUE\":\"2\"},{\"TEXT\":\"select binds "
	    "?::int, ?, ?\",\"TYPE\":\"FIXED\",\"VALUE\":\"1\"},{\"TEXT\":\"select binds ?::int, ?, "
	    "?\",\"TYPE\":\"FIXED\",\"VALUE\":\"2\"}]");
	tr_drop(o);
	o = good(sql_with("select binds ?, ?", TR_DICT("params", TR_LIST(tr_int(1), tr_string("x")))));
	assert_int_equal(tr_array_len(TR_GET(o, "result", "rows")), 2);
	tr_drop(o);
	check_error(sql_with("select $2", TR_DICT("params", TR_LIST(tr_int(1)))), "input", false, "params has 1 value");
	check_error(sql_with("select 1", TR_DICT("params", tr_int(1))), "input", false, "params must be");
}

static void section_10_snowflake_several_statements(void **state)
{
	(void)state;
	tr_value o = good(sql("create table t (a int); insert into t values (1); select parts 2"));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "statement_count"), -1), 3);
	assert_int_equal(tr_as_int(TR_GET(o, "result", "row_count"), -1), 4);
	assert_int_equal(tr_as_int(TR_GET(o, "result", "command_1", "affected_rows"), -1), 3);
	tr_drop(o);
	/* In one session, between BEGIN and COMMIT. */
	o = good(sql_with("insert into t values (2); insert into t values (3)", TR_DICT("transaction", tr_bool(true))));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "statement_count"), -1), 2);
	assert_int_equal(tr_as_int(TR_GET(o, "result", "affected_rows"), -1), 6);
	tr_drop(o);
	tr_value all = said(), list = tr_map_get_s(all, "statements");
	assert_string_equal(tr_as_cstr(tr_array_at(list, tr_array_len(list) - 1), ""),
			    "BEGIN;\ninsert into t values (2);\ninsert into t values (3);\nCOMMIT;\n");
	tr_drop(all);
	o = good(
	    sql_with("select binds :a; select binds :b", TR_DICT("params", TR_DICT("a", tr_int(1), "b", tr_int(2)))));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "statement_count"), -1), 2);
	tr_drop(o);
	check_error(sql_with("select :a", TR_DICT("params", TR_DICT("a", tr_int(1)), "transaction", tr_bool(true))),
		    "input", false, "take no params");
}

/* ---- errors ---- */

static void section_10_snowflake_errors(void **state)
{
	(void)state;
	tr_value o = sql("fail 001003 42000");
	assert_string_equal(tr_as_cstr(TR_GET(o, "error", "code"), ""), "42000");
	assert_string_equal(tr_as_cstr(TR_GET(o, "snowflake", "code"), ""), "42000");
	check_error(o, "syntax", false, "as was asked (001003, SQLSTATE 42000)");
	check_error(sql("fail 100072 22000"), "data", false, "22000");
	check_error(sql("fail 000625 57014"), "locked", true, "000625");
	check_error(sql("fail 000630 57014"), "timeout", false, "000630");
	check_error(sql(" -- nothing"), "input", false, "no SQL");
	check_error(sql_with("select parts 500", TR_DICT("max_bytes", tr_int(5000))), "too_large", false, "5000 bytes");
	/* An answer that was cut off: the statement is handed in again, and performed once. */
	tr_value before = said();
	tr_drop(good(sql("select broken")));
	tr_value after = said();
	assert_int_equal(tr_array_len(tr_map_get_s(after, "statements")),
			 tr_array_len(tr_map_get_s(before, "statements")) + 1);
	tr_drop(before);
	tr_drop(after);
}

static void section_10_snowflake_who_one_is(void **state)
{
	(void)state;
	tr_value before = said();
	tr_drop(good(sql("select 1")));
	tr_drop(good(sql("select 1")));
	tr_value after = said();
	assert_true(
	    tr_equal(tr_map_get_s(before, "tokens"), tr_map_get_s(after, "tokens"))); /* a token is used again */
	tr_drop(before);
	tr_drop(after);
	tr_value sealed = tr_map_put_s(tr_map_put_s(who(), "private_key", key("sealed.pem")), "private_key_passphrase",
				       tr_string("opensesame"));
	tr_drop(good(sql_with("select 1", TR_DICT("auth", sealed))));
	sealed = tr_map_put_s(who(), "private_key", key("sealed.pem"));
	check_error(sql_with("select 1", TR_DICT("auth", sealed)), "auth", false, "private_key_passphrase");
	check_error(sql_with("select 1", TR_DICT("auth", tr_map_put_s(who(), "private_key", key("other.pem")))), "auth",
		    false, "its signature is wrong");
	check_error(sql_with("select 1", TR_DICT("auth", tr_map_put_s(who(), "private_key", tr_string("no key")))),
		    "auth", false, "PEM");
	tr_value other = tr_map_put_s(auth(), "user", tr_string("somebody"));
	check_error(sql_with("select 1", TR_DICT("auth", other)), "auth", false, "it is of TEST-ACCOUNT.SOMEBODY");
	tr_drop(good(sql_with("select 1", TR_DICT("auth", tr_map_put_s(who(), "token", tr_string("opensesame"))))));
	check_error(sql_with("select 1", TR_DICT("auth", who())), "auth", false, "private_key, password or token");
	check_error(sql_with("select 1", TR_DICT("auth", tr_nil())), "auth", false, "no account is named");
	check_error(sql_with("select 1",
			     TR_DICT("auth", TR_DICT("account", tr_string("evil.com/x?"), "token", tr_string("t")))),
		    "auth", false, "no account is named");
}

static void section_10_snowflake_password(void **state)
{
	(void)state;
	tr_value login = tr_map_put_s(who(), "password", tr_string("opensesame"));
	tr_drop(good(sql_with("select 1", TR_DICT("auth", tr_keep(login)))));
	tr_drop(good(sql_with("select 1", TR_DICT("auth", tr_keep(login)))));
	tr_value all = said();
	assert_int_equal(tr_as_int(tr_map_get_s(all, "logins"), 0), 1);
	tr_drop(all);
	/* A session that the server has forgotten is opened anew. */
	tr_drop(good(sql_with("expire", TR_DICT("auth", tr_keep(login)))));
	tr_drop(good(sql_with("select 1", TR_DICT("auth", login))));
	all = said();
	assert_int_equal(tr_as_int(tr_map_get_s(all, "logins"), 0), 2);
	tr_drop(all);
	login = tr_map_put_s(who(), "password", tr_string("wrong"));
	check_error(sql_with("select 1", TR_DICT("auth", login)), "auth", false, "Incorrect username or password");
}

/* ---- being ended ---- */

static void section_10_snowflake_timeout_reaches_the_server(void **state)
{
	(void)state;
	check_error(sql_with("select for ever 1", TR_DICT("timeout", tr_float(2))), "timeout", false,
		    "did not end in time");
	while (!was_cancelled("select for ever 1"))
		;
}

static tr_value cancel_one(tr_value arg)
{
	tr_ref ref = command_send("snowflake", tr_keep(tr_array_at(arg, 0)));
	bool there = false;

	while (!there) {
		tr_value o = command_wait(command_send("http", tr_keep(tr_array_at(arg, 1))));
		tr_value list = TR_GET(o, "result", "data", "statements");
		there = tr_str_is(tr_as_str(tr_array_at(list, tr_array_len(list) - 1)), "select for ever 2");
		tr_drop(o);
	}
	/* It was handed in; its handle is known after the next look at it at the latest. */
	tr_drop(command_wait(command_send("snowflake", tr_keep(tr_array_at(arg, 2)))));
	tr_send_name("command.snowflake", command_cancel(ref));
	return command_wait(ref);
}

static void section_10_snowflake_cancellation_reaches_the_server(void **state)
{
	(void)state;
	tr_value forever = TR_DICT("query", tr_string("select for ever 2"), "auth", auth());
	tr_value look = TR_DICT("url", tr_stringf("http://127.0.0.1:%d/said", port));
	tr_value slow = TR_DICT("query", tr_string("select slow 3"), "auth", auth());

	check_error(world_do(&w, cancel_one, TR_LIST(forever, look, slow)), "cancelled", false, "");
	while (!was_cancelled("select for ever 2"))
		;
}

static void a_host_needs_its_grant(void **state)
{
	(void)state;
	world other;
	static const builtin untrusted[] = {{http_manifest, &http_plugin, true},
					    {snowflake_manifest, &snowflake_plugin, false}};
	tr_value grants =
	    TR_DICT("snowflake", TR_LIST(tr_string("net:x.snowflakecomputing.com"), tr_string("call:http")));
	plugin_host_options options = {.builtins = untrusted, .builtin_count = 2, .grants = grants};
	tr_value reason = world_start(&other, &options);

	assert_false(tr_is_valid(reason));
	check_error(world_run(&other, "snowflake", TR_DICT("query", tr_string("select 1"), "auth", auth())), "denied",
		    false, "net:127.0.0.1");
	world_stop(&other);
	tr_drop(grants);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_10_snowflake_result),
	    cmocka_unit_test(section_10_snowflake_types),
	    cmocka_unit_test(section_10_snowflake_parameters),
	    cmocka_unit_test(section_10_snowflake_several_statements),
	    cmocka_unit_test(section_10_snowflake_errors),
	    cmocka_unit_test(section_10_snowflake_who_one_is),
	    cmocka_unit_test(section_10_snowflake_password),
	    cmocka_unit_test(section_10_snowflake_timeout_reaches_the_server),
	    cmocka_unit_test(section_10_snowflake_cancellation_reaches_the_server),
	    cmocka_unit_test(a_host_needs_its_grant),
	};
	return cmocka_run_group_tests_name("snowflake", tests, start, stop);
}
