/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kinds postgres and transfer on a server that the caller has started. Prints lines of JSON.
 *
 *   bench_sql inserts PORT COUNT UNDER_WAY     rows inserted a second, a command each, so many under way
 *   bench_sql transfer PORT FILE               seconds to bring the table bench to a DuckDB file
 *   bench_sql read FILE.csv FILE               seconds that DuckDB's own reader takes for the same rows from a csv
 */
#include "plugins/actions/duckdb/duckdb.h"
#include "plugins/actions/postgres/postgres.h"
#include "plugins/actions/transfer/transfer.h"
#include "plugins/host/host.h"
#include "plugins/shared/duckdb/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <troupe/io.h>
#include <troupe/node.h>

static const builtin plugins[] = {{postgres_manifest, &postgres_plugin, true},
				  {duckdb_manifest, &duckdb_plugin, true},
				  {transfer_manifest, &transfer_plugin, true}};

static int port;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void line(const char *bench, const char *subject, double value, const char *unit)
{
	printf("{\"bench\": \"%s\", \"subject\": \"%s\", \"value\": %.4f, \"unit\": \"%s\"}\n", bench, subject, value,
	       unit);
	fflush(stdout);
}

static tr_node *node_with_plugins(void)
{
	tr_node *node = tr_node_start(NULL, NULL);
	tr_child_spec child;
	tr_value grants = TR_DICT("*", TR_LIST(tr_string("fs:*")));
	plugin_host_options options = {
	    .builtins = plugins, .builtin_count = sizeof plugins / sizeof *plugins, .grants = grants};
	bool ok = node != NULL && tr_reactor_start(node) == TR_OK && plugin_host_child(node, &options, &child) == TR_OK;

	if (ok) {
		tr_supervisor_spec top = {.intensity = 1, .children = &child, .child_count = 1, .label = "top"};
		tr_started s = tr_node_supervisor(node, &top);
		ok = s.pid.bits != 0;
		tr_drop(s.reason);
	}
	tr_drop(grants);
	if (!ok) {
		fprintf(stderr, "bench_sql: the plugins do not start\n");
		exit(1);
	}
	return node;
}

static tr_value auth(void)
{
	return TR_DICT("host", tr_string("127.0.0.1"), "port", tr_int(port), "user", tr_string("troupe"), "password",
		       tr_string("opensesame"), "database", tr_string("troupe"));
}

static tr_ref ask(const char *kind, tr_value input)
{
	tr_ref ref = tr_make_ref();
	tr_value command = TR_DICT("kind", tr_string(kind), "input", input, "context", tr_map());
	char name[64];

	(void)snprintf(name, sizeof name, "command.%s", kind);
	tr_send_name(name, TR_LIST(TR_A(command), tr_pid_value(tr_self()), tr_ref_value(ref), command));
	return ref;
}

/* The outcome must be a success. */
static void take(tr_ref ref)
{
	tr_value answer = tr_receive_ref(ref, tr_in(100 * TR_SECOND)), outcome = tr_array_at(answer, 2);

	if (!tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success")) {
		tr_buf text = {0};
		tr_show(&text, answer, 2000);
		fprintf(stderr, "bench_sql: %s\n", text.p == NULL ? "" : text.p);
		exit(1);
	}
	tr_drop(answer);
}

static void insert(int64_t i)
{
	take(ask("postgres", TR_DICT("query", tr_string("insert into inserts values ($1, $2)"), "params",
				     TR_LIST(tr_int(i), tr_string("a text of some length")), "auth", auth())));
}

/* A client, as those of pgbench are: one insert after the other. arg: [how many, who counts] */
static void client(tr_value arg)
{
	tr_pid counter = tr_as_pid(tr_array_at(arg, 1));

	insert(-1); /* connects */
	tr_send(counter, tr_string("ready"));
	tr_drop(tr_receive(tr_in(100 * TR_SECOND)));
	for (int64_t i = 0; i < tr_as_int(tr_array_at(arg, 0), 0); i++)
		insert(i);
	tr_send(counter, tr_string("done"));
}

static void hear_all(int64_t n)
{
	for (; n > 0; n--) {
		tr_value m = tr_receive(tr_in(100 * TR_SECOND));
		if (!tr_is(m, TR_STRING))
			exit(1);
		tr_drop(m);
	}
}

/* arg: [count, under way]; seconds. */
static tr_value inserts(tr_value arg)
{
	int64_t count = tr_as_int(tr_array_at(arg, 0), 0), wide = tr_as_int(tr_array_at(arg, 1), 1);
	tr_pid clients[64];

	wide = wide < 1 ? 1 : wide > 64 ? 64 : wide;
	for (int64_t i = 0; i < wide; i++)
		clients[i] = tr_spawn_link(client, TR_LIST(tr_int(count / wide), tr_pid_value(tr_self())));
	hear_all(wide);
	double from = now();
	for (int64_t i = 0; i < wide; i++)
		tr_send(clients[i], tr_string("go"));
	hear_all(wide);
	return tr_float(now() - from);
}

/* arg: a file; seconds. */
static tr_value transfer(tr_value file)
{
	double from = now();

	take(ask("transfer",
		 TR_DICT("source", TR_DICT("kind", tr_string("postgres"), "auth", auth(), "table", tr_string("bench")),
			 "target",
			 TR_DICT("kind", tr_string("duckdb"), "database", tr_keep(file), "table", tr_string("bench")),
			 "mode", tr_string("replace"))));
	return tr_float(now() - from);
}

typedef struct errand {
	tr_value (*fn)(tr_value);
	tr_value arg;
	double seconds;
} errand;

static void errand_end(void *data)
{
	(void)data; /* it is on the stack of main */
}

static const tr_class errand_class = {"errand", errand_end};

static void errand_body(tr_value arg)
{
	errand *e = tr_as_object(arg, &errand_class);

	e->seconds = tr_as_float(e->fn(e->arg), 0);
}

static double perform(tr_value (*fn)(tr_value), tr_value arg)
{
	tr_node *node = node_with_plugins();
	errand e = {fn, arg, 0};
	tr_spawned s = tr_node_spawn(node, errand_body, tr_object(&errand_class, &e), NULL);

	tr_drop(tr_node_wait(node, s.pid, TR_FOREVER));
	tr_drop(arg);
	fflush(stdout);
	return e.seconds;
}

static int read_csv(const char *csv, const char *file)
{
	duck_api api;
	tr_value why;
	duckdb_database db = NULL;
	duckdb_connection c = NULL;
	duckdb_result r = {0};
	char sql[1024];

	if (!duck_api_open(&api, "", &why)) {
		fprintf(stderr, "bench_sql: %s\n", tr_as_cstr(why, ""));
		return 1;
	}
	double from = now();
	duckdb_instance_cache cache = api.create_instance_cache();
	(void)snprintf(
	    sql, sizeof sql,
	    "create table bench (id bigint, customer int, amount decimal(10, 2), weight double, note varchar, taken "
	    "timestamptz, paid boolean); copy bench from '%s' (header false)",
	    csv);
	if (api.get_or_create_from_cache(cache, file, &db, NULL, NULL) != DUCKDB_SUCCESS ||
	    api.connect(db, &c) != DUCKDB_SUCCESS || api.query(c, sql, &r) != DUCKDB_SUCCESS) {
		fprintf(stderr, "bench_sql: %s\n", api.result_error(&r));
		return 1;
	}
	api.destroy_result(&r);
	api.disconnect(&c);
	api.close(&db);
	line("read", "duckdb", now() - from, "s");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "read") == 0)
		return read_csv(argv[2], argv[3]);
	port = argc > 2 ? atoi(argv[2]) : 0;
	if (argc == 5 && strcmp(argv[1], "inserts") == 0) {
		char bench[32];
		double seconds = perform(inserts, TR_LIST(tr_int(atoll(argv[3])), tr_int(atoll(argv[4]))));
		(void)snprintf(bench, sizeof bench, "inserts_%s", argv[4]);
		line(bench, "troupe", (double)atoll(argv[3]) / seconds, "/s");
	} else if (argc == 4 && strcmp(argv[1], "transfer") == 0) {
		line("transfer", "troupe", perform(transfer, tr_string(argv[3])), "s");
	} else {
		fprintf(stderr, "usage: %s inserts PORT COUNT UNDER_WAY | transfer PORT FILE | read CSV FILE\n",
			argv[0]);
		return 2;
	}
	return 0;
}
