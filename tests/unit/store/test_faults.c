/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that fails at its n-th call: nothing is acknowledged that is not there, and everything acknowledged stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/finished.h"
#include "store_kit.h"

#include <errno.h>

/* Counts down over all calls that change something; at zero one call fails. */
struct faulty {
	long countdown;
	int error;
	bool half; /* a failing append writes half of its bytes first */
};

static bool fails(struct faulty *f)
{
	return f->countdown > 0 && --f->countdown == 0;
}

static int f_open_append(void *arg, const char *path)
{
	struct faulty *f = arg;
	return fails(f) ? -f->error : disk_real.open_append(NULL, path);
}

static int f_create(void *arg, const char *path)
{
	struct faulty *f = arg;
	return fails(f) ? -f->error : disk_real.create(NULL, path);
}

static int f_reserve(void *arg, int fd, off_t size)
{
	struct faulty *f = arg;
	return fails(f) ? -f->error : disk_real.reserve(NULL, fd, size);
}

static int f_append(void *arg, int fd, const void *p, size_t n)
{
	struct faulty *f = arg;
	if (!fails(f))
		return disk_real.append(NULL, fd, p, n);
	if (f->half)
		(void)disk_real.append(NULL, fd, p, n / 2);
	return -f->error;
}

static int f_sync(void *arg, int fd)
{
	struct faulty *f = arg;
	return fails(f) ? -f->error : disk_real.sync(NULL, fd);
}

static int f_truncate(void *arg, int fd, off_t size)
{
	struct faulty *f = arg;
	return fails(f) ? -f->error : disk_real.truncate(NULL, fd, size);
}

static int f_make_folder(void *arg, const char *path)
{
	struct faulty *f = arg;
	return fails(f) ? -f->error : disk_real.make_folder(NULL, path);
}

static int f_sync_folder(void *arg, const char *path)
{
	struct faulty *f = arg;
	return fails(f) ? -f->error : disk_real.sync_folder(NULL, path);
}

static int f_sync_all(void *arg, int fd)
{
	struct faulty *f = arg;
	return fails(f) ? -f->error : disk_real.sync_all(NULL, fd);
}

static int f_remove(void *arg, const char *path)
{
	struct faulty *f = arg;
	return fails(f) ? -f->error : disk_real.remove(NULL, path);
}

static disk disk_of(struct faulty *f)
{
	disk d = {f_open_append, f_create,      f_reserve,  f_append, f_sync, f_truncate,
		  f_make_folder, f_sync_folder, f_sync_all, f_remove, f};
	return d;
}

/* Append ten events to each of two executions, one commit each, going on over failures; the last acknowledged seq. */
static uint64_t play(file_store *s, size_t *failures)
{
	uint64_t acknowledged = 0;
	for (uint64_t seq = 1; seq <= 10; seq++) {
		assert_int_equal(kit_add(s, 100, seq, seq, seq == 10), TR_OK);
		assert_int_equal(kit_add(s, 200, seq, seq, false), TR_OK);
		while (file_store_commit(s, true) != 0)
			(*failures)++;
		acknowledged = seq;
	}
	return acknowledged;
}

static void run_with_fault(long at, bool half, int error, bool *reached)
{
	struct faulty f = {0, error, half};
	disk d = disk_of(&f);
	tr_buf notes = {0};
	size_t failures = 0;
	file_store *s = kit_open(&d, NULL);
	f.countdown = at;
	assert_int_equal(play(s, &failures), 10);
	*reached = f.countdown == 0;
	assert_true(failures <= 2);
	assert_int_equal(kit_count(100, &notes), 10);
	assert_int_equal(kit_count(200, &notes), 10);
	f.countdown = 0;
	file_store_close(&s);
	tr_buf_clear(&notes);
	assert_int_equal(kit_count(100, &notes), 10);
	assert_int_equal(kit_count(200, &notes), 10);
	tr_buf_fini(&notes);
}

static void the_nth_call_fails(void **state)
{
	static const int errors[] = {ENOSPC, EIO, EROFS};
	(void)state;
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		bool reached = true;
		for (long at = 1; reached; at++) {
			assert_true(at < 500);
			run_with_fault(at, i % 2 == 0, errors[i], &reached);
			assert_int_equal(kit_teardown(NULL), 0);
			assert_int_equal(kit_setup(NULL), 0);
		}
	}
}

static void opening_fails_with_a_message(void **state)
{
	(void)state;
	bool opened = false;
	for (long at = 1; !opened; at++) {
		struct faulty f = {at, EROFS, false};
		disk d = disk_of(&f);
		file_store_error error;
		file_store *s = file_store_open(kit_data, &d, NULL, &error);
		opened = s != NULL;
		if (!opened) {
			assert_int_equal(error.os_error, EROFS);
			assert_non_null(strstr(error.text, kit_data));
		}
		file_store_close(&s);
		assert_true(at < 100);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

/* Two executions that are over, in the journal, their logs out to be written. */
static file_store *with_finished(const disk *d, tr_value *out)
{
	file_store *s = kit_open(d, NULL);
	assert_int_equal(kit_add(s, 100, 1, 3, true), TR_OK);
	assert_int_equal(kit_add(s, 200, 1, 2, true), TR_OK);
	assert_int_equal(file_store_write(s, true), 0);
	finished *f = finished_take(s);
	assert_non_null(f);
	assert_null(finished_take(s));
	assert_int_equal(file_store_checkpoint(s), -EBUSY);
	*out = finished_value(f);
	assert_true(tr_is_valid(*out));
	return s;
}

static void both_are_there(void)
{
	tr_buf notes = {0};
	assert_int_equal(kit_count(100, &notes), 3);
	assert_int_equal(kit_count(200, &notes), 2);
	assert_int_equal(notes.n, 0);
	tr_buf_fini(&notes);
}

static void a_finished_log_that_fails_is_given_back(void **state)
{
	(void)state;
	struct faulty f = {0, ENOSPC, true};
	disk d = disk_of(&f);
	tr_value out;
	file_store *s = with_finished(&d, &out);
	f.countdown = 3; /* the append to the first log, half of which is written */
	finished_write(finished_of(out));
	assert_int_equal(f.countdown, 0);
	finished_give_back(finished_of(out), s);
	tr_drop(out);
	both_are_there();
	assert_int_equal(file_store_checkpoint(s), 0);
	both_are_there();
	file_store_close(&s);
	both_are_there();
}

static void finished_logs_that_are_stopped_are_written_by_the_store(void **state)
{
	(void)state;
	tr_value out;
	file_store *s = with_finished(&disk_real, &out);
	finished_stop(finished_of(out));
	finished_write(finished_of(out)); /* too late: it does nothing */
	finished_give_back(finished_of(out), s);
	tr_drop(out);
	file_store_close(&s);
	both_are_there();
}

static void the_journal_keeps_finished_logs_that_are_out(void **state)
{
	(void)state;
	tr_value out;
	file_store *s = with_finished(&disk_real, &out);
	file_store_close(&s);
	tr_drop(out);
	both_are_there();
	s = kit_open(&disk_real, NULL);
	both_are_there();
	file_store_close(&s);
	both_are_there();
}

int main(void)
{
	const struct CMUnitTest tests[] = {T(the_nth_call_fails), T(opening_fails_with_a_message),
					   T(a_finished_log_that_fails_is_given_back),
					   T(finished_logs_that_are_stopped_are_written_by_the_store),
					   T(the_journal_keeps_finished_logs_that_are_out)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
