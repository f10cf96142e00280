/* SPDX-License-Identifier: Apache-2.0 */
/* The file store: what was committed is read back, also after a crash, also from a damaged disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/artifact_file.h"
#include "actors/store/index.h"
#include "actors/store/journal.h"

#include <errno.h>
#include "store_kit.h"

#include <sys/stat.h>

static void committed_events_are_read_while_open_and_after_close(void **state)
{
	(void)state;
	tr_buf notes = {0};
	file_store *s = kit_open(&disk_real, NULL);
	assert_int_equal(kit_add(s, 100, 1, 3, false), TR_OK);
	assert_int_equal(kit_add(s, 200, 1, 2, true), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	assert_int_equal(kit_count(100, &notes), 3);
	assert_int_equal(kit_count(200, &notes), 2);
	assert_int_equal(kit_add(s, 100, 4, 5, true), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	file_store_close(&s);
	assert_null(s);
	assert_int_equal(kit_count(100, &notes), 5);
	assert_int_equal(kit_count(200, &notes), 2);
	assert_int_equal(kit_count(300, &notes), 0);
	assert_int_equal(notes.n, 0);
	uint64_t *numbers;
	size_t count;
	assert_int_equal(journal_segments(kit_data, &numbers, &count), TR_OK);
	assert_int_equal(count, 0);
	tr_free(numbers);
}

static void crash_body(void)
{
	file_store *s = kit_open(&disk_real, NULL);
	assert_int_equal(kit_add(s, 100, 1, 3, false), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	assert_int_equal(kit_add(s, 100, 4, 9, false), TR_OK); /* never committed */
}

static void after_a_crash_all_that_was_committed_is_there(void **state)
{
	(void)state;
	tr_buf notes = {0};
	kit_crash(crash_body);
	assert_int_equal(kit_count(100, &notes), 3);
	file_store *s = kit_open(&disk_real, &notes);
	assert_int_equal(notes.n, 0);
	assert_int_equal(kit_add(s, 100, 4, 4, true), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	file_store_close(&s);
	assert_int_equal(kit_count(100, &notes), 4);
}

static void only_one_process_writes(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	file_store_error error;
	assert_null(file_store_open(kit_data, &disk_real, NULL, &error));
	assert_int_equal(error.err, TR_EBUSY);
	char pid[32];
	snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
	assert_non_null(strstr(error.text, pid));
	assert_int_equal(layout_lock_owner(kit_data), getpid());
	file_store_close(&s);
	assert_int_equal(layout_lock_owner(kit_data), 0);
}

static void wrong_input_is_refused(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	tr_buf bytes = kit_events(7, 1, 1, false);
	assert_int_equal(file_store_add(s, 7, tr_buf_str(&bytes), NULL), TR_ENOENT);
	assert_int_equal(file_store_add(s, 7, tr_buf_str(&bytes), "../../etc"), TR_EINVAL);
	assert_int_equal(file_store_add(s, 8, tr_buf_str(&bytes), "w/8"), TR_ECORRUPT);
	tr_str cut = {bytes.p, bytes.n - 1};
	assert_int_equal(file_store_add(s, 7, cut, "w/7"), TR_ECORRUPT);
	tr_buf_fini(&bytes);
	assert_int_equal(file_store_batch_size(s), 0);
	file_store_close(&s);
}

static void journal_of_three(void)
{
	file_store *s = kit_open(&disk_real, NULL);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		assert_int_equal(kit_add(s, 100, seq, seq, false), TR_OK);
		assert_int_equal(file_store_commit(s, true), 0);
	}
}

/* The segment as its writer left it, and where its records end: behind them is room. */
static size_t read_journal_file(layout_path path, tr_buf *bytes, size_t ends[4])
{
	size_t at = 0;
	assert_int_equal(journal_path(path, kit_data, 1), TR_OK);
	assert_int_equal(disk_read_file(path, bytes), TR_OK);
	for (size_t i = 0; i < 4; i++) { /* the folder's record, and three events */
		frame f;
		size_t used = 0;
		tr_str rest = {bytes->p + at, bytes->n - at};
		assert_int_equal(frame_get(rest, &f, &used), FRAME_OK);
		at += used;
		ends[i] = at;
	}
	assert_true(bytes->n > at);
	for (size_t i = at; i < bytes->n; i++)
		assert_int_equal(bytes->p[i], 0);
	return at;
}

static void put_file(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* The first n bytes, then nothing, or room that reads as zeros. */
static void expect_cut(const char *path, tr_str whole, size_t n, bool room, const size_t ends[4])
{
	tr_buf notes = {0}, bytes = {0};
	bool at_an_end = n == 0;
	size_t expected = 0;
	tr_buf_put(&bytes, whole.p, n);
	for (size_t i = 0; room && i < ends[3] + 100; i++)
		tr_buf_putc(&bytes, '\0');
	for (size_t i = 0; i < 4; i++) {
		/* Bytes that are zero anyway are not missed. */
		bool whole_record = room ? memcmp(bytes.p, whole.p, ends[i]) == 0 : n >= ends[i];
		expected = whole_record ? i : expected;
		at_an_end = at_an_end || n == ends[i] || (whole_record && n < ends[i]);
	}
	put_file(path, bytes.p, bytes.n);
	assert_int_equal(kit_count(100, &notes), expected);
	assert_int_equal(notes.n == 0, at_an_end);
	if (!at_an_end)
		assert_non_null(strstr(notes.p, "torn tail cut at byte"));
	tr_buf_fini(&notes);
	tr_buf_fini(&bytes);
}

static void every_truncation_keeps_what_is_before_it(void **state)
{
	(void)state;
	layout_path path;
	tr_buf whole = {0};
	size_t ends[4];
	kit_crash(journal_of_three);
	size_t written = read_journal_file(path, &whole, ends);
	for (size_t n = 0; n <= written; n++) {
		expect_cut(path, tr_buf_str(&whole), n, false, ends);
		expect_cut(path, tr_buf_str(&whole), n, true, ends);
	}
	tr_buf_fini(&whole);
}

static void every_flipped_byte_is_told_and_keeps_what_is_before_it(void **state)
{
	(void)state;
	layout_path path;
	tr_buf whole = {0};
	size_t ends[4];
	kit_crash(journal_of_three);
	size_t written = read_journal_file(path, &whole, ends);
	/* The room is not all tried: its bytes are all alike. */
	for (size_t i = 0; i < written + 40; i++) {
		tr_buf notes = {0};
		whole.p[i] = (char)(whole.p[i] ^ 0x55);
		put_file(path, whole.p, whole.n);
		whole.p[i] = (char)(whole.p[i] ^ 0x55);
		size_t seen = kit_count(100, &notes);
		assert_true(i < written ? seen <= 2 : seen == 3);
		/* A flipped id makes a good record impossible as well: something is always said. */
		assert_true(notes.n > 0);
		tr_buf_fini(&notes);
	}
	tr_buf_fini(&whole);
}

static void a_torn_journal_is_cut_and_the_store_goes_on(void **state)
{
	(void)state;
	layout_path path;
	tr_buf whole = {0};
	tr_buf report = {0};
	size_t ends[4];
	kit_crash(journal_of_three);
	size_t written = read_journal_file(path, &whole, ends);
	put_file(path, whole.p, written - 5);
	file_store *s = kit_open(&disk_real, &report);
	assert_non_null(strstr(report.p, "torn tail cut at byte"));
	assert_int_equal(kit_add(s, 100, 3, 4, true), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	file_store_close(&s);
	tr_buf_clear(&report);
	assert_int_equal(kit_count(100, &report), 4);
	assert_int_equal(report.n, 0);
	tr_buf_fini(&whole);
	tr_buf_fini(&report);
}

/* What is reserved is no part of what is said: nothing is told of it, by readers or when it is taken over. */
static void room_of_a_dead_writer_is_no_damage(void **state)
{
	(void)state;
	tr_buf report = {0};
	kit_crash(journal_of_three);
	assert_int_equal(kit_count(100, &report), 3);
	assert_int_equal(report.n, 0);
	file_store *s = kit_open(&disk_real, &report);
	assert_int_equal(report.n, 0);
	assert_int_equal(kit_add(s, 100, 4, 4, false), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	file_store_close(&s);
	assert_int_equal(kit_count(100, &report), 4);
	assert_int_equal(report.n, 0);
	tr_buf_fini(&report);
}

static int no_room(void *arg, int fd, off_t size)
{
	(void)arg;
	(void)fd;
	(void)size;
	return -EOPNOTSUPP;
}

static void where_no_room_can_be_had_it_is_written_all_the_same(void **state)
{
	(void)state;
	tr_buf report = {0};
	disk d = disk_real;
	d.reserve = no_room;
	file_store *s = kit_open(&d, NULL);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		assert_int_equal(kit_add(s, 100, seq, seq, false), TR_OK);
		assert_int_equal(file_store_commit(s, true), 0);
	}
	assert_int_equal(kit_count(100, &report), 3);
	file_store_close(&s);
	assert_int_equal(kit_count(100, &report), 3);
	assert_int_equal(report.n, 0);
	tr_buf_fini(&report);
}

static void executions_are_listed_oldest_first(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	assert_int_equal(kit_add(s, 300, 1, 1, false), TR_OK);
	assert_int_equal(kit_add(s, 100, 1, 1, true), TR_OK);
	assert_int_equal(file_store_commit(s, true), 0);
	tr_value list = store_list_executions(kit_data);
	assert_int_equal(tr_array_len(list), 2);
	assert_string_equal(tr_as_cstr(tr_map_get_s(tr_array_at(list, 0), "execution_id"), ""), "100");
	assert_string_equal(tr_as_cstr(tr_map_get_s(tr_array_at(list, 1), "workflow"), ""), "jobs/demo");
	tr_drop(list);
	assert_int_equal(store_newest_execution(kit_data), 300);
	file_store_close(&s);
}

static void put_record(tr_buf *out, event_type type, uint64_t seq, const char *status)
{
	tr_buf bytes = {0};
	frame f;
	size_t used;
	event e;
	event_init(&e, type);
	e.event_id = e.seq = seq;
	e.execution_id = 100;
	e.time_us = (int64_t)seq * 1000;
	e.status = event_status(tr_s(status));
	e.payload = TR_DICT("status", tr_string(status));
	assert_int_equal(store_frame(&bytes, &e), TR_OK);
	assert_int_equal(frame_get(tr_buf_str(&bytes), &f, &used), FRAME_OK);
	index_put(out, &f, "jobs/demo/100");
	event_fini(&e);
	tr_buf_fini(&bytes);
}

/* Records of the index may stand in any order: the newest event tells the status. */
static void the_newest_record_tells_the_status(void **state)
{
	(void)state;
	static const struct {
		event_type type;
		uint64_t seq;
		const char *status;
	} records[] = {{EVENT_EXECUTION_REQUESTED, 1, "running"},
		       {EVENT_EXECUTION_PAUSED, 4, "paused"},
		       {EVENT_PLAYBOOK_PROCESSED, 9, "failed"}};
	layout_path path;
	assert_int_equal(layout_join(path, kit_data, "index"), TR_OK);
	assert_int_equal(mkdir(path, 0700), 0);
	for (size_t first = 0; first < 3; first++) {
		index_table t = {0};
		tr_buf bytes = {0};
		for (size_t i = 0; i < 3; i++) {
			size_t at = (first + 3 - i) % 3;
			put_record(&bytes, records[at].type, records[at].seq, records[at].status);
		}
		assert_int_equal(index_path(path, kit_data), TR_OK);
		put_file(path, bytes.p, bytes.n);
		assert_int_equal(index_read(&t, kit_data, NULL), TR_OK);
		const index_entry *e = index_find(&t, 100);
		assert_non_null(e);
		assert_string_equal(e->status, "failed");
		assert_true(e->finished);
		assert_int_equal(e->seq, 9);
		assert_int_equal(e->started_us, 1000);
		assert_int_equal(e->ended_us, 9000);
		index_fini(&t);
		tr_buf_fini(&bytes);
	}
}

static void folder_names_stay_inside(void **state)
{
	(void)state;
	const char *cases[][2] = {{"jobs/etl", "jobs/etl"}, {"../../etc", "_./_./etc"},
				  {"/abs//x/", "abs/x"},    {"", "_"},
				  {"a b\tc", "a_b_c"},      {"é", "__"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char name[256];
		layout_folder_name(name, sizeof name, cases[i][0]);
		assert_string_equal(name, cases[i][1]);
		assert_true(layout_folder_ok(tr_s(name)));
	}
	assert_false(layout_folder_ok(tr_s("a/../b")));
	assert_false(layout_folder_ok(tr_s("/a")));
}

static void artifacts_come_back_or_are_called_damaged(void **state)
{
	(void)state;
	artifact_info info;
	int os = 0;
	tr_value value = TR_DICT("rows", TR_LIST(tr_int(1), tr_string("zwei"), tr_nil()));
	file_store *s = kit_open(&disk_real, NULL);
	assert_int_equal(artifact_write(kit_data, value, &info, &os), TR_OK);
	assert_int_equal(artifact_write(kit_data, value, &info, &os), TR_OK); /* the same again is no fault */
	tr_value back = artifact_read(kit_data, tr_s(info.key));
	assert_true(tr_equal(back, value));
	tr_drop(back);
	layout_path path;
	assert_int_equal(layout_join(path, kit_data, "artifacts/%.2s/%s", info.key, info.key), TR_OK);
	put_file(path, "not zstd", 8);
	assert_int_equal(tr_value_err(artifact_read(kit_data, tr_s(info.key))), TR_ECORRUPT);
	assert_int_equal(tr_value_err(artifact_read(kit_data, tr_s("../lock"))), TR_EINVAL);
	tr_drop(value);
	file_store_close(&s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(committed_events_are_read_while_open_and_after_close),
	    T(after_a_crash_all_that_was_committed_is_there),
	    T(only_one_process_writes),
	    T(wrong_input_is_refused),
	    T(every_truncation_keeps_what_is_before_it),
	    T(every_flipped_byte_is_told_and_keeps_what_is_before_it),
	    T(a_torn_journal_is_cut_and_the_store_goes_on),
	    T(room_of_a_dead_writer_is_no_damage),
	    T(where_no_room_can_be_had_it_is_written_all_the_same),
	    T(executions_are_listed_oldest_first),
	    T(the_newest_record_tells_the_status),
	    T(folder_names_stay_inside),
	    T(artifacts_come_back_or_are_called_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
