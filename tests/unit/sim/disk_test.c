/* SPDX-License-Identifier: Apache-2.0 */
/* The disk in memory: what survives a crash, and calls that fail. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include <troupe/sim.h>
#include <troupe/testing.h>

static bool content_is(tr_sim_disk *d, const char *path, const char *text)
{
	tr_str s;
	return tr_sim_disk_read(d, path, &s) && tr_str_is(s, text);
}

static void files_are_kept(void **state)
{
	(void)state;
	tr_sim_disk *d = tr_sim_disk_new(1);
	assert_non_null(d);
	assert_int_equal(tr_sim_disk_make_folder(d, "/a"), 0);
	int fd = tr_sim_disk_open_append(d, "/a/log");
	assert_true(fd > 2);
	assert_int_equal(tr_sim_disk_append(d, fd, "hello ", 6), 0);
	assert_int_equal(tr_sim_disk_append(d, fd, "world", 5), 0);
	assert_true(content_is(d, "/a/log", "hello world"));
	assert_int_equal(tr_sim_disk_truncate(d, fd, 5), 0);
	assert_true(content_is(d, "/a/log", "hello"));
	int again = tr_sim_disk_open_append(d, "/a/log");
	assert_int_equal(tr_sim_disk_append(d, again, "!", 1), 0);
	assert_true(content_is(d, "/a/log", "hello!"));
	assert_string_equal(tr_sim_disk_path(d, 0), "/a/log");
	assert_null(tr_sim_disk_path(d, 1));
	assert_int_equal(tr_sim_disk_append(d, 1, "x", 1), -EBADF);
	assert_int_equal(tr_sim_disk_remove(d, "/a/log"), 0);
	assert_false(content_is(d, "/a/log", "hello!"));
	tr_sim_disk_free(&d);
	assert_null(d);
}

static void synced_bytes_survive(void **state)
{
	(void)state;
	int lost = 0, torn = 0, whole = 0, gone = 0;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		tr_sim_disk *d = tr_sim_disk_new(seed);
		tr_str s;
		int fd = tr_sim_disk_open_append(d, "/a/log"), other = tr_sim_disk_open_append(d, "/b/never");
		assert_int_equal(tr_sim_disk_append(d, fd, "synced", 6), 0);
		assert_int_equal(tr_sim_disk_sync(d, fd), 0);
		assert_int_equal(tr_sim_disk_sync_folder(d, "/a"), 0);
		assert_int_equal(tr_sim_disk_append(d, fd, "pending", 7), 0);
		assert_int_equal(tr_sim_disk_append(d, other, "x", 1), 0);
		tr_sim_disk_crash(d);
		assert_true(tr_sim_disk_read(d, "/a/log", &s));
		assert_true(s.n >= 6 && s.n <= 13 && memcmp(s.p, "syncedpending", s.n) == 0);
		lost += s.n == 6;
		whole += s.n == 13;
		torn += s.n > 6 && s.n < 13;
		gone += !tr_sim_disk_read(d, "/b/never", &s);
		assert_int_equal(tr_sim_disk_append(d, fd, "x", 1), -EBADF);
		tr_sim_disk_free(&d);
	}
	assert_true(lost > 5 && torn > 50 && whole > 5);
	assert_in_range(gone, 50, 150);
}

static void calls_fail(void **state)
{
	(void)state;
	tr_sim_disk *d = tr_sim_disk_new(1);
	int fd = tr_sim_disk_open_append(d, "/log");
	tr_sim_disk_fail_nth(d, 1, EDQUOT);
	assert_int_equal(tr_sim_disk_append(d, fd, "first", 5), 0);
	assert_int_equal(tr_sim_disk_append(d, fd, "second", 6), -EDQUOT);
	assert_int_equal(tr_sim_disk_append(d, fd, "third", 5), 0);
	assert_true(content_is(d, "/log", "firstsecthird"));
	assert_int_equal(tr_sim_disk_calls(d), 4);
	tr_sim_disk_faults(d, 0.5, 0);
	int failed = 0;
	for (int i = 0; i < 100; i++)
		failed += tr_sim_disk_sync(d, fd) != 0;
	assert_in_range(failed, 20, 80);
	tr_sim_disk_faults(d, 0, 1);
	assert_int_equal(tr_sim_disk_append(d, fd, "never the whole", 15), -ENOSPC);
	tr_sim_disk_free(&d);
}

static void by_seed(tr_value arg)
{
	tr_sim_disk *d = tr_sim_disk_new(0);
	(void)arg;
	int64_t result = 0, fd = tr_sim_disk_open_append(d, "/log");
	while (fd < 0)
		fd = tr_sim_disk_open_append(d, "/log");
	for (int i = 0; i < 60; i++)
		result = result * 2 + (tr_sim_disk_append(d, (int)fd, "1234567890", 10) != 0);
	tr_sim_disk_free(&d);
	tr_exit(tr_int(result));
}

static void a_world_decides_for_its_disks(void **state)
{
	(void)state;
	tr_sim_options o = {.faults = {.disk_error = 0.1, .disk_torn = 0.2}};
	tr_sim_result one = tr_sim_run(7, &o, by_seed, tr_nil()), two = tr_sim_run(7, &o, by_seed, tr_nil());
	tr_sim_result other = tr_sim_run(8, &o, by_seed, tr_nil());
	assert_string_equal(one.text, two.text);
	assert_string_not_equal(one.text, other.text);
	tr_sim_result none = tr_sim_run(7, NULL, by_seed, tr_nil());
	assert_string_equal(none.text, "main ended with 0");
}

static void allocations_fail(void **state)
{
	(void)state;
	(void)tr_test_live_blocks();
	int64_t before = tr_test_live_blocks();
	for (int64_t n = 0;; n++) {
		tr_test_fail_alloc(n);
		tr_sim_disk *d = tr_sim_disk_new(1);
		int fd = d == NULL ? -ENOMEM : tr_sim_disk_open_append(d, "/log");
		int err = fd < 0 ? fd : tr_sim_disk_append(d, fd, "some bytes", 10);
		bool failed = tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		assert_true(failed == (err != 0));
		assert_true(err == 0 || err == -ENOMEM || err == -ENOSPC);
		tr_sim_disk_free(&d);
		assert_int_equal(tr_test_live_blocks(), before);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(files_are_kept),   cmocka_unit_test(synced_bytes_survive),
	    cmocka_unit_test(calls_fail),       cmocka_unit_test(a_world_decides_for_its_disks),
	    cmocka_unit_test(allocations_fail),
	};
	return cmocka_run_group_tests_name("sim.disk", tests, NULL, NULL);
}
