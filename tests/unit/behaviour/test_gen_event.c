/* SPDX-License-Identifier: Apache-2.0 */
/* gen_event: adding, notifying, calling, removing, swapping and supervising handlers. */
#include "tests/unit/behaviour/actor_case.h"

#include <troupe/gen_event.h>

struct echo {
	tr_pid to;
	int64_t seen;
};

static void tell(const struct echo *e, const char *what, tr_value v)
{
	tr_send(e->to, TR_LIST(tr_string(what), v));
}

static bool is(tr_value v, const char *text)
{
	return tr_str_is(tr_as_str(v), text);
}

static tr_value echo_terminate(void *state, tr_value reason)
{
	struct echo *e = state;

	tell(e, "terminate", tr_keep(reason));
	return tr_int(e->seen);
}

/* arg: pid, or [pid, …] when it takes another's place */
static tr_value echo_init(void *state, tr_value arg)
{
	struct echo *e = state;

	e->to = tr_as_pid(tr_is(arg, TR_ARRAY) ? tr_array_at(arg, 0) : arg);
	if (e->to.bits == 0)
		return tr_string("no pid");
	if (tr_is(arg, TR_ARRAY)) {
		e->seen = tr_as_int(tr_array_at(arg, 1), 1000);
		tell(e, "took over", tr_keep(tr_array_at(arg, 1)));
	}
	return tr_absent();
}

static const tr_event_handler echo;

static tr_handled echo_event(void *state, tr_value event)
{
	struct echo *e = state;

	e->seen++;
	if (is(event, "leave"))
		return tr_handler_remove(tr_string("left"));
	if (is(event, "swap"))
		return tr_handler_swap(tr_string("swapped"), &echo, tr_pid_value(e->to));
	tell(e, "event", tr_keep(event));
	return tr_handler_ok();
}

static tr_handled echo_call(void *state, tr_value request)
{
	struct echo *e = state;

	if (is(request, "seen"))
		return tr_handler_reply(tr_int(e->seen));
	tr_handled h = tr_handler_remove(tr_string("asked"));
	h.reply = tr_string("bye");
	return h;
}

static tr_handled echo_info(void *state, tr_value message)
{
	tell(state, "info", tr_keep(message));
	return tr_handler_ok();
}

static const tr_event_handler echo = {.name = "echo",
				      .state_size = sizeof(struct echo),
				      .init = echo_init,
				      .handle_event = echo_event,
				      .handle_call = echo_call,
				      .handle_info = echo_info,
				      .terminate = echo_terminate};

static tr_pid start(void)
{
	tr_started s = tr_gen_event_start(NULL, SOON);

	THAT(s.pid.bits != 0);
	return s.pid;
}

static tr_err add(tr_pid manager, const char *id)
{
	return tr_event_add(manager, id, &echo, tr_pid_value(tr_self()), SOON, NULL);
}

static bool told(const char *what, tr_value v)
{
	return case_next_is(TR_LIST(tr_string(what), v));
}

static void stop(tr_pid manager)
{
	THAT(tr_stop(manager, TR_A(normal), SOON) == TR_OK);
}

ACTOR_CASE(every_handler_sees_every_event)
{
	tr_pid manager = start();

	THAT(tr_event_notify(manager, tr_int(0)) == TR_OK);
	THAT(add(manager, "a") == TR_OK);
	THAT(add(manager, "b") == TR_OK);
	THAT(add(manager, "a") == TR_EEXIST);
	THAT(case_answer_is(tr_event_which(manager, SOON), TR_LIST(tr_string("b"), tr_string("a"))));
	THAT(tr_event_sync_notify(manager, tr_int(1), SOON) == TR_OK);
	THAT(told("event", tr_int(1)));
	THAT(told("event", tr_int(1)));
	tr_send(manager, tr_int(2));
	THAT(told("info", tr_int(2)));
	THAT(told("info", tr_int(2)));
	THAT(tr_as_int(tr_event_call(manager, "a", tr_string("seen"), SOON), 0) == 1);
	THAT(tr_value_err(tr_event_call(manager, "x", tr_string("seen"), SOON)) == TR_ENOENT);
	stop(manager);
	THAT(told("terminate", TR_A(normal)));
	THAT(told("terminate", TR_A(normal)));
}

ACTOR_CASE(handlers_leave_by_themselves_or_are_deleted)
{
	tr_pid manager = start();

	add(manager, "a");
	THAT(tr_event_sync_notify(manager, tr_string("leave"), SOON) == TR_OK);
	THAT(told("terminate", tr_string("left")));
	add(manager, "a");
	tr_event_sync_notify(manager, tr_int(1), SOON);
	THAT(told("event", tr_int(1)));
	THAT(case_answer_is(tr_event_delete(manager, "a", tr_string("out"), SOON), tr_int(1)));
	THAT(told("terminate", tr_string("out")));
	THAT(tr_value_err(tr_event_delete(manager, "a", tr_nil(), SOON)) == TR_ENOENT);
	add(manager, "a");
	THAT(case_answer_is(tr_event_call(manager, "a", tr_nil(), SOON), tr_string("bye")));
	THAT(told("terminate", tr_string("asked")));
	THAT(case_answer_is(tr_event_which(manager, SOON), tr_array()));
	stop(manager);
}

ACTOR_CASE(a_refusing_init_adds_nothing)
{
	tr_pid manager = start();
	tr_value why;

	THAT(tr_event_add(manager, "a", &echo, tr_nil(), SOON, &why) == TR_EINVAL);
	THAT(case_answer_is(why, tr_string("no pid")));
	THAT(case_answer_is(tr_event_which(manager, SOON), tr_array()));
	stop(manager);
}

ACTOR_CASE(swapping_hands_over)
{
	tr_pid manager = start();

	add(manager, "a");
	tr_event_sync_notify(manager, tr_int(1), SOON);
	THAT(told("event", tr_int(1)));
	THAT(tr_event_swap(manager, "a", tr_string("go"), "b", &echo, tr_pid_value(tr_self()), SOON, NULL) == TR_OK);
	THAT(told("terminate", tr_string("go")));
	THAT(told("took over", tr_int(1)));
	THAT(case_answer_is(tr_event_which(manager, SOON), TR_LIST(tr_string("b"))));
	/* From within; the new one goes by the name of its module. */
	tr_event_sync_notify(manager, tr_string("swap"), SOON);
	THAT(told("terminate", tr_string("swapped")));
	THAT(told("took over", tr_int(2)));
	THAT(case_answer_is(tr_event_which(manager, SOON), TR_LIST(tr_string("echo"))));
	/* Without an old one the new one is added all the same. */
	THAT(tr_event_swap(manager, "x", tr_nil(), "y", &echo, tr_pid_value(tr_self()), SOON, NULL) == TR_ENOENT);
	THAT(told("took over", TR_A(error)));
	stop(manager);
}

static void guardian(tr_value arg)
{
	tr_pid test = tr_as_pid(tr_array_at(arg, 0));
	tr_pid manager = tr_as_pid(tr_array_at(arg, 1));

	THAT(tr_event_add_sup(manager, "guarded", &echo, tr_pid_value(test), SOON, NULL) == TR_OK);
	tr_send(test, tr_string("added"));
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER);
		if (is(m, "go")) {
			tr_drop(m);
			tr_exit(TR_A(shutdown));
		}
		tr_send(test, m);
	}
}

ACTOR_CASE(supervised_handlers_follow_their_guardian)
{
	tr_pid manager = start();
	tr_pid g = tr_spawn(guardian, TR_LIST(tr_pid_value(tr_self()), tr_pid_value(manager)));

	THAT(case_next_is(tr_string("added")));
	tr_send(g, tr_string("go"));
	THAT(told("terminate", TR_LIST(TR_A(stop), TR_A(shutdown))));
	THAT(case_answer_is(tr_event_which(manager, SOON), tr_array()));

	tr_spawn(guardian, TR_LIST(tr_pid_value(tr_self()), tr_pid_value(manager)));
	THAT(case_next_is(tr_string("added")));
	tr_event_sync_notify(manager, tr_string("leave"), SOON);
	THAT(told("terminate", tr_string("left")));
	THAT(case_next_is(TR_LIST(tr_atom("gen_event_EXIT"), tr_string("guarded"), tr_string("left"))));
	stop(manager);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_handler_sees_every_event),
	    cmocka_unit_test(handlers_leave_by_themselves_or_are_deleted),
	    cmocka_unit_test(a_refusing_init_adds_nothing),
	    cmocka_unit_test(swapping_hands_over),
	    cmocka_unit_test(supervised_handlers_follow_their_guardian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
