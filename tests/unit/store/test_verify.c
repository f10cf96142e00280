/* SPDX-License-Identifier: Apache-2.0 */
/* What a look through a whole folder costs: every log is read once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/store/verify.h"
#include "store_kit.h"

#include <inttypes.h>
#include <sys/stat.h>

#define EXECUTIONS 40
#define EVENTS     200

static uint64_t log_bytes;

static int add_size(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)path;
	(void)ftw;
	log_bytes += flag == FTW_F ? (uint64_t)st->st_size : 0;
	return 0;
}

/* Bytes that this process has read so far, from wherever. */
static uint64_t bytes_read(void)
{
	FILE *f = fopen("/proc/self/io", "r");
	uint64_t n = 0;
	if (f == NULL)
		skip(); /* a kernel that does not tell */
	assert_int_equal(fscanf(f, "rchar: %" SCNu64, &n), 1);
	fclose(f);
	return n;
}

/* As an execution writes them: the index knows where it began and how it ended. */
static void add_whole(file_store *s, int64_t id)
{
	char folder[64];
	tr_buf bytes = {0};
	event e;
	snprintf(folder, sizeof folder, "jobs/demo/%" PRId64, id);
	event_init(&e, EVENT_EXECUTION_REQUESTED);
	e.event_id = e.seq = 1;
	e.time_us = 1;
	e.execution_id = id;
	e.payload = TR_DICT("playbook", TR_DICT("path", tr_string("jobs/demo")));
	assert_int_equal(store_frame(&bytes, &e), TR_OK);
	event_fini(&e);
	tr_buf rest = kit_events(id, 2, EVENTS, true);
	tr_buf_put(&bytes, rest.p, rest.n);
	assert_int_equal(file_store_add(s, id, tr_buf_str(&bytes), folder), TR_OK);
	tr_buf_fini(&rest);
	tr_buf_fini(&bytes);
}

static void every_log_is_read_once(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	for (int64_t id = 1; id <= EXECUTIONS; id++)
		add_whole(s, id);
	assert_int_equal(file_store_commit(s, true), 0);
	file_store_close(&s);
	layout_path path;
	assert_int_equal(layout_join(path, kit_data, "executions"), TR_OK);
	assert_int_equal(nftw(path, add_size, 16, FTW_PHYS), 0);
	verify_result r;
	uint64_t before = bytes_read();
	assert_int_equal(verify_store(kit_data, &r), TR_OK);
	uint64_t after = bytes_read();
	assert_int_equal(r.problems, 0);
	assert_int_equal(r.executions, EXECUTIONS);
	assert_int_equal(r.events, EXECUTIONS * EVENTS);
	verify_fini(&r);
	assert_true(after - before >= log_bytes);
	assert_true(after - before < log_bytes + log_bytes / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(every_log_is_read_once, kit_setup, kit_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
