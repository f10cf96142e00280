/* SPDX-License-Identifier: Apache-2.0 */
/* A process dies in the middle of writing a file: what is left is no problem, and the next owner clears it away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/artifact_file.h"
#include "actors/store/leftovers.h"
#include "actors/store/repair.h"
#include "actors/store/spool.h"
#include "actors/store/verify.h"
#include "store_kit.h"

#include <fcntl.h>
#include <sys/resource.h>

#define LARGE (256u * 1024u) /* what cannot be packed */

/* The system ends a process that writes more than it may, in the middle of a write. */
static void write_too_much(void)
{
	const struct rlimit limit = {LARGE / 2, LARGE / 2}, none = {0, 0};
	artifact_info info;
	char *p = tr_alloc(LARGE);
	int os;
	uint64_t x = 4711;
	for (size_t i = 0; i < LARGE; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		p[i] = (char)(x >> 56);
	}
	file_store *s = kit_open(&disk_real, NULL);
	if (s == NULL || kit_add(s, 1, 1, 3, true) != TR_OK || file_store_commit(s, true) != 0)
		_exit(1);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	(void)artifact_write(kit_data, tr_binary(p, LARGE), &info, &os);
	_exit(2);
}

static void die_writing(void)
{
	int status = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		write_too_much();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGXFSZ);
}

static void put(const char *file)
{
	layout_path path;
	assert_int_equal(layout_join(path, kit_data, "%s", file), TR_OK);
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void expect_leftovers(uint64_t count, const char *one)
{
	verify_result r;
	bool found = one == NULL;
	assert_int_equal(verify_store(kit_data, &r), TR_OK);
	assert_int_equal(r.problems, 0);
	assert_int_equal(r.leftovers, count);
	assert_int_equal(tr_array_len(r.left), count);
	for (size_t i = 0; i < count; i++)
		found = found || strstr(tr_as_cstr(tr_array_at(r.left, i), ""), one) != NULL;
	assert_true(found);
	verify_fini(&r);
}

static void what_a_crash_leaves_is_no_problem(void **state)
{
	(void)state;
	die_writing();
	expect_leftovers(1, "spool/");
	spool_clear(kit_data); /* as the artifact store does when it begins */
	expect_leftovers(0, NULL);
}

static void the_next_owner_clears_journal_and_index(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	put("journal/0000000000000001.journal.new");
	put("index/executions.idx.new");
	put("journal/notes");
	file_store_close(&s);
	expect_leftovers(2, "journal/0000000000000001.journal.new");
	s = kit_open(&disk_real, NULL);
	file_store_close(&s);
	expect_leftovers(0, NULL);
}

static void write_snapshot_and_die(void)
{
	int status = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		file_store *s = kit_open(&disk_real, NULL);
		if (s == NULL || kit_add(s, 2, 1, 3, false) != TR_OK || file_store_commit(s, true) != 0 ||
		    file_store_flush(s) != 0)
			_exit(1);
		put("executions/jobs/demo/2/3.snapshot.new");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void an_executions_own_are_told_and_cleared(void **state)
{
	(void)state;
	layout_path folder;
	write_snapshot_and_die();
	assert_int_equal(layout_join(folder, kit_data, "executions/jobs/other.new"), TR_OK); /* a workflow's */
	assert_int_equal(disk_real.make_folder(NULL, folder), 0);
	put("executions/jobs/other.new/7.log.zst.new");
	expect_leftovers(2, "executions/jobs/demo/2/3.snapshot.new");
	file_store *s = kit_open(&disk_real, NULL);
	file_store_close(&s);
	expect_leftovers(1, "executions/jobs/other.new/7.log.zst.new");
	tr_buf report = {0};
	repair_result r;
	file_store_error error;
	assert_true(repair_store(kit_data, &disk_real, &report, &r, &error));
	assert_int_equal(r.leftovers, 1);
	tr_buf_fini(&report);
	expect_leftovers(0, NULL);
	assert_int_equal(access(folder, F_OK), 0);
}

static void repair_removes_them_all(void **state)
{
	(void)state;
	layout_path folder;
	die_writing();
	assert_int_equal(layout_join(folder, kit_data, "artifacts/ab"), TR_OK);
	assert_int_equal(disk_real.make_folder(NULL, folder), 0);
	put("artifacts/ab/abcd.12.new"); /* as former versions left them */
	expect_leftovers(2, "artifacts/ab/abcd.12.new");
	tr_buf report = {0};
	repair_result r;
	file_store_error error;
	assert_true(repair_store(kit_data, &disk_real, &report, &r, &error));
	assert_int_equal(r.leftovers, 2);
	assert_int_equal(r.failed, 0);
	tr_buf_fini(&report);
	expect_leftovers(0, NULL);
}

static void while_somebody_writes_they_are_under_way(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	put("index/executions.idx.new");
	expect_leftovers(0, NULL);
	file_store_close(&s);
	expect_leftovers(1, "index/executions.idx.new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_a_crash_leaves_is_no_problem, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(the_next_owner_clears_journal_and_index, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(an_executions_own_are_told_and_cleared, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(repair_removes_them_all, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(while_somebody_writes_they_are_under_way, kit_setup, kit_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
