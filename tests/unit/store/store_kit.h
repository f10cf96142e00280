/* SPDX-License-Identifier: Apache-2.0 */
/** A data folder of its own for a test, and events to put there. */
#ifndef TROUPE_TESTS_STORE_KIT_H
#define TROUPE_TESTS_STORE_KIT_H

#include "actors/event/frame.h"
#include "actors/store/file_store.h"
#include "actors/store/journal.h"
#include "actors/store/reader.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char kit_data[64];

static int kit_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int kit_setup(void **state)
{
	(void)state;
	snprintf(kit_data, sizeof kit_data, "/tmp/troupe-store-XXXXXX");
	return mkdtemp(kit_data) == NULL ? -1 : 0;
}

static int kit_teardown(void **state)
{
	(void)state;
	return nftw(kit_data, kit_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline tr_buf kit_events(int64_t id, uint64_t from, uint64_t to, bool last)
{
	tr_buf out = {0};
	for (uint64_t seq = from; seq <= to; seq++) {
		event e;
		event_init(&e, last && seq == to ? EVENT_PLAYBOOK_PROCESSED : EVENT_STEP_DONE);
		e.event_id = seq;
		e.seq = seq;
		e.execution_id = id;
		e.step_run_id = seq;
		e.payload = TR_DICT("result", tr_int((int64_t)seq * 10));
		assert_int_equal(store_frame(&out, &e), TR_OK);
		event_fini(&e);
	}
	return out;
}

static inline file_store *kit_open(const disk *d, tr_buf *report)
{
	file_store_error error;
	file_store *s = file_store_open(kit_data, d, report, &error);
	if (s == NULL)
		print_message("%s\n", error.text);
	assert_non_null(s);
	return s;
}

/* Let a process of its own use the store and end it with kill -9: nothing flushed, the lock gone with the process. */
static inline void kit_crash(void (*body)(void))
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		body();
		(void)raise(SIGKILL);
	}
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static inline tr_err kit_add(file_store *s, int64_t id, uint64_t from, uint64_t to, bool last)
{
	char folder[64];
	snprintf(folder, sizeof folder, "jobs/demo/%lld", (long long)id);
	tr_buf bytes = kit_events(id, from, to, last);
	tr_err err = file_store_add(s, id, tr_buf_str(&bytes), folder);
	tr_buf_fini(&bytes);
	return err;
}

/* The number of events that a reader sees; each must be the right one. */
static inline size_t kit_count(int64_t id, tr_buf *notes)
{
	tr_value events = store_read_execution(kit_data, id, notes);
	if (!tr_is_valid(events))
		return 0;
	size_t n = tr_array_len(events);
	for (size_t i = 0; i < n; i++) {
		event e;
		assert_int_equal(event_from_value(tr_array_at(events, i), &e), TR_OK);
		assert_int_equal(e.seq, i + 1);
		assert_int_equal(tr_as_int(tr_map_get_s(e.payload, "result"), -1), (int64_t)(i + 1) * 10);
		event_fini(&e);
	}
	tr_drop(events);
	return n;
}

/* How many segments the journal has. */
static inline size_t kit_segments(void)
{
	uint64_t *numbers;
	size_t count;
	assert_int_equal(journal_segments(kit_data, &numbers, &count), TR_OK);
	tr_free(numbers);
	return count;
}

/* Each of the executions 1 to `executions` has so many events, and nothing is to be said of any. */
static inline void kit_expect_of_all(int64_t executions, size_t events)
{
	tr_buf notes = {0};
	for (int64_t id = 1; id <= executions; id++)
		assert_int_equal(kit_count(id, &notes), events);
	assert_int_equal(notes.n, 0);
	tr_buf_fini(&notes);
}

#endif
