/* SPDX-License-Identifier: Apache-2.0 */
/* A log that cannot be written, since a file stands where its folder should be: the others go on, nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/artifact_file.h"
#include "actors/store/finished.h"
#include "actors/store/journal.h"
#include "actors/store/log_file.h"
#include "actors/store/sweep.h"
#include "store_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define EXECUTIONS 5
#define BAD        2

static void path_of(layout_path path, const char *below)
{
	assert_int_equal(layout_join(path, kit_data, "executions/jobs/demo%s", below), TR_OK);
}

static void put_file(const char *below)
{
	layout_path path;
	path_of(path, "");
	assert_int_equal(disk_real.make_folder(NULL, path), 0);
	path_of(path, below);
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void remove_file(const char *below)
{
	layout_path path;
	path_of(path, below);
	assert_int_equal(unlink(path), 0);
}

static void append_to_all(file_store *s, uint64_t seq, bool last)
{
	for (int64_t id = 1; id <= EXECUTIONS; id++)
		assert_int_equal(kit_add(s, id, seq, seq, last), TR_OK);
	assert_int_equal(file_store_write(s, true), 0);
}

/* Of a log alone. */
static uint64_t in_log(int64_t id)
{
	char folder[64];
	uint64_t n = 0;
	tr_buf bytes = {0};
	snprintf(folder, sizeof folder, "jobs/demo/%lld", (long long)id);
	if (log_read_plain(kit_data, folder, &bytes) == TR_OK) {
		tr_str rest = tr_buf_str(&bytes);
		frame f;
		for (size_t used; rest.n > 0; rest = (tr_str){rest.p + used, rest.n - used}) {
			assert_int_equal(frame_get(rest, &f, &used), FRAME_OK);
			assert_int_equal(f.seq, ++n); /* none of them twice */
		}
	}
	tr_buf_fini(&bytes);
	return n;
}

static void rotate(file_store *s)
{
	uint64_t full;
	int result;
	assert_int_equal(file_store_rotate(s), 0);
	while ((result = file_store_sweep(s, 2, &full)) == 0)
		assert_true(file_store_is_rotating(s));
	assert_int_equal(result, 1);
	assert_int_equal(file_store_forget(s, full), 0);
	assert_false(file_store_is_rotating(s));
}

static void expect_told(file_store *s, bool told)
{
	tr_buf report = {0};
	file_store_stranded(s, &report);
	tr_buf_putc(&report, '\0');
	assert_true((strstr(report.p, "execution 2: its log ") != NULL) == told);
	assert_true((strstr(report.p, "/jobs/demo/2/events.log cannot be written: Not a directory") != NULL) == told);
	assert_null(strstr(report.p, "execution 3"));
	tr_buf_fini(&report);
}

static void the_others_go_on(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	put_file("/2");
	append_to_all(s, 1, false);
	append_to_all(s, 2, false);
	expect_told(s, false);
	rotate(s);
	expect_told(s, true);
	expect_told(s, false); /* once */
	assert_int_equal(kit_segments(), 2);
	for (int64_t id = 1; id <= EXECUTIONS; id++)
		assert_int_equal(in_log(id), id == BAD ? 0 : 2);
	kit_expect_of_all(EXECUTIONS, 2);
	append_to_all(s, 3, false);
	rotate(s); /* and what was kept is kept again, once */
	append_to_all(s, 4, false);
	rotate(s);
	assert_int_equal(kit_segments(), 2);
	kit_expect_of_all(EXECUTIONS, 4);
	append_to_all(s, 5, false);
	remove_file("/2");
	rotate(s);
	assert_int_equal(kit_segments(), 1);
	for (int64_t id = 1; id <= EXECUTIONS; id++)
		assert_int_equal(in_log(id), 5);
	append_to_all(s, 6, true);
	file_store_close(&s);
	kit_expect_of_all(EXECUTIONS, 6);
}

/* Only what is in the way of one is in its segment. */
static void little_is_kept(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	struct stat before, after;
	layout_path path;
	put_file("/2");
	for (uint64_t seq = 1; seq <= 20; seq++)
		append_to_all(s, seq, false);
	assert_int_equal(journal_path(path, kit_data, 1), TR_OK);
	assert_int_equal(stat(path, &before), 0);
	rotate(s);
	assert_int_equal(stat(path, &after), 0);
	assert_true(after.st_size > 0 && after.st_size < before.st_size / 3);
	file_store_close(&s);
	kit_expect_of_all(EXECUTIONS, 20);
}

static void work_and_die(void)
{
	file_store *s = kit_open(&disk_real, NULL);
	append_to_all(s, 1, false);
	append_to_all(s, 2, false);
	rotate(s);
	append_to_all(s, 3, false);
}

static void a_crash_loses_nothing_and_the_store_opens(void **state)
{
	(void)state;
	put_file("/2");
	kit_crash(work_and_die);
	kit_expect_of_all(EXECUTIONS, 3);
	tr_buf report = {0};
	file_store *s = kit_open(&disk_real, &report);
	tr_buf_putc(&report, '\0');
	assert_non_null(strstr(report.p, "execution 2: its log "));
	tr_buf_fini(&report);
	kit_expect_of_all(EXECUTIONS, 3);
	append_to_all(s, 4, false);
	rotate(s);
	kit_expect_of_all(EXECUTIONS, 4);
	remove_file("/2");
	file_store_close(&s);
	assert_int_equal(kit_segments(), 0);
	for (int64_t id = 1; id <= EXECUTIONS; id++)
		assert_int_equal(in_log(id), 4);
}

static void end_and_die(void)
{
	file_store *s = kit_open(&disk_real, NULL);
	append_to_all(s, 1, false);
	append_to_all(s, 2, true);
	finished *f = finished_take(s);
	assert_non_null(f);
	tr_value out = finished_value(f);
	finished_write(f);
	finished_give_back(f, s);
	expect_told(s, true);
	rotate(s);
	kit_expect_of_all(EXECUTIONS, 2);
	tr_drop(out);
}

static void one_that_is_over_is_kept(void **state)
{
	(void)state;
	put_file("/2");
	kit_crash(end_and_die);
	file_store *s = kit_open(&disk_real, NULL);
	kit_expect_of_all(EXECUTIONS, 2);
	assert_int_equal(file_store_checkpoint(s), 0);
	kit_expect_of_all(EXECUTIONS, 2);
	file_store_close(&s);
	kit_expect_of_all(EXECUTIONS, 2);
	remove_file("/2");
	s = kit_open(&disk_real, NULL);
	file_store_close(&s);
	assert_int_equal(kit_segments(), 0);
	assert_int_equal(in_log(BAD), 2);
}

/* What is written again has to be on the disk before the journal forgets it. */
static void what_is_mended_late_is_swept_again(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	uint64_t full;
	put_file("/2");
	append_to_all(s, 1, false);
	assert_int_equal(file_store_rotate(s), 0);
	assert_int_equal(file_store_sweep(s, 100, &full), 1);
	remove_file("/2");
	assert_int_equal(file_store_flush(s), 0);
	assert_int_equal(file_store_forget(s, full), 1);
	assert_true(file_store_is_rotating(s));
	assert_int_equal(kit_segments(), 2);
	assert_int_equal(file_store_sweep(s, 100, &full), 1);
	assert_int_equal(file_store_forget(s, full), 0);
	assert_int_equal(kit_segments(), 1);
	/* A checkpoint in the middle has done it all: what comes later finds nothing to do. */
	append_to_all(s, 2, false);
	assert_int_equal(file_store_rotate(s), 0);
	assert_int_equal(file_store_sweep(s, 100, &full), 1);
	assert_int_equal(file_store_checkpoint(s), 0);
	assert_int_equal(file_store_forget(s, full), 0);
	assert_int_equal(kit_segments(), 1);
	file_store_close(&s);
	kit_expect_of_all(EXECUTIONS, 2);
}

static void leave_three_behind(void)
{
	file_store *s = kit_open(&disk_real, NULL);
	append_to_all(s, 1, false);
	append_to_all(s, 2, false);
	assert_int_equal(file_store_flush(s), 0); /* and the journal has them, too */
	append_to_all(s, 3, false);
}

/* Its end is not known then: what it has must not be there twice, and what was torn goes first. */
static void a_log_that_cannot_be_read_is_looked_at_later(void **state)
{
	(void)state;
	layout_path folder, aside, log;
	kit_crash(leave_three_behind);
	path_of(folder, "/2");
	path_of(aside, "/aside");
	path_of(log, "/2/events.log");
	assert_int_equal(rename(folder, aside), 0);
	put_file("/2");
	tr_buf report = {0};
	file_store *s = kit_open(&disk_real, &report);
	assert_true(report.n > 0);
	tr_buf_fini(&report);
	append_to_all(s, 4, false);
	rotate(s);
	kit_expect_of_all(EXECUTIONS, 4);
	remove_file("/2");
	assert_int_equal(rename(aside, folder), 0);
	assert_int_equal(truncate(log, FRAME_HEAD + 5), 0); /* torn in its first record */
	append_to_all(s, 5, false);
	rotate(s);
	assert_int_equal(kit_segments(), 1);
	for (int64_t id = 1; id <= EXECUTIONS; id++)
		assert_int_equal(in_log(id), 5);
	file_store_close(&s);
	kit_expect_of_all(EXECUTIONS, 5);
}

/* Its events are only in the journal: what they refer to is not to be swept away. */
static void its_artifacts_stay(void **state)
{
	(void)state;
	artifact_info info, other;
	int os;
	tr_buf bytes = {0}, report = {0};
	uint64_t removed;
	event e;
	put_file("/2");
	file_store *s = kit_open(&disk_real, NULL);
	tr_value v = tr_string("kept"), w = tr_string("nobody's");
	assert_int_equal(artifact_write(kit_data, v, &info, &os), TR_OK);
	assert_int_equal(artifact_write(kit_data, w, &other, &os), TR_OK);
	tr_drop(v);
	tr_drop(w);
	event_init(&e, EVENT_PLAYBOOK_PROCESSED);
	e.event_id = e.seq = 1;
	e.execution_id = BAD;
	e.payload = TR_DICT("result", TR_DICT("kind", tr_string("result_ref"), "key", tr_string(info.key)));
	assert_int_equal(store_frame(&bytes, &e), TR_OK);
	event_fini(&e);
	assert_int_equal(file_store_add(s, BAD, tr_buf_str(&bytes), "jobs/demo/2"), TR_OK);
	tr_buf_fini(&bytes);
	assert_int_equal(file_store_commit(s, true), 0);
	file_store_close(&s);
	assert_int_equal(sweep_artifacts(kit_data, &report, &removed), TR_OK);
	assert_int_equal(report.n, 0);
	assert_int_equal(removed, 1);
	v = artifact_read(kit_data, tr_s(info.key));
	assert_true(tr_str_is(tr_as_str(v), "kept"));
	tr_drop(v);
}

/* ---- a disk that fails while the segment is made anew --------------------------------------------------------- */

static int failing_create(void *arg, const char *path)
{
	(void)arg;
	return strstr(path, ".new") != NULL ? -ENOSPC : disk_real.create(NULL, path);
}

static void nothing_is_forgotten_that_could_not_be_kept(void **state)
{
	(void)state;
	disk d = disk_real;
	d.create = failing_create;
	file_store *s = kit_open(&d, NULL);
	uint64_t full;
	put_file("/2");
	append_to_all(s, 1, false);
	assert_int_equal(file_store_rotate(s), 0);
	assert_int_equal(file_store_sweep(s, 100, &full), 1);
	assert_int_equal(file_store_forget(s, full), -ENOSPC);
	assert_true(file_store_is_rotating(s));
	kit_expect_of_all(EXECUTIONS, 1);
	d.create = disk_real.create;
	append_to_all(s, 2, false);
	assert_int_equal(file_store_sweep(s, 100, &full), 1);
	assert_int_equal(file_store_forget(s, full), 0);
	assert_false(file_store_is_rotating(s));
	kit_expect_of_all(EXECUTIONS, 2);
	file_store_close(&s);
	kit_expect_of_all(EXECUTIONS, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_others_go_on, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(little_is_kept, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(a_crash_loses_nothing_and_the_store_opens, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(one_that_is_over_is_kept, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(what_is_mended_late_is_swept_again, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(a_log_that_cannot_be_read_is_looked_at_later, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(its_artifacts_stay, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(nothing_is_forgotten_that_could_not_be_kept, kit_setup, kit_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
