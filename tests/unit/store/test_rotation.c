/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation of the journal in steps: what is appended in between, a crash at each point, and a disk that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/protocol.h"
#include "actors/store/finished.h"
#include "actors/store/journal.h"
#include "actors/store/store.h"
#include "store_kit.h"

#include <errno.h>
#include <sys/wait.h>
#include <troupe/io.h>
#include <troupe/node.h>

#define EXECUTIONS 5

static void append_to_all(file_store *s, uint64_t seq)
{
	for (int64_t id = 1; id <= EXECUTIONS; id++)
		assert_int_equal(kit_add(s, id, seq, seq, seq == 9 && id == 1), TR_OK);
	assert_int_equal(file_store_write(s, true), 0);
}

/* One execution a time, with an append to all after each: `stop_at` of these steps, 0 for all. How many were taken. */
static size_t rotate(file_store *s, size_t stop_at, uint64_t *seq)
{
	uint64_t full;
	size_t steps = 0;
	int result;
	assert_int_equal(file_store_rotate(s), 0);
	assert_true(file_store_is_rotating(s));
	assert_int_equal(file_store_rotate(s), -EBUSY);
	while ((result = file_store_sweep(s, 2, &full)) == 0) {
		if (++steps == stop_at)
			return steps;
		if (*seq < 8)
			append_to_all(s, ++*seq);
	}
	assert_int_equal(result, 1);
	assert_int_equal(kit_segments(), 2);
	assert_int_equal(file_store_forget(s, full), 0);
	assert_false(file_store_is_rotating(s));
	assert_int_equal(kit_segments(), 1);
	return steps;
}

static void appends_go_on_while_it_rotates(void **state)
{
	(void)state;
	file_store *s = kit_open(&disk_real, NULL);
	uint64_t seq = 0;
	append_to_all(s, ++seq);
	assert_true(rotate(s, 0, &seq) > 1);
	kit_expect_of_all(EXECUTIONS, seq);
	append_to_all(s, ++seq);
	kit_expect_of_all(EXECUTIONS, seq);
	file_store_close(&s);
	kit_expect_of_all(EXECUTIONS, seq);
}

/* Dies where it stands, after so many steps (0: after the last), and says how many events each execution had. */
static void rotate_and_die(size_t steps)
{
	file_store *s = kit_open(&disk_real, NULL);
	uint64_t seq = 0;
	append_to_all(s, ++seq);
	append_to_all(s, ++seq);
	(void)rotate(s, steps, &seq);
	_exit((int)seq);
}

static void a_crash_loses_nothing(void **state)
{
	(void)state;
	for (size_t steps = 0; steps <= 3; steps++) {
		int status;
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			rotate_and_die(steps);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) >= 2);
		kit_expect_of_all(EXECUTIONS, (size_t)WEXITSTATUS(status));
		tr_buf report = {0};
		file_store *s = kit_open(&disk_real, &report);
		assert_int_equal(report.n, 0);
		file_store_close(&s);
		kit_expect_of_all(EXECUTIONS, (size_t)WEXITSTATUS(status));
		assert_int_equal(kit_teardown(NULL), 0);
		assert_int_equal(kit_setup(NULL), 0);
	}
}

/* ---- a disk that makes no folders for a while ---------------------------------------------------------------- */

static bool full_disk;

static int make_folder(void *arg, const char *path)
{
	(void)arg;
	return full_disk && strstr(path, "executions/") != NULL ? -ENOSPC : disk_real.make_folder(NULL, path);
}

/* Also of those that are over, whose logs somebody failed to write before. */
static void nothing_is_forgotten_that_could_not_be_written(void **state)
{
	(void)state;
	disk d = disk_real;
	d.make_folder = make_folder;
	file_store *s = kit_open(&d, NULL);
	uint64_t full;
	full_disk = true;
	for (uint64_t seq = 1; seq <= 9; seq++)
		append_to_all(s, seq); /* the first one is over with that */
	finished *f = finished_take(s);
	assert_non_null(f);
	tr_value out = finished_value(f);
	finished_write(f);
	assert_int_equal(file_store_rotate(s), 0);
	assert_int_equal(file_store_sweep(s, 100, &full), -ENOSPC);
	finished_give_back(f, s);
	tr_drop(out);
	assert_int_equal(file_store_sweep(s, 100, &full), -ENOSPC);
	assert_int_equal(kit_segments(), 2);
	full_disk = false;
	assert_int_equal(file_store_sweep(s, 100, &full), 1);
	assert_int_equal(file_store_forget(s, full), 0);
	assert_int_equal(kit_segments(), 1);
	kit_expect_of_all(EXECUTIONS, 9);
	file_store_close(&s);
	kit_expect_of_all(EXECUTIONS, 9);
}

/* ---- the actor ----------------------------------------------------------------------------------------------- */

#define WAIT_NS (120 * TR_SECOND)
#define PAYLOAD (1024u * 1024u)
#define MANY    (JOURNAL_SEGMENT_MAX / PAYLOAD + 6)

#define MUST(what)                                                        \
	do {                                                              \
		if (!(what))                                              \
			tr_exitf("%s:%d: %s", __FILE__, __LINE__, #what); \
	} while (0)

static void append(int64_t id, uint64_t seq, tr_value payload)
{
	tr_buf bytes = {0};
	event e;
	event_init(&e, EVENT_STEP_DONE);
	e.seq = e.event_id = seq;
	e.execution_id = id;
	e.payload = TR_DICT("result", payload);
	MUST(store_frame(&bytes, &e) == TR_OK);
	event_fini(&e);
	tr_value message = TR_LIST(tr_atom("append"), tr_pid_value(tr_self()), tr_int(id), tr_int((int64_t)seq),
				   tr_binary(bytes.p, bytes.n), tr_bool(seq == 1),
				   tr_stringf("jobs/demo/%lld", (long long)id), tr_bool(true));
	tr_buf_fini(&bytes);
	MUST(tr_send_name(SUBJECT_STORE, message) == TR_OK);
	tr_value m = tr_receive(tr_in(WAIT_NS));
	MUST(tr_equal(tr_array_at(m, 0), tr_atom("appended")));
	tr_drop(m);
}

/* More than a segment holds. The old one goes by itself: each append takes the store a step further. */
static void fill_body(tr_value arg)
{
	tr_buf text = {0};
	(void)arg;
	for (size_t i = 0; i < PAYLOAD; i++)
		tr_buf_putc(&text, 'x');
	tr_value payload = tr_string_buf(&text);
	append(2, 1, tr_nil());
	for (uint64_t seq = 1; seq <= MANY; seq++)
		append(1, seq, tr_keep(payload));
	tr_drop(payload);
	layout_path first;
	MUST(journal_path(first, kit_data, 1) == TR_OK);
	uint64_t seq = 1;
	for (int64_t deadline = tr_in(WAIT_NS); access(first, F_OK) == 0 && tr_now() < deadline;)
		append(2, ++seq, tr_nil());
	MUST(access(first, F_OK) != 0);
	tr_exit(TR_LIST(tr_atom("seq"), tr_int((int64_t)seq)));
}

static void stop_body(tr_value arg)
{
	tr_stop(tr_as_pid(arg), TR_A(shutdown), tr_in(WAIT_NS));
}

static void the_store_rotates_by_itself(void **state)
{
	(void)state;
	store_options options = {.data = kit_data, .durability = DURABILITY_NONE};
	tr_child_spec child = stores_child_spec(&options);
	tr_supervisor_spec spec = {
	    .strategy = TR_ONE_FOR_ONE, .intensity = 1, .children = &child, .child_count = 1, .name = "top"};
	tr_node *node = tr_node_start(NULL, NULL);
	assert_non_null(node);
	assert_int_equal(tr_reactor_start(node), TR_OK);
	tr_started top = tr_node_supervisor(node, &spec);
	assert_true(top.pid.bits != 0);
	tr_spawned s = tr_node_spawn(node, fill_body, tr_nil(), NULL);
	tr_value reason = tr_node_wait(node, s.pid, WAIT_NS);
	int64_t seq = tr_as_int(tr_array_at(reason, 1), 0);
	tr_drop(reason);
	s = tr_node_spawn(node, stop_body, tr_pid_value(top.pid), NULL);
	tr_drop(tr_node_wait(node, s.pid, WAIT_NS));
	tr_node_stop(&node);
	assert_true(seq >= 1);
	tr_buf notes = {0};
	tr_value events = store_read_execution(kit_data, 1, &notes);
	assert_int_equal(tr_array_len(events), MANY);
	tr_drop(events);
	events = store_read_execution(kit_data, 2, &notes);
	assert_int_equal(tr_array_len(events), seq);
	tr_drop(events);
	assert_int_equal(notes.n, 0);
	tr_buf_fini(&notes);
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {T(appends_go_on_while_it_rotates), T(a_crash_loses_nothing),
					   T(nothing_is_forgotten_that_could_not_be_written),
					   T(the_store_rotates_by_itself)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
