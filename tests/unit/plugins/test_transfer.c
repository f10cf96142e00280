/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind transfer between a real PostgreSQL, the real DuckDB, files and an HTTP server (docs/playbook.md,
 * section 10). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/duckdb/duckdb.h"
#include "plugins/actions/http/http.h"
#include "plugins/actions/postgres/postgres.h"
#include "plugins/actions/transfer/transfer.h"
#include "plugins/host/command.h"
#include "plugins/shared/files.h"
#include "server.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <troupe/codec.h>
#include <unistd.h>

#define SKIPPED 77

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

static world w;
static server postgres, snowflake;
static int port, snow_port;
static char folder[] = "/tmp/troupe-transfer-XXXXXX";

static const builtin trusted[] = {{postgres_manifest, &postgres_plugin, true},
				  {duckdb_manifest, &duckdb_plugin, true},
				  {http_manifest, &http_plugin, true},
				  {transfer_manifest, &transfer_plugin, true}};

static int start(void **state)
{
	char grant[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	if (!server_start(&postgres, "postgres_server.py") || sscanf(postgres.line, "%d", &port) != 1)
		return -1;
	if (!server_start(&snowflake, "snowflake_server.py") || sscanf(snowflake.line, "%d", &snow_port) != 1)
		return -1;
	(void)snprintf(grant, sizeof grant, "fs:%s", folder);
	tr_value config = TR_DICT("duckdb", TR_DICT("memory", tr_string("128MB"), "threads", tr_int(2)));
	tr_value grants = TR_DICT("*", TR_LIST(tr_string(grant)));
	plugin_host_options options = {
	    .builtins = trusted, .builtin_count = sizeof trusted / sizeof *trusted, .config = config, .grants = grants};
	tr_value reason = world_start(&w, &options);
	assert_false(tr_is_valid(reason));
	tr_drop(config);
	tr_drop(grants);
	return 0;
}

static int stop(void **state)
{
	char command[64];

	(void)state;
	world_stop(&w);
	server_stop(&postgres);
	server_stop(&snowflake);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command) == 0 ? 0 : -1;
}

/* ---- places ---- */

static tr_value path_of(const char *name)
{
	return tr_stringf("%s/%s", folder, name);
}

static tr_value auth(void)
{
	return TR_DICT("host", tr_string("127.0.0.1"), "port", tr_int(port), "user", tr_string("troupe"), "password",
		       tr_string("opensesame"), "database", tr_string("troupe"));
}

static tr_value pg(const char *key, const char *what)
{
	return TR_DICT("kind", tr_string("postgres"), "auth", auth(), key, tr_string(what));
}

static tr_value duck(const char *key, const char *what)
{
	return TR_DICT("kind", tr_string("duckdb"), "database", path_of("test.duckdb"), key, tr_string(what));
}

static tr_value file(const char *name)
{
	return TR_DICT("kind", tr_string("file"), "path", path_of(name));
}

/* Takes all. */
static tr_value copy_with(tr_value source, tr_value target, tr_value more)
{
	return world_run(&w, "transfer", tr_map_merge(TR_DICT("source", source, "target", target), more));
}

static void check_copied(tr_value o, int64_t rows, int64_t chunks)
{
	if (!succeeded(o))
		show("transfer", o);
	assert_true(succeeded(o));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "rows_transferred"), -1), rows);
	assert_int_equal(tr_as_int(TR_GET(o, "result", "chunks"), -1), chunks);
	tr_drop(o);
}

static void check_error(tr_value o, const char *kind, const char *part, int64_t chunk, int64_t row)
{
	if (strcmp(error_kind(o), kind) != 0 || strstr(error_message(o), part) == NULL)
		show(kind, o);
	assert_string_equal(error_kind(o), kind);
	assert_non_null(strstr(error_message(o), part));
	assert_int_equal(tr_as_int(TR_GET(o, "error", "details", "chunk"), 0), chunk);
	assert_int_equal(tr_as_int(TR_GET(o, "error", "details", "row"), 0), row);
	tr_drop(o);
}

/* The first row that SQL gives, as JSON. */
static void check_sql(const char *kind, const char *sql, const char *expected)
{
	bool in_duckdb = strcmp(kind, "duckdb") == 0;
	tr_value input = in_duckdb ? duck("query", sql) : pg("query", sql), o;
	tr_buf text = {0};

	o = world_run(&w, kind, input);
	if (!succeeded(o))
		show(sql, o);
	assert_true(succeeded(o));
	tr_json_write(&text, TR_GET(o, "result", "rows"), 0);
	tr_buf_putc(&text, '\0');
	assert_string_equal(text.p, expected);
	tr_buf_fini(&text);
	tr_drop(o);
}

static void write_file(const char *name, const char *content)
{
	tr_value path = path_of(name);
	FILE *f = fopen(tr_as_cstr(path, ""), "w");

	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
	tr_drop(path);
}

static void check_file(const char *name, const char *expected)
{
	char got[4096];
	tr_value path = path_of(name);
	FILE *f = fopen(tr_as_cstr(path, ""), "r");

	assert_non_null(f);
	size_t n = fread(got, 1, sizeof got - 1, f);
	got[n] = '\0';
	assert_int_equal(fclose(f), 0);
	assert_string_equal(got, expected);
	tr_drop(path);
}

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

/* ---- files ---- */

static void section_10_transfer_files(void **state)
{
	(void)state;
	write_file("in.csv", "id,name\r\n1,\"a, \"\"b\"\"\r\nc\"\r\n2,\r\n3,\"\"\r\n");
	check_copied(copy_with(file("in.csv"), file("out.jsonl"), tr_map()), 3, 1);
	check_file("out.jsonl", "{\"id\":\"1\",\"name\":\"a, \\\"b\\\"\\r\\nc\"}\n{\"id\":\"2\",\"name\":null}\n"
				"{\"id\":\"3\",\"name\":\"\"}\n");
	check_copied(copy_with(file("in.csv"), file("again.csv"), TR_DICT("chunk_size", tr_int(2))), 3, 2);
	check_file("again.csv", "id,name\n1,\"a, \"\"b\"\"\r\nc\"\n2,\n3,\"\"\n");
	check_copied(copy_with(file("again.csv"), file("again.csv"), TR_DICT("mode", tr_string("replace"))), 3, 1);
	write_file("more.jsonl", "{\"id\": 4, \"name\": {\"deep\": [1, \"]}\"]}}\n\n{\"id\": 5}\n");
	check_copied(copy_with(file("more.jsonl"), file("again.csv"), tr_map()), 2, 1);
	check_file("again.csv",
		   "id,name\n1,\"a, \"\"b\"\"\r\nc\"\n2,\n3,\"\"\n4,\"{\"\"deep\"\":[1,\"\"]}\"\"]}\"\n5,\n");
	check_copied(copy_with(file("more.jsonl"), file("more.json"),
			       TR_DICT("mapping", TR_DICT("number", tr_string("id")), "chunk_size", tr_int(1))),
		     2, 2);
	check_file("more.json", "[\n{\"number\":4},\n{\"number\":5}\n]\n");
	check_copied(copy_with(file("more.json"), file("three.jsonl"), tr_map()), 2, 1);
	check_file("three.jsonl", "{\"number\":4}\n{\"number\":5}\n");
	write_file("lists.json", "[[1, \"x\"], [2]]");
	tr_value lists = tr_map_put_s(file("lists.json"), "columns", TR_LIST(tr_string("a"), tr_string("b")));
	check_copied(copy_with(lists, file("lists.jsonl"), tr_map()), 2, 1);
	check_file("lists.jsonl", "{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":null}\n");
	tr_value semicolon = tr_map_merge(file("semicolon.csv"), TR_DICT("delimiter", tr_string(";"), "header",
									 tr_bool(false), "null", tr_string("NULL")));
	check_copied(copy_with(file("in.csv"), tr_keep(semicolon), tr_map()), 3, 1);
	check_file("semicolon.csv", "1;\"a, \"\"b\"\"\r\nc\"\n2;NULL\n3;\"\"\n");
	semicolon = tr_map_put_s(semicolon, "columns", TR_LIST(tr_string("a"), tr_string("b")));
	check_copied(copy_with(semicolon, file("semicolon.jsonl"), tr_map()), 3, 1);
	check_file("semicolon.jsonl",
		   "{\"a\":\"1\",\"b\":\"a, \\\"b\\\"\\r\\nc\"}\n{\"a\":\"2\",\"b\":null}\n{\"a\":\"3\",\"b\":\"\"}\n");
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

/* What becomes a link behind the look at a path is no way out, on any kernel. */
static void no_link_is_followed_when_it_is_opened(void **state)
{
	tr_value real = path_of("real"), link = path_of("link"), inside = path_of("link/in.csv"),
		 good = path_of("real/in.csv");
	int err;
	(void)state;
	assert_int_equal(mkdir(tr_as_cstr(real, ""), 0700), 0);
	assert_int_equal(symlink(tr_as_cstr(real, ""), tr_as_cstr(link, "")), 0);
	write_file("real/in.csv", "a\n1\n");
	int fd = files_open(tr_as_cstr(good, ""), O_RDONLY, &err);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(files_open(tr_as_cstr(inside, ""), O_RDONLY, &err), -1);
	for (int by_parts = 0; by_parts < 2; by_parts++) {
		assert_int_equal(files_folder_direct(tr_as_cstr(link, ""), by_parts), -1);
		fd = files_folder_direct(tr_as_cstr(real, ""), by_parts);
		assert_true(fd >= 0);
		close(fd);
		fd = files_folder_direct("/", by_parts);
		assert_true(fd >= 0);
		close(fd);
	}
	tr_drop(real);
	tr_drop(link);
	tr_drop(inside);
	tr_drop(good);
}

static void links_do_not_lead_out_of_the_grant(void **state)
{
	char outside[] = "/tmp/troupe-outside-XXXXXX", target[64];
	tr_value link = path_of("link.csv"), broken = path_of("link.duckdb");
	(void)state;
	assert_non_null(mkdtemp(outside));
	(void)snprintf(target, sizeof target, "%s/made", outside);
	assert_int_equal(symlink(target, tr_as_cstr(link, "")), 0);
	assert_int_equal(symlink(target, tr_as_cstr(broken, "")), 0);
	write_file("linked.csv", "a\n1\n");
	check_error(copy_with(file("linked.csv"), file("link.csv"), tr_map()), "input", "is a symbolic link", 0, 0);
	check_error(copy_with(file("linked.csv"), file("link.csv/"), TR_DICT("mode", tr_string("replace"))), "input",
		    "is a symbolic link", 0, 0);
	check_error(world_run(&w, "duckdb", TR_DICT("query", tr_string("select 1"), "database", tr_keep(broken))),
		    "input", "is a symbolic link", 0, 0);
	assert_int_equal(access(target, F_OK), -1);
	assert_int_equal(rmdir(outside), 0);
	tr_drop(link);
	tr_drop(broken);
}

static void what_is_no_file_is_refused(void **state)
{
	tr_value pipe_path = path_of("pipe.csv");
	int err;
	(void)state;
	assert_int_equal(mkfifo(tr_as_cstr(pipe_path, ""), 0600), 0);
	write_file("filed.csv", "a\n1\n");
	check_error(copy_with(file("pipe.csv"), file("x.csv"), tr_map()), "input", "is no regular file", 0, 0);
	check_error(copy_with(file("filed.csv"), file("pipe.csv"), tr_map()), "input", "is no regular file", 0, 0);
	check_error(world_run(&w, "duckdb", TR_DICT("file", tr_keep(pipe_path))), "input", "it is no regular file", 0,
		    0);
	check_error(world_run(&w, "duckdb", TR_DICT("query", tr_string("select 1"), "database", tr_keep(pipe_path))),
		    "input", "is no regular file", 0, 0);
	/* It came between looking and opening. */
	assert_int_equal(files_open(tr_as_cstr(pipe_path, ""), O_RDONLY, &err), -1);
	assert_int_equal(err, FILES_IRREGULAR);
	assert_int_equal(files_open("/dev/zero", O_RDONLY, &err), -1);
	assert_int_equal(err, FILES_IRREGULAR);
	tr_drop(pipe_path);
}

static void a_file_is_not_appended_to_itself(void **state)
{
	tr_value one = path_of("self.csv"), two = path_of("other_name.csv");
	(void)state;
	write_file("self.csv", "a\n1\n2\n");
	assert_int_equal(link(tr_as_cstr(one, ""), tr_as_cstr(two, "")), 0);
	check_error(copy_with(file("self.csv"), file("self.csv"), TR_DICT("chunk_size", tr_int(1))), "input",
		    "is the source as well", 0, 0);
	check_error(copy_with(file("self.csv"), file("other_name.csv"), tr_map()), "input", "is the source as well", 0,
		    0);
	/* Nor by what DuckDB reads. */
	tr_value sql = tr_stringf("select * from read_csv('%s/sel*.csv')", folder), params = TR_LIST(tr_keep(two));
	check_error(copy_with(duck("query", tr_as_cstr(sql, "")), file("self.csv"), tr_map()), "input",
		    "is the source as well", 0, 0);
	check_error(copy_with(tr_map_put_s(duck("query", "select * from read_csv($1)"), "params", params),
			      file("self.csv"), tr_map()),
		    "input", "is the source as well", 0, 0);
	tr_value deep = tr_stringf("select 1 as a, 'x' as b where '%s' <> '/*/../*/../*/../*/../*/../*/../*/../*'",
				   "/t*/troupe-transfer-*/[a-t]el?.csv");
	check_error(copy_with(duck("query", tr_as_cstr(deep, "")), file("self.csv"), tr_map()), "input",
		    "is the source as well", 0, 0);
	tr_drop(deep);
	check_copied(copy_with(duck("query", tr_as_cstr(sql, "")), file("another.csv"), tr_map()), 2, 1);
	check_copied(
	    copy_with(duck("query", tr_as_cstr(sql, "")), file("self.csv"), TR_DICT("mode", tr_string("replace"))), 2,
	    1);
	tr_drop(sql);
	check_file("self.csv", "a\n1\n2\n");
	tr_drop(one);
	tr_drop(two);
}

static void texts_with_a_nul_are_refused(void **state)
{
	tr_value cut = tr_string_n("/tmp/x\0y.csv", 12), sql = tr_string_n("select 1\0 as a", 14);
	(void)state;
	write_file("nul.csv", "a\n1\n");
	check_error(copy_with(tr_map_put_s(file(""), "path", tr_keep(cut)), file("x.csv"), tr_map()), "input",
		    "a NUL character", 0, 0);
	check_error(copy_with(file("nul.csv"), tr_map_put_s(file(""), "path", tr_keep(cut)), tr_map()), "input",
		    "a NUL character", 0, 0);
	check_error(copy_with(tr_map_put_s(pg("query", ""), "query", tr_keep(sql)), file("x.csv"), tr_map()), "input",
		    "a NUL character", 0, 0);
	check_error(world_run(&w, "postgres", TR_DICT("query", tr_keep(sql), "auth", auth())), "input",
		    "a NUL character", 0, 0);
	check_error(world_run(&w, "duckdb", TR_DICT("query", tr_string("select 1"), "database", tr_keep(cut))), "input",
		    "a NUL character", 0, 0);
	check_error(world_run(&w, "duckdb", TR_DICT("file", tr_keep(cut))), "input", "a NUL character", 0, 0);
	tr_drop(cut);
	tr_drop(sql);
}

static void section_10_transfer_inputs_are_checked(void **state)
{
	(void)state;
	check_error(
	    copy_with(file("nul.csv"), tr_map_put_s(duck("table", "t"), "auth", tr_string("warehouse")), tr_map()),
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

/* ---- HTTP ---- */

/* ---- Snowflake, or what stands in for it (tests/support/snowflake_server.py) ---- */

static tr_value snow(const char *key, const char *what)
{
	return TR_DICT("kind", tr_string("snowflake"), "auth",
		       TR_DICT("url", tr_stringf("http://127.0.0.1:%d", snow_port), "account",
			       tr_string("test-account"), "user", tr_string("troupe_user"), "token",
			       tr_string("opensesame")),
		       key, tr_string(what));
}

static tr_value snow_tables(void)
{
	tr_value o = world_run(&w, "http", TR_DICT("url", tr_stringf("http://127.0.0.1:%d/said", snow_port)));
	tr_value tables = tr_keep(TR_GET(o, "result", "data", "tables"));

	tr_drop(o);
	return tables;
}

static void check_table(const char *name, const char *expected)
{
	tr_value tables = snow_tables(), text = tr_json_string(tr_map_get_s(tables, name), TR_JSON_COMPACT);

	assert_string_equal(tr_as_cstr(text, "no such table"), expected);
	tr_drop(text);
	tr_drop(tables);
}

static void section_10_transfer_to_snowflake(void **state)
{
	(void)state;
	write_file("snow.jsonl", "{\"id\": 1, \"name\": \"žlu\\\"ť\", \"v\": {\"a\": [1]}, \"x\": 1.5}\n"
				 "{\"id\": 9007199254740993, \"name\": null, \"v\": null, \"x\": -2}\n");
	check_copied(copy_with(file("snow.jsonl"), snow("table", "shop.orders"), TR_DICT("chunk_size", tr_int(1))), 2,
		     2);
	check_table(
	    "\"SHOP\".\"ORDERS\"",
	    "{\"columns\":[[\"ID\",\"NUMBER(38,0)\"],[\"NAME\",\"VARCHAR\"],[\"V\",\"VARIANT\"],[\"X\",\"FLOAT\"]],"
	    "\"rows\":[[\"1\",\"žlu\\\"ť\",\"{\\\"a\\\":[1]}\",\"1.5\"],[\"9007199254740993\",null,null,\"-2\"]]}");
	write_file("more.csv", "id,name\n1,one\n7,seven\n7,last\n");
	tr_value upsert = TR_DICT("mode", tr_string("upsert"), "key", tr_string("id"));
	check_copied(copy_with(file("more.csv"), snow("table", "keyed"), tr_keep(upsert)), 3, 1);
	check_copied(copy_with(file("more.csv"), snow("table", "keyed"), upsert), 3, 1);
	check_table(
	    "\"KEYED\"",
	    "{\"columns\":[[\"ID\",\"VARCHAR\"],[\"NAME\",\"VARCHAR\"]],\"rows\":[[\"1\",\"one\"],[\"7\",\"last\"]]}");
	check_copied(copy_with(file("more.csv"), snow("table", "keyed"), TR_DICT("mode", tr_string("replace"))), 3, 1);
	check_table("\"KEYED\"", "{\"columns\":[[\"ID\",\"VARCHAR\"],[\"NAME\",\"VARCHAR\"]],\"rows\":[[\"1\",\"one\"],"
				 "[\"7\",\"seven\"],[\"7\",\"last\"]]}");
	/* Nothing of its own is left behind, also when it fails. */
	tr_value target = tr_map_put_s(snow("table", "no-such"), "create", tr_bool(false));
	check_error(copy_with(file("more.csv"), target, tr_map()), "syntax", "transfer to snowflake: ", 1, 0);
	tr_value tables = snow_tables();
	for (size_t i = 0; i < tr_map_len(tables); i++)
		assert_null(strstr(tr_as_cstr(tr_map_entries(tables)[i].key, ""), "TROUPE_TRANSFER"));
	tr_drop(tables);
	check_error(copy_with(file("more.csv"), snow("tabel", "x"), tr_map()), "input", "needs table", 0, 0);
}

static void section_10_transfer_from_snowflake(void **state)
{
	(void)state;
	write_file("back.csv", "id,name\n1,one\n2,two\n");
	check_copied(copy_with(file("back.csv"), snow("table", "back"), tr_map()), 2, 1);
	check_copied(copy_with(snow("table", "back"), file("back.jsonl"), tr_map()), 2, 1);
	check_file("back.jsonl", "{\"ID\":\"1\",\"NAME\":\"one\"}\n{\"ID\":\"2\",\"NAME\":\"two\"}\n");
	/* Partitions are read one after the other. */
	check_copied(
	    copy_with(snow("query", "select parts 3"), duck("table", "parts"), TR_DICT("chunk_size", tr_int(4))), 6, 2);
	check_sql("duckdb", "select count(*) as n, sum(\"N\") as s from parts", "[{\"n\":6,\"s\":15}]");
	check_copied(copy_with(snow("query", "select types"), file("types.jsonl"), tr_map()), 1, 1);
	tr_value binds =
	    tr_map_put_s(snow("query", "select binds $2, ?"), "params", TR_LIST(tr_int(1), tr_string("x")));
	check_copied(copy_with(binds, file("binds.csv"), tr_map()), 2, 1);
	check_error(copy_with(snow("query", "fail 002003 42S02"), file("x.csv"), tr_map()), "syntax",
		    "transfer from snowflake: ", 0, 0);
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
	tr_value o = world_run(&w, "http", TR_DICT("url", tr_stringf("http://127.0.0.1:%d/sunk", http_port)));
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
		tr_value o = world_run(&w, "postgres", TR_DICT("query", sql, "auth", auth()));
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
		    "auth", auth());
	tr_value o = world_do(&w, cancel_one, TR_LIST(task, look));
	assert_string_equal(error_kind(o), "cancelled");
	tr_drop(o);
	wait_until_nothing_runs("series(601");
	check_sql("duckdb", "select count(*) as n from duckdb_tables() where table_name = 'endless'", "[{\"n\":0}]");
}

static bool has_stage(tr_value outcome)
{
	tr_value tables = TR_GET(outcome, "result", "data", "tables");
	bool has = false;

	for (size_t i = 0; i < tr_map_len(tables); i++)
		has = has || strstr(tr_as_cstr(tr_map_entries(tables)[i].key, ""), "TROUPE_TRANSFER") != NULL;
	tr_drop(outcome);
	return has;
}

static int64_t number_of(tr_value outcome, const char *key)
{
	int64_t n = tr_as_int(tr_map_get_s(TR_GET(outcome, "result", "data"), key), -1);

	tr_drop(outcome);
	return n;
}

/* [task, request for what the server says, how many statements are held then: 0 is for a table of one's own]. */
static tr_value cancel_staged(tr_value arg)
{
	int64_t held = tr_as_int(tr_array_at(arg, 2), 0);
	bool ready = false;
	tr_ref ref = command_send("transfer", tr_keep(tr_array_at(arg, 0)));

	while (!ready) {
		tr_value o = command_wait(command_send("http", tr_keep(tr_array_at(arg, 1))));
		ready = held > 0 ? number_of(o, "held") == held : has_stage(o);
	}
	tr_send_name("command.transfer", command_cancel(ref));
	return command_wait(ref);
}

static tr_value said(const char *query)
{
	return TR_DICT("url", tr_stringf("http://127.0.0.1:%d/said%s", snow_port, query));
}

static void check_cancelled(tr_value task, int held)
{
	tr_value o = world_do(&w, cancel_staged, TR_LIST(task, said(""), tr_int(held)));

	assert_string_equal(error_kind(o), "cancelled");
	tr_drop(o);
}

static void wait_for_no_stage(void)
{
	time_t end = time(NULL) + 60;
	bool there = true;

	while (there && time(NULL) < end)
		there = has_stage(world_run(&w, "http", said("")));
	assert_false(there);
}

/* The plugin's actor drops the table of a task that was ended in the middle. */
static void section_10_transfer_cancellation_leaves_nothing_in_snowflake(void **state)
{
	(void)state;
	tr_value task = TR_DICT("source", pg("query", "select generate_series(603, 1000000000) as a"), "target",
				snow("table", "endless"), "chunk_size", tr_int(100));
	check_cancelled(task, 0);
	wait_for_no_stage();
	check_table("\"ENDLESS\"", "{\"columns\":[[\"A\",\"NUMBER(38,0)\"]],\"rows\":[]}");
}

static void wait_for_number(const char *key, int64_t n)
{
	time_t end = time(NULL) + 60;
	int64_t is = -1;

	while (is < n && time(NULL) < end)
		is = number_of(world_run(&w, "http", said("")), key);
	assert_int_equal(is, n);
}

static tr_value replace_late(void)
{
	return TR_DICT("source", file("late.csv"), "target", snow("table", "shop.late"), "mode", tr_string("replace"));
}

/* The server has a statement that the task gets no answer to, and performs it when the task is no more. */
static void section_10_transfer_cancellation_overtakes_no_statement(void **state)
{
	static const char rows[] = "{\"columns\":[[\"ID\",\"VARCHAR\"]],\"rows\":[[\"1\"],[\"2\"]]}";
	(void)state;
	write_file("late.csv", "id\n1\n2\n");
	check_copied(copy_with(file("late.csv"), snow("table", "shop.late"), tr_map()), 2, 1);
	check_table("\"SHOP\".\"LATE\"", rows);
	int64_t again = number_of(world_run(&w, "http", said("")), "again");
	int64_t done = number_of(world_run(&w, "http", said("?hold=CREATE%20TRANSIENT")), "performed");
	check_cancelled(replace_late(), 1);
	wait_for_number("again", again + 1); /* it is asked for, and not overtaken: */
	assert_false(has_stage(world_run(&w, "http", said("?release"))));
	wait_for_number("performed", done + 3); /* CREATE of the target, of the table of its own, DROP */
	assert_false(has_stage(world_run(&w, "http", said(""))));
	/* The statements that put all into the target find that table gone, and have changed nothing. */
	write_file("late.csv", "id\n3\n");
	tr_drop(world_run(&w, "http", said("?hold=BEGIN")));
	check_cancelled(replace_late(), 2);
	wait_for_no_stage();
	done = number_of(world_run(&w, "http", said("?release")), "performed");
	wait_for_number("performed", done + 1);
	/* The same when time is over. */
	tr_drop(world_run(&w, "http", said("?hold=INSERT")));
	check_error(copy_with(file("late.csv"), snow("table", "shop.late"), TR_DICT("timeout", tr_float(2))), "timeout",
		    "transfer to snowflake, chunk 1", 1, 0);
	wait_for_no_stage();
	tr_drop(world_run(&w, "http", said("?release")));
	check_table("\"SHOP\".\"LATE\"", rows);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_go_round_unchanged),
	    cmocka_unit_test(section_10_transfer_modes),
	    cmocka_unit_test(section_10_transfer_of_nothing),
	    cmocka_unit_test(section_10_transfer_files),
	    cmocka_unit_test(section_10_transfer_faults_name_chunk_and_row),
	    cmocka_unit_test(no_link_is_followed_when_it_is_opened),
	    cmocka_unit_test(links_do_not_lead_out_of_the_grant),
	    cmocka_unit_test(what_is_no_file_is_refused),
	    cmocka_unit_test(a_file_is_not_appended_to_itself),
	    cmocka_unit_test(texts_with_a_nul_are_refused),
	    cmocka_unit_test(section_10_transfer_inputs_are_checked),
	    cmocka_unit_test(section_10_transfer_to_snowflake),
	    cmocka_unit_test(section_10_transfer_from_snowflake),
	    cmocka_unit_test(section_10_transfer_http),
	    cmocka_unit_test(section_10_transfer_timeout_reaches_the_source),
	    cmocka_unit_test(section_10_transfer_cancellation_reaches_both),
	    cmocka_unit_test(section_10_transfer_cancellation_leaves_nothing_in_snowflake),
	    cmocka_unit_test(section_10_transfer_cancellation_overtakes_no_statement),
	    cmocka_unit_test(memory_is_bounded),
	    cmocka_unit_test(many_rows_go_round_and_are_equal),
	};
	const char *library = getenv("TROUPE_DUCKDB");

	if (library == NULL || access(library, R_OK) != 0) {
		fprintf(stderr, "skipped: DuckDB's library is not at %s; `make duckdb` fetches it with npm\n",
			library == NULL ? "$TROUPE_DUCKDB" : library);
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("transfer", tests, start, stop);
}
