/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of transfers share. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/duckdb/duckdb.h"
#include "plugins/actions/http/http.h"
#include "plugins/actions/postgres/postgres.h"
#include "plugins/actions/transfer/transfer.h"
#include "server.h"
#include "transfer_kit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>
#include <unistd.h>

#define SKIPPED 77

world transfer_world;
char transfer_folder[40] = "/tmp/troupe-transfer-XXXXXX";

static server postgres;
static int port;

int transfer_start(bool with_postgres)
{
	static const builtin trusted[] = {{postgres_manifest, &postgres_plugin, true},
					  {duckdb_manifest, &duckdb_plugin, true},
					  {http_manifest, &http_plugin, true},
					  {transfer_manifest, &transfer_plugin, true}};
	char grant[64];

	assert_non_null(mkdtemp(transfer_folder));
	if (with_postgres &&
	    (!server_start(&postgres, "postgres_server.py") || sscanf(postgres.line, "%d", &port) != 1))
		return -1;
	(void)snprintf(grant, sizeof grant, "fs:%s", transfer_folder);
	tr_value config = TR_DICT("duckdb", TR_DICT("memory", tr_string("128MB"), "threads", tr_int(2)));
	tr_value grants = TR_DICT("*", TR_LIST(tr_string(grant)));
	plugin_host_options options = {
	    .builtins = trusted, .builtin_count = sizeof trusted / sizeof *trusted, .config = config, .grants = grants};
	tr_value reason = world_start(&transfer_world, &options);
	assert_false(tr_is_valid(reason));
	tr_drop(config);
	tr_drop(grants);
	return 0;
}

int transfer_stop(void)
{
	world_stop(&transfer_world);
	if (port != 0)
		server_stop(&postgres);
	return folder_remove(transfer_folder);
}

int transfer_missing(void)
{
	const char *library = getenv("TROUPE_DUCKDB");

	if (library != NULL && access(library, R_OK) == 0)
		return 0;
	fprintf(stderr, "skipped: DuckDB's library is not at %s; `make duckdb` fetches it with npm\n",
		library == NULL ? "$TROUPE_DUCKDB" : library);
	return SKIPPED;
}

/* ---- places ---- */

tr_value transfer_path(const char *name)
{
	return tr_stringf("%s/%s", transfer_folder, name);
}

tr_value transfer_auth(void)
{
	return TR_DICT("host", tr_string("127.0.0.1"), "port", tr_int(port), "user", tr_string("troupe"), "password",
		       tr_string("opensesame"), "database", tr_string("troupe"));
}

tr_value pg(const char *key, const char *what)
{
	return TR_DICT("kind", tr_string("postgres"), "auth", transfer_auth(), key, tr_string(what));
}

tr_value duck(const char *key, const char *what)
{
	return TR_DICT("kind", tr_string("duckdb"), "database", transfer_path("test.duckdb"), key, tr_string(what));
}

tr_value file(const char *name)
{
	return TR_DICT("kind", tr_string("file"), "path", transfer_path(name));
}

/* Takes all. */
tr_value copy_with(tr_value source, tr_value target, tr_value more)
{
	return world_run(&transfer_world, "transfer", tr_map_merge(TR_DICT("source", source, "target", target), more));
}

void check_copied(tr_value o, int64_t rows, int64_t chunks)
{
	if (!succeeded(o))
		show("transfer", o);
	assert_true(succeeded(o));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "rows_transferred"), -1), rows);
	assert_int_equal(tr_as_int(TR_GET(o, "result", "chunks"), -1), chunks);
	tr_drop(o);
}

void check_error(tr_value o, const char *kind, const char *part, int64_t chunk, int64_t row)
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
void check_sql(const char *kind, const char *sql, const char *expected)
{
	bool in_duckdb = strcmp(kind, "duckdb") == 0;
	tr_value input = in_duckdb ? duck("query", sql) : pg("query", sql), o;
	tr_buf text = {0};

	o = world_run(&transfer_world, kind, input);
	if (!succeeded(o))
		show(sql, o);
	assert_true(succeeded(o));
	tr_json_write(&text, TR_GET(o, "result", "rows"), 0);
	tr_buf_putc(&text, '\0');
	assert_string_equal(text.p, expected);
	tr_buf_fini(&text);
	tr_drop(o);
}

void write_file(const char *name, const char *content)
{
	tr_value path = transfer_path(name);
	FILE *f = fopen(tr_as_cstr(path, ""), "w");

	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
	tr_drop(path);
}

void check_file(const char *name, const char *expected)
{
	char got[4096];
	tr_value path = transfer_path(name);
	FILE *f = fopen(tr_as_cstr(path, ""), "r");

	assert_non_null(f);
	size_t n = fread(got, 1, sizeof got - 1, f);
	got[n] = '\0';
	assert_int_equal(fclose(f), 0);
	assert_string_equal(got, expected);
	tr_drop(path);
}
