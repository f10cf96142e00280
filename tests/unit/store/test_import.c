/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that claim another execution's place, and what the index knows after crashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/export.h"
#include "actors/store/index.h"
#include "store_kit.h"

#include <troupe/codec.h>

#define ID     4711
#define FOLDER "jobs/demo/4711"

static tr_buf one_event(int64_t id, uint64_t seq, event_type type)
{
	tr_buf out = {0};
	event e;
	event_init(&e, type);
	e.event_id = e.seq = seq;
	e.time_us = 1000 * (int64_t)seq;
	e.execution_id = id;
	e.payload = TR_DICT("result", tr_int((int64_t)seq * 10), "status", tr_string("success"));
	assert_int_equal(store_frame(&out, &e), TR_OK);
	event_fini(&e);
	return out;
}

static void add(file_store *s, uint64_t seq, event_type type)
{
	tr_buf bytes = one_event(ID, seq, type);
	assert_int_equal(file_store_add(s, ID, tr_buf_str(&bytes), FOLDER), TR_OK);
	tr_buf_fini(&bytes);
	assert_int_equal(file_store_commit(s, true), 0);
}

static void begin(void)
{
	add(kit_open(&disk_real, NULL), 1, EVENT_EXECUTION_REQUESTED);
}

static void finish(void)
{
	add(kit_open(&disk_real, NULL), 2, EVENT_PLAYBOOK_PROCESSED);
}

static void the_index_knows_an_end_that_only_log_and_journal_had(void **state)
{
	(void)state;
	index_table t = {0};
	tr_buf notes = {0};
	kit_crash(begin);
	kit_crash(finish);
	file_store *s = kit_open(&disk_real, &notes);
	file_store_close(&s);
	assert_int_equal(index_read(&t, kit_data, &notes), TR_OK); /* the file alone, no log beside it */
	const index_entry *e = index_find(&t, ID);
	assert_non_null(e);
	assert_true(e->finished);
	assert_string_equal(e->status, "success");
	assert_int_equal(e->seq, 2);
	assert_int_equal(notes.n, 0);
	index_fini(&t);
}

/* A whole stream with one event of `id`, which wants to lie in `folder`. */
static FILE *stream(int64_t id, const char *folder)
{
	tr_buf record = one_event(id, 1, EVENT_EXECUTION_REQUESTED), text = {0};
	FILE *in = tmpfile();
	assert_non_null(in);
	tr_base64_write(&text, tr_buf_str(&record));
	fprintf(in, "{\"troupe_export\":1}\n{\"execution\":\"%lld\",\"folder\":\"%s\",\"events\":1}\n", (long long)id,
		folder);
	fprintf(in, "{\"seq\":1,\"record\":\"%.*s\"}\n{\"end\":true}\n", TR_STR(text));
	rewind(in);
	tr_buf_fini(&record);
	tr_buf_fini(&text);
	return in;
}

static tr_err import(int64_t id, const char *folder, export_counts *counts)
{
	tr_buf report = {0};
	uint64_t line;
	file_store *s = kit_open(&disk_real, NULL);
	FILE *in = stream(id, folder);
	tr_err err = import_store(s, &disk_real, in, &report, counts, &line);
	fclose(in);
	tr_buf_fini(&report);
	file_store_close(&s);
	return err;
}

static void no_stream_takes_the_place_of_another_execution(void **state)
{
	(void)state;
	tr_buf notes = {0};
	export_counts counts;
	file_store *s = kit_open(&disk_real, NULL);
	add(s, 1, EVENT_EXECUTION_REQUESTED);
	add(s, 2, EVENT_PLAYBOOK_PROCESSED);
	file_store_close(&s);
	/* The id begins as the folder's name does; the folder's name as the id does; it is quite another. */
	assert_int_equal(import(47110, FOLDER, &counts), TR_ECORRUPT);
	assert_int_equal(import(471, FOLDER, &counts), TR_ECORRUPT);
	assert_int_equal(import(9, FOLDER, &counts), TR_ECORRUPT);
	/* The same id elsewhere is refused as taken. */
	assert_int_equal(import(ID, "jobs/other/4711", &counts), TR_OK);
	assert_int_equal(counts.failed, 1);
	assert_int_equal(kit_count(ID, &notes), 2);
	assert_int_equal(import(9, "jobs/demo/9", &counts), TR_OK);
	assert_int_equal(counts.executions, 1);
	assert_int_equal(kit_count(9, &notes), 1);
	assert_int_equal(notes.n, 0);
}

static void the_store_tells_whether_an_id_is_taken(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	assert_false(file_store_has(s, ID));
	add(s, 1, EVENT_EXECUTION_REQUESTED); /* in the journal alone */
	assert_true(file_store_has(s, ID));
	add(s, 2, EVENT_PLAYBOOK_PROCESSED); /* in its log alone */
	assert_true(file_store_has(s, ID));
	assert_false(file_store_has(s, 471));
	file_store_close(&s);
	s = kit_open(&disk_real, NULL);
	assert_true(file_store_has(s, ID));
	file_store_close(&s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(the_index_knows_an_end_that_only_log_and_journal_had),
	    T(no_stream_takes_the_place_of_another_execution),
	    T(the_store_tells_whether_an_id_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
