/* SPDX-License-Identifier: Apache-2.0 */
/* The stores as actors: appends are answered when they are durable, a failing disk holds answers back, a crash of the
 * store is survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/protocol.h"
#include "actors/store/store.h"
#include "store_kit.h"

#include <errno.h>
#include <stdatomic.h>
#include <troupe/io.h>
#include <troupe/node.h>

#define WAIT_NS (120 * TR_SECOND)

static tr_node *node;
static tr_pid top;

static void start(durability d, const disk *with)
{
	store_options options = {.data = kit_data, .durability = d, .disk = with};
	tr_child_spec child = stores_child_spec(&options);
	tr_supervisor_spec spec = {
	    .strategy = TR_ONE_FOR_ONE, .intensity = 1, .children = &child, .child_count = 1, .name = "top"};
	node = tr_node_start(NULL, NULL);
	assert_non_null(node);
	assert_int_equal(tr_reactor_start(node), TR_OK);
	tr_started s = tr_node_supervisor(node, &spec);
	assert_true(s.pid.bits != 0);
	top = s.pid;
}

static void stop_body(tr_value arg)
{
	(void)arg;
	tr_stop(top, TR_A(shutdown), tr_in(WAIT_NS));
}

static void stop(void)
{
	tr_spawned s = tr_node_spawn(node, stop_body, tr_nil(), NULL);
	tr_drop(tr_node_wait(node, s.pid, WAIT_NS));
	tr_node_stop(&node);
}

/* Run a body as an actor of the node; it ends normally when its checks held. */
static void in_actor(tr_body *body)
{
	tr_spawned s = tr_node_spawn(node, body, tr_nil(), NULL);
	tr_value reason = tr_node_wait(node, s.pid, WAIT_NS);
	if (!TR_IS_A(reason, normal)) {
		tr_buf text = {0};
		tr_show(&text, reason, 300);
		print_message("ended with %s\n", text.p);
		tr_buf_fini(&text);
	}
	assert_true(TR_IS_A(reason, normal));
	tr_drop(reason);
}

/* cmocka's asserts jump, which an actor's stack does not like: actors exit instead. */
#define MUST(what)                                                        \
	do {                                                              \
		if (!(what))                                              \
			tr_exitf("%s:%d: %s", __FILE__, __LINE__, #what); \
	} while (0)

static void append(int64_t id, uint64_t from, uint64_t to, bool last)
{
	tr_buf bytes = {0};
	for (uint64_t seq = from; seq <= to; seq++) {
		event e;
		event_init(&e, last && seq == to ? EVENT_PLAYBOOK_PROCESSED : EVENT_STEP_DONE);
		e.seq = seq;
		e.event_id = seq;
		e.execution_id = id;
		e.payload = TR_DICT("result", tr_int((int64_t)seq * 10));
		MUST(store_frame(&bytes, &e) == TR_OK);
		event_fini(&e);
	}
	tr_value message = TR_LIST(tr_atom("append"), tr_pid_value(tr_self()), tr_int(id), tr_int((int64_t)to),
				   tr_binary(bytes.p, bytes.n), tr_bool(from == 1), tr_stringf("w/%lld", (long long)id),
				   tr_bool(true));
	tr_buf_fini(&bytes);
	MUST(tr_send_name(SUBJECT_STORE, message) == TR_OK);
}

static void expect_appended(int64_t id, int64_t seq)
{
	tr_value m = tr_receive(tr_in(WAIT_NS));
	MUST(tr_equal(tr_array_at(m, 0), tr_atom("appended")));
	MUST(tr_as_int(tr_array_at(m, 1), 0) == id);
	MUST(tr_as_int(tr_array_at(m, 2), 0) == seq);
	tr_drop(m);
}

static void many_appends_body(tr_value arg)
{
	(void)arg;
	for (uint64_t seq = 1; seq <= 50; seq++)
		for (int64_t id = 1001; id <= 1020; id++)
			append(id, seq, seq, seq == 50 && id % 2 == 0);
	/* Answers of one execution come in order; count them all. */
	int64_t last[20] = {0};
	for (int i = 0; i < 50 * 20; i++) {
		tr_value m = tr_receive(tr_in(WAIT_NS));
		MUST(tr_equal(tr_array_at(m, 0), tr_atom("appended")));
		int64_t id = tr_as_int(tr_array_at(m, 1), 0) - 1001;
		MUST(tr_as_int(tr_array_at(m, 2), 0) == ++last[id]);
		tr_drop(m);
	}
}

static void appends_are_answered_in_order_and_are_on_disk(void **state)
{
	(void)state;
	tr_buf notes = {0};
	start(DURABILITY_STRICT, NULL);
	in_actor(many_appends_body);
	for (int64_t id = 1001; id <= 1020; id++)
		assert_int_equal(kit_count(id, &notes), 50);
	stop();
	for (int64_t id = 1001; id <= 1020; id++)
		assert_int_equal(kit_count(id, &notes), 50);
	assert_int_equal(notes.n, 0);
}

static void load_body(tr_value arg)
{
	(void)arg;
	append(7, 1, 3, false);
	expect_appended(7, 3);
	tr_value answer = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("load"), tr_int(7)), tr_in(WAIT_NS));
	MUST(TR_IS_A(tr_array_at(answer, 0), ok));
	MUST(tr_array_len(tr_array_at(answer, 1)) == 3);
	MUST(tr_is_nil(tr_array_at(answer, 2)));
	tr_drop(answer);
	answer = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("load"), tr_int(8)), tr_in(WAIT_NS));
	MUST(TR_IS_A(tr_array_at(answer, 0), error));
	tr_drop(answer);
	answer = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("list")), tr_in(WAIT_NS));
	MUST(tr_array_len(answer) == 1);
	tr_drop(answer);
	tr_value bad = TR_LIST(tr_atom("append"), tr_pid_value(tr_self()), tr_int(9), tr_int(1),
			       tr_binary("rubbish", 7), tr_bool(true), tr_string("w/9"), tr_bool(true));
	MUST(tr_send_name(SUBJECT_STORE, bad) == TR_OK);
	tr_value m = tr_receive(tr_in(WAIT_NS));
	MUST(tr_equal(tr_array_at(m, 0), tr_atom("append_failed")));
	tr_drop(m);
}

static void load_and_list_and_refusal(void **state)
{
	(void)state;
	start(DURABILITY_BATCHED, NULL);
	in_actor(load_body);
	stop();
}

static void crash_body(tr_value arg)
{
	(void)arg;
	append(7, 1, 2, false);
	expect_appended(7, 2);
	tr_pid before = tr_whereis(SUBJECT_STORE);
	tr_ref ref = tr_monitor(before);
	tr_exit_signal(before, TR_A(kill));
	tr_drop(tr_receive_ref(ref, tr_in(WAIT_NS)));
	/* Its supervisor starts another; a call to the supervisor is answered behind the restart unless it is delayed
	   by back-off, so ask until the name is there again. */
	tr_pid stores = tr_whereis("stores");
	while (tr_whereis(SUBJECT_STORE).bits == 0)
		tr_drop(tr_supervisor_count_children(stores, tr_in(WAIT_NS)));
	MUST(!tr_pid_eq(before, tr_whereis(SUBJECT_STORE)));
	tr_value answer = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("load"), tr_int(7)), tr_in(WAIT_NS));
	MUST(tr_array_len(tr_array_at(answer, 1)) == 2);
	tr_drop(answer);
	append(8, 1, 1, true);
	expect_appended(8, 1);
}

static void a_killed_store_is_restarted_with_what_it_had(void **state)
{
	(void)state;
	start(DURABILITY_STRICT, NULL);
	in_actor(crash_body);
	stop();
}

/* ---- a disk that is full for a while
 * -------------------------------------------------------------------------------------- */

static atomic_int full_for; /* so many appends fail */
static atomic_int refused;

static int full_append(void *arg, int fd, const void *p, size_t n)
{
	(void)arg;
	if (atomic_load(&full_for) > 0) {
		atomic_fetch_sub(&full_for, 1);
		atomic_fetch_add(&refused, 1);
		return -ENOSPC;
	}
	return disk_real.append(NULL, fd, p, n);
}

static void full_body(tr_value arg)
{
	(void)arg;
	atomic_store(&full_for, 3);
	append(7, 1, 4, false);
	expect_appended(7, 4);
	MUST(atomic_load(&refused) == 3);
	append(7, 5, 5, true);
	expect_appended(7, 5);
}

static void a_full_disk_holds_answers_back_until_there_is_room(void **state)
{
	(void)state;
	disk d = disk_real;
	tr_buf notes = {0};
	d.append = full_append;
	start(DURABILITY_STRICT, &d);
	in_actor(full_body);
	stop();
	assert_int_equal(kit_count(7, &notes), 5);
	assert_int_equal(notes.n, 0);
}

/* ---- artifacts
 * --------------------------------------------------------------------------------------------------------------- */

static void artifacts_body(tr_value arg)
{
	(void)arg;
	tr_value value = TR_DICT("a", TR_LIST(tr_int(1), tr_float(2.5), tr_string("drei")));
	tr_value context = TR_DICT("execution_id", tr_int(77), "step", tr_string("fetch"), "label", tr_string("get"));
	tr_value ref =
	    tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("put"), tr_keep(value), context), tr_in(WAIT_NS));
	MUST(tr_str_is(tr_as_str(tr_map_get_s(ref, "kind")), "result_ref"));
	MUST(strncmp(tr_as_cstr(tr_map_get_s(ref, "ref"), ""), "noetl://execution/77/step/fetch/get/", 36) == 0);
	MUST(tr_as_int(tr_map_get_s(ref, "size"), 0) > 10);
	tr_value back = tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("get"), tr_keep(ref)), tr_in(WAIT_NS));
	MUST(TR_IS_A(tr_array_at(back, 0), ok));
	MUST(tr_equal(tr_array_at(back, 1), value));
	tr_drop(back);
	tr_drop(value);
	tr_value uri = tr_map_get_s(ref, "ref");
	back = tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("head"), tr_keep(uri)), tr_in(WAIT_NS));
	MUST(tr_equal(tr_map_get_s(tr_array_at(back, 1), "size"), tr_map_get_s(ref, "size")));
	MUST(tr_equal(tr_map_get_s(tr_array_at(back, 1), "key"), tr_map_get_s(ref, "key")));
	MUST(tr_equal(tr_map_get_s(tr_array_at(back, 1), "ref"), uri));
	tr_drop(back);
	MUST(TR_IS_A(tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("delete"), tr_keep(uri)), tr_in(WAIT_NS)), ok));
	MUST(tr_is_nil(tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("delete"), tr_keep(ref)), tr_in(WAIT_NS))));
	MUST(tr_is_nil(tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("head"), ref), tr_in(WAIT_NS))));
	tr_value bad = TR_DICT("key", tr_string("../../../../etc/passwd"));
	back = tr_call_name(SUBJECT_ARTIFACTS, TR_LIST(tr_atom("get"), bad), tr_in(WAIT_NS));
	MUST(TR_IS_A(tr_array_at(back, 0), error));
	tr_drop(back);
}

static void artifacts_by_reference(void **state)
{
	(void)state;
	start(DURABILITY_STRICT, NULL);
	in_actor(artifacts_body);
	stop();
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(appends_are_answered_in_order_and_are_on_disk),
	    T(load_and_list_and_refusal),
	    T(a_killed_store_is_restarted_with_what_it_had),
	    T(a_full_disk_holds_answers_back_until_there_is_room),
	    T(artifacts_by_reference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
