/* SPDX-License-Identifier: Apache-2.0 */
/* What a node counts as resumed: children that their parent has taken up before their turn are no failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/protocol.h"
#include "cli/keeper.h"
#include "tests/unit/store/store_kit.h"

#include <stdatomic.h>
#include <troupe/gen_server.h>
#include <troupe/io.h>
#include <troupe/log.h>

/* What the control plane says to the resume of each. */
static const char *const said[] = {
    NULL,
    REFUSAL_RUNS,
    REFUSAL_OVER,
    "its log cannot be read",
};
#define COUNT (sizeof said / sizeof *said)

static _Atomic int asked, warned;

static tr_next fake_init(void *state, tr_value arg)
{
	(void)state;
	(void)arg;
	return tr_noreply();
}

static tr_next fake_call(void *state, tr_value request, tr_from from)
{
	tr_str what = tr_as_str(tr_array_at(request, 0));
	int64_t id = tr_as_int(tr_array_at(request, 1), 0);

	(void)state;
	(void)from;
	if (tr_str_is(what, "shutdown"))
		return tr_next_reply(TR_A(ok));
	/* The last: the keeper may end. */
	if (atomic_fetch_add(&asked, 1) == (int)COUNT - 1)
		(void)tr_send_name(KEEPER_NAME, TR_LIST(TR_A(stop)));
	const char *why = id >= 1 && id <= (int64_t)COUNT ? said[id - 1] : "there is no such execution";
	return tr_next_reply(why == NULL ? TR_LIST(TR_A(ok), tr_pid_value(tr_self()))
					 : TR_LIST(TR_A(error), tr_string(why)));
}

static const tr_gen_server fake = {.name = "executions", .init = fake_init, .handle_call = fake_call};

static void begin(file_store *s, int64_t id)
{
	tr_buf out = {0};
	char folder[40];
	event e;

	event_init(&e, EVENT_EXECUTION_REQUESTED);
	e.event_id = e.seq = 1;
	e.execution_id = id;
	e.time_us = 1000;
	e.payload = TR_DICT("workload", tr_map());
	assert_int_equal(store_frame(&out, &e), TR_OK);
	event_fini(&e);
	(void)snprintf(folder, sizeof folder, "jobs/demo/%lld", (long long)id);
	assert_int_equal(file_store_add(s, id, tr_buf_str(&out), folder), TR_OK);
	tr_buf_fini(&out);
}

static void count_warnings(void *arg, tr_value record)
{
	tr_buf text = {0};

	(void)arg;
	tr_log_show(&text, record, false);
	if (text.p != NULL && strstr(text.p, "is not resumed") != NULL)
		atomic_fetch_add(&warned, 1);
	tr_buf_fini(&text);
}

static void taken_up_children_are_resumed(void **state)
{
	tr_buf report = {0};
	file_store *s = kit_open(&disk_real, &report);
	tr_spawn_options named = {.name = SUBJECT_EXECUTIONS};
	keeper_job job = {.data = kit_data, .json = true};
	tr_logger_options quiet = {.level = TR_WARNING, .fd = -1};
	tr_node *node = tr_node_start(NULL, NULL);

	(void)state;
	tr_buf_fini(&report);
	for (size_t i = 0; i < COUNT; i++)
		begin(s, (int64_t)i + 1);
	assert_int_equal(file_store_commit(s, true), 0);
	file_store_close(&s);
	assert_non_null(node);
	assert_int_equal(tr_reactor_start(node), TR_OK);
	assert_int_equal(tr_logger_start(node, &quiet), TR_OK);
	assert_int_equal(tr_log_add_handler(node, "test", TR_WARNING, count_warnings, NULL, NULL), TR_OK);
	tr_started executions = tr_node_gen_server(node, &fake, tr_nil(), &named);
	assert_true(executions.pid.bits != 0);
	assert_int_equal(keeper_run(node, &job), TR_OK);
	tr_log_flush(node);
	tr_node_stop(&node);
	assert_int_equal(atomic_load(&asked), COUNT);
	assert_int_equal(job.resumed, 2);
	assert_int_equal(job.failed, 1);
	assert_string_equal(job.problem, "");
	assert_int_equal(atomic_load(&warned), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(taken_up_children_are_resumed, kit_setup, kit_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
