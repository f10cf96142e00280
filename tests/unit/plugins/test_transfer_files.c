/* SPDX-License-Identifier: Apache-2.0 */
/* Files as places of the tool kind transfer: formats, and what of the file system is no way out (docs/playbook.md,
 * section 10). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/shared/files.h"
#include "transfer_kit.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* What becomes a link behind the look at a path is no way out, on any kernel. */
static void no_link_is_followed_when_it_is_opened(void **state)
{
	tr_value real = transfer_path("real"), link = transfer_path("link"), inside = transfer_path("link/in.csv"),
		 good = transfer_path("real/in.csv");
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
	tr_value link = transfer_path("link.csv"), broken = transfer_path("link.duckdb");
	(void)state;
	assert_non_null(mkdtemp(outside));
	(void)snprintf(target, sizeof target, "%s/made", outside);
	assert_int_equal(symlink(target, tr_as_cstr(link, "")), 0);
	assert_int_equal(symlink(target, tr_as_cstr(broken, "")), 0);
	write_file("linked.csv", "a\n1\n");
	check_error(copy_with(file("linked.csv"), file("link.csv"), tr_map()), "input", "is a symbolic link", 0, 0);
	check_error(copy_with(file("linked.csv"), file("link.csv/"), TR_DICT("mode", tr_string("replace"))), "input",
		    "is a symbolic link", 0, 0);
	check_error(
	    world_run(&transfer_world, "duckdb", TR_DICT("query", tr_string("select 1"), "database", tr_keep(broken))),
	    "input", "is a symbolic link", 0, 0);
	assert_int_equal(access(target, F_OK), -1);
	assert_int_equal(rmdir(outside), 0);
	tr_drop(link);
	tr_drop(broken);
}

static void what_is_no_file_is_refused(void **state)
{
	tr_value pipe_path = transfer_path("pipe.csv");
	int err;
	(void)state;
	assert_int_equal(mkfifo(tr_as_cstr(pipe_path, ""), 0600), 0);
	write_file("filed.csv", "a\n1\n");
	check_error(copy_with(file("pipe.csv"), file("x.csv"), tr_map()), "input", "is no regular file", 0, 0);
	check_error(copy_with(file("filed.csv"), file("pipe.csv"), tr_map()), "input", "is no regular file", 0, 0);
	check_error(world_run(&transfer_world, "duckdb", TR_DICT("file", tr_keep(pipe_path))), "input",
		    "it is no regular file", 0, 0);
	check_error(world_run(&transfer_world, "duckdb",
			      TR_DICT("query", tr_string("select 1"), "database", tr_keep(pipe_path))),
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
	tr_value one = transfer_path("self.csv"), two = transfer_path("other_name.csv");
	(void)state;
	write_file("self.csv", "a\n1\n2\n");
	assert_int_equal(link(tr_as_cstr(one, ""), tr_as_cstr(two, "")), 0);
	check_error(copy_with(file("self.csv"), file("self.csv"), TR_DICT("chunk_size", tr_int(1))), "input",
		    "is the source as well", 0, 0);
	check_error(copy_with(file("self.csv"), file("other_name.csv"), tr_map()), "input", "is the source as well", 0,
		    0);
	/* Nor by what DuckDB reads. */
	tr_value sql = tr_stringf("select * from read_csv('%s/sel*.csv')", transfer_folder),
		 params = TR_LIST(tr_keep(two));
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
	check_error(world_run(&transfer_world, "postgres", TR_DICT("query", tr_keep(sql), "auth", transfer_auth())),
		    "input", "a NUL character", 0, 0);
	check_error(
	    world_run(&transfer_world, "duckdb", TR_DICT("query", tr_string("select 1"), "database", tr_keep(cut))),
	    "input", "a NUL character", 0, 0);
	check_error(world_run(&transfer_world, "duckdb", TR_DICT("file", tr_keep(cut))), "input", "a NUL character", 0,
		    0);
	tr_drop(cut);
	tr_drop(sql);
}

static int start(void **state)
{
	(void)state;
	return transfer_start(false);
}

static int stop(void **state)
{
	(void)state;
	return transfer_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(section_10_transfer_files),
	    cmocka_unit_test(no_link_is_followed_when_it_is_opened),
	    cmocka_unit_test(links_do_not_lead_out_of_the_grant),
	    cmocka_unit_test(what_is_no_file_is_refused),
	    cmocka_unit_test(a_file_is_not_appended_to_itself),
	    cmocka_unit_test(texts_with_a_nul_are_refused),
	};
	int missing = transfer_missing();

	return missing != 0 ? missing : cmocka_run_group_tests_name("transfer.files", tests, start, stop);
}
