/* SPDX-License-Identifier: Apache-2.0 */
/* Where the store lets an execution run ahead of what is durable: how far, and what waits all the same. */
#include "tests/unit/engine/control_kit.h"

#include <stdio.h>

#define TWO   HEAD "workflow:\n" STEP("one") "  next: [{step: two}]\n" STEP("two")
#define STEPS 40
#define AHEAD 30 /* events; a step of these makes fewer than ten */

static tr_buf chain(void)
{
	tr_buf text = {0};

	tr_buf_puts(&text, HEAD "workflow:\n");
	for (int i = 0; i < STEPS; i++) {
		tr_buf_putf(&text, STEP("s%d"), i);
		if (i + 1 < STEPS)
			tr_buf_putf(&text, "  next: [{step: s%d}]\n", i + 1);
	}
	return text;
}

/* Once it has answered a call, everything it would have done without waiting has been done. */
static void settle(tr_pid pid)
{
	tr_drop(tr_call(pid, TR_LIST(tr_atom("summary")), tr_in(20 * TR_SECOND)));
}

static bool is_done(void *arg, tr_value message)
{
	(void)arg;
	return TR_IS_A(tr_array_at(message, 0), done);
}

static bool is_verdict(void *arg, tr_value message)
{
	(void)arg;
	return TR_IS_A(tr_array_at(message, 0), ack);
}

/* The first events were answered, and with that the store has said how far. */
static tr_value begin(kit *k, const char *text, tr_pid *pid)
{
	kit_start(k, NULL);
	k->unwatched = true;
	k->ahead = AHEAD;
	(void)kit_execute(k, text, tr_map(), pid);
	tr_value c = kit_command(k);
	k->hold = true;
	return c;
}

static void bound_body(tr_value arg)
{
	kit k;
	tr_pid pid;
	tr_buf text = chain();
	int64_t done = 0;

	(void)arg;
	tr_value c = begin(&k, text.p, &pid);
	tr_buf_fini(&text);
	uint64_t durable = k.last;
	size_t before = k.asked;
	for (;;) {
		kit_step_done(c, ++done, tr_nil());
		tr_drop(c);
		kit_append(&k);
		settle(pid);
		if (k.last - durable > AHEAD)
			break;
		CHECK(TR_IS_A(kit_verdict(&k, done), ok));
		c = kit_command(&k);
	}
	/* Several steps without an answer, and not one beyond the bound; nor was it asked each time. */
	CHECK(done > 2);
	CHECK(kit_pool_is_idle());
	CHECK(!tr_is_valid(tr_receive_match(is_verdict, NULL, 0)));
	CHECK(k.asked > before && k.asked - before < (size_t)done);
	k.hold = false;
	kit_durable(&k);
	CHECK(TR_IS_A(kit_verdict(&k, done), ok));
	for (; done < STEPS; done++) {
		c = kit_command(&k);
		kit_step_done(c, 0, tr_nil());
		tr_drop(c);
	}
	tr_value s = kit_done(&k);
	CHECK(kit_text_is(tr_map_get_s(s, "status"), "success"));
	tr_drop(s);
	tr_drop(k.log);
}

static void end_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	tr_value c = begin(&k, TWO, &pid);
	kit_step_done(c, 1, tr_nil());
	tr_drop(c);
	CHECK(TR_IS_A(kit_verdict(&k, 1), ok));
	c = kit_command(&k);
	size_t before = k.asked;
	kit_step_done(c, 2, tr_nil());
	tr_drop(c);
	kit_append(&k);
	CHECK(k.asked == before + 1);
	settle(pid);
	CHECK(!tr_is_valid(tr_receive_match(is_done, NULL, 0)));
	kit_durable(&k);
	tr_value s = kit_done(&k);
	CHECK(kit_text_is(tr_map_get_s(s, "status"), "success"));
	tr_drop(s);
	tr_drop(k.log);
}

/* An answer that comes with no event of its own asks for those that went before it. */
static void answer_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	tr_value c = begin(&k, TWO, &pid);
	kit_step_done(c, 1, tr_nil());
	tr_drop(c);
	CHECK(TR_IS_A(kit_verdict(&k, 1), ok));
	tr_drop(kit_command(&k));
	size_t before = k.asked, appends = k.appends;
	tr_ref ref = tr_make_ref();
	(void)tr_send(pid,
		      TR_LIST(TR_A(call), tr_ref_value(ref), tr_pid_value(tr_self()), TR_LIST(tr_atom("unpause"))));
	kit_append(&k);
	CHECK(k.asked == before + 1 && k.appends == appends + 1);
	CHECK(!tr_is_valid(tr_receive_ref(ref, 0)));
	kit_durable(&k);
	tr_value answer = tr_receive_ref(ref, tr_in(20 * TR_SECOND));
	CHECK(tr_is_valid(answer));
	tr_drop(answer);
	tr_drop(k.log);
}

/* It stands, and it is asked before a word of it is on disk. */
static void start_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	kit_start(&k, NULL);
	k.unwatched = true;
	k.ahead = AHEAD;
	k.hold = true;
	(void)kit_execute(&k, TWO, tr_map(), &pid);
	tr_ref ref = tr_make_ref();
	(void)tr_send(pid,
		      TR_LIST(TR_A(call), tr_ref_value(ref), tr_pid_value(tr_self()), TR_LIST(tr_atom("durable"))));
	kit_append(&k);
	settle(pid);
	CHECK(kit_pool_is_idle());
	CHECK(!tr_is_valid(tr_receive_ref(ref, 0)));
	kit_durable(&k);
	tr_value answer = tr_receive_ref(ref, tr_in(20 * TR_SECOND));
	CHECK(TR_IS_A(tr_array_at(answer, 2), ok));
	tr_drop(answer);
	tr_drop(k.log);
}

static void it_runs_ahead_within_the_bound(void **state)
{
	(void)state;
	kit_run(bound_body);
}

static void its_end_waits_for_the_disk(void **state)
{
	(void)state;
	kit_run(end_body);
}

static void an_answer_waits_for_the_disk(void **state)
{
	(void)state;
	kit_run(answer_body);
}

static void it_is_durable_when_the_disk_has_it(void **state)
{
	(void)state;
	kit_run(start_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_runs_ahead_within_the_bound),
	    cmocka_unit_test(its_end_waits_for_the_disk),
	    cmocka_unit_test(an_answer_waits_for_the_disk),
	    cmocka_unit_test(it_is_durable_when_the_disk_has_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
