/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind transfer between a real PostgreSQL, the real DuckDB, files and an HTTP server (docs/playbook.md,
 * section 10). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/command.h"
#include "server.h"
#include "transfer_kit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Memory under a sanitizer says nothing of the program's. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* ---- values ---- */

#define ODD_ROWS                                                                                                \
	"select 1 as id, null::text as t, 9223372036854775807 as big, 'NaN'::float8 as f, "                     \
	"1234567890123456789.123::numeric "                                                                     \
	"as n, true as b, '\\x00ff0a'::bytea as y, '{\"a\": [1, \"x\"]}'::jsonb as j, date '2026-02-28' as d, " \
	"timestamptz '2026-01-02 03:04:05.25+02' as z union all select 2, E'tab\\there, \"quoted\", "           \
	"back\\\\slash\\nline žluť 🐎', "                                                                   \
	"-9223372036854775808, '-Infinity', 0.10, false, '', '[]', null, '1999-12-31 23:59:59' order by id"

static void values_go_round_unchanged(void **state)
{
	(void)state;
	check_sql("postgres", "set timezone to 'UTC'; create table odd as " ODD_ROWS, "[]");
	check_copied(copy_with(pg("table", "odd"), duck("table", "odd"), tr_map()), 2, 1);
	check_sql(
	    "duckdb",
	    "select typeof(big) as big, typeof(f) as f, typeof(b) as b, typeof(y) as y, typeof(j) as j, typeof(d) as "
	    "d, typeof(z) as z from odd limit 1",
	    "[{\"big\":\"BIGINT\",\"f\":\"DOUBLE\",\"b\":\"BOOLEAN\",\"y\":\"BLOB\",\"j\":\"JSON\",\"d\":\"DATE\","
	    "\"z\":\"TIMESTAMP WITH TIME ZONE\"}]");
	/* To each kind of file but csv, and from there to PostgreSQL, into a table of the same types. */
	static const char *const names[] = {"odd.jsonl", "odd.json"};
	for (size_t i = 0; i < 2; i++) {
		check_copied(copy_with(duck("table", "odd"), file(names[i]), TR_DICT("mode", tr_string("replace"))), 2,
			     1);
		check_sql("postgres", "drop table if exists back; create table back (like odd)", "[]");
		check_copied(copy_with(file(names[i]), pg("table", "back"),
				       TR_DICT("mapping",
					       TR_DICT("id", tr_string("id"), "t", tr_string("t"), "big",
						       tr_string("big"), "n", tr_string("n"), "b", tr_string("b"), "j",
						       tr_string("j"), "d", tr_string("d"), "z", tr_string("z")))),
			     2, 1);
		check_sql(
		    "postgres",
		    "select count(*) as n from odd join back using (id) where odd.t is not distinct from back.t and "
		    "odd.big = back.big and odd.n = back.n and odd.b = back.b and odd.j = back.j and "
		    "odd.d is not distinct from back.d and odd.z = back.z",
		    "[{\"n\":2}]");
	}
	/* csv has all of them. */
	check_copied(copy_with(duck("table", "odd"), file("odd.csv"), tr_map()), 2, 1);
	check_sql("postgres", "truncate back", "[]");
	check_copied(copy_with(file("odd.csv"), pg("table", "back"), tr_map()), 2, 1);
	check_sql("postgres", "(table odd except table back) union all (table back except table odd)", "[]");
	/* And straight back. */
	check_copied(copy_with(duck("query", "select * from odd"), pg("table", "straight"), tr_map()), 2, 1);
	check_sql("postgres",
		  "select count(*) as n from odd join straight using (id, big, b, y, j, z) where odd.f = straight.f",
		  "[{\"n\":2}]");
}

/* ---- modes ---- */

static void section_10_transfer_modes(void **state)
{
	(void)state;
	static const char *const kinds[] = {"postgres", "duckdb"};
	for (size_t i = 0; i < 2; i++) {
		tr_value (*place)(const char *, const char *) = i == 0 ? pg : duck;
		const char *rows = "[{\"k\":1,\"v\":\"a\"},{\"k\":2,\"v\":\"b\"}]",
			   *all = "select k, v from modes order by k, v";
		check_sql(kinds[i], "create table modes (k int primary key, v text, kept int default 7)", "[]");
		check_copied(copy_with(place("query", "select * from (values (1, 'a'), (2, 'b')) as s(k, v)"),
				       place("table", "modes"), tr_map()),
			     2, 1);
		check_sql(kinds[i], all, rows);
		check_error(copy_with(place("query", "select 2 as k, 'x' as v"), place("table", "modes"), tr_map()),
			    "constraint", "uplicate key", 1, i == 0 ? 1 : 0);
		check_sql(kinds[i], all, rows);
		check_copied(
		    copy_with(place("query", "select * from (values (2, 'old'), (3, 'c'), (2, 'new')) as s(k, v)"),
			      place("table", "modes"), TR_DICT("mode", tr_string("upsert"), "key", tr_string("k"))),
		    3, 1);
		check_sql(kinds[i], "select * from modes order by k",
			  "[{\"k\":1,\"v\":\"a\",\"kept\":7},{\"k\":2,\"v\":\"new\",\"kept\":7},{\"k\":3,\"v\":\"c\","
			  "\"kept\":7}]");
		check_copied(copy_with(place("query", "select 9 as a, 'z' as b"), place("table", "modes"),
				       TR_DICT("mode", tr_string("replace"), "mapping",
					       TR_DICT("v", tr_string("b"), "k", tr_string("a")))),
			     1, 1);
		check_sql(kinds[i], all, "[{\"k\":9,\"v\":\"z\"}]");
		/* A table that is not there is made, with the key. */
		tr_value more = TR_DICT("mode", tr_string("upsert"), "key", TR_LIST(tr_string("a"), tr_string("b")));
		check_copied(copy_with(place("query", "select 1 as a, 'x' as b, 1.5 as c"), place("table", "made"),
				       tr_keep(more)),
			     1, 1);
		check_copied(
		    copy_with(place("query", "select 1 as a, 'x' as b, 2.5 as c"), place("table", "made"), more), 1, 1);
		check_sql(kinds[i], "select a, b, c::float8 as c from made", "[{\"a\":1,\"b\":\"x\",\"c\":2.5}]");
		tr_value target = tr_map_put_s(place("table", "not_made"), "create", tr_bool(false));
		check_error(copy_with(place("query", "select 1 as a"), target, tr_map()), "syntax", "not_made",
			    i == 0 ? 1 : 0, 0);
	}
}

static void section_10_transfer_of_nothing(void **state)
{
	(void)state;
	check_copied(copy_with(pg("query", "select 1 as a where false"), duck("table", "nothing"), tr_map()), 0, 0);
	check_sql("duckdb", "select count(*) as n from nothing", "[{\"n\":0}]");
	check_copied(copy_with(duck("table", "nothing"), file("nothing.json"), tr_map()), 0, 0);
	check_file("nothing.json", "[\n]\n");
	check_copied(copy_with(file("nothing.json"), file("nothing.jsonl"), tr_map()), 0, 0);
}

static void section_10_transfer_faults_name_chunk_and_row(void **state)
{
	tr_value more = TR_DICT("chunk_size", tr_int(2));
	(void)state;
	write_file("bad.csv", "a,b\n1,x\n2,y\n3,z\nfour,u\n");
	check_sql("postgres", "create table ints (a int, b text)", "[]");
	check_error(copy_with(file("bad.csv"), pg("table", "ints"), tr_keep(more)), "data", "chunk 2, row 4: ", 2, 4);
	check_sql("postgres", "select count(*) as n from ints", "[{\"n\":0}]");
	check_sql("duckdb", "create table ints (a int, b text)", "[]");
	check_error(copy_with(file("bad.csv"), duck("table", "ints"), tr_keep(more)), "data",
		    "row 4: duckdb: the column a takes no 'four'", 2, 4);
	check_sql("duckdb", "select count(*) as n from ints", "[{\"n\":0}]");
	write_file("short.csv", "a,b\n1,x\n2,y\n3\n");
	check_error(copy_with(file("short.csv"), file("none.jsonl"), tr_keep(more)), "data",
		    "the row has 1 fields, and there are 2 columns", 2, 3);
	check_file("none.jsonl", ""); /* what was appended is cut off again */
	write_file("bad.jsonl", "{\"a\": 1}\n{\"a\": 2}\n{\"a\": \n");
	check_error(copy_with(file("bad.jsonl"), file("none.csv"), tr_keep(more)), "data", "from file, chunk 2, row 3",
		    2, 3);
	write_file("grows.jsonl", "{\"a\": 1}\n{\"a\": 2}\n{\"a\": 3, \"new\": 1}\n");
	check_error(copy_with(file("grows.jsonl"), file("none.csv"), tr_keep(more)), "data", "a field new", 2, 3);
	check_error(copy_with(pg("query", "select 1 / (3 - i) as a from generate_series(1, 3) i"), file("none.csv"),
			      tr_keep(more)),
		    "data", "division by zero", 2, 0);
	check_error(copy_with(pg("query", "select 1 as a"), file("/etc/none.csv"), tr_map()), "input",
		    "its folder does not exist", 0, 0);
	check_error(
	    copy_with(TR_DICT("kind", tr_string("file"), "path", tr_string("/etc/passwd"), "format", tr_string("csv")),
		      file("none.csv"), tr_map()),
	    "denied", "the grant fs:/etc is missing", 0, 0);
	check_error(copy_with(file("not_there.csv"), file("none.csv"), tr_map()), "not_found", "No such file", 0, 0);
	tr_drop(more);
}

static void section_10_transfer_inputs_are_checked(void **state)
{
	(void)state;
	write_file("in.csv", "a\n1\n");
	check_error(
	    copy_with(file("in.csv"), tr_map_put_s(duck("table", "t"), "auth", tr_string("warehouse")), tr_map()),
	    "input", "takes no auth", 0, 0);
	check_error(copy_with(TR_DICT("kind", tr_string("fax")), file("x.csv"), tr_map()), "input",
		    "must be http, postgres, duckdb, snowflake or file, not fax", 0, 0);
	check_error(copy_with(file("in.csv"), tr_string("x"), tr_map()), "input", "target must be a mapping", 0, 0);
	check_error(copy_with(file("in.csv"), file("x.csv"), TR_DICT("mode", tr_string("merge"))), "input",
		    "append, replace or upsert", 0, 0);
	check_error(copy_with(file("in.csv"), pg("table", "ints"), TR_DICT("mode", tr_string("upsert"))), "input",
		    "needs key", 0, 0);
	check_error(
	    copy_with(file("in.csv"), pg("table", "ints"), TR_DICT("mode", tr_string("upsert"), "key", tr_string("q"))),
	    "input", "column q", 0, 0);
	check_error(copy_with(file("in.csv"), file("x.csv"), TR_DICT("mapping", TR_DICT("a", tr_string("nope")))),
		    "input", "no column nope", 0, 0);
	check_error(copy_with(file("in.csv"), file("x.csv"), TR_DICT("chunk_size", tr_int(0))), "input", "chunk_size",
		    0, 0);
	check_error(copy_with(pg("query", "select 1; select 2"), file("x.csv"), tr_map()), "input", "one statement", 0,
		    0);
	check_error(copy_with(file("in.csv"), file("x.txt"), tr_map()), "input", "format must be", 0, 0);
	tr_value bound =
	    tr_map_put_s(pg("query", "select :a::int + 1 as a, ':a' as t"), "params", TR_DICT("a", tr_int(4)));
	check_copied(copy_with(bound, file("bound.csv"), tr_map()), 1, 1);
	check_file("bound.csv", "a,t\n5,:a\n");
	bound = tr_map_put_s(duck("query", "select $1::int + 1 as a"), "params", TR_LIST(tr_int(4)));
	check_copied(copy_with(bound, file("bound_too.csv"), tr_map()), 1, 1);
	check_file("bound_too.csv", "a\n5\n");
}

static void section_10_transfer_http(void **state)
{
	server http;
	int http_port;
	(void)state;
	assert_true(server_start(&http, "rows_server.py"));
	assert_int_equal(sscanf(http.line, "%d", &http_port), 1);
	tr_value numbered =
	    TR_DICT("kind", tr_string("http"), "url", tr_stringf("http://127.0.0.1:%d/numbered", http_port), "path",
		    tr_string("data.items"), "page", TR_DICT("param", tr_string("p"), "start", tr_int(0)));
	check_copied(copy_with(numbered, duck("table", "pages"), TR_DICT("chunk_size", tr_int(4))), 25, 8);
	check_sql("duckdb", "select count(*) as n, sum(id)::int as s, count(distinct name) as d from pages",
		  "[{\"n\":25,\"s\":300,\"d\":25}]");
	tr_value linked = TR_DICT("kind", tr_string("http"), "url", tr_stringf("http://127.0.0.1:%d/linked", http_port),
				  "path", tr_string("data.items"), "next", tr_string("data.next"));
	check_copied(copy_with(linked, file("linked.jsonl"), TR_DICT("mapping", TR_DICT("id", tr_string("id")))), 25,
		     3);
	tr_value sink = TR_DICT("kind", tr_string("http"), "url", tr_stringf("http://127.0.0.1:%d/sink", http_port),
				"wrap", tr_string("rows"));
	check_copied(copy_with(duck("query", "select id, name from pages order by id"), tr_keep(sink),
			       TR_DICT("chunk_size", tr_int(10))),
		     25, 3);
	tr_value o =
	    world_run(&transfer_world, "http", TR_DICT("url", tr_stringf("http://127.0.0.1:%d/sunk", http_port)));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "data", "rows"), -1), 25);
	assert_int_equal(tr_as_int(TR_GET(o, "result", "data", "requests"), -1), 3);
	assert_int_equal(tr_as_int(TR_GET(o, "result", "data", "sum"), -1), 300);
	tr_drop(o);
	sink = tr_map_put_s(sink, "url", tr_stringf("http://127.0.0.1:%d/full", http_port));
	o = copy_with(duck("query", "select 1 as id"), sink, tr_map());
	assert_true(tr_as_bool(TR_GET(o, "error", "retryable"), false));
	check_error(o, "server_error", "transfer to http, chunk 1", 1, 0);
	server_stop(&http);
}

/* ---- being ended ---- */

static void wait_until_nothing_runs(const char *part)
{
	int64_t n = -1;
	time_t end = time(NULL) + 60;

	while (n != 0 && time(NULL) < end) {
		tr_value sql =
		    tr_stringf("select count(*) as n from pg_stat_activity where query like '%%%s%%' and pid <> "
			       "pg_backend_pid() and state = 'active'",
			       part);
		tr_value o = world_run(&transfer_world, "postgres", TR_DICT("query", sql, "auth", transfer_auth()));
		n = tr_as_int(tr_map_get_s(tr_array_at(TR_GET(o, "result", "rows"), 0), "n"), -1);
		tr_drop(o);
	}
	assert_int_equal(n, 0);
}

#define SLOW "select i as a from generate_series(1, 100) i, lateral (select pg_sleep(600 + i)) s"

static void section_10_transfer_timeout_reaches_the_source(void **state)
{
	(void)state;
	check_error(copy_with(pg("query", SLOW), duck("table", "slow"), TR_DICT("timeout", tr_float(2))), "timeout",
		    "from postgres", 0, 0);
	wait_until_nothing_runs("600 + i");
}

static tr_value cancel_one(tr_value arg)
{
	tr_ref ref = command_send("transfer", tr_keep(tr_array_at(arg, 0)));
	int64_t n = 0;

	while (n == 0) {
		tr_value o = command_wait(command_send("postgres", tr_keep(tr_array_at(arg, 1))));
		n = tr_as_int(tr_map_get_s(tr_array_at(TR_GET(o, "result", "rows"), 0), "n"), -1);
		tr_drop(o);
	}
	tr_send_name("command.transfer", command_cancel(ref));
	return command_wait(ref);
}

static void section_10_transfer_cancellation_reaches_both(void **state)
{
	(void)state;
	/* An endless source: rows arrive at DuckDB until the task is cancelled, and then neither runs on nor keeps any.
	 */
	tr_value task = TR_DICT("source", pg("query", "select generate_series(601, 1000000000) as a"), "target",
				duck("table", "endless"));
	tr_value look =
	    TR_DICT("query",
		    tr_string("select count(*) as n from pg_stat_activity where query like '%series(601%' and "
			      "pid <> pg_backend_pid()"),
		    "auth", transfer_auth());
	tr_value o = world_do(&transfer_world, cancel_one, TR_LIST(task, look));
	assert_string_equal(error_kind(o), "cancelled");
	tr_drop(o);
	wait_until_nothing_runs("series(601");
	check_sql("duckdb", "select count(*) as n from duckdb_tables() where table_name = 'endless'", "[{\"n\":0}]");
}

/* ---- much ---- */

static long peak_kilobytes(void)
{
	char line[256];
	long peak = -1;
	FILE *f = fopen("/proc/self/status", "r");

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			peak = strtol(line + 6, NULL, 10);
	assert_int_equal(fclose(f), 0);
	return peak;
}

#define MANY "200000"

static void many_rows_go_round_and_are_equal(void **state)
{
	(void)state;
	check_sql("postgres",
		  "create table many as select i as id, i * 1.25::float8 as f, md5(i::text) as h, case when i % 7 <> 0 "
		  "then 'row ' || "
		  "i end as t, (i % 1000) / 100.0 as n, timestamp '2026-01-01' + i * interval '1 second' as at, i % 3 "
		  "= 0 as b from "
		  "generate_series(1, " MANY ") i",
		  "[]");
	check_copied(copy_with(pg("table", "many"), duck("table", "many"), tr_map()), 200000, 20);
	check_copied(copy_with(duck("table", "many"), file("many.csv"), TR_DICT("chunk_size", tr_int(50000))), 200000,
		     4);
	check_sql("postgres", "create table many_back (like many)", "[]");
	check_copied(copy_with(file("many.csv"), pg("table", "many_back"), tr_map()), 200000, 20);
	check_sql("postgres", "select count(*) as n from (table many except table many_back) x", "[{\"n\":0}]");
	check_sql("postgres", "select count(*) as n, count(distinct id) as d from many_back",
		  "[{\"n\":200000,\"d\":200000}]");
}

/* 50 MB of rows in pieces of half a one; what threads keep of freed memory for themselves comes on top. */
static void memory_is_bounded(void **state)
{
	(void)state;
	long before = peak_kilobytes();
	check_copied(copy_with(pg("query", "select i, repeat('x', 500) as t from generate_series(1, 100000) i"),
			       file("wide.jsonl"), TR_DICT("chunk_size", tr_int(1000))),
		     100000, 100);
	check_copied(copy_with(file("wide.jsonl"), file("wide.csv"),
			       TR_DICT("mapping", TR_DICT("i", tr_string("i")), "chunk_size", tr_int(1000))),
		     100000, 100);
	if (SANITIZED)
		assert_true(peak_kilobytes() >= before);
	else
		assert_in_range(peak_kilobytes() - before, 0, 32 << 10);
}

static int start(void **state)
{
	(void)state;
	return transfer_start(true);
}

static int stop(void **state)
{
	(void)state;
	return transfer_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_go_round_unchanged),
	    cmocka_unit_test(section_10_transfer_modes),
	    cmocka_unit_test(section_10_transfer_of_nothing),
	    cmocka_unit_test(section_10_transfer_faults_name_chunk_and_row),
	    cmocka_unit_test(section_10_transfer_inputs_are_checked),
	    cmocka_unit_test(section_10_transfer_http),
	    cmocka_unit_test(section_10_transfer_timeout_reaches_the_source),
	    cmocka_unit_test(section_10_transfer_cancellation_reaches_both),
	    cmocka_unit_test(memory_is_bounded),
	    cmocka_unit_test(many_rows_go_round_and_are_equal),
	};
	int missing = transfer_missing();

	return missing != 0 ? missing : cmocka_run_group_tests_name("transfer", tests, start, stop);
}
