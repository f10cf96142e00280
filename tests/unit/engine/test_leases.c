/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases, under the virtual clock: workers that end, hang, or go on; pools that end and come back or do not; what an
 * old owner still says.
 */
#include "tests/unit/engine/control_kit.h"

#include <string.h>
#include <troupe/sim.h>

#define TWO HEAD "workflow:\n" STEP("one") "  next: [two]\n" STEP("two")

static bool status_is(tr_value summary, const char *status)
{
	return kit_text_is(tr_map_get_s(summary, "status"), status);
}

/* So that the execution has taken all that was sent to it. */
static void taken(tr_pid execution)
{
	tr_drop(tr_call(execution, TR_LIST(tr_atom("summary")), tr_in(TR_SECOND)));
}

static int64_t attempt_of(tr_value command)
{
	return tr_as_int(tr_map_get_s(command, "attempt"), 0);
}

static bool same_run(tr_value a, tr_value b)
{
	return tr_equal(tr_map_get_s(a, "step_run_id"), tr_map_get_s(b, "step_run_id"));
}

static tr_value processed(void)
{
	return TR_DICT("label", tr_string("one"), "outcome", TR_DICT("status", tr_string("success")), "directive",
		       tr_string("continue"));
}

static void worker_is_killed_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	kit_start(&k, NULL);
	k.loads = true;
	(void)kit_execute(&k, TWO, tr_map(), &pid);
	tr_value c = kit_command(&k);
	tr_pid worker = kit_worker(c, EVENT_TASK_PROCESSED, processed());
	taken(pid);
	tr_exit_signal(worker, TR_A(kill));
	tr_value again = kit_command(&k);
	CHECK(same_run(c, again));
	CHECK(attempt_of(again) == 2);
	/* What was done is not done again. */
	tr_value resume = tr_map_get_s(again, "resume");
	event e;
	CHECK(tr_array_len(resume) == 1);
	CHECK(event_from_value(tr_array_at(resume, 0), &e) == TR_OK);
	CHECK(e.type == EVENT_TASK_PROCESSED);
	event_fini(&e);
	/* What the old owner says comes too late. */
	kit_step_done(c, 1, tr_string("late"));
	CHECK(kit_text_is(kit_verdict(&k, 1), "stale"));
	kit_step_done(again, 2, tr_string("right"));
	CHECK(TR_IS_A(kit_verdict(&k, 2), ok));
	tr_drop(c);
	tr_drop(again);
	c = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(c, "result"), "right"));
	kit_step_done(c, 0, tr_nil());
	tr_value s = kit_done(&k);
	CHECK(status_is(s, "success"));
	tr_drop(c);
	tr_drop(s);
	tr_drop(k.log);
}

/* Says that it has begun and takes no notice of anything from then on. */
static void hanging_body(tr_value arg)
{
	kit_report(arg, 0, EVENT_STEP_STARTED, TR_DICT("step", tr_string("one")));
	for (;;)
		tr_drop(tr_receive(TR_FOREVER));
}

static void worker_hangs_body(tr_value arg)
{
	kit k;
	int64_t begun = tr_now();

	(void)arg;
	kit_start(&k, NULL);
	k.loads = true;
	(void)kit_execute(&k, TWO, tr_map(), NULL);
	tr_value c = kit_command(&k);
	CHECK(tr_spawn(hanging_body, tr_keep(c)).bits != 0);
	tr_value again = kit_command(&k);
	CHECK(same_run(c, again));
	CHECK(attempt_of(again) == 2);
	CHECK(tr_now() - begun >= 30 * TR_SECOND);
	CHECK(tr_now() - begun < 45 * TR_SECOND);
	kit_step_done(c, 1, tr_nil());
	CHECK(kit_text_is(kit_verdict(&k, 1), "stale"));
	kit_step_done(again, 2, tr_nil());
	CHECK(TR_IS_A(kit_verdict(&k, 2), ok));
	tr_drop(c);
	tr_drop(again);
	tr_drop(k.log);
}

/* Answers whoever asks for a sign. arg: command */
static void living_body(tr_value arg)
{
	kit_report(arg, 0, EVENT_STEP_STARTED, TR_DICT("step", tr_string("one")));
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER);

		CHECK(kit_text_is(tr_array_at(m, 0), "heartbeat"));
		CHECK(tr_equal(tr_array_at(m, 2), tr_map_get_s(arg, "execution_id")));
		(void)tr_send(tr_as_pid(tr_array_at(m, 1)),
			      TR_LIST(tr_atom("beat"), tr_keep(tr_array_at(m, 3)), tr_keep(tr_array_at(m, 4))));
		tr_drop(m);
	}
}

static void worker_that_gives_signs_keeps_it_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	k.loads = true;
	(void)kit_execute(&k, TWO, tr_map(), NULL);
	tr_value c = kit_command(&k);
	CHECK(tr_spawn(living_body, tr_keep(c)).bits != 0);
	kit_append(&k);
	tr_sleep_until(tr_in(3000 * TR_SECOND));
	CHECK(kit_pool_is_idle());
	kit_step_done(c, 1, tr_nil());
	CHECK(TR_IS_A(kit_verdict(&k, 1), ok));
	tr_drop(c);
	c = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(c, "step"), "two"));
	tr_drop(c);
	tr_drop(k.log);
}

static void lost_again_and_again_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	kit_start(&k, NULL);
	k.loads = true;
	(void)kit_execute(&k, TWO, tr_map(), &pid);
	for (int64_t attempt = 1; attempt <= 4; attempt++) {
		tr_value c = kit_command(&k);

		CHECK(attempt_of(c) == attempt);
		tr_pid worker = kit_worker(c, EVENT_STEP_STARTED, TR_DICT("step", tr_string("one")));
		taken(pid); /* so that it is watched */
		tr_exit_signal(worker, tr_atom("struck_by_lightning"));
		tr_drop(c);
	}
	tr_value s = kit_done(&k), failure = tr_array_at(tr_map_get_s(s, "failures"), 0);
	CHECK(status_is(s, "failed"));
	CHECK(kit_text_is(tr_map_get_s(failure, "kind"), "worker_lost"));
	CHECK(strstr(tr_as_cstr(tr_map_get_s(failure, "message"), ""), "struck_by_lightning") != NULL);
	tr_drop(s);
	tr_drop(k.log);
}

/* An execution whose first command is out; then its pool ends. The command, and the execution's id. */
static tr_value lose_pool(kit *k, int64_t *id)
{
	kit_start(k, NULL);
	k->loads = true;
	*id = kit_execute(k, TWO, tr_map(), NULL);
	tr_value c = kit_command(k);
	tr_ref monitor = tr_monitor(k->pool);
	tr_exit_signal(k->pool, TR_A(kill));
	tr_drop(kit_reason(k, monitor));
	return c;
}

static void pool_comes_back_body(tr_value arg)
{
	kit k;
	int64_t id;

	(void)arg;
	tr_value c = lose_pool(&k, &id);
	tr_sleep_until(tr_in(TR_SECOND));
	kit_pool_again(&k);
	/* The new one is asked for what the old one had, and does not know it. */
	tr_value m = kit_heartbeat(&k);
	CHECK(tr_as_int(tr_array_at(m, 2), 0) == id);
	(void)tr_send(tr_as_pid(tr_array_at(m, 1)),
		      TR_LIST(tr_atom("lost"), tr_keep(tr_array_at(m, 3)), tr_keep(tr_array_at(m, 4)),
			      tr_string("never heard of it")));
	tr_drop(m);
	tr_value again = kit_command(&k);
	CHECK(same_run(c, again));
	CHECK(attempt_of(again) == 2);
	tr_drop(c);
	tr_drop(again);
	tr_drop(k.log);
}

static void command_waits_for_its_pool_body(tr_value arg)
{
	kit k;
	int64_t id;

	(void)arg;
	tr_value c = lose_pool(&k, &id);
	kit_step_done(c, 1, tr_string("done")); /* its actor outlived the pool */
	CHECK(TR_IS_A(kit_verdict(&k, 1), ok));
	tr_sleep_until(tr_in(2 * TR_SECOND));
	kit_pool_again(&k);
	tr_drop(c);
	c = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(c, "step"), "two"));
	CHECK(attempt_of(c) == 1);
	tr_drop(c);
	tr_drop(k.log);
}

static void pool_is_gone_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	k.loads = true;
	(void)kit_execute(&k, TWO, tr_map(), NULL);
	tr_drop(kit_command(&k));
	tr_exit_signal(k.pool, TR_A(kill));
	tr_value s = kit_done(&k), failure = tr_array_at(tr_map_get_s(s, "failures"), 0);
	CHECK(status_is(s, "failed"));
	CHECK(kit_text_is(tr_map_get_s(failure, "kind"), "worker_lost"));
	tr_drop(s);
	tr_drop(k.log);
}

static void simulate(tr_body *body)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		tr_sim_result r = tr_sim_run(seed, NULL, body, tr_nil());

		if (r.verdict != TR_SIM_FINISHED)
			fail_msg("seed %llu: %s", (unsigned long long)seed, r.text);
	}
}

#define TEST(name)                     \
	static void name(void **state) \
	{                              \
		(void)state;           \
		simulate(name##_body); \
	}
TEST(worker_is_killed)
TEST(worker_hangs)
TEST(worker_that_gives_signs_keeps_it)
TEST(lost_again_and_again)
TEST(pool_comes_back)
TEST(command_waits_for_its_pool)
TEST(pool_is_gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(worker_is_killed),
	    cmocka_unit_test(worker_hangs),
	    cmocka_unit_test(worker_that_gives_signs_keeps_it),
	    cmocka_unit_test(lost_again_and_again),
	    cmocka_unit_test(pool_comes_back),
	    cmocka_unit_test(command_waits_for_its_pool),
	    cmocka_unit_test(pool_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
