/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind transfer to and from what stands in for Snowflake (tests/support/snowflake_server.py; docs/playbook.md,
 * section 10), and what is left there of one that was ended. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/command.h"
#include "server.h"
#include "transfer_kit.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <troupe/codec.h>

static server snowflake;
static int snow_port;

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
	tr_value o =
	    world_run(&transfer_world, "http", TR_DICT("url", tr_stringf("http://127.0.0.1:%d/said", snow_port)));
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
	tr_value o = world_do(&transfer_world, cancel_staged, TR_LIST(task, said(""), tr_int(held)));

	assert_string_equal(error_kind(o), "cancelled");
	tr_drop(o);
}

static void wait_for_no_stage(void)
{
	time_t end = time(NULL) + 60;
	bool there = true;

	while (there && time(NULL) < end)
		there = has_stage(world_run(&transfer_world, "http", said("")));
	assert_false(there);
}

/* The plugin's actor drops the table of a task that was ended in the middle. */
static void section_10_transfer_cancellation_leaves_nothing_in_snowflake(void **state)
{
	(void)state;
	tr_value task = TR_DICT("source", duck("query", "select range as a from range(1000000000)"), "target",
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
		is = number_of(world_run(&transfer_world, "http", said("")), key);
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
	int64_t again = number_of(world_run(&transfer_world, "http", said("")), "again");
	int64_t done = number_of(world_run(&transfer_world, "http", said("?hold=CREATE%20TRANSIENT")), "performed");
	check_cancelled(replace_late(), 1);
	wait_for_number("again", again + 1); /* it is asked for, and not overtaken: */
	assert_false(has_stage(world_run(&transfer_world, "http", said("?release"))));
	wait_for_number("performed", done + 3); /* CREATE of the target, of the table of its own, DROP */
	assert_false(has_stage(world_run(&transfer_world, "http", said(""))));
	/* The statements that put all into the target find that table gone, and have changed nothing. */
	write_file("late.csv", "id\n3\n");
	tr_drop(world_run(&transfer_world, "http", said("?hold=BEGIN")));
	check_cancelled(replace_late(), 2);
	wait_for_no_stage();
	done = number_of(world_run(&transfer_world, "http", said("?release")), "performed");
	wait_for_number("performed", done + 1);
	/* The same when time is over. */
	tr_drop(world_run(&transfer_world, "http", said("?hold=INSERT")));
	check_error(copy_with(file("late.csv"), snow("table", "shop.late"), TR_DICT("timeout", tr_float(2))), "timeout",
		    "transfer to snowflake, chunk 1", 1, 0);
	wait_for_no_stage();
	tr_drop(world_run(&transfer_world, "http", said("?release")));
	check_table("\"SHOP\".\"LATE\"", rows);
}

static int start(void **state)
{
	(void)state;
	if (!server_start(&snowflake, "snowflake_server.py") || sscanf(snowflake.line, "%d", &snow_port) != 1)
		return -1;
	return transfer_start(false);
}

static int stop(void **state)
{
	(void)state;
	server_stop(&snowflake);
	return transfer_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_10_transfer_to_snowflake),
	    cmocka_unit_test(section_10_transfer_from_snowflake),
	    cmocka_unit_test(section_10_transfer_cancellation_leaves_nothing_in_snowflake),
	    cmocka_unit_test(section_10_transfer_cancellation_overtakes_no_statement),
	};
	int missing = transfer_missing();

	return missing != 0 ? missing : cmocka_run_group_tests_name("transfer.snowflake", tests, start, stop);
}
