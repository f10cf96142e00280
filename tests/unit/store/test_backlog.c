/* SPDX-License-Identifier: Apache-2.0 */
/* Executions that are quiet leave memory: what their logs do not have yet is read in the journal when it is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/file_store_internal.h"
#include "actors/store/finished.h"
#include "store_kit.h"

#include <errno.h>

#define ID 100

static void add(file_store *s, uint64_t from, uint64_t to, bool last)
{
	assert_int_equal(kit_add(s, ID, from, to, last), TR_OK);
}

static void write_out(file_store *s)
{
	assert_int_equal(file_store_write(s, true), 0);
}

static bool in_memory(const file_store *s)
{
	const backlog *b = &store_entry_find(s, ID)->backlog;
	return b->count > 0 && tr_is_valid(b->items[b->count - 1].bytes);
}

/* Two rounds: the first sees that nothing came since the one before it. */
static void let_rest(file_store *s)
{
	assert_true(file_store_rest(s, 1));
	assert_true(in_memory(s));
	assert_true(file_store_rest(s, 1));
	assert_false(in_memory(s));
	assert_false(file_store_rest(s, 1));
}

static void expect(size_t events)
{
	tr_buf notes = {0};
	assert_int_equal(kit_count(ID, &notes), events);
	assert_int_equal(notes.n, 0);
	tr_buf_fini(&notes);
}

static void what_rests_is_written_from_the_journal(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	add(s, 1, 3, false);
	write_out(s);
	let_rest(s);
	expect(3);
	/* Something comes again: it is awake, and its parts lie here and there. */
	assert_int_equal(kit_add(s, 200, 1, 1, false), TR_OK);
	add(s, 4, 5, false);
	write_out(s);
	assert_true(in_memory(s));
	/* The second part stands behind other bytes of the same segment. */
	let_rest(s);
	assert_int_equal(file_store_checkpoint(s), 0);
	expect(5);
	add(s, 6, 6, false);
	write_out(s);
	let_rest(s);
	file_store_close(&s);
	expect(6);
}

static void what_is_in_the_batch_stays(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	add(s, 1, 2, false);
	for (int i = 0; i < 3; i++)
		assert_true(file_store_rest(s, 1));
	assert_true(in_memory(s));
	write_out(s);
	assert_true(file_store_rest(s, 1));
	assert_false(in_memory(s));
	file_store_close(&s);
	expect(2);
}

static void one_that_rested_ends(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	add(s, 1, 3, false);
	write_out(s);
	let_rest(s);
	add(s, 4, 4, true);
	write_out(s);
	finished *f = finished_take(s);
	assert_non_null(f);
	tr_value out = finished_value(f);
	finished_write(f);
	finished_give_back(f, s);
	tr_drop(out);
	assert_null(store_entry_find(s, ID));
	expect(4);
	file_store_close(&s);
	expect(4);
}

/* ---- disks that fail ----------------------------------------------------------------------------------------- */

static int failures;

static int half_append(void *arg, int fd, const void *p, size_t n)
{
	(void)arg;
	if (failures == 0)
		return disk_real.append(NULL, fd, p, n);
	failures--;
	(void)disk_real.append(NULL, fd, p, n / 2);
	return -ENOSPC;
}

static void a_batch_that_went_to_the_next_segment_is_found_there(void **state)
{
	(void)state;
	disk d = disk_real;
	d.append = half_append;
	file_store *s = kit_open(&d, NULL);
	add(s, 1, 2, false);
	write_out(s);
	add(s, 3, 3, false);
	failures = 1;
	assert_int_equal(file_store_write(s, true), -ENOSPC);
	add(s, 4, 4, false);
	write_out(s);
	let_rest(s);
	expect(4);
	assert_int_equal(file_store_checkpoint(s), 0);
	expect(4);
	file_store_close(&s);
	expect(4);
}

static void a_journal_that_changed_is_not_copied(void **state)
{
	(void)state;
	layout_path path;
	file_store *s = kit_open(&disk_real, NULL);
	add(s, 1, 3, false);
	write_out(s);
	let_rest(s);
	const backlog_part *part = &store_entry_find(s, ID)->backlog.items[0];
	assert_int_equal(journal_path(path, kit_data, part->segment), TR_OK);
	FILE *f = fopen(path, "r+b");
	assert_non_null(f);
	long at = (long)(part->at + part->n - 1);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	int c = fgetc(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	fputc(c ^ 0x55, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(file_store_checkpoint(s), -EIO);
	/* The journal stays, for whoever can make something of it. */
	assert_int_equal(access(path, F_OK), 0);
	file_store_close(&s);
	assert_int_equal(access(path, F_OK), 0);
	tr_buf notes = {0};
	assert_int_equal(kit_count(ID, &notes), 2);
	assert_true(notes.n > 0);
	tr_buf_fini(&notes);
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_rests_is_written_from_the_journal),
	    T(what_is_in_the_batch_stays),
	    T(one_that_rested_ends),
	    T(a_batch_that_went_to_the_next_segment_is_found_there),
	    T(a_journal_that_changed_is_not_copied),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
