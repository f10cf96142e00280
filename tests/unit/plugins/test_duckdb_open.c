/* SPDX-License-Identifier: Apache-2.0 */
/* How long the files of the tool kind duckdb stay open, and that nothing gets past the guard or into another task by
 * that. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "duckdb_kit.h"
#include "plugins/actions/duckdb/duckdb.h"
#include "plugins/shared/duckdb/guard.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SKIPPED 77
#define HOUR    3600.0

static char folder[] = "/tmp/troupe-duckdb-open-XXXXXX";
static world w;

static const char *below(char path[128], const char *name)
{
	(void)snprintf(path, 128, "%s/%s", folder, name);
	return path;
}

static void start_world(double keep, double keep_named)
{
	static const builtin plugins[] = {{duckdb_manifest, &duckdb_plugin, true}};
	char data[128], grant[140];
	(void)snprintf(grant, sizeof grant, "fs:%s", folder);
	tr_value settings = TR_DICT("folder", tr_string(below(data, "data")), "keep", tr_float(keep), "keep_named",
				    tr_float(keep_named));
	tr_value config = TR_DICT("duckdb", settings), grants = TR_DICT("duckdb", TR_LIST(tr_string(grant)));
	plugin_host_options options = {.builtins = plugins, .builtin_count = 1, .config = config, .grants = grants};
	assert_false(tr_is_valid(world_start(&w, &options)));
	tr_drop(config);
	tr_drop(grants);
}

/* Takes more. */
static tr_value run(const char *sql, tr_value more)
{
	return world_run_in(&w, "duckdb", tr_map_merge(TR_DICT("query", tr_string(sql)), more),
			    TR_DICT("execution_id", tr_string("7")));
}

static tr_value named(const char *path)
{
	return TR_DICT("database", tr_string(path));
}

static void good(tr_value outcome)
{
	if (!succeeded(outcome))
		show("it failed", outcome);
	assert_true(succeeded(outcome));
	tr_drop(outcome);
}

static void refused(tr_value outcome, const char *kind)
{
	if (strcmp(error_kind(outcome), kind) != 0)
		show("it was not refused", outcome);
	assert_string_equal(error_kind(outcome), kind);
	tr_drop(outcome);
}

static int start(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int stop(void **state)
{
	(void)state;
	return folder_remove(folder);
}

static void a_named_file_is_everybodys_behind_its_task(void **state)
{
	char path[128];
	(void)state;
	start_world(HOUR, 0);
	good(run("create table t as select 1 as a", named(below(path, "named.duckdb"))));
	assert_false(duckdb_file_is_locked(path));
	world_stop(&w);
}

static void an_executions_own_stays_open_until_the_node_ends(void **state)
{
	char path[128];
	(void)state;
	start_world(HOUR, 0);
	good(run("create table t as select 1 as a", tr_map()));
	assert_true(duckdb_file_is_locked(below(path, "data/7.duckdb")));
	good(run("select a from t", tr_map()));
	assert_true(duckdb_file_is_locked(path));
	world_stop(&w);
	assert_false(duckdb_file_is_locked(path));
}

static void or_until_its_time_is_over(void **state)
{
	char path[128];
	time_t end = time(NULL) + 60;
	(void)state;
	start_world(0.05, 0.05);
	for (int i = 0; i < 3; i++) {
		good(run("create or replace table t as select 1 as a", named(below(path, "timed.duckdb"))));
		while (duckdb_file_is_locked(path) && time(NULL) < end)
			continue;
		assert_false(duckdb_file_is_locked(path));
	}
	world_stop(&w);
}

/* What is attached, set for all or kept secret belongs to the open database, not to the connection. */
static void what_would_show_to_the_next_task_closes_it(void **state)
{
	static const char *const odd[] = {NULL, "set global timezone = 'Asia/Tokyo'", "detach other",
					  "create secret s (type http)"};
	char path[128], other[128], sql[200];
	(void)state;
	start_world(HOUR, HOUR);
	good(run("create table t as select 1 as a", named(below(path, "odd.duckdb"))));
	good(run("create table t as select 2 as a", named(below(other, "other.duckdb"))));
	(void)snprintf(sql, sizeof sql, "attach '%s' as other", other);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		good(run("select a from t", named(path)));
		good(run("select a from t", named(other)));
		assert_true(duckdb_file_is_locked(path) && duckdb_file_is_locked(other));
		tr_drop(run(odd[i] != NULL ? odd[i] : sql, named(path)));
		assert_false(duckdb_file_is_locked(path));
		assert_false(duckdb_file_is_locked(other));
	}
	for (int i = 0; i < 3; i++)
		good(run("select other.t.a from other.t",
			 tr_map_merge(named(path), TR_DICT("attach", TR_DICT("other", tr_string(other))))));
	world_stop(&w);
}

static void tables_of_a_task_end_with_it(void **state)
{
	(void)state;
	start_world(HOUR, 0);
	good(run("create temp table fleeting as select 1 as a; select a from fleeting", tr_map()));
	refused(run("select a from fleeting", tr_map()), "syntax");
	world_stop(&w);
}

/* The file is known, until somebody else has been at it. */
static void a_view_that_others_put_in_is_found(void **state)
{
	char path[128];
	(void)state;
	start_world(0, 0);
	duckdb_file_make(below(path, "shared.duckdb"), "create table t as select 1 as a");
	for (int i = 0; i < 3; i++)
		good(run("select a from t", named(path)));
	duckdb_file_make(path, "create view v as select * from enable_logging(storage = 'stdout')");
	refused(run("select a from t", named(path)), "denied");
	refused(run("select a from t", named(path)), "denied");
	world_stop(&w);
}

static void what_stays_within_the_task(void **state)
{
	static const char *const local[] = {
	    "select 1",
	    "WITH a AS (SELECT 1) SELECT * FROM a",
	    "insert into t values ('attach', 'secret')",
	    "create or replace table t (a int)",
	    "drop table t",
	    "copy t to 'x.csv'",
	};
	static const char *const other[] = {
	    "attach 'x' as y",
	    "select 1; attach 'x' as y",
	    "detach y",
	    "use y",
	    "set global timezone = 'UTC'",
	    "create secret s (type s3)",
	    "drop persistent secret s",
	    "pragma x",
	    "call f()",
	    "execute p",
	    "copy from database a to b",
	    "select e'\\'; attach 1",
	    "/* open",
	};
	(void)state;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		assert_true(duck_guard_is_local(tr_s(local[i])));
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		assert_false(duck_guard_is_local(tr_s(other[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_named_file_is_everybodys_behind_its_task),
	    cmocka_unit_test(an_executions_own_stays_open_until_the_node_ends),
	    cmocka_unit_test(or_until_its_time_is_over),
	    cmocka_unit_test(what_would_show_to_the_next_task_closes_it),
	    cmocka_unit_test(tables_of_a_task_end_with_it),
	    cmocka_unit_test(a_view_that_others_put_in_is_found),
	    cmocka_unit_test(what_stays_within_the_task),
	};
	const char *library = getenv("TROUPE_DUCKDB");

	if (library == NULL || access(library, R_OK) != 0) {
		fprintf(stderr, "skipped: DuckDB's library is not at %s; `make duckdb` fetches it with npm\n",
			library == NULL ? "$TROUPE_DUCKDB" : library);
		return SKIPPED;
	}
	return cmocka_run_group_tests_name("duckdb.open", tests, start, stop);
}
