/* SPDX-License-Identifier: Apache-2.0 */
/* gen_statem: transitions, postponing, inserted events, time-outs, enter calls, in both callback modes. */
#include "tests/unit/behaviour/actor_case.h"

#include <troupe/gen_statem.h>
#include <troupe/sys.h>

/* ---- a machine that does what its events say
 * ---------------------------------------------------------------------------
 *
 * An event's content is an array of commands, each an array with a name first; what the machine sees it tells its
 * watcher as [type, state, content-or-tag].
 */
struct puppet {
	tr_pid watcher;
	tr_from later;
};

static const char *const type_names[] = {"call",          "cast",          "info",          "internal",
					 "event_timeout", "state_timeout", "named_timeout", "enter"};

static void tell(const struct puppet *p, const char *what, tr_value state, tr_value v)
{
	tr_send(p->watcher, TR_LIST(tr_string(what), tr_keep(state), v));
}

static bool is(tr_value v, const char *name)
{
	return tr_str_is(tr_as_str(v), name);
}

static void act(tr_machine *m, struct puppet *p, tr_value command, const tr_event *event, tr_step *step)
{
	tr_value name = tr_array_at(command, 0);
	tr_value a = tr_array_at(command, 1);
	tr_value b = tr_array_at(command, 2);

	if (is(name, "next"))
		*step = tr_next_state(tr_keep(a));
	else if (is(name, "repeat"))
		*step = tr_repeat_state();
	else if (is(name, "stop"))
		*step = tr_stop_machine(tr_keep(a));
	else if (is(name, "postpone"))
		tr_postpone(m);
	else if (is(name, "postpone_in") && tr_equal(a, tr_state_of(m)))
		tr_postpone(m);
	else if (is(name, "insert"))
		tr_next_event(m, TR_EVENT_INTERNAL, NULL, tr_keep(a));
	else if (is(name, "event_timeout"))
		tr_event_timeout(m, tr_as_int(a, 0), tr_keep(b));
	else if (is(name, "state_timeout"))
		tr_state_timeout(m, tr_as_int(a, 0), tr_keep(b));
	else if (is(name, "named_timeout"))
		tr_named_timeout(m, tr_string("n"), tr_as_int(a, 0), tr_keep(b));
	else if (is(name, "reply"))
		tr_reply(event->from, tr_keep(a));
	else if (is(name, "send"))
		tr_send(tr_self(), tr_keep(a));
	(void)p;
}

static tr_step handle(tr_machine *m, void *data, tr_value state, const tr_event *event)
{
	struct puppet *p = data;
	tr_step step = tr_keep_state();
	bool commands = tr_is(event->content, TR_ARRAY);

	tell(p, type_names[event->type], state,
	     commands ? tr_keep(tr_array_at(event->content, 0)) : tr_keep(event->content));
	for (size_t i = 1; commands && i < tr_array_len(event->content); i++)
		act(m, p, tr_array_at(event->content, i), event, &step);
	return step;
}

static tr_step puppet_init(tr_machine *m, void *data, tr_value arg)
{
	struct puppet *p = data;
	tr_step step = tr_next_state(tr_string("one"));
	tr_event none = {0};

	p->watcher = tr_as_pid(tr_array_at(arg, 0));
	for (size_t i = 1; i < tr_array_len(arg); i++) {
		tr_value command = tr_array_at(arg, i);
		if (is(tr_array_at(command, 0), "stop"))
			tr_drop(step.value);
		act(m, p, command, &none, &step);
	}
	return step;
}

static void puppet_terminate(void *data, tr_value state, tr_value reason)
{
	tell(data, "terminate", state, tr_keep(reason));
}

static const tr_gen_statem plain = {.name = "plain",
				    .data_size = sizeof(struct puppet),
				    .init = puppet_init,
				    .handle_event = handle,
				    .terminate = puppet_terminate};

static const tr_gen_statem entering = {.name = "entering",
				       .data_size = sizeof(struct puppet),
				       .init = puppet_init,
				       .handle_event = handle,
				       .enter_calls = true,
				       .terminate = puppet_terminate};

#define S(text)         tr_string(text)
#define EVENT(tag, ...) TR_LIST(S(tag), __VA_ARGS__)
#define CMD(...)        TR_LIST(__VA_ARGS__)

static tr_pid start_with(const tr_gen_statem *mod, tr_value arg)
{
	tr_started s = tr_gen_statem_start(mod, arg, NULL, SOON);

	THAT(s.pid.bits != 0);
	return s.pid;
}

static tr_pid start(const tr_gen_statem *mod)
{
	return start_with(mod, TR_LIST(tr_pid_value(tr_self())));
}

static bool saw(const char *type, const char *state, const char *tag)
{
	return case_next_is(TR_LIST(S(type), S(state), S(tag)));
}

static bool quiet(void)
{
	tr_value m = tr_receive(0);
	bool none = !tr_is_valid(m);

	tr_drop(m);
	return none;
}

/* ---- cases
 * -------------------------------------------------------------------------------------------------------------- */

ACTOR_CASE(events_of_all_kinds_arrive)
{
	tr_pid m = start(&plain);

	tr_cast(m, S("a"));
	tr_send(m, S("b"));
	THAT(case_answer_is(tr_call(m, EVENT("c", CMD(S("reply"), tr_int(7))), SOON), tr_int(7)));
	tr_cast(m, EVENT("d", CMD(S("next"), S("two"))));
	tr_cast(m, S("e"));
	THAT(saw("cast", "one", "a"));
	THAT(saw("info", "one", "b"));
	THAT(saw("call", "one", "c"));
	THAT(saw("cast", "one", "d"));
	THAT(saw("cast", "two", "e"));
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
	THAT(case_next_is(TR_LIST(S("terminate"), S("two"), TR_A(normal))));
}

ACTOR_CASE(postponed_events_come_back_after_a_change_in_order)
{
	tr_pid m = start(&plain);

	tr_cast(m, EVENT("p1", CMD(S("postpone_in"), S("one"))));
	tr_cast(m, EVENT("p2", CMD(S("postpone_in"), S("one"))));
	tr_cast(m, EVENT("same", CMD(S("next"), S("one")))); /* no change: they stay */
	tr_cast(m, EVENT("go", CMD(S("next"), S("two"))));
	tr_cast(m, S("last"));
	THAT(saw("cast", "one", "p1"));
	THAT(saw("cast", "one", "p2"));
	THAT(saw("cast", "one", "same"));
	THAT(saw("cast", "one", "go"));
	THAT(saw("cast", "two", "p1"));
	THAT(saw("cast", "two", "p2"));
	THAT(saw("cast", "two", "last"));
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
}

ACTOR_CASE(inserted_events_come_before_postponed_ones)
{
	tr_pid m = start(&plain);

	tr_cast(m, EVENT("p", CMD(S("postpone_in"), S("one"))));
	tr_cast(m, EVENT("go", CMD(S("next"), S("two")), CMD(S("insert"), S("i1")), CMD(S("insert"), S("i2"))));
	tr_cast(m, S("last"));
	THAT(saw("cast", "one", "p"));
	THAT(saw("cast", "one", "go"));
	THAT(saw("internal", "two", "i1"));
	THAT(saw("internal", "two", "i2"));
	THAT(saw("cast", "two", "p"));
	THAT(saw("cast", "two", "last"));
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
}

ACTOR_CASE(an_inserted_event_may_insert_more)
{
	tr_pid m = start(&plain);

	tr_cast(m, EVENT("go", CMD(S("insert"), EVENT("i1", CMD(S("insert"), S("i2")))), CMD(S("insert"), S("i3"))));
	THAT(saw("cast", "one", "go"));
	THAT(saw("internal", "one", "i1"));
	THAT(saw("internal", "one", "i2"));
	THAT(saw("internal", "one", "i3"));
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
}

ACTOR_CASE(a_change_of_state_cancels_the_state_timeout)
{
	tr_pid m = start(&plain);

	tr_cast(m, EVENT("set", CMD(S("state_timeout"), tr_int(TR_MS), S("t1"))));
	THAT(saw("cast", "one", "set"));
	THAT(saw("state_timeout", "one", "t1"));
	tr_cast(m, EVENT("set", CMD(S("state_timeout"), tr_int(5 * TR_MS), S("t2")),
			 CMD(S("insert"), EVENT("go", CMD(S("next"), S("two"))))));
	THAT(saw("cast", "one", "set"));
	THAT(saw("internal", "one", "go"));
	tr_value none = tr_receive(tr_in(20 * TR_MS));
	THAT(tr_value_err(none) == TR_ETIMEOUT);
	/* Set in the transition itself it belongs to the new state. */
	tr_cast(m, EVENT("go", CMD(S("next"), S("three")), CMD(S("state_timeout"), tr_int(0), S("t3"))));
	THAT(saw("cast", "two", "go"));
	THAT(saw("state_timeout", "three", "t3"));
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
}

ACTOR_CASE(any_event_cancels_the_event_timeout)
{
	tr_pid m = start(&plain);

	tr_cast(m, EVENT("set", CMD(S("event_timeout"), tr_int(TR_MS), S("t1"))));
	THAT(saw("cast", "one", "set"));
	THAT(saw("event_timeout", "one", "t1"));
	tr_cast(m, EVENT("set", CMD(S("event_timeout"), tr_int(0), S("t2")), CMD(S("insert"), S("i"))));
	THAT(saw("cast", "one", "set"));
	THAT(saw("internal", "one", "i"));
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
	THAT(case_next_is(TR_LIST(S("terminate"), S("one"), TR_A(normal)))); /* t2 never came */
}

ACTOR_CASE(a_named_timeout_survives_changes_and_is_replaced_or_cancelled)
{
	tr_pid m = start(&plain);

	tr_cast(m, EVENT("set", CMD(S("named_timeout"), tr_int(TR_MS), S("t1")), CMD(S("next"), S("two")),
			 CMD(S("insert"), S("x"))));
	THAT(saw("cast", "one", "set"));
	THAT(saw("internal", "two", "x"));
	THAT(saw("named_timeout", "two", "t1"));
	tr_cast(m, EVENT("set", CMD(S("named_timeout"), tr_int(3600 * TR_SECOND), S("t2"))));
	tr_cast(m, EVENT("set", CMD(S("named_timeout"), tr_int(TR_MS), S("t3"))));
	THAT(saw("cast", "two", "set"));
	THAT(saw("cast", "two", "set"));
	THAT(saw("named_timeout", "two", "t3"));
	tr_cast(m, EVENT("set", CMD(S("named_timeout"), tr_int(2 * TR_MS), S("t4")),
			 CMD(S("named_timeout"), tr_int(-1), S(""))));
	THAT(saw("cast", "two", "set"));
	tr_value none = tr_receive(tr_in(10 * TR_MS));
	THAT(tr_value_err(none) == TR_ETIMEOUT);
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
}

/* A time-out of zero comes after inserted events but before anything that is already in the mailbox. */
ACTOR_CASE(zero_is_now)
{
	tr_pid m = start(&plain);

	tr_cast(m, EVENT("set", CMD(S("send"), S("outside")), CMD(S("state_timeout"), tr_int(0), S("t")),
			 CMD(S("insert"), S("i"))));
	THAT(saw("cast", "one", "set"));
	THAT(saw("internal", "one", "i"));
	THAT(saw("state_timeout", "one", "t"));
	THAT(saw("info", "one", "outside"));
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
}

ACTOR_CASE(enter_calls_tell_where_from)
{
	tr_pid m = start(&entering);

	THAT(saw("enter", "one", "one"));
	tr_cast(m, EVENT("go", CMD(S("next"), S("two")), CMD(S("insert"), S("i"))));
	THAT(saw("cast", "one", "go"));
	THAT(saw("enter", "two", "one"));
	THAT(saw("internal", "two", "i"));
	tr_cast(m, EVENT("again", CMD(S("repeat"))));
	THAT(saw("cast", "two", "again"));
	THAT(saw("enter", "two", "two"));
	tr_cast(m, EVENT("keep", CMD(S("next"), S("two"))));
	THAT(saw("cast", "two", "keep"));
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
	THAT(case_next_is(TR_LIST(S("terminate"), S("two"), TR_A(normal))));
	THAT(quiet());
}

ACTOR_CASE(init_may_act_and_refuse)
{
	tr_pid m = start_with(&plain, TR_LIST(tr_pid_value(tr_self()), CMD(S("insert"), S("i")),
					      CMD(S("state_timeout"), tr_int(0), S("t"))));
	THAT(saw("internal", "one", "i"));
	THAT(saw("state_timeout", "one", "t"));
	THAT(tr_stop(m, TR_A(normal), SOON) == TR_OK);
	THAT(case_next_is(TR_LIST(S("terminate"), S("one"), TR_A(normal))));
	tr_started s =
	    tr_gen_statem_start(&plain, TR_LIST(tr_pid_value(tr_self()), CMD(S("stop"), S("no"))), NULL, SOON);
	THAT(s.pid.bits == 0);
	THAT(case_answer_is(s.reason, S("no")));
	THAT(quiet());
}

ACTOR_CASE(stop_ends_it_with_the_reason)
{
	tr_pid m = start(&plain);
	tr_ref ref = tr_monitor(m);

	tr_cast(m, EVENT("p", CMD(S("postpone")))); /* is given back, too */
	tr_value answer = tr_call(m, EVENT("c", CMD(S("stop"), S("why"))), SOON);
	THAT(tr_value_err(answer) == TR_EDOWN);
	THAT(saw("cast", "one", "p"));
	THAT(saw("call", "one", "c"));
	THAT(saw("terminate", "one", "why"));
	THAT(case_answer_is(case_await(ref), S("why")));
}

/* ---- one function a state: a door that opens with a code
 * ---------------------------------------------------------------- */

struct door {
	int64_t left;
};

static tr_step door_locked(tr_machine *m, void *data, const tr_event *event)
{
	struct door *door = data;

	if (event->type == TR_EVENT_ENTER) {
		door->left = 3;
		return tr_keep_state();
	}
	if (event->type == TR_EVENT_CALL && TR_IS_A(event->content, status))
		tr_reply(event->from, tr_string("locked"));
	else if (event->type == TR_EVENT_CALL)
		tr_postpone(m); /* walk through: when it is open */
	else if (event->type == TR_EVENT_CAST && --door->left == 0)
		return tr_next_state(tr_atom("open"));
	return tr_keep_state();
}

static tr_step door_open(tr_machine *m, void *data, const tr_event *event)
{
	(void)data;
	(void)m;
	if (event->type == TR_EVENT_CALL) {
		tr_reply(event->from, tr_string(TR_IS_A(event->content, status) ? "open" : "through"));
		return TR_IS_A(event->content, status) ? tr_keep_state() : tr_next_state(tr_atom("locked"));
	}
	return tr_keep_state();
}

static tr_step door_init(tr_machine *m, void *data, tr_value arg)
{
	(void)m;
	(void)data;
	return tr_next_state(tr_keep(arg));
}

static const tr_state door_states[] = {{"locked", door_locked}, {"open", door_open}};

static const tr_gen_statem door = {.name = "door",
				   .data_size = sizeof(struct door),
				   .init = door_init,
				   .states = door_states,
				   .state_count = 2,
				   .enter_calls = true};

static void visitor(tr_value pid)
{
	tr_value answer = tr_call(tr_as_pid(pid), TR_A(request), SOON);

	tr_exit(TR_LIST(TR_A(shutdown), answer));
}

ACTOR_CASE(state_functions)
{
	tr_pid pid = start_with(&door, tr_atom("locked"));
	tr_spawn_options options = {.monitor = true};

	for (int round = 0; round < 3; round++) {
		tr_spawned v = tr_spawn_opt(visitor, tr_pid_value(pid), &options);
		THAT(case_answer_is(tr_call(pid, TR_A(status), SOON), tr_string("locked")));
		for (int i = 0; i < 3; i++)
			tr_cast(pid, tr_int(i));
		tr_value reason = case_await(v.monitor);
		THAT(case_is_pair(reason, TR_A(shutdown), tr_string("through")));
		tr_drop(reason);
	}
	THAT(tr_stop(pid, TR_A(normal), SOON) == TR_OK);
}

ACTOR_CASE(an_unknown_state_ends_it)
{
	tr_trap_exit(true);
	tr_started s = tr_gen_statem_start_link(&door, tr_atom("nowhere"), NULL, SOON);

	THAT(s.pid.bits != 0);
	THAT(case_next_is(TR_LIST(TR_A(exit), tr_pid_value(s.pid), TR_LIST(tr_atom("undef"), tr_atom("nowhere")))));
}

ACTOR_CASE(system_messages_show_the_state)
{
	tr_pid pid = start_with(&door, tr_atom("open"));
	tr_value shown = tr_sys_get_state(pid, SOON);

	THAT(tr_str_is(tr_as_str(tr_map_get_s(shown, "state")), "open"));
	tr_drop(shown);
	THAT(tr_stop(pid, TR_A(normal), SOON) == TR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_of_all_kinds_arrive),
	    cmocka_unit_test(postponed_events_come_back_after_a_change_in_order),
	    cmocka_unit_test(inserted_events_come_before_postponed_ones),
	    cmocka_unit_test(an_inserted_event_may_insert_more),
	    cmocka_unit_test(a_change_of_state_cancels_the_state_timeout),
	    cmocka_unit_test(any_event_cancels_the_event_timeout),
	    cmocka_unit_test(a_named_timeout_survives_changes_and_is_replaced_or_cancelled),
	    cmocka_unit_test(zero_is_now),
	    cmocka_unit_test(enter_calls_tell_where_from),
	    cmocka_unit_test(init_may_act_and_refuse),
	    cmocka_unit_test(stop_ends_it_with_the_reason),
	    cmocka_unit_test(state_functions),
	    cmocka_unit_test(an_unknown_state_ends_it),
	    cmocka_unit_test(system_messages_show_the_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
