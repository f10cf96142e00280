/* SPDX-License-Identifier: Apache-2.0 */
/* Stores for results: files, a real PostgreSQL, the real DuckDB where it is, an HTTP server. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/duckdb/duckdb.h"
#include "plugins/actions/http/http.h"
#include "plugins/actions/postgres/postgres.h"
#include "plugins/shared/storage/storage.h"
#include "server.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static world w;
static server postgres, http;
static char folder[] = "/tmp/troupe-storage-XXXXXX";

static const builtin trusted[] = {{postgres_manifest, &postgres_plugin, true},
				  {duckdb_manifest, &duckdb_plugin, true},
				  {http_manifest, &http_plugin, true},
				  {storage_manifest, &storage_plugin, true}};

static tr_value stores(int port, int http_port)
{
	tr_value auth = TR_DICT("host", tr_string("127.0.0.1"), "port", tr_int(port), "user", tr_string("troupe"),
				"password", tr_string("opensesame"), "database", tr_string("troupe"));

	return TR_DICT(
	    "files", TR_DICT("kind", tr_string("file"), "folder", tr_stringf("%s/kept", folder)), "pg",
	    TR_DICT("kind", tr_string("postgres"), "auth", auth, "table", tr_string("public.kept \"here\"")), "duck",
	    TR_DICT("kind", tr_string("duckdb"), "database", tr_stringf("%s/kept.duckdb", folder)), "web",
	    TR_DICT("kind", tr_string("http"), "url", tr_stringf("http://127.0.0.1:%d/kept", http_port)), "lost",
	    TR_DICT("kind", tr_string("http"), "url", tr_stringf("http://127.0.0.1:%d/nowhere", http_port)));
}

static int start(void **state)
{
	int port, http_port;

	(void)state;
	assert_non_null(mkdtemp(folder));
	if (!server_start(&postgres, "postgres_server.py") || sscanf(postgres.line, "%d", &port) != 1 ||
	    !server_start(&http, "rows_server.py") || sscanf(http.line, "%d", &http_port) != 1)
		return -1;
	tr_value config = TR_DICT("storage", TR_DICT("stores", stores(port, http_port)));
	tr_value grants = TR_DICT("duckdb", TR_LIST(tr_stringf("fs:%s", folder)));
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
	server_stop(&http);
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command) == 0 ? 0 : -1;
}

#define PATIENCE tr_in(120 * TR_SECOND)

/* arg: [name, value] */
static tr_value put(tr_value arg)
{
	tr_value origin = TR_DICT("execution_id", tr_int(7), "step", tr_string("s"));

	return storage_put(tr_as_str(tr_array_at(arg, 0)), tr_array_at(arg, 1), origin, PATIENCE);
}

static tr_value get(tr_value ref)
{
	return storage_get(ref, PATIENCE);
}

static tr_value odd_value(void)
{
	return TR_DICT("list", TR_LIST(tr_int(INT64_MIN), tr_nil(), tr_float(0.1), tr_binary("\0\xff", 2)), "text",
		       tr_string("žluť 'quoted' \\ \n"), "deep", TR_DICT("a", TR_DICT("b", tr_bool(true))));
}

static bool is_here(const char *name)
{
	const char *library = getenv("TROUPE_DUCKDB");

	return strcmp(name, "duck") != 0 || (library != NULL && access(library, R_OK) == 0);
}

static void a_value_comes_back_from_each_kind_of_store(void **state)
{
	static const char *const names[] = {"files", "pg", "duck", "web"};
	tr_value value = odd_value();
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!is_here(names[i]))
			continue;
		tr_value ref = world_do(&w, put, TR_LIST(tr_string(names[i]), tr_keep(value)));
		if (!tr_is(ref, TR_MAP))
			show(names[i], ref);
		assert_true(tr_is(ref, TR_MAP));
		assert_string_equal(tr_as_cstr(tr_map_get_s(ref, "kind"), ""), "result_ref");
		assert_string_equal(tr_as_cstr(tr_map_get_s(ref, "store"), ""), names[i]);
		assert_true(storage_is_elsewhere(ref));
		/* The same value twice is there once, under the same name. */
		tr_value again = world_do(&w, put, TR_LIST(tr_string(names[i]), tr_keep(value)));
		assert_true(tr_equal(ref, again));
		tr_drop(again);
		tr_value back = world_do(&w, get, ref);
		if (!TR_IS_A(tr_array_at(back, 0), ok))
			show(names[i], back);
		assert_true(tr_equal(tr_array_at(back, 1), value));
		tr_drop(back);
	}
	tr_drop(value);
}

static void check_failure(tr_value answer, const char *part)
{
	const char *text = tr_as_cstr(tr_array_at(answer, 1), "");

	if (!TR_IS_A(tr_array_at(answer, 0), error) || strstr(text, part) == NULL)
		show(part, answer);
	assert_true(TR_IS_A(tr_array_at(answer, 0), error));
	assert_non_null(strstr(text, part));
	tr_drop(answer);
}

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void what_is_not_there_is_said(void **state)
{
	static const char *const names[] = {"files", "pg", "duck", "web"};
	(void)state;
	assert_true(tr_is_nil(world_do(&w, put, TR_LIST(tr_string("object"), tr_int(1)))));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (is_here(names[i]))
			check_failure(world_do(&w, get, TR_DICT("store", tr_string(names[i]), "key", tr_string(KEY))),
				      names[i]);
	check_failure(world_do(&w, get, TR_DICT("store", tr_string("object"), "key", tr_string(KEY))),
		      "no store of this name");
	check_failure(world_do(&w, get, TR_DICT("store", tr_string("files"), "key", tr_string("../../etc/passwd"))),
		      "SHA-256");
	check_failure(world_do(&w, put, TR_LIST(tr_string("lost"), tr_int(1))), "lost");
}

/* The bytes are not what they were: nobody gets them. */
static void damage_is_found(void **state)
{
	char path[600], name[300] = "";
	(void)state;
	(void)snprintf(path, sizeof path, "%s/kept", folder);
	tr_value ref = world_do(&w, put, TR_LIST(tr_string("files"), tr_string("to be spoilt")));
	(void)snprintf(name, sizeof name, "%s", tr_as_cstr(tr_map_get_s(ref, "key"), ""));
	(void)snprintf(path, sizeof path, "%s/kept/%s", folder, name);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fputc(0x42, f), 0x42);
	assert_int_equal(fclose(f), 0);
	check_failure(world_do(&w, get, ref), "is not what was stored");
}

static void a_wrong_store_is_refused_at_the_start(void **state)
{
	world other;
	tr_value config = TR_DICT("storage", TR_DICT("stores", TR_DICT("x", TR_DICT("kind", tr_string("tape")))));
	plugin_host_options options = {.builtins = &trusted[3], .builtin_count = 1, .config = config};
	tr_value reason = world_start(&other, &options);
	tr_buf text = {0};
	(void)state;
	tr_show(&text, reason, 2000);
	assert_non_null(strstr(text.p, "stores.x: kind must be file, postgres, duckdb or http, not tape"));
	tr_buf_fini(&text);
	tr_drop(reason);
	tr_drop(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_comes_back_from_each_kind_of_store),
	    cmocka_unit_test(what_is_not_there_is_said),
	    cmocka_unit_test(damage_is_found),
	    cmocka_unit_test(a_wrong_store_is_refused_at_the_start),
	};
	return cmocka_run_group_tests_name("storage", tests, start, stop);
}
