/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind duckdb against the real library (docs/playbook.md, section 10). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/duckdb/duckdb.h"
#include "plugins/host/command.h"
#include "plugins/shared/auth/credentials.h"
#include "duckdb_kit.h"
#include "world.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <troupe/codec.h>
#include <unistd.h>

#define SKIPPED 77

static world w;
static char folder[] = "/tmp/troupe-duckdb-XXXXXX";

static const builtin trusted[] = {{credentials_manifest, &credentials_plugin, true},
				  {duckdb_manifest, &duckdb_plugin, true}};

static char *below(char path[128], const char *name)
{
	(void)snprintf(path, 128, "%s/%s", folder, name);
	return path;
}

/* A node whose duckdb may use folder/granted. Takes more settings. */
static void start_world(world *x, tr_value settings)
{
	char data[128], granted[128], grant[140];
	(void)snprintf(grant, sizeof grant, "fs:%s", below(granted, "granted"));
	tr_value config = TR_DICT(
	    "duckdb", tr_map_merge(TR_DICT("folder", tr_string(below(data, "data")), "threads", tr_int(2)), settings));
	tr_value grants = TR_DICT("duckdb", TR_LIST(tr_string(grant)));
	plugin_host_options options = {.builtins = trusted, .builtin_count = 2, .config = config, .grants = grants};
	tr_value reason = world_start(x, &options);
	if (tr_is_valid(reason))
		show("the plugins did not start", reason);
	assert_false(tr_is_valid(reason));
	tr_drop(config);
	tr_drop(grants);
}

static int start(void **state)
{
	char path[128];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mkdir(below(path, "granted"), 0700), 0);
	assert_int_equal(mkdir(below(path, "other"), 0700), 0);
	start_world(&w, tr_map());
	return 0;
}

static int stop(void **state)
{
	char command[128];

	(void)state;
	world_stop(&w);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command) == 0 ? 0 : -1;
}

/* ---- asking ---- */

/* Takes more, a map of further inputs. */
static tr_value sql_with(const char *sql, tr_value more)
{
	return world_run(&w, "duckdb",
			 tr_map_merge(TR_DICT("query", tr_string(sql), "database", tr_string(":memory:")), more));
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

/* Takes the outcome. */
static void check_result(tr_value o, const char *expected)
{
	if (!succeeded(o))
		show(expected, o);
	assert_true(succeeded(o));
	check_json(TR_GET(o, "result", "rows"), expected);
	tr_drop(o);
}

/* The rows that a statement gives, as JSON. Takes more. */
static void check_rows(const char *text, tr_value more, const char *expected)
{
	check_result(sql_with(text, more), expected);
}

static void check_error(tr_value o, const char *kind, bool retryable, const char *code, const char *part)
{
	if (strcmp(error_kind(o), kind) != 0 || strstr(error_message(o), part) == NULL)
		show(kind, o);
	assert_string_equal(error_kind(o), kind);
	assert_int_equal(tr_as_bool(TR_GET(o, "error", "retryable"), !retryable), retryable);
	assert_non_null(strstr(error_message(o), part));
	if (code != NULL) {
		assert_string_equal(tr_as_cstr(TR_GET(o, "error", "code"), ""), code);
		assert_string_equal(tr_as_cstr(TR_GET(o, "duckdb", "code"), ""), code);
	}
	tr_drop(o);
}

/* ---- results ---- */

static void section_10_duckdb_result(void **state)
{
	(void)state;
	tr_value o = sql("create table t (id int, name text); insert into t values (1, 'a'), (2, 'b'); "
			 "select * from t order by id; update t set name = 'c' where id = 2");
	tr_value r = tr_map_get_s(o, "result");
	if (!succeeded(o))
		show("result", o);
	assert_true(succeeded(o));
	check_json(tr_map_get_s(r, "rows"), "[{\"id\":1,\"name\":\"a\"},{\"id\":2,\"name\":\"b\"}]");
	check_json(tr_map_get_s(r, "columns"), "[\"id\",\"name\"]");
	assert_int_equal(tr_as_int(tr_map_get_s(r, "row_count"), -1), 2);
	assert_int_equal(tr_as_int(tr_map_get_s(r, "affected_rows"), -1), 3);
	assert_int_equal(tr_as_int(tr_map_get_s(r, "statement_count"), -1), 4);
	assert_int_equal(tr_as_int(TR_GET(r, "command_1", "affected_rows"), -1), 2);
	assert_string_equal(tr_as_cstr(TR_GET(r, "command_3", "status"), ""), "UPDATE");
	assert_int_equal(tr_as_int(TR_GET(o, "duckdb", "rows_affected"), -1), 3);
	tr_drop(o);
	o = sql("select 1 as a");
	assert_true(tr_equal(TR_GET(o, "result", "rows"), TR_GET(o, "result", "command_0", "rows")));
	tr_drop(o);
	o = sql("select 1 as a where false");
	check_json(TR_GET(o, "result", "rows"), "[]");
	check_json(TR_GET(o, "result", "columns"), "[\"a\"]");
	tr_drop(o);
	/* More than one chunk. */
	check_rows("select count(*) as n, sum(i)::bigint as s from (select unnest(range(10000)) as i)", tr_map(),
		   "[{\"n\":10000,\"s\":49995000}]");
	o = sql("select i from range(10000) t(i)");
	assert_int_equal(tr_array_len(TR_GET(o, "result", "rows")), 10000);
	assert_int_equal(tr_as_int(tr_map_get_s(tr_array_at(TR_GET(o, "result", "rows"), 9999), "i"), -1), 9999);
	tr_drop(o);
}

static void section_10_duckdb_native_types(void **state)
{
	(void)state;
	check_rows("select null as a, true as b, 7::tinyint as c, 9223372036854775807 as d, 1.5::double as e, "
		   "12.50::decimal(10,2) as f, 123456789012345678.25::decimal(38,2) as g, 3::decimal(5,0) as h, "
		   "-0.05::decimal(3,2) as i, 200::utinyint as j",
		   tr_map(),
		   "[{\"a\":null,\"b\":true,\"c\":7,\"d\":9223372036854775807,\"e\":1.5,\"f\":12.5,"
		   "\"g\":\"123456789012345678.25\",\"h\":3,\"i\":-0.05,\"j\":200}]");
	check_rows(
	    "select 170141183460469231731687303715884105727::hugeint as a, (-9223372036854775808)::hugeint as b, "
	    "18446744073709551615::ubigint as c, 5::hugeint as d, "
	    "(-170141183460469231731687303715884105728)::hugeint as e, "
	    "340282366920938463463374607431768211455::uhugeint as f",
	    tr_map(),
	    "[{\"a\":\"170141183460469231731687303715884105727\",\"b\":-9223372036854775808,"
	    "\"c\":\"18446744073709551615\",\"d\":5,\"e\":\"-170141183460469231731687303715884105728\","
	    "\"f\":\"340282366920938463463374607431768211455\"}]");
	check_rows("select date '2026-01-02' as a, timestamp '2026-01-02 03:04:05.25' as b, "
		   "timestamptz '2026-01-02 03:04:05+02' as c, time '01:02:03' as d, timestamp 'infinity' as e, "
		   "'4b1f4b5e-0000-0000-0000-00000000000a'::uuid as f, date '1969-12-31' as g, "
		   "timestamp_ns '1969-12-31 23:59:59.123456789' as h, timetz '01:02:03.5+02:30' as i, "
		   "interval '1 year 2 months 3 days 4 hours' as j, date '0044-03-15 (BC)' as k, "
		   "date '2000-02-29' as l, timestamp_s '2026-01-02 03:04:05' as m",
		   tr_map(),
		   "[{\"a\":\"2026-01-02\",\"b\":\"2026-01-02T03:04:05.25\",\"c\":\"2026-01-02T01:04:05+00:00\","
		   "\"d\":\"01:02:03\",\"e\":\"infinity\",\"f\":\"4b1f4b5e-0000-0000-0000-00000000000a\","
		   "\"g\":\"1969-12-31\",\"h\":\"1969-12-31T23:59:59.123456789\",\"i\":\"01:02:03.5+02:30\","
		   "\"j\":\"1 year 2 mons 3 days 04:00:00\",\"k\":\"0044-03-15 BC\",\"l\":\"2000-02-29\","
		   "\"m\":\"2026-01-02T03:04:05\"}]");
	check_rows("select [1, null, 3] as a, [['x'], []] as b, {'k': 1, 'l': [true]} as c, "
		   "map {'x': 1, 'y': null} as d, map {1: 'one'} as e, '{\"a\": [1, null]}'::json as f, "
		   "array_value(1, 2)::int[2] as g, 'b'::enum('a', 'b') as h, '10110'::bit as i, "
		   "union_value(n := 5) as j, row(1, 'x') as k, [] as l",
		   tr_map(),
		   "[{\"a\":[1,null,3],\"b\":[[\"x\"],[]],\"c\":{\"k\":1,\"l\":[true]},\"d\":{\"x\":1,\"y\":null},"
		   "\"e\":{\"1\":\"one\"},\"f\":{\"a\":[1,null]},\"g\":[1,2],\"h\":\"b\",\"i\":\"10110\",\"j\":5,"
		   "\"k\":[1,\"x\"],\"l\":[]}]");
	tr_value o = sql("select 'NaN'::double as a, '-Infinity'::float as b, '\\x00\\xFF'::blob as c, "
			 "'žluťoučký 🐎 and more than twelve bytes' as d");
	tr_value row = tr_array_at(TR_GET(o, "result", "rows"), 0);
	double nan = tr_as_float(tr_map_get_s(row, "a"), 0);
	assert_true(nan != nan);
	assert_true(tr_as_float(tr_map_get_s(row, "b"), 0) < -1e308);
	assert_true(tr_is(tr_map_get_s(row, "c"), TR_BINARY));
	assert_int_equal(tr_as_str(tr_map_get_s(row, "c")).n, 2);
	assert_memory_equal(tr_as_str(tr_map_get_s(row, "c")).p, "\x00\xff", 2);
	assert_string_equal(tr_as_cstr(tr_map_get_s(row, "d"), ""), "žluťoučký 🐎 and more than twelve bytes");
	tr_drop(o);
	check_error(sql("select 5::bignum as n"), "data", false, NULL, "the column n is of a type");
}

static void section_10_duckdb_parameters(void **state)
{
	(void)state;
	tr_value all = TR_LIST(tr_nil(), tr_bool(true), tr_int(INT64_MIN), tr_float(0.1), tr_string("it's ; $1 :x"));
	check_rows("select $1::text as a, $2::bool as b, $3::int8 as c, $4::double as d, $5 as e",
		   TR_DICT("params", all),
		   "[{\"a\":null,\"b\":true,\"c\":-9223372036854775808,\"d\":0.1,\"e\":\"it's ; $1 :x\"}]");
	check_rows("select :a::int + :b::int + :a::int as sum, {'k': :b} as s, [1, 2, 3][1:2] as l",
		   TR_DICT("params", TR_DICT("a", tr_int(1), "b", tr_int(5))),
		   "[{\"sum\":7,\"s\":{\"k\":5},\"l\":[1,2]}]");
	check_rows("select ? + ? as sum", TR_DICT("params", TR_LIST(tr_int(1), tr_int(2))), "[{\"sum\":3}]");
	tr_value list = TR_LIST(tr_int(1), tr_nil(), tr_float(2.5));
	check_rows("select $1 as a, list_contains($2, 'x') as b, $3 as c, $4 as d",
		   TR_DICT("params", TR_LIST(list, TR_LIST(tr_string("x")), tr_array(),
					     TR_DICT("k", TR_LIST(tr_string("v")), "n", tr_nil()))),
		   "[{\"a\":[1.0,null,2.5],\"b\":true,\"c\":[],\"d\":{\"k\":[\"v\"],\"n\":null}}]");
	check_rows("select $1::json -> '$[1].k' as a",
		   TR_DICT("params", TR_LIST(TR_LIST(tr_int(1), TR_DICT("k", tr_bool(true))))), "[{\"a\":true}]");
	check_rows("select hex($1::blob) as a", TR_DICT("params", TR_LIST(tr_binary("\0\xfe", 2))),
		   "[{\"a\":\"00FE\"}]");
	check_rows("select isnan($1) as a", TR_DICT("params", TR_LIST(tr_float(0.0 / 0.0))), "[{\"a\":true}]");
	check_error(sql_with("select :b", TR_DICT("params", TR_DICT("a", tr_int(1)))), "input", false, NULL,
		    "params has no b");
	check_error(sql_with("select ?, ?", TR_DICT("params", TR_LIST(tr_int(1)))), "input", false, NULL,
		    "it has 2 parameters");
	check_error(sql_with("select 1", TR_DICT("params", tr_int(1))), "input", false, NULL, "params must be");
}

/* ---- errors ---- */

static void section_10_duckdb_errors(void **state)
{
	(void)state;
	tr_value o = sql("select 1;\nselect\n  wrong from range(1)");
	assert_int_equal(tr_as_int(TR_GET(o, "error", "details", "line"), 0), 2);
	check_error(o, "syntax", false, "Binder", "statement 2, line 2: ");
	check_error(sql("selec 1"), "syntax", false, "Parser", "statement 1");
	check_error(sql("select * from nowhere"), "syntax", false, "Catalog", "nowhere");
	check_error(sql("create table u (a int primary key); insert into u values (1), (1)"), "constraint", false,
		    "Constraint", "uplicate key");
	check_error(sql("select 'x'::int"), "data", false, "Conversion", "statement 1");
	check_error(sql("select 127::tinyint + 1::tinyint"), "data", false, "Out of Range", "statement 1");
	check_error(sql(" ; -- nothing"), "input", false, NULL, "no SQL");
	check_error(sql_with("select repeat('x', 1000) from range(1000)", TR_DICT("max_bytes", tr_int(100000))),
		    "too_large", false, NULL, "100000 bytes");
	check_error(sql_with("select 1, repeat('x', 100001)", TR_DICT("max_bytes", tr_int(100000))), "too_large", false,
		    NULL, "100000 bytes");
	check_error(sql_with("select 1", TR_DICT("database", tr_int(1))), "input", false, NULL, "database must be");
	check_error(sql("set memory_limit = '9GB'"), "input", false, "Invalid Input", "locked");
	check_error(sql("set enable_external_access = true"), "input", false, NULL, "statement 1");
	check_error(sql("install spatial"), "denied", false, NULL, "disabled");
}

static void section_10_duckdb_transaction(void **state)
{
	char path[128];
	(void)state;
	tr_value db = tr_string(below(path, "granted/tx.duckdb"));
	tr_drop(sql_with("create table tx (a int)", TR_DICT("database", tr_keep(db))));
	check_error(sql_with("insert into tx values (1); insert into tx values ('x'::int)",
			     TR_DICT("database", tr_keep(db), "transaction", tr_bool(true))),
		    "data", false, "Conversion", "statement 2");
	check_rows("select count(*) as n from tx", TR_DICT("database", tr_keep(db)), "[{\"n\":0}]");
	check_error(
	    sql_with("insert into tx values (1); insert into tx values ('x'::int)", TR_DICT("database", tr_keep(db))),
	    "data", false, "Conversion", "statement 2");
	check_rows("insert into tx values (2); select count(*) as n from tx",
		   TR_DICT("database", db, "transaction", tr_bool(true)), "[{\"n\":2}]");
}

/* ---- databases ---- */

static tr_value in_execution(const char *id, const char *sql_text)
{
	return world_run_in(&w, "duckdb", TR_DICT("query", tr_string(sql_text)),
			    TR_DICT("execution_id", tr_string(id)));
}

static void section_10_duckdb_one_database_an_execution(void **state)
{
	char path[128];
	(void)state;
	tr_drop(in_execution("41", "create table mine as select 7 as a"));
	check_result(in_execution("41", "select a from mine"), "[{\"a\":7}]");
	check_error(in_execution("42", "select a from mine"), "syntax", false, "Catalog", "mine");
	assert_int_equal(access(below(path, "data/41.duckdb"), F_OK), 0);
}

static void databases_of_other_executions_are_out_of_reach(void **state)
{
	char other[128], text[256];
	(void)state;
	tr_drop(in_execution("51", "create table secret as select 7 as a"));
	assert_int_equal(access(below(other, "data/51.duckdb"), F_OK), 0);
	(void)snprintf(text, sizeof text, "attach '%s' as other", other);
	check_error(in_execution("52", text), "denied", false, "Permission", "disabled by configuration");
	check_error(sql(text), "denied", false, "Permission", "disabled by configuration");
	(void)snprintf(text, sizeof text, "select * from glob('%s/data/*')", folder);
	check_error(in_execution("52", text), "denied", false, "Permission", "disabled by configuration");
	(void)snprintf(text, sizeof text, "select * from read_blob('%s')", other);
	check_error(in_execution("52", text), "denied", false, "Permission", "disabled by configuration");
	(void)snprintf(text, sizeof text, "copy (select 1) to '%s/data/53.duckdb' (format csv)", folder);
	check_error(in_execution("52", text), "denied", false, "Permission", "disabled by configuration");
	check_result(in_execution("52", "select count(*) as n from (select value from duckdb_settings() where name = "
					"'temp_directory' and value like '%/duckdb-temp-%/file-%')"),
		     "[{\"n\":1}]");
}

/* How many folders there are for what does not fit into memory. */
static size_t count_temp(void)
{
	char pattern[128];
	glob_t found;

	assert_int_equal(glob(below(pattern, "data/duckdb-temp-*"), 0, NULL, &found) & ~GLOB_NOMATCH, 0);
	size_t n = found.gl_pathc;
	globfree(&found);
	return n;
}

static void what_does_not_fit_into_memory_goes_away_with_the_node(void **state)
{
	world other;
	char left[128], file[128];
	(void)state;
	size_t before = count_temp();
	assert_int_equal(mkdir(below(left, "data/duckdb-temp-left"), 0700), 0);
	FILE *f = fopen(below(file, "data/duckdb-temp-left/x"), "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	start_world(&other, tr_map());
	tr_drop(world_run(&other, "duckdb", TR_DICT("query", tr_string("select 1"))));
	assert_int_equal(access(left, F_OK), -1);
	assert_int_equal(count_temp(), before + 1);
	world_stop(&other);
	assert_int_equal(count_temp(), before);
}

static void section_10_duckdb_files_need_their_grant(void **state)
{
	char path[128], text[256];
	(void)state;
	below(path, "other/x.duckdb");
	check_error(sql_with("select 1", TR_DICT("database", tr_string(path))), "denied", false, NULL, path);
	(void)snprintf(text, sizeof text, "attach '%s' as x", path);
	check_error(sql(text), "denied", false, "Permission", "disabled by configuration");
	(void)snprintf(text, sizeof text, "copy (select 1) to '%s/granted/../other/out.csv'", folder);
	check_error(sql(text), "denied", false, "Permission", "disabled by configuration");
	check_error(sql("select * from read_text('/etc/hostname')"), "denied", false, "Permission",
		    "the operator gives it with --grant fs:FOLDER");
	(void)snprintf(text, sizeof text,
		       "copy (select 1 as a, 'x' as b) to '%s/granted/out.parquet'; "
		       "select * from '%s/granted/out.parquet'",
		       folder, folder);
	check_rows(text, tr_map(), "[{\"a\":1,\"b\":\"x\"}]");
	check_error(sql_with("select 1", TR_DICT("database", tr_string("/nowhere/at/all.duckdb"))), "input", false,
		    NULL, "its folder does not exist");
}

static void section_10_duckdb_attach(void **state)
{
	char one[128], two[128];
	(void)state;
	below(one, "granted/one.duckdb");
	below(two, "granted/two.duckdb");
	tr_drop(sql_with("create table t as select 1 as a", TR_DICT("database", tr_string(one))));
	tr_drop(sql_with("create table t as select 2 as a", TR_DICT("database", tr_string(two))));
	tr_value attach = TR_DICT("first", tr_string(one), "second",
				  TR_DICT("auth", TR_DICT("path", tr_string(two)), "read_only", tr_bool(true)));
	check_rows("select first.t.a + second.t.a as sum from first.t, second.t", TR_DICT("attach", tr_keep(attach)),
		   "[{\"sum\":3}]");
	check_error(sql_with("insert into second.t values (3)", TR_DICT("attach", attach)), "input", false, NULL,
		    "read-only");
	check_error(sql_with("select 1", TR_DICT("attach", TR_DICT("pg", TR_DICT("type", tr_string("postgres"), "host",
										 tr_string("127.0.0.1"))))),
		    "missing", false, NULL, "kind transfer");
	check_error(sql_with("select 1", TR_DICT("attach", TR_DICT("x", tr_string("no_such_credential")))), "auth",
		    false, NULL, "no_such_credential");
	check_error(sql_with("select 1", TR_DICT("attach", TR_DICT("x", tr_string("/etc/x.db")))), "denied", false,
		    NULL, "/etc/x.db");
}

/* What DuckDB's logging cannot write would end the process when the connection is closed. */
static void statements_that_reach_beyond_the_task_are_refused(void **state)
{
	static const char *const bad[] = {
	    "call enable_logging(storage='file', storage_path='/nowhere/x', level='trace')",
	    "CALL Enable_Logging(storage='stdout')",
	    "select * from/**/\"enable_logging\"(storage = 'stdout')",
	    "select * from system.main.enable_logging()",
	    "select * from query('select * from enable' || '_logging()')",
	    "select * from \"QUERY\" /* ( */ -- x\n ('select 1')",
	    "create view v as select * from query('select 1')",
	    "pragma enable_profiling",
	    "call enable_profiling(save_location = '/tmp/x')",
	    "pragma enable_progress_bar",
	    "from json_execute_serialized_sql(json_serialize_sql('select 1'))",
	    "import database '/nowhere'",
	    "pragma import_database('/nowhere')",
	    "call disable_logging()",
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		check_error(sql(bad[i]), "denied", false, NULL, "which tasks may not use");
	check_rows("select 42 as query, 'the query' as enable", tr_map(), "[{\"query\":42,\"enable\":\"the query\"}]");
}

static void views_that_reach_beyond_the_task_are_refused(void **state)
{
	char view[128], macro[128], text[256];
	(void)state;
	duckdb_file_make(below(view, "granted/view.duckdb"),
			 "create view v as select * from enable_logging(storage = 'stdout')");
	duckdb_file_make(below(macro, "granted/macro.duckdb"), "create macro m(x) as table select * from query(x)");
	check_error(sql_with("select * from v", TR_DICT("database", tr_string(view))), "denied", false, NULL,
		    "a view or macro");
	check_error(sql_with("select 1", TR_DICT("attach", TR_DICT("a", tr_string(macro)))), "denied", false, NULL,
		    "a view or macro");
	(void)snprintf(text, sizeof text, "attach '%s' as a; from a.m('select 1')", macro);
	check_error(sql(text), "denied", false, NULL, "a view or macro");
}

/* Nothing would end these but a writer. */
static void pipes_are_refused(void **state)
{
	static const char *const ways[][2] = {{"select * from read_csv('", "')"},
					      {"select * from '", "'"},
					      {"copy (select 1) to '", "'"},
					      {"select * from read_text($$", "$$)"},
					      {"select * from read_blob(['/nowhere', '", "'])"}};
	char pipe[128], text[300];
	(void)state;
	assert_int_equal(mkfifo(below(pipe, "granted/pipe.csv"), 0600), 0);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		(void)snprintf(text, sizeof text, "%s%s%s", ways[i][0], pipe, ways[i][1]);
		check_error(sql(text), "input", false, NULL, "granted/pipe.csv, which is no regular file");
	}
	(void)snprintf(text, sizeof text, "select * from read_csv('%s/granted/p*.csv')", folder);
	check_error(sql(text), "input", false, NULL, "which is no regular file");
	check_error(sql_with("select * from read_csv($1)", TR_DICT("params", TR_LIST(tr_string(pipe)))), "input", false,
		    NULL, "which is no regular file");
	assert_int_equal(unlink(pipe), 0);
	/* One that is out of reach is not told of. */
	assert_int_equal(mkfifo(below(pipe, "other/pipe.csv"), 0600), 0);
	(void)snprintf(text, sizeof text, "select * from read_csv('%s')", pipe);
	check_error(sql(text), "denied", false, NULL, "Cannot access file");
	assert_int_equal(unlink(pipe), 0);
}

/* ---- being ended ---- */

/* A connection is closed when its statement has ended, and a database with its last connection. */
static void wait_until_closed(const char *path)
{
	time_t end = time(NULL) + 60;

	while (duckdb_file_is_locked(path) && time(NULL) < end)
		continue;
	assert_false(duckdb_file_is_locked(path));
}

#define ENDLESS "select count(*) from range(1000000000) a, range(1000000000) b where a.range + b.range = 3"

static void section_10_duckdb_timeout_reaches_the_statement(void **state)
{
	char path[128];
	(void)state;
	tr_value db = tr_string(below(path, "granted/slow.duckdb"));
	check_error(sql_with(ENDLESS, TR_DICT("database", tr_keep(db), "timeout", tr_float(2))), "timeout", false,
		    "INTERRUPT", "did not end in time");
	wait_until_closed(path);
	check_rows("select 1 as a", TR_DICT("database", db), "[{\"a\":1}]");
}

static tr_value cancel_one(tr_value path)
{
	tr_ref ref = command_send("duckdb", TR_DICT("query", tr_string(ENDLESS), "database", tr_keep(path)));

	while (!duckdb_file_is_locked(tr_as_cstr(path, "")))
		tr_yield();
	tr_send_name("command.duckdb", command_cancel(ref));
	return command_wait(ref);
}

static void section_10_duckdb_cancellation_reaches_the_statement(void **state)
{
	char path[128];
	(void)state;
	check_error(world_do(&w, cancel_one, tr_string(below(path, "granted/cancelled.duckdb"))), "cancelled", false,
		    NULL, "");
	wait_until_closed(path);
}

static void memory_is_bounded_and_goes_to_disk(void **state)
{
	world small, all = w;
	(void)state;
	start_world(&small, TR_DICT("memory", tr_string("64MB")));
	w = small;
	check_rows(
	    "select count(*) as n from (select i, repeat('x', 20) || i as s from range(1500000) t(i) order by s desc "
	    "limit 1499999)",
	    tr_map(), "[{\"n\":1499999}]");
	world_stop(&w);
	w = all;
}

static void without_the_library_it_says_how_to_get_it(void **state)
{
	world none;
	(void)state;
	start_world(&none, TR_DICT("library", tr_string("/nowhere/libduckdb.so")));
	check_error(world_run(&none, "duckdb", TR_DICT("query", tr_string("select 1"))), "missing", false, NULL,
		    "`make duckdb` fetches it");
	world_stop(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_10_duckdb_result),
	    cmocka_unit_test(section_10_duckdb_native_types),
	    cmocka_unit_test(section_10_duckdb_parameters),
	    cmocka_unit_test(section_10_duckdb_errors),
	    cmocka_unit_test(section_10_duckdb_transaction),
	    cmocka_unit_test(section_10_duckdb_one_database_an_execution),
	    cmocka_unit_test(databases_of_other_executions_are_out_of_reach),
	    cmocka_unit_test(what_does_not_fit_into_memory_goes_away_with_the_node),
	    cmocka_unit_test(section_10_duckdb_files_need_their_grant),
	    cmocka_unit_test(section_10_duckdb_attach),
	    cmocka_unit_test(statements_that_reach_beyond_the_task_are_refused),
	    cmocka_unit_test(views_that_reach_beyond_the_task_are_refused),
	    cmocka_unit_test(pipes_are_refused),
	    cmocka_unit_test(section_10_duckdb_timeout_reaches_the_statement),
	    cmocka_unit_test(section_10_duckdb_cancellation_reaches_the_statement),
	    cmocka_unit_test(memory_is_bounded_and_goes_to_disk),
	    cmocka_unit_test(without_the_library_it_says_how_to_get_it),
	};
	const char *library = getenv("TROUPE_DUCKDB");

	if (library == NULL || access(library, R_OK) != 0) {
		fprintf(stderr, "skipped: DuckDB's library is not at %s; `make duckdb` fetches it with npm\n",
			library == NULL ? "$TROUPE_DUCKDB" : library);
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("duckdb", tests, start, stop);
}
