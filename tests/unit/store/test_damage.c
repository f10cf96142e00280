/* SPDX-License-Identifier: Apache-2.0 */
/* Each byte of a small log, packed log and index flipped, each truncation: never a crash, always a report, everything
 * before the fault kept; and repair makes the folder whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/compact.h"
#include "actors/store/index.h"
#include "actors/store/log_file.h"
#include "actors/store/packed.h"
#include "actors/store/repair.h"
#include "actors/store/verify.h"
#include "store_kit.h"

#define ID     4711
#define EVENTS 4u
#define FOLDER "jobs/demo/4711"

static void put_event(tr_buf *out, uint64_t seq)
{
	static const event_type types[EVENTS] = {EVENT_EXECUTION_REQUESTED, EVENT_STEP_DONE, EVENT_STEP_DONE,
						 EVENT_PLAYBOOK_PROCESSED};
	event e;
	event_init(&e, types[seq - 1]);
	e.event_id = seq;
	e.seq = seq;
	e.time_us = 1000 * (int64_t)seq;
	e.execution_id = ID;
	e.payload = TR_DICT("result", tr_int((int64_t)seq * 10), "status", tr_string("success"));
	assert_int_equal(store_frame(out, &e), TR_OK);
	event_fini(&e);
}

/* A folder with one finished execution, closed in order. */
static void fill(void)
{
	file_store *s = kit_open(&disk_real, NULL);
	tr_buf frames = {0};
	for (uint64_t seq = 1; seq <= EVENTS; seq++)
		put_event(&frames, seq);
	assert_int_equal(file_store_add(s, ID, tr_buf_str(&frames), FOLDER), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	tr_buf_fini(&frames);
	file_store_close(&s);
}

static void put_file(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static uint64_t problems(void)
{
	verify_result r;
	assert_int_equal(verify_store(kit_data, &r), TR_OK);
	uint64_t n = 0;
	for (size_t i = 0; i < tr_array_len(r.list); i++) /* the test's playbook has no source */
		n += tr_as_str(tr_map_get_s(tr_array_at(r.list, i), "file")).p[0] != 'p';
	verify_fini(&r);
	return n;
}

typedef void check_fn(size_t at, bool truncated);

static void each_damage(const char *path, check_fn *check)
{
	tr_buf whole = {0};
	assert_int_equal(disk_read_file(path, &whole), TR_OK);
	for (size_t at = 0; at < whole.n; at++) {
		for (int bit = 1; bit < 256; bit <<= 5) {
			whole.p[at] = (char)(whole.p[at] ^ bit);
			put_file(path, whole.p, whole.n);
			check(at, false);
			whole.p[at] = (char)(whole.p[at] ^ bit);
		}
		put_file(path, whole.p, at);
		check(at, true);
	}
	put_file(path, whole.p, whole.n);
	tr_buf_fini(&whole);
}

/* Less than all is told, unless the file ends between two records. */
static void check_log(size_t at, bool truncated)
{
	tr_buf notes = {0};
	size_t kept = kit_count(ID, &notes);
	assert_true(kept <= EVENTS);
	if (!truncated)
		assert_true(kept < EVENTS && notes.n > 0);
	if (kept < EVENTS && !truncated)
		assert_true(problems() > 0);
	if (truncated && notes.n == 0 && at > 0)
		assert_true(kept < EVENTS);
	tr_buf_fini(&notes);
}

static void every_damage_of_a_log(void **state)
{
	layout_path path;
	(void)state;
	fill();
	assert_int_equal(log_plain_path(path, kit_data, FOLDER), TR_OK);
	each_damage(path, check_log);
	assert_int_equal(problems(), 0);
}

static void check_packed(size_t at, bool truncated)
{
	tr_buf notes = {0};
	size_t kept = kit_count(ID, &notes);
	(void)at;
	assert_true(kept <= EVENTS);
	if (kept < EVENTS || truncated) {
		assert_true(notes.n > 0);
		assert_true(problems() > 0);
	}
	tr_buf_fini(&notes);
}

static void every_damage_of_a_packed_log(void **state)
{
	layout_path path;
	tr_buf report = {0};
	compact_result result;
	compact_policy policy = {.now_us = INT64_MAX / 2, .pack = true};
	(void)state;
	fill();
	assert_int_equal(compact_store(kit_data, &disk_real, &policy, &report, &result), TR_OK);
	assert_int_equal(result.packed, 1);
	assert_int_equal(report.n, 0);
	assert_int_equal(kit_count(ID, &report), EVENTS);
	assert_int_equal(log_packed_path(path, kit_data, FOLDER), TR_OK);
	each_damage(path, check_packed);
	assert_int_equal(problems(), 0);
	tr_buf_fini(&report);
}

static void check_index(size_t at, bool truncated)
{
	index_table t = {0};
	tr_buf notes = {0};
	(void)at;
	assert_int_equal(index_load(&t, kit_data, false, &notes), TR_OK);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.entries[0].id, ID);
	assert_true(t.entries[0].finished);
	assert_string_equal(t.entries[0].status, "success");
	assert_int_equal(t.entries[0].started_us, 1000);
	assert_int_equal(t.entries[0].ended_us, 4000);
	if (!truncated)
		assert_true(notes.n > 0);
	index_fini(&t);
	tr_buf_fini(&notes);
}

static void every_damage_of_the_index(void **state)
{
	layout_path path;
	(void)state;
	fill();
	assert_int_equal(index_path(path, kit_data), TR_OK);
	each_damage(path, check_index);
	assert_int_equal(remove(path), 0);
	check_index(0, true);
}

static void repair_makes_it_whole(void **state)
{
	layout_path folder, removed, path, aside, index;
	tr_buf whole = {0};
	(void)state;
	fill();
	assert_int_equal(log_plain_path(path, kit_data, FOLDER), TR_OK);
	snprintf(aside, sizeof aside, "%.4000s.damaged", path);
	assert_int_equal(index_path(index, kit_data), TR_OK);
	assert_int_equal(layout_join(folder, kit_data, "executions/" FOLDER), TR_OK);
	assert_int_equal(layout_join(removed, kit_data, "executions/" FOLDER ".damaged1"), TR_OK);
	assert_int_equal(disk_read_file(path, &whole), TR_OK);
	for (size_t at = 0; at < whole.n; at += 5) {
		tr_buf report = {0}, notes = {0};
		repair_result result;
		file_store_error error;
		whole.p[at] = (char)(whole.p[at] ^ 1);
		put_file(path, whole.p, whole.n);
		whole.p[at] = (char)(whole.p[at] ^ 1);
		size_t kept = kit_count(ID, &notes);
		tr_buf_clear(&notes);
		assert_true(repair_store(kit_data, &disk_real, &report, &result, &error));
		assert_int_equal(result.logs, 1);
		assert_int_equal(result.failed, 0);
		assert_true(report.n > 0);
		/* What is left says so itself; nothing left is no execution, and its folder stays aside. */
		bool held = strstr(tr_buf_str(&report).p, "it is 'damaged' now") != NULL;
		assert_int_equal(result.removed, kept == 0);
		assert_false(held && kept == 0);
		tr_value left = store_read_execution(kit_data, ID, &notes);
		assert_int_equal(tr_array_len(left), kept + held);
		tr_drop(left);
		assert_int_equal(problems(), 0);
		if (kept == 0)
			assert_int_equal(rename(removed, folder), 0);
		assert_int_equal(access(aside, F_OK), 0);
		tr_buf_fini(&report);
		tr_buf_fini(&notes);
	}
	tr_buf_fini(&whole);
}

/* A crash between two steps of packing leaves one form or both, and all events in either case. */
static void packing_may_stop_anywhere(void **state)
{
	layout_path plain, packed, folder;
	tr_buf log = {0}, notes = {0};
	(void)state;
	fill();
	assert_int_equal(log_plain_path(plain, kit_data, FOLDER), TR_OK);
	assert_int_equal(log_packed_path(packed, kit_data, FOLDER), TR_OK);
	assert_int_equal(layout_join(folder, kit_data, "executions/" FOLDER), TR_OK);
	assert_int_equal(disk_read_file(plain, &log), TR_OK);
	assert_int_equal(packed_write(&disk_real, packed, tr_buf_str(&log)), 0);
	assert_int_equal(kit_count(ID, &notes), EVENTS);
	assert_int_equal(problems(), 0);
	assert_int_equal(remove(plain), 0);
	assert_int_equal(kit_count(ID, &notes), EVENTS);
	assert_int_equal(problems(), 0);
	assert_int_equal(remove(folder), 0);
	assert_int_equal(kit_count(ID, &notes), EVENTS);
	assert_int_equal(notes.n, 0);
	file_store *s = kit_open(&disk_real, &notes);
	assert_int_equal(notes.n, 0);
	file_store_close(&s);
	tr_buf_fini(&log);
	tr_buf_fini(&notes);
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_damage_of_a_log), T(every_damage_of_a_packed_log), T(every_damage_of_the_index),
	    T(repair_makes_it_whole), T(packing_may_stop_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
