/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots beside a log: used when they fit it, and otherwise left aside, with the same events in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_kit.h"

#include "actors/event/frame.h"
#include "actors/store/mend.h"
#include "actors/store/reading.h"
#include "actors/store/repair.h"
#include "actors/store/verify.h"

#include <troupe/codec.h>

#define ID     4711
#define FOLDER "jobs/demo/4711"

static snapshot made(uint64_t seq, uint64_t needed, uint64_t event_id)
{
	return (snapshot){.seq = seq,
			  .needed = needed,
			  .event_id = event_id,
			  .bytes = 40,
			  .playbook = TR_DICT("hash", tr_string("abc")),
			  .state = tr_binary("a state, packed", 15)};
}

static void put(uint64_t seq, uint64_t needed, uint64_t event_id)
{
	snapshot s = made(seq, needed, event_id);
	int os_error;
	assert_int_equal(snapshot_write(&disk_real, kit_data, FOLDER, ID, &s, &os_error), TR_OK);
	snapshot_fini(&s);
}

/* A log of ten events, whole. */
static void fill(void)
{
	file_store *s = kit_open(&disk_real, NULL);
	assert_int_equal(kit_add(s, ID, 1, 10, false), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	file_store_close(&s);
}

/* What is read is a snapshot and what follows, or all events; never anything else. The snapshot's seq; 0: none. */
static uint64_t read_back(uint64_t to, bool remarks)
{
	store_reading r = {.by_snapshot = true, .to = to};
	assert_int_equal(store_read(kit_data, ID, &r), TR_OK);
	assert_int_equal(r.notes.n, 0);
	assert_int_equal(r.remarks.n > 0, remarks);
	assert_int_equal(r.last, 10);
	uint64_t used = tr_is_valid(r.snapshot.state) ? r.snapshot.seq : 0;
	uint64_t first = used == 0 ? 1 : r.snapshot.needed < used ? r.snapshot.needed : used;
	assert_int_equal(tr_array_len(r.events), 10 - first + 1);
	for (size_t i = 0; i < tr_array_len(r.events); i++) {
		event e;
		assert_int_equal(event_from_value(tr_array_at(r.events, i), &e), TR_OK);
		assert_int_equal(e.seq, first + i);
		event_fini(&e);
	}
	store_reading_fini(&r);
	return used;
}

static void the_newest_that_fits_is_used(void **state)
{
	(void)state;
	fill();
	assert_int_equal(read_back(0, false), 0);
	put(3, 4, 3);
	assert_int_equal(read_back(0, false), 3);
	put(8, 5, 8);
	assert_int_equal(read_back(0, false), 8);
	assert_int_equal(read_back(7, false), 3);
	assert_int_equal(read_back(2, false), 0);
	/* Of another log, and of one that went further. */
	put(9, 10, 77);
	put(12, 12, 12);
	assert_int_equal(read_back(0, true), 8);
}

static void from_some_event_on(void **state)
{
	(void)state;
	fill();
	store_reading r = {.from = 7};
	assert_int_equal(store_read(kit_data, ID, &r), TR_OK);
	assert_int_equal(tr_array_len(r.events), 4);
	store_reading_fini(&r);
	r = (store_reading){.from = 1};
	assert_int_equal(store_read(kit_data, 99, &r), TR_ENOENT);
	store_reading_fini(&r);
}

static void write_file(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static uint64_t problems(void)
{
	verify_result v;
	assert_int_equal(verify_store(kit_data, &v), TR_OK);
	uint64_t n = v.problems;
	verify_fini(&v);
	return n;
}

/* Each byte flipped, each truncation. */
static void a_damaged_one_is_told_and_left_aside(void **state)
{
	(void)state;
	layout_path path;
	tr_buf whole = {0};
	fill();
	put(8, 5, 8);
	assert_int_equal(layout_join(path, kit_data, "executions/" FOLDER "/8.snapshot"), TR_OK);
	assert_int_equal(disk_read_file(path, &whole), TR_OK);
	assert_int_equal(problems(), 0);
	for (size_t i = 0; i < whole.n; i++) {
		for (int bit = 0; bit < 8; bit += 7) {
			whole.p[i] ^= (char)(1 << bit);
			write_file(path, whole.p, whole.n);
			assert_int_equal(read_back(0, true), 0);
			whole.p[i] ^= (char)(1 << bit);
		}
		write_file(path, whole.p, i);
		assert_int_equal(read_back(0, true), 0);
	}
	assert_int_equal(problems(), 1);
	write_file(path, whole.p, whole.n);
	assert_int_equal(read_back(0, false), 8);
	tr_buf_fini(&whole);
}

static void repair_removes_what_does_not_fit(void **state)
{
	(void)state;
	tr_buf report = {0};
	repair_result r;
	file_store_error error;
	size_t count;
	fill();
	put(3, 4, 3);
	put(9, 10, 77);
	put(12, 12, 12);
	assert_int_equal(problems(), 2);
	assert_true(repair_store(kit_data, &disk_real, &report, &r, &error));
	assert_int_equal(r.snapshots, 2);
	assert_int_equal(problems(), 0);
	uint64_t *left = snapshot_list(kit_data, FOLDER, &count);
	assert_int_equal(count, 1);
	assert_int_equal(left[0], 3);
	tr_free(left);
	assert_int_equal(snapshots_remove(&disk_real, kit_data, FOLDER), 0);
	assert_null(snapshot_list(kit_data, FOLDER, &count));
	tr_buf_fini(&report);
}

/* Nothing is written that could not be read back. */
static void one_that_is_too_large_is_refused(void **state)
{
	(void)state;
	static char zeros[65u << 20];
	snapshot s = made(3, 4, 3);
	size_t count;
	int os_error;
	tr_drop(s.state);
	s.state = tr_binary(zeros, sizeof zeros);
	assert_int_equal(snapshot_write(&disk_real, kit_data, FOLDER, ID, &s, &os_error), TR_ELIMIT);
	assert_null(snapshot_list(kit_data, FOLDER, &count));
	snapshot_fini(&s);
}

/* As an earlier version wrote it: the state as a map. */
static void one_of_an_earlier_format_is_left_aside_without_a_word(void **state)
{
	(void)state;
	layout_path path;
	tr_buf payload = {0}, file = {0};
	tr_value v = TR_DICT("format", tr_int(1), "playbook", tr_string("abc"), "needed", tr_int(5), "state",
			     TR_DICT("last_event_id", tr_int(8), "text", tr_string("of a state")));
	fill();
	put(3, 4, 3);
	assert_int_equal(tr_msgpack_write(&payload, v), TR_OK);
	frame_put(&file, FRAME_SNAPSHOT, EVENT_NONE, ID, 8, tr_buf_str(&payload));
	assert_int_equal(layout_join(path, kit_data, "executions/" FOLDER "/8.snapshot"), TR_OK);
	write_file(path, file.p, file.n);
	assert_int_equal(read_back(0, false), 3);
	assert_int_equal(problems(), 0);
	tr_drop(v);
	tr_buf_fini(&payload);
	tr_buf_fini(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_newest_that_fits_is_used, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(from_some_event_on, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(a_damaged_one_is_told_and_left_aside, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(repair_removes_what_does_not_fit, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(one_that_is_too_large_is_refused, kit_setup, kit_teardown),
	    cmocka_unit_test_setup_teardown(one_of_an_earlier_format_is_left_aside_without_a_word, kit_setup,
					    kit_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
