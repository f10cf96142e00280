/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that fails at its n-th call: nothing is acknowledged that is not there, and everything acknowledged stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
	disk d = {f_open_append, f_append, f_sync, f_truncate, f_make_folder, f_sync_folder, f_sync_all, f_remove, f};
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

int main(void)
{
	const struct CMUnitTest tests[] = {T(the_nth_call_fails), T(opening_fails_with_a_message)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
