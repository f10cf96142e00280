/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind postgres against a real server (docs/playbook.md, section 10). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/postgres/postgres.h"
#include "plugins/host/command.h"
#include "server.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <troupe/codec.h>

static world w;
static server postgres;
static int port;

static const builtin trusted[] = {{postgres_manifest, &postgres_plugin, true}};

static int start(void **state)
{
	(void)state;
	if (!server_start(&postgres, "postgres_server.py") || sscanf(postgres.line, "%d", &port) != 1)
		return -1;
	world_with(&w, trusted, 1);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	server_stop(&postgres);
	return 0;
}

/* ---- asking ---- */

static tr_value auth(void)
{
	return TR_DICT("host", tr_string("127.0.0.1"), "port", tr_int(port), "user", tr_string("troupe"), "password",
		       tr_string("opensesame"), "database", tr_string("troupe"));
}

/* Takes more, a map of further inputs. */
static tr_value sql_with(const char *sql, tr_value more)
{
	return world_run(&w, "postgres", tr_map_merge(TR_DICT("query", tr_string(sql), "auth", auth()), more));
}

static tr_value sql(const char *text)
{
	return sql_with(text, tr_map());
}

static void check_json(tr_value v, const char *expected)
{
	tr_buf text = {0};

	tr_json_write(&text, v, 0);
	tr_buf_putc(&text, '\0');
	assert_string_equal(text.p, expected);
	tr_buf_fini(&text);
}

/* The rows that a statement gives, as JSON. Takes more. */
static void check_rows(const char *text, tr_value more, const char *expected)
{
	tr_value o = sql_with(text, more);

	if (!succeeded(o))
		show(text, o);
	assert_true(succeeded(o));
	check_json(TR_GET(o, "result", "rows"), expected);
	tr_drop(o);
}

static void check_error(tr_value o, const char *kind, bool retryable, const char *code, const char *part)
{
	if (strcmp(error_kind(o), kind) != 0 || strstr(error_message(o), part) == NULL)
		show(kind, o);
	assert_string_equal(error_kind(o), kind);
	assert_int_equal(tr_as_bool(TR_GET(o, "error", "retryable"), !retryable), retryable);
	assert_non_null(strstr(error_message(o), part));
	if (code != NULL)
		assert_string_equal(tr_as_cstr(TR_GET(o, "pg", "code"), ""), code);
	tr_drop(o);
}

/* ---- results ---- */

static void section_10_postgres_result(void **state)
{
	(void)state;
	tr_value o = sql("create table t (id int, name text); insert into t values (1, 'a'), (2, 'b'); "
			 "select * from t order by id; update t set name = 'c' where id = 2");
	tr_value r = tr_map_get_s(o, "result");
	assert_true(succeeded(o));
	check_json(tr_map_get_s(r, "rows"), "[{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"}]");
	check_json(tr_map_get_s(r, "columns"), "[\"id\",\"name\"]");
	assert_int_equal(tr_as_int(tr_map_get_s(r, "row_count"), -1), 2);
	assert_int_equal(tr_as_int(tr_map_get_s(r, "affected_rows"), -1), 3);
	assert_int_equal(tr_as_int(tr_map_get_s(r, "statement_count"), -1), 4);
	assert_int_equal(tr_as_int(TR_GET(r, "command_1", "affected_rows"), -1), 2);
	assert_string_equal(tr_as_cstr(TR_GET(r, "command_3", "status"), ""), "UPDATE 1");
	assert_int_equal(tr_as_int(TR_GET(o, "pg", "rows_affected"), -1), 3);
	tr_drop(o);
	o = sql("drop table t; select 1 as a where false");
	check_json(TR_GET(o, "result", "rows"), "[]");
	check_json(TR_GET(o, "result", "columns"), "[\"a\"]");
	tr_drop(o);
}

/* ---- SQL in a file ---- */

static tr_value from_file(const char *key, tr_value named, tr_value context)
{
	return world_run_in(&w, "postgres", tr_map_put_s(TR_DICT("auth", auth()), key, named), context);
}

static void section_10_postgres_sql_of_a_file(void **state)
{
	(void)state;
	char folder[] = "/tmp/troupe-sql-XXXXXX", path[64], book[64];
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/ask.sql", folder);
	(void)snprintf(book, sizeof book, "%s/book.yaml", folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("-- both\nselect 1 as a; select 2 as b;\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	tr_value beside = TR_DICT("file", tr_string(book));

	tr_value o = from_file("file", tr_string("ask.sql"), tr_keep(beside));
	check_json(TR_GET(o, "result", "rows"), "[{\"b\":2}]");
	assert_int_equal(tr_as_int(TR_GET(o, "result", "statement_count"), -1), 2);
	tr_drop(o);
	o = from_file("script", TR_DICT("path", tr_string(path)), tr_map());
	check_json(TR_GET(o, "result", "rows"), "[{\"b\":2}]");
	tr_drop(o);
	check_error(from_file("file", tr_string("none.sql"), tr_keep(beside)), "input", false, NULL,
		    "none.sql cannot be read");
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fputc(0xff, f), 0xff);
	assert_int_equal(fclose(f), 0);
	check_error(from_file("file", tr_string("ask.sql"), tr_keep(beside)), "input", false, NULL,
		    "is not UTF-8 text");
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fseek(f, 16L << 20, SEEK_SET), 0);
	assert_int_equal(fputc(' ', f), ' ');
	assert_int_equal(fclose(f), 0);
	check_error(from_file("file", tr_string("ask.sql"), beside), "input", false, NULL,
		    "has more than 16777216 bytes");
	assert_int_equal(remove(path), 0);
	assert_int_equal(remove(folder), 0);
}

static void section_10_postgres_native_types(void **state)
{
	(void)state;
	check_rows("select null as a, true as b, 7::int2 as c, 9223372036854775807 as d, 1.5::float8 as e, "
		   "12.50::numeric as f, 123456789012345678.25::numeric as g, 3::numeric as h",
		   tr_map(),
		   "[{\"a\":null,\"b\":true,\"c\":7,\"d\":9223372036854775807,\"e\":1.5,\"f\":12.5,"
		   "\"g\":\"123456789012345678.25\",\"h\":3}]");
	check_rows("select '{\"a\": [1, null]}'::jsonb as a, '[1]'::json as b, array[1,null,3] as c, "
		   "array[['a\"b','NULL'],['{x}','']] as d, '{}'::int[] as e",
		   tr_map(),
		   "[{\"a\":{\"a\":[1,null]},\"b\":[1],\"c\":[1,null,3],"
		   "\"d\":[[\"a\\\"b\",\"NULL\"],[\"{x}\",\"\"]],\"e\":[]}]");
	check_rows("set timezone to 'UTC'; select date '2026-01-02' as a, timestamp '2026-01-02 03:04:05.25' as b, "
		   "timestamptz '2026-01-02 03:04:05+00' as c, time '01:02:03' as d, timestamp 'infinity' as e, "
		   "'4b1f4b5e-0000-0000-0000-000000000001'::uuid as f",
		   tr_map(),
		   "[{\"a\":\"2026-01-02\",\"b\":\"2026-01-02T03:04:05.25\",\"c\":\"2026-01-02T03:04:05+00:00\","
		   "\"d\":\"01:02:03\",\"e\":\"infinity\",\"f\":\"4b1f4b5e-0000-0000-0000-000000000001\"}]");
	tr_value o =
	    sql("select 'NaN'::float8 as a, '-Infinity'::numeric as b, '\\x00ff'::bytea as c, 'žluťoučký 🐎' as d");
	tr_value row = tr_array_at(TR_GET(o, "result", "rows"), 0);
	double nan = tr_as_float(tr_map_get_s(row, "a"), 0);
	assert_true(nan != nan);
	assert_true(tr_as_float(tr_map_get_s(row, "b"), 0) < -1e308);
	assert_true(tr_is(tr_map_get_s(row, "c"), TR_BINARY));
	assert_memory_equal(tr_as_str(tr_map_get_s(row, "c")).p, "\x00\xff", 2);
	assert_string_equal(tr_as_cstr(tr_map_get_s(row, "d"), ""), "žluťoučký 🐎");
	tr_drop(o);
}

static void section_10_postgres_parameters(void **state)
{
	(void)state;
	tr_value all = TR_LIST(tr_nil(), tr_bool(true), tr_int(INT64_MIN), tr_float(0.1), tr_string("it's ; $1 :x"));
	check_rows("select $1::text as a, $2::bool as b, $3::int8 as c, $4::numeric as d, $5 as e",
		   TR_DICT("params", all),
		   "[{\"a\":null,\"b\":true,\"c\":-9223372036854775808,\"d\":0.1,\"e\":\"it's ; $1 :x\"}]");
	check_rows("select :a::int + :b::int + :a::int as sum",
		   TR_DICT("params", TR_DICT("a", tr_int(1), "b", tr_int(5))), "[{\"sum\":7}]");
	/* A list is what the statement wants it to be. */
	tr_value list = TR_LIST(tr_int(1), tr_nil(), tr_int(3));
	check_rows("select $1::int[] as a, $2::jsonb as b", TR_DICT("params", TR_LIST(tr_keep(list), list)),
		   "[{\"a\":[1,null,3],\"b\":[1,null,3]}]");
	check_rows("select 2 = any($1::int[]) as a", TR_DICT("params", TR_LIST(TR_LIST(tr_int(2), tr_int(3)))),
		   "[{\"a\":true}]");
	check_rows("select $1::jsonb -> 'k' as a", TR_DICT("params", TR_LIST(TR_DICT("k", TR_LIST(tr_string("v"))))),
		   "[{\"a\":[\"v\"]}]");
	check_rows("select encode($1::bytea, 'hex') as a", TR_DICT("params", TR_LIST(tr_binary("\0\xfe", 2))),
		   "[{\"a\":\"00fe\"}]");
	check_error(sql_with("select $1::text", TR_DICT("params", TR_LIST(tr_string_n("a\0b", 3)))), "input", false,
		    NULL, "parameter 1");
	check_error(sql_with("select :b", TR_DICT("params", TR_DICT("a", tr_int(1)))), "input", false, NULL,
		    "params has no b");
	check_error(sql_with("select 1", TR_DICT("params", tr_int(1))), "input", false, NULL, "params must be");
}

static void section_10_postgres_scripts(void **state)
{
	(void)state;
	check_rows("do $$ begin perform 1; exception when others then null; end $$; -- ; ;\nselect ';' as a;", tr_map(),
		   "[{\"a\":\";\"}]");
	check_error(sql(" ; -- nothing"), "input", false, NULL, "no SQL");
	check_error(sql("copy (select 1) to stdout"), "input", false, NULL, "transfer");
	check_error(sql("create temp table c (a int); copy c from stdin"), "input", false, NULL, "statement 2");
	check_rows("select 1 as a", tr_map(), "[{\"a\":1}]"); /* what came before has left no broken session */
}

/* ---- errors ---- */

static void section_10_postgres_errors(void **state)
{
	(void)state;
	tr_value o = sql("select 1;\nselect\n  wrong");
	assert_int_equal(tr_as_int(TR_GET(o, "error", "details", "line"), 0), 2);
	assert_string_equal(tr_as_cstr(TR_GET(o, "error", "code"), ""), "42703");
	check_error(o, "syntax", false, "42703", "statement 2, line 2: column \"wrong\" does not exist");
	check_error(sql("create temp table u (a int primary key); insert into u values (1), (1)"), "constraint", false,
		    "23505", "duplicate key");
	check_error(sql("select 1/0"), "data", false, "22012", "division by zero");
	check_error(sql("do $$ begin raise exception sqlstate '40001'; end $$"), "serialization", true, "40001",
		    "40001");
	check_error(sql("do $$ begin raise exception sqlstate '40P01'; end $$"), "deadlock", true, "40P01", "40P01");
	check_error(
	    sql_with("select repeat('x', 1000) from generate_series(1, 1000)", TR_DICT("max_bytes", tr_int(100000))),
	    "too_large", false, NULL, "100000 bytes");
}

static void section_10_postgres_connection_errors(void **state)
{
	(void)state;
	check_error(sql_with("select 1", TR_DICT("password", tr_string("wrong"))), "auth", false, NULL,
		    "password authentication failed");
	check_error(sql_with("select 1", TR_DICT("database", tr_string("nowhere"))), "auth", false, NULL,
		    "does not exist");
	check_error(sql_with("select 1", TR_DICT("port", tr_int(1))), "connection", true, NULL, "refused");
	check_error(world_run(&w, "postgres", TR_DICT("query", tr_string("select 1"))), "auth", false, NULL,
		    "no server is named");
	check_error(sql_with("select 1", TR_DICT("auth", tr_int(1))), "auth", false, NULL, "must be the name");
	tr_value dsn = tr_stringf("postgresql://troupe:opensesame@127.0.0.1:%d/troupe", port);
	check_rows("select 1 as a", TR_DICT("auth", TR_DICT("dsn", dsn)), "[{\"a\":1}]");
	check_error(sql_with("select 1", TR_DICT("auth", TR_DICT("dsn", tr_string("host=a passfile=/etc/shadow")))),
		    "auth", false, NULL, "may not set passfile");
	/* libpq would open it. */
	check_error(sql_with("select 1", TR_DICT("sslrootcert", tr_string("/etc/passwd"))), "denied", false, NULL,
		    "postgres may not use /etc/passwd: the grant fs:/etc is missing");
	dsn = tr_stringf("postgresql://troupe:opensesame@127.0.0.1:%d/troupe?sslrootcert=/etc/passwd", port);
	check_error(sql_with("select 1", TR_DICT("auth", TR_DICT("dsn", dsn))), "denied", false, NULL, "fs:/etc");
}

/* The server listens at 127.0.0.1 alone; localhost is ::1 first where the machine says so. */
static void every_address_of_a_name_is_tried(void **state)
{
	(void)state;
	check_rows("select 1 as a", TR_DICT("host", tr_string("localhost")), "[{\"a\":1}]");
	check_error(sql_with("select 1", TR_DICT("host", tr_string("localhost"), "port", tr_int(1))), "connection",
		    true, NULL, "refused");
	check_error(sql_with("select 1", TR_DICT("host", tr_string("localhost"), "password", tr_string("wrong"))),
		    "auth", false, NULL, "password authentication failed");
}

static void section_10_postgres_lost_connections_are_retryable(void **state)
{
	(void)state;
	check_error(sql("select pg_terminate_backend(pg_backend_pid()), pg_sleep(30)"), "connection", true, NULL,
		    "terminating connection");
	/* One that the server closed while it was idle is not given out again. */
	tr_value o = sql("select pg_backend_pid() as pid");
	tr_value pid = tr_keep(tr_map_get_s(tr_array_at(TR_GET(o, "result", "rows"), 0), "pid"));
	tr_drop(o);
	check_rows("select pg_terminate_backend($1, 10000) as a",
		   TR_DICT("params", TR_LIST(pid), "application_name", tr_string("x"), "auth",
			   TR_DICT("dsn", tr_stringf("host=127.0.0.1 port=%d user=troupe password=opensesame "
						     "dbname=postgres",
						     port))),
		   "[{\"a\":true}]");
	check_rows("select 1 as a", tr_map(), "[{\"a\":1}]");
}

/* ---- transactions and sessions ---- */

static void section_10_postgres_transaction(void **state)
{
	(void)state;
	tr_drop(sql("create table tx (a int)"));
	check_error(
	    sql_with("insert into tx values (1); insert into tx values (1/0)", TR_DICT("transaction", tr_bool(true))),
	    "data", false, "22012", "statement 2");
	check_rows("select count(*) as n from tx", tr_map(), "[{\"n\":0}]");
	check_error(sql("insert into tx values (1); insert into tx values (1/0)"), "data", false, NULL, "statement 2");
	check_rows("select count(*) as n from tx", tr_map(), "[{\"n\":1}]");
	check_rows("insert into tx values (2); select count(*) as n from tx", TR_DICT("transaction", tr_bool(true)),
		   "[{\"n\":2}]");
	/* Deferred constraints fail at the commit. */
	tr_drop(sql("create table d (a int unique deferrable initially deferred)"));
	check_error(sql_with("insert into d values (1), (1)", TR_DICT("transaction", tr_bool(true))), "constraint",
		    false, "23505", "duplicate key");
	tr_drop(sql("drop table tx; drop table d"));
}

static int64_t backend(void)
{
	tr_value o = sql("select pg_backend_pid() as pid");
	int64_t pid = tr_as_int(tr_map_get_s(tr_array_at(TR_GET(o, "result", "rows"), 0), "pid"), -1);

	tr_drop(o);
	return pid;
}

static void sessions_are_used_again_and_cleaned(void **state)
{
	(void)state;
	int64_t first = backend();
	assert_int_equal(backend(), first);
	tr_drop(sql("set search_path to nowhere; create temp table left_over (a int); begin"));
	check_rows("show search_path", tr_map(), "[{\"search_path\":\"\\\"$user\\\", public\"}]");
	check_error(sql("select * from left_over"), "syntax", false, "42P01", "left_over");
}

/* ---- being ended ---- */

static void wait_until_nothing_sleeps(void)
{
	int64_t n = -1;
	time_t end = time(NULL) + 60;

	while (n != 0 && time(NULL) < end) {
		tr_value o = sql("select count(*) as n from pg_stat_activity where query like '%pg_sleep(600)%' and "
				 "pid <> pg_backend_pid() and state = 'active'");
		n = tr_as_int(tr_map_get_s(tr_array_at(TR_GET(o, "result", "rows"), 0), "n"), -1);
		tr_drop(o);
	}
	assert_int_equal(n, 0);
}

static void section_10_postgres_timeout_reaches_the_server(void **state)
{
	(void)state;
	check_error(sql_with("select pg_sleep(600)", TR_DICT("timeout", tr_float(2))), "timeout", false, "57014",
		    "did not end in time");
	wait_until_nothing_sleeps();
	check_error(sql("set statement_timeout to 50; select pg_sleep(600)"), "timeout", false, "57014",
		    "statement timeout");
}

/* Wait until the statement runs at the server, then cancel the command. */
static tr_value cancel_one(tr_value arg)
{
	tr_ref ref = command_send("postgres", tr_keep(tr_array_at(arg, 0)));
	int64_t n = 0;

	while (n == 0) {
		tr_value o = command_wait(command_send("postgres", tr_keep(tr_array_at(arg, 1))));
		n = tr_as_int(tr_map_get_s(tr_array_at(TR_GET(o, "result", "rows"), 0), "n"), -1);
		tr_drop(o);
	}
	tr_send_name("command.postgres", command_cancel(ref));
	return command_wait(ref);
}

static void section_10_postgres_cancellation_reaches_the_server(void **state)
{
	(void)state;
	tr_value sleep = TR_DICT("query", tr_string("select pg_sleep(600)"), "auth", auth());
	tr_value look = TR_DICT("query",
				tr_string("select count(*) as n from pg_stat_activity where query = 'select "
					  "pg_sleep(600)' and state = 'active'"),
				"auth", auth());
	check_error(world_do(&w, cancel_one, TR_LIST(sleep, look)), "cancelled", false, NULL, "");
	wait_until_nothing_sleeps();
}

/* ---- grants ---- */

static void a_host_needs_its_grant(void **state)
{
	(void)state;
	world other;
	static const builtin untrusted[] = {{postgres_manifest, &postgres_plugin, false}};
	tr_value grants = TR_DICT("postgres", TR_LIST(tr_string("net:db.example"), tr_string("call:credentials"),
						      tr_string("fs:/var/run/postgresql")));
	plugin_host_options options = {.builtins = untrusted, .builtin_count = 1, .grants = grants};
	tr_value reason = world_start(&other, &options);

	if (tr_is_valid(reason)) /* what it needs is not granted whole: it is not loaded, which is a refusal as well */
		assert_non_null(strstr(tr_as_cstr(tr_array_at(reason, tr_array_len(reason) - 1), "net"), "net"));
	else {
		tr_value o = world_run(&other, "postgres", TR_DICT("query", tr_string("select 1"), "auth", auth()));
		check_error(o, "denied", false, NULL, "net:127.0.0.1");
		world_stop(&other);
	}
	tr_drop(reason);
	tr_drop(grants);
}

/* ---- statements that come again ---- */

static tr_value add_kept(tr_value v)
{
	return sql_with("insert into kept values ($1) returning *", TR_DICT("params", TR_LIST(v)));
}

static void add_kept_often(int64_t from)
{
	for (int64_t i = from; i < from + 8; i++) {
		tr_value o = add_kept(tr_int(i));
		assert_true(succeeded(o));
		assert_int_equal(tr_as_int(TR_GET(tr_array_at(TR_GET(o, "result", "rows"), 0), "a"), -1), i);
		tr_drop(o);
	}
}

/* By a session of its own, as another client has it. */
static void change_kept(const char *text)
{
	tr_value o = sql_with(text, TR_DICT("options", tr_string("-c search_path=public")));

	if (!succeeded(o))
		show(text, o);
	assert_true(succeeded(o));
	tr_drop(o);
}

static const char count_prepared[] = "select count(*) as n from pg_prepared_statements where name like 'troupe_%'";

static void what_comes_again_is_prepared_and_follows_changes(void **state)
{
	(void)state;
	change_kept("create table kept (a int)");
	add_kept_often(0);
	check_rows(count_prepared, tr_map(), "[{\"n\":1}]");
	check_rows(count_prepared, tr_map(), "[{\"n\":0}]"); /* a query's session was cleaned */

	add_kept_often(8);
	change_kept("alter table kept add b text default 'new'"); /* another result */
	tr_value o = add_kept(tr_int(16));
	check_json(TR_GET(o, "result", "rows"), "[{\"a\":16,\"b\":\"new\"}]");
	tr_drop(o);

	add_kept_often(17);
	change_kept("alter table kept alter a type text"); /* another type of parameter */
	o = add_kept(tr_string("a text"));
	check_json(TR_GET(o, "result", "rows"), "[{\"a\":\"a text\",\"b\":\"new\"}]");
	tr_drop(o);
	check_rows("select count(*) as n, count(distinct a) as d from kept", tr_map(), "[{\"n\":26,\"d\":26}]");
}

static void what_is_prepared_fails_as_its_text_would(void **state)
{
	(void)state;
	change_kept("drop table if exists kept; create table kept (a int primary key)");
	add_kept_often(0);
	check_error(add_kept(tr_int(3)), "constraint", false, "23505", "duplicate key");
	add_kept_often(8);
	check_error(add_kept(tr_string("three")), "data", false, "22P02", "invalid input syntax");
	add_kept_often(16);
	/* A transaction is all or nothing, also with a statement that came often. */
	check_error(sql_with("insert into kept values ($1) returning *; insert into kept values (1)",
			     TR_DICT("params", TR_LIST(tr_int(99)), "transaction", tr_bool(true))),
		    "constraint", false, "23505", "duplicate key");
	check_rows("select count(*) as n from kept", tr_map(), "[{\"n\":24}]");
	change_kept("drop table kept");
	check_error(add_kept(tr_int(1)), "syntax", false, "42P01", "does not exist");
}

/* As somebody in between would have it who gives each statement to another of the server's sessions. */
static void what_was_prepared_and_is_gone_runs_by_its_text(void **state)
{
	(void)state;
	change_kept("create table kept (a int); create function forget() returns trigger language plpgsql as $$ begin "
		    "if new.a % 7 = 6 then deallocate all; end if; return new; end $$; "
		    "create trigger forgets before insert on kept for each row execute function forget()");
	for (int64_t from = 0; from < 24; from += 8)
		add_kept_often(from);
	check_rows("select count(*) as n from kept", tr_map(), "[{\"n\":24}]");
	change_kept("drop table kept; drop function forget");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_10_postgres_result),
	    cmocka_unit_test(section_10_postgres_sql_of_a_file),
	    cmocka_unit_test(section_10_postgres_native_types),
	    cmocka_unit_test(section_10_postgres_parameters),
	    cmocka_unit_test(section_10_postgres_scripts),
	    cmocka_unit_test(section_10_postgres_errors),
	    cmocka_unit_test(section_10_postgres_connection_errors),
	    cmocka_unit_test(every_address_of_a_name_is_tried),
	    cmocka_unit_test(section_10_postgres_lost_connections_are_retryable),
	    cmocka_unit_test(section_10_postgres_transaction),
	    cmocka_unit_test(sessions_are_used_again_and_cleaned),
	    cmocka_unit_test(section_10_postgres_timeout_reaches_the_server),
	    cmocka_unit_test(section_10_postgres_cancellation_reaches_the_server),
	    cmocka_unit_test(what_comes_again_is_prepared_and_follows_changes),
	    cmocka_unit_test(what_is_prepared_fails_as_its_text_would),
	    cmocka_unit_test(what_was_prepared_and_is_gone_runs_by_its_text),
	    cmocka_unit_test(a_host_needs_its_grant),
	};
	return cmocka_run_group_tests_name("postgres", tests, start, stop);
}
