/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test cases that run inside an actor of a node of their own. THAT() ends the actor with the place and the condition;
 * the case fails when the actor ends with anything but `normal`.
 */
#ifndef TROUPE_TESTS_ACTOR_CASE_H
#define TROUPE_TESTS_ACTOR_CASE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include <troupe/node.h>

#define THAT(cond) ((cond) ? (void)0 : tr_exitf("%s:%d: %s", __FILE__, __LINE__, #cond))

/* A deadline for what must happen: long enough for a slow machine under a sanitizer, only waited for on failure. */
#define SOON tr_in(120 * TR_SECOND)

static inline void case_swallow_report(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report);
}

static inline void case_run(tr_body *body)
{
	tr_node_options options = {.schedulers = 2, .report = case_swallow_report};
	tr_value reason = tr_run(&options, body, tr_nil());
	bool ok = TR_IS_A(reason, normal);

	if (!ok) {
		tr_buf text = {0};
		tr_show(&text, reason, 2000);
		print_error("the case ended with %s\n", text.p != NULL ? text.p : "?");
		tr_buf_fini(&text);
	}
	tr_drop(reason);
	assert_true(ok);
}

/* ACTOR_CASE(name) { … } defines the cmocka test `name` whose body runs inside an actor. */
#define ACTOR_CASE(name)                        \
	static void name##_body(tr_value arg_); \
	static void name(void **state_)         \
	{                                       \
		(void)state_;                   \
		case_run(name##_body);          \
	}                                       \
	static void name##_body(__attribute__((unused)) tr_value arg_)

/* The exit reason of an actor that is monitored by `ref`; fresh reference. */
static inline tr_value case_await(tr_ref ref)
{
	tr_value down = tr_receive_ref(ref, SOON);
	tr_value reason = tr_keep(tr_array_at(down, 4));

	THAT(TR_IS_A(tr_array_at(down, 0), down));
	tr_drop(down);
	return reason;
}

/* Is v the array [a, b] of these two atoms or values? Takes a and b. */
static inline bool case_is_pair(tr_value v, tr_value a, tr_value b)
{
	bool same = tr_array_len(v) == 2 && tr_equal(tr_array_at(v, 0), a) && tr_equal(tr_array_at(v, 1), b);

	tr_drop(a);
	tr_drop(b);
	return same;
}

/* The next message is exactly `want` (taken). */
static inline bool case_next_is(tr_value want)
{
	tr_value got = tr_receive(SOON);
	bool same = tr_equal(got, want);

	if (!same) {
		tr_buf text = {0};
		tr_show(&text, got, 1000);
		tr_buf_puts(&text, " instead of ");
		tr_show(&text, want, 1000);
		fprintf(stderr, "got %s\n", text.p);
		tr_buf_fini(&text);
	}
	tr_drop(got);
	tr_drop(want);
	return same;
}

/* Does a call give exactly this (taken)? Drops the answer. */
static inline bool case_answer_is(tr_value answer, tr_value want)
{
	bool same = tr_equal(answer, want);

	tr_drop(answer);
	tr_drop(want);
	return same;
}

#endif
