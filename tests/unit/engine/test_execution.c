/* SPDX-License-Identifier: Apache-2.0 */
/* The actor of an execution: what it does, when, and whom it believes. */
#include "tests/unit/engine/control_kit.h"

#include <string.h>

#define TWO HEAD "workflow:\n" STEP("one") "  next: [{step: two, args: {n: \"{{ one.n }}\"}}]\n" STEP("two")

static bool status_is(tr_value summary, const char *status)
{
	return kit_text_is(tr_map_get_s(summary, "status"), status);
}

static tr_value failure(tr_value summary, const char *key)
{
	return tr_map_get_s(tr_array_at(tr_map_get_s(summary, "failures"), 0), key);
}

static bool is_watched_event(void *arg, tr_value m)
{
	(void)arg;
	return tr_array_len(m) == 3 && TR_IS_A(tr_array_at(m, 0), event);
}

static void runs_to_the_end_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	int64_t id = kit_execute(&k, TWO, tr_map(), NULL);
	tr_value c = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(c, "step"), "one"));
	CHECK(tr_as_int(tr_map_get_s(c, "execution_id"), 0) == id);
	CHECK(tr_is(tr_map_get_s(c, "reply_to"), TR_PID));
	CHECK(!tr_is_valid(tr_map_get_s(c, "resume")));
	kit_step_done(c, 1, TR_DICT("n", tr_int(5)));
	CHECK(TR_IS_A(kit_verdict(&k, 1), ok));
	tr_drop(c);
	c = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(c, "step"), "two"));
	CHECK(tr_as_int(TR_GET(c, "args", "n"), 0) == 5);
	kit_step_done(c, 1, tr_string("bye"));
	tr_drop(c);
	tr_value s = kit_done(&k);
	CHECK(status_is(s, "success"));
	CHECK(kit_text_is(tr_map_get_s(s, "result"), "bye"));
	CHECK(tr_as_int(tr_map_get_s(s, "duration_us"), -1) >= 0);
	tr_drop(s);
	/* The watcher saw what was appended, in that order, and nothing else. */
	for (size_t i = 0; i < tr_array_len(k.log); i++) {
		tr_value m = tr_receive_match(is_watched_event, NULL, 0);
		CHECK(tr_is_valid(m));
		CHECK(tr_equal(tr_array_at(m, 2), tr_array_at(k.log, i)));
		tr_drop(m);
	}
	CHECK(!tr_is_valid(tr_receive_match(is_watched_event, NULL, 0)));
	tr_drop(k.log);
}

static void nothing_before_durable_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	kit_start(&k, NULL);
	k.hold = true;
	(void)kit_execute(&k, TWO, tr_map(), &pid);
	kit_append(&k);
	/* Once it has answered a call, everything it would have done without waiting has been done. */
	tr_drop(tr_call(pid, TR_LIST(tr_atom("summary")), tr_in(TR_SECOND * 10)));
	CHECK(kit_pool_is_idle());
	CHECK(!tr_is_valid(tr_receive_match(is_watched_event, NULL, 0)));
	kit_durable(&k);
	tr_value c = kit_command(&k);
	/* The same for the acknowledgement of a report. */
	kit_step_done(c, 9, tr_int(1));
	kit_append(&k);
	tr_drop(tr_call(pid, TR_LIST(tr_atom("summary")), tr_in(TR_SECOND * 10)));
	CHECK(kit_pool_is_idle());
	kit_durable(&k);
	CHECK(TR_IS_A(kit_verdict(&k, 9), ok));
	tr_drop(c);
	c = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(c, "step"), "two"));
	tr_drop(c);
	tr_drop(k.log);
}

static void fencing_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	(void)kit_execute(&k, TWO, tr_map(), NULL);
	tr_value c = kit_command(&k);
	tr_value other = tr_map_put_s(tr_keep(c), "attempt", tr_int(2));
	kit_step_done(other, 1, tr_nil());
	CHECK(kit_text_is(kit_verdict(&k, 1), "stale"));
	tr_drop(other);
	other = tr_map_put_s(tr_keep(c), "step_run_id", tr_int(99));
	kit_step_done(other, 2, tr_nil());
	CHECK(kit_text_is(kit_verdict(&k, 2), "stale"));
	tr_drop(other);
	kit_report(c, 3, EVENT_TOKEN_CREATED, TR_DICT("token", tr_int(1)));
	tr_value v = kit_verdict(&k, 3);
	CHECK(TR_IS_A(tr_array_at(v, 0), error));
	tr_drop(v);
	/* Sent twice because the answer was lost: taken once, answered twice. */
	kit_report(c, 4, EVENT_STEP_STARTED, TR_DICT("step", tr_string("one")));
	CHECK(TR_IS_A(kit_verdict(&k, 4), ok));
	size_t before = tr_array_len(k.log);
	kit_report(c, 4, EVENT_STEP_STARTED, TR_DICT("step", tr_string("one")));
	CHECK(TR_IS_A(kit_verdict(&k, 4), ok));
	CHECK(tr_array_len(k.log) == before);
	kit_step_done(c, 5, TR_DICT("n", tr_int(1)));
	CHECK(TR_IS_A(kit_verdict(&k, 5), ok));
	kit_step_done(c, 6, tr_nil());
	CHECK(kit_text_is(kit_verdict(&k, 6), "stale"));
	tr_drop(c);
	tr_drop(k.log);
}

static void worker_ends_after_its_report_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	(void)kit_execute(&k, TWO, tr_map(), NULL);
	tr_value c = kit_command(&k);
	tr_pid worker = kit_worker(c, EVENT_STEP_DONE, TR_DICT("result", TR_DICT("n", tr_int(1))));
	tr_exit_signal(worker, TR_A(shutdown));
	tr_drop(c);
	c = kit_command(&k); /* it went on: the end of a worker that is done is nothing */
	CHECK(kit_text_is(tr_map_get_s(c, "step"), "two"));
	kit_step_done(c, 1, tr_nil());
	tr_value s = kit_done(&k);
	CHECK(status_is(s, "success"));
	tr_drop(s);
	tr_drop(c);
	tr_drop(k.log);
}

static void no_pool_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	(void)kit_execute(&k, HEAD "workflow:\n" STEP("one") "  spec: {pool: gpu}\n", tr_map(), NULL);
	tr_value s = kit_done(&k);
	CHECK(status_is(s, "failed"));
	CHECK(kit_text_is(failure(s, "kind"), "no_pool"));
	CHECK(strstr(tr_as_cstr(failure(s, "message"), ""), "command.gpu") != NULL);
	tr_drop(s);
	tr_drop(k.log);
}

static void step_timeout_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	int64_t id = kit_execute(&k, HEAD "workflow:\n" STEP("one") "  spec: {timeout: 0.05}\n", tr_map(), NULL);
	tr_value c = kit_command(&k), cancel = kit_cancelled(&k), s = kit_done(&k);
	CHECK(tr_as_int(tr_array_at(cancel, 1), 0) == id);
	CHECK(tr_as_int(tr_array_at(cancel, 2), 0) == tr_as_int(tr_map_get_s(c, "step_run_id"), 0));
	CHECK(status_is(s, "failed"));
	CHECK(kit_text_is(failure(s, "kind"), "timeout"));
	tr_drop(c);
	tr_drop(cancel);
	tr_drop(s);
	tr_drop(k.log);
}

static void execution_timeout_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	(void)kit_execute(&k, HEAD "executor: {spec: {timeout: 0.05}}\nworkflow:\n" STEP("one"), tr_map(), NULL);
	tr_drop(kit_command(&k));
	tr_drop(kit_cancelled(&k));
	tr_value s = kit_done(&k);
	CHECK(status_is(s, "failed"));
	CHECK(kit_text_is(failure(s, "kind"), "timeout"));
	tr_drop(s);
	tr_drop(k.log);
}

static void reference_in_a_guard_body(tr_value arg)
{
	tr_from from;
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	(void)kit_execute(&k,
			  HEAD "workflow:\n" STEP(
			      "one") "  next: [{step: two, when: \"{{ one.rows | length == 2 }}\"}]\n" STEP("two"),
			  tr_map(), NULL);
	tr_value c = kit_command(&k);
	kit_step_done(c, 0,
		      TR_DICT("kind", tr_string("result_ref"), "ref", tr_string("noetl://x"), "key", tr_string("k")));
	tr_drop(c);
	tr_value request = kit_artifact_call(&k, &from);
	CHECK(kit_text_is(tr_array_at(request, 0), "get"));
	CHECK(kit_text_is(TR_GET(tr_array_at(request, 1), "ref"), "noetl://x"));
	tr_drop(request);
	tr_reply(from, TR_LIST(TR_A(ok), TR_DICT("rows", TR_LIST(tr_int(1), tr_int(2)))));
	c = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(c, "step"), "two"));
	/* It is handed on as a reference. */
	CHECK(kit_text_is(TR_GET(c, "result", "ref"), "noetl://x"));
	tr_drop(c);
	tr_drop(k.log);
}

static void no_store_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	kit_start(&k, NULL);
	(void)kit_execute(&k, TWO, tr_map(), &pid);
	tr_drop(kit_command(&k));
	tr_ref monitor = tr_monitor(pid);
	tr_exit_signal(k.store, TR_A(kill));
	tr_value reason = kit_reason(&k, monitor);
	CHECK(kit_text_is(tr_array_at(reason, 0), "no_store"));
	tr_drop(reason);
	tr_drop(k.log);
}

#define TEST(name)                     \
	static void name(void **state) \
	{                              \
		(void)state;           \
		kit_run(name##_body);  \
	}

TEST(runs_to_the_end)
TEST(nothing_before_durable)
TEST(fencing)
TEST(worker_ends_after_its_report)
TEST(no_pool)
TEST(step_timeout)
TEST(execution_timeout)
TEST(reference_in_a_guard)
TEST(no_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(runs_to_the_end),   cmocka_unit_test(nothing_before_durable),
	    cmocka_unit_test(fencing),           cmocka_unit_test(worker_ends_after_its_report),
	    cmocka_unit_test(no_pool),           cmocka_unit_test(step_timeout),
	    cmocka_unit_test(execution_timeout), cmocka_unit_test(reference_in_a_guard),
	    cmocka_unit_test(no_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
