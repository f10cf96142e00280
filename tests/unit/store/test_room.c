/* SPDX-License-Identifier: Apache-2.0 */
/* Room that the journal reserves: what readers see while somebody writes into it, and what becomes of it when the disk
 * is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/index_table.h"
#include "actors/store/journal.h"
#include "actors/store/snapshot_file.h"
#include "actors/store/verify.h"
#include "store_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static void path_of(layout_path path, const char *name)
{
	assert_int_equal(layout_join(path, kit_data, "%s", name), TR_OK);
}

/* ---- readers ------------------------------------------------------------------------------------------------- */

static void what_was_room_when_it_was_read_is_read_again(void **state)
{
	static const char file[] = "first second third and on";
	layout_path path;
	tr_buf seen = {0};
	(void)state;
	path_of(path, "growing");
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, sizeof file - 1), sizeof file - 1);
	/* A reader that was overtaken between its two reads; behind it there was room then. */
	tr_buf_put(&seen, "first \0\0\0\0\0\0\0third\0\0\0\0", 22);
	assert_int_equal(disk_read_again(fd, &seen), TR_OK);
	assert_int_equal(seen.n, 22);
	assert_memory_equal(seen.p, file, 18);
	/* A record may end with zeros. */
	assert_memory_equal(seen.p + 18, "\0\0\0\0", 4);
	/* What could not be written whole is cut off meanwhile. */
	assert_int_equal(ftruncate(fd, 6), 0);
	assert_int_equal(disk_read_again(fd, &seen), TR_OK);
	assert_int_equal(seen.n, 6);
	tr_buf_clear(&seen);
	assert_int_equal(ftruncate(fd, 6 + 8192), 0);
	assert_int_equal(disk_read_growing(path, &seen), TR_OK);
	assert_int_equal(seen.n, 6 + 8192);
	tr_buf_fini(&seen);
	close(fd);
}

static uint64_t problems(void)
{
	verify_result r;
	assert_int_equal(verify_store(kit_data, &r), TR_OK);
	uint64_t n = r.problems;
	verify_fini(&r);
	return n;
}

/* Half a record behind those that are there, as a reader meets it. */
static void half_a_record(void)
{
	layout_path path;
	tr_buf there = {0}, record = kit_events(100, 4, 4, false);
	assert_int_equal(journal_path(path, kit_data, 1), TR_OK);
	assert_int_equal(disk_read_growing(path, &there), TR_OK);
	while (there.n > 0 && there.p[there.n - 1] == '\0')
		there.n--;
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_true(there.n > 0 && pwrite(fd, record.p, record.n / 2, (off_t)there.n) == (ssize_t)(record.n / 2));
	close(fd);
	tr_buf_fini(&record);
	tr_buf_fini(&there);
}

static void the_middle_of_a_write_is_no_torn_tail(void **state)
{
	tr_buf notes = {0};
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	assert_int_equal(kit_add(s, 100, 1, 3, false), TR_OK);
	assert_int_equal(file_store_write(s, true), 0);
	half_a_record();
	assert_int_equal(kit_count(100, &notes), 3);
	assert_int_equal(notes.n, 0);
	assert_int_equal(problems(), 0);
	/* Without a writer it is what a crash left. */
	layout_path lock;
	path_of(lock, "lock");
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(kit_count(100, &notes), 3);
	assert_non_null(strstr(notes.p, "torn tail"));
	assert_int_equal(problems(), 1);
	tr_buf_fini(&notes);
	file_store_close(&s);
}

/* It was written behind the event that it is of, and by then the log had been looked at. */
static void a_snapshot_of_what_is_being_written_is_no_fault(void **state)
{
	snapshot one = {.seq = 9,
			.needed = 9,
			.event_id = 9,
			.playbook = TR_DICT("hash", tr_string("hash")),
			.state = tr_binary("packed", 6)};
	layout_path lock;
	int os_error;
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	assert_int_equal(kit_add(s, 100, 1, 3, false), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	assert_int_equal(snapshot_write(&disk_real, kit_data, "jobs/demo/100", 100, &one, &os_error), TR_OK);
	snapshot_fini(&one);
	assert_int_equal(problems(), 0);
	path_of(lock, "lock");
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(problems(), 1);
	file_store_close(&s);
}

/* The journal first, then the index, then the logs: what leaves the journal must be in the index by then. */
static void what_is_rotated_is_in_the_index(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	index_table t = {0};
	tr_buf notes = {0};
	uint64_t full;
	assert_int_equal(kit_add(s, 100, 1, 3, true), TR_OK);
	assert_int_equal(file_store_write(s, true), 0);
	assert_int_equal(file_store_rotate(s), 0);
	assert_int_equal(file_store_sweep(s, 100, &full), 1);
	assert_int_equal(index_read(&t, kit_data, &notes), TR_OK);
	assert_non_null(index_find(&t, 100));
	assert_int_equal(file_store_forget(s, full), 0);
	index_fini(&t);
	tr_buf_fini(&notes);
	file_store_close(&s);
}

/* ---- a full disk --------------------------------------------------------------------------------------------- */

static void the_last_bytes_are_not_reserved(void **state)
{
	struct statvfs fs;
	struct stat st;
	layout_path path;
	(void)state;
	path_of(path, "room");
	int fd = disk_real.create(NULL, path);
	assert_true(fd >= 0);
	assert_int_equal(disk_real.append(NULL, fd, "abc", 3), 0);
	assert_int_equal(fstatvfs(fd, &fs), 0);
	off_t most = (off_t)((uint64_t)fs.f_bavail * fs.f_frsize / 2);
	assert_int_equal(disk_real.reserve(NULL, fd, most), -ENOSPC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 3);
	close(fd);
}

static bool full_disk;
static unsigned syncs;

static int append(void *arg, int fd, const void *p, size_t n)
{
	return full_disk ? -ENOSPC : disk_real.append(arg, fd, p, n);
}

static int sync_file(void *arg, int fd)
{
	syncs++;
	return disk_real.sync(arg, fd);
}

static void expect(size_t events)
{
	tr_buf notes = {0};
	assert_int_equal(kit_count(100, &notes), events);
	assert_int_equal(notes.n, 0);
	tr_buf_fini(&notes);
}

static void a_full_disk_is_not_strewn_with_segments(void **state)
{
	disk d = disk_real;
	(void)state;
	d.append = append;
	file_store *s = kit_open(&d, NULL);
	assert_int_equal(kit_add(s, 100, 1, 3, false), TR_OK);
	assert_int_equal(file_store_write(s, true), 0);
	full_disk = true;
	assert_int_equal(kit_add(s, 100, 4, 5, false), TR_OK);
	for (int i = 0; i < 20; i++)
		assert_int_equal(file_store_write(s, true), -ENOSPC);
	assert_int_equal(kit_segments(), 2);
	expect(3);
	full_disk = false;
	assert_int_equal(file_store_write(s, true), 0);
	assert_int_equal(kit_segments(), 2);
	expect(5);
	file_store_close(&s);
	expect(5);
}

/* Acknowledged without a sync, in a segment that takes no more. */
static void what_was_written_before_is_synced(void **state)
{
	disk d = disk_real;
	(void)state;
	d.append = append;
	d.sync = sync_file;
	file_store *s = kit_open(&d, NULL);
	assert_int_equal(kit_add(s, 100, 1, 3, false), TR_OK);
	assert_int_equal(file_store_write(s, false), 0);
	full_disk = true;
	assert_int_equal(kit_add(s, 100, 4, 5, false), TR_OK);
	assert_int_equal(file_store_write(s, false), -ENOSPC);
	full_disk = false;
	syncs = 0;
	assert_int_equal(file_store_sync(s), 0);
	assert_int_equal(syncs, 1);
	assert_int_equal(file_store_write(s, false), 0);
	assert_int_equal(syncs, 2); /* nobody can come back to it later */
	expect(5);
	file_store_close(&s);
	expect(5);
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(what_was_room_when_it_was_read_is_read_again),
					   T(the_middle_of_a_write_is_no_torn_tail),
					   T(a_snapshot_of_what_is_being_written_is_no_fault),
					   T(what_is_rotated_is_in_the_index),
					   T(the_last_bytes_are_not_reserved),
					   T(a_full_disk_is_not_strewn_with_segments),
					   T(what_was_written_before_is_synced)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
