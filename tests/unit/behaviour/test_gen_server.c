/* SPDX-License-Identifier: Apache-2.0 */
/* gen_server: callbacks, next steps, starting, stopping, exit reasons. */
#include "tests/unit/behaviour/actor_case.h"

#include <troupe/gen_server.h>

#include <string.h>

/* A server that does what its requests say and tells `watcher` what happens to it. */
struct puppet {
	int64_t count;
	tr_pid watcher;
	tr_from later;
};

static void tell(struct puppet *p, const char *what, tr_value v)
{
	if (p->watcher.bits != 0)
		tr_send(p->watcher, TR_LIST(tr_string(what), v));
	else
		tr_drop(v);
}

static bool asks(tr_value request, const char *what)
{
	return tr_str_is(tr_as_str(tr_array_at(request, 0)), what);
}

/* arg: [what, watcher, value] */
static tr_next puppet_init(void *state, tr_value arg)
{
	struct puppet *p = state;

	p->watcher = tr_as_pid(tr_array_at(arg, 1));
	if (asks(arg, "refuse"))
		return tr_next_stop(tr_keep(tr_array_at(arg, 2)));
	if (asks(arg, "crash"))
		tr_exit(tr_keep(tr_array_at(arg, 2)));
	if (asks(arg, "block")) {
		tell(p, "blocked", tr_pid_value(tr_self()));
		tr_drop(tr_receive(TR_FOREVER));
	}
	if (asks(arg, "trap"))
		tr_trap_exit(true);
	if (asks(arg, "continue"))
		return tr_next_then(tr_keep(tr_array_at(arg, 2)));
	if (asks(arg, "timeout")) {
		tr_next n = tr_noreply();
		n.timeout_ns = 1;
		return n;
	}
	return tr_noreply();
}

static tr_next puppet_call(void *state, tr_value request, tr_from from)
{
	struct puppet *p = state;
	tr_value arg = tr_array_at(request, 1);

	if (asks(request, "add"))
		return tr_next_reply(tr_int(p->count += tr_as_int(arg, 0)));
	if (asks(request, "later")) {
		p->later = from;
		return tr_noreply();
	}
	if (asks(request, "stop"))
		return tr_next_stop(tr_keep(arg));
	if (asks(request, "stop_reply"))
		return tr_next_stop_reply(tr_keep(arg), tr_string("bye"));
	if (asks(request, "crash"))
		tr_exit(tr_keep(arg));
	if (asks(request, "reply_then")) {
		tr_next n = tr_next_reply(tr_string("first"));
		n.then = tr_keep(arg);
		return n;
	}
	if (asks(request, "bad_reply"))
		return tr_next_reply(tr_invalid(TR_ENOMEM));
	return tr_next_reply(tr_keep(request));
}

static tr_next puppet_cast(void *state, tr_value request)
{
	struct puppet *p = state;

	if (asks(request, "answer")) {
		tr_reply(p->later, tr_keep(tr_array_at(request, 1)));
		return tr_noreply();
	}
	if (asks(request, "timeout")) {
		tr_next n = tr_noreply();
		n.timeout_ns = tr_as_int(tr_array_at(request, 1), 0);
		return n;
	}
	tell(p, "cast", tr_keep(request));
	return tr_noreply();
}

static tr_next puppet_info(void *state, tr_value message)
{
	tell(state, "info", tr_keep(message));
	return tr_noreply();
}

static tr_next puppet_continue(void *state, tr_value arg)
{
	struct puppet *p = state;

	tell(p, "continue", tr_keep(arg));
	if (tr_as_int(arg, 0) > 1)
		return tr_next_then(tr_int(tr_as_int(arg, 0) - 1));
	return tr_noreply();
}

static tr_next puppet_timeout(void *state)
{
	tell(state, "timeout", tr_nil());
	return tr_noreply();
}

static void puppet_terminate(void *state, tr_value reason)
{
	tell(state, "terminate", tr_keep(reason));
}

static tr_value puppet_show(void *state)
{
	const struct puppet *p = state;

	return tr_int(p->count);
}

static const tr_gen_server puppet = {
    .name = "puppet",
    .state_size = sizeof(struct puppet),
    .init = puppet_init,
    .handle_call = puppet_call,
    .handle_cast = puppet_cast,
    .handle_info = puppet_info,
    .handle_continue = puppet_continue,
    .handle_timeout = puppet_timeout,
    .terminate = puppet_terminate,
    .show = puppet_show,
};

static tr_next bare_init(void *state, tr_value arg)
{
	(void)state;
	(void)arg;
	return tr_noreply();
}

static const tr_gen_server bare = {.name = "bare", .init = bare_init};

static tr_value arg_of(const char *what, tr_value v)
{
	return TR_LIST(tr_string(what), tr_pid_value(tr_self()), v);
}

static tr_pid start(const char *what, tr_value v)
{
	tr_started s = tr_gen_server_start(&puppet, arg_of(what, v), NULL, SOON);

	THAT(s.pid.bits != 0);
	THAT(!tr_is_valid(s.reason));
	return s.pid;
}

static tr_value ask(tr_pid pid, const char *what, tr_value v)
{
	return tr_call(pid, TR_LIST(tr_string(what), v), SOON);
}

static bool told(const char *what, tr_value v)
{
	return case_next_is(TR_LIST(tr_string(what), v));
}

static bool mailbox_empty(void)
{
	tr_value m = tr_receive(0);
	bool empty = !tr_is_valid(m);

	tr_drop(m);
	return empty;
}

/* ---- messages -------------------------------------------------------------------------------------------------------
 */

ACTOR_CASE(calls_change_state_and_answer)
{
	tr_pid pid = start("go", tr_nil());

	THAT(tr_as_int(ask(pid, "add", tr_int(2)), 0) == 2);
	THAT(tr_as_int(ask(pid, "add", tr_int(40)), 0) == 42);
}

ACTOR_CASE(casts_and_infos_arrive_in_order)
{
	tr_pid pid = start("go", tr_nil());

	THAT(tr_cast(pid, tr_int(1)) == TR_OK);
	THAT(tr_send(pid, tr_int(2)) == TR_OK);
	THAT(tr_cast(pid, tr_int(3)) == TR_OK);
	THAT(told("cast", tr_int(1)));
	THAT(told("info", tr_int(2)));
	THAT(told("cast", tr_int(3)));
}

ACTOR_CASE(a_call_may_be_answered_later)
{
	tr_pid pid = start("go", tr_nil());
	tr_value late = tr_call(pid, TR_LIST(tr_string("later")), tr_in(1));

	THAT(tr_value_err(late) == TR_ETIMEOUT);
	THAT(tr_cast(pid, TR_LIST(tr_string("answer"), tr_int(1))) == TR_OK);
	THAT(tr_as_int(ask(pid, "add", tr_int(7)), 0) == 7);
	THAT(mailbox_empty()); /* the late answer did not arrive */
}

static void later_client(tr_value server)
{
	tr_value v = tr_call(tr_as_pid(server), TR_LIST(tr_string("later")), SOON);

	tr_exit(TR_LIST(TR_A(shutdown), v));
}

ACTOR_CASE(a_deferred_reply_reaches_its_caller)
{
	tr_pid pid = start("go", tr_nil());
	tr_spawn_options options = {.monitor = true};
	tr_spawned client = tr_spawn_opt(later_client, tr_pid_value(pid), &options);
	tr_value reason;

	/* Once the client waits, `later` is before this cast or the cast finds nobody to answer: ask until it works. */
	for (;;) {
		tr_cast(pid, TR_LIST(tr_string("answer"), tr_string("at last")));
		tr_value down = tr_receive_ref(client.monitor, tr_in(TR_MS));
		reason = tr_keep(tr_array_at(down, 4));
		tr_drop(down);
		if (tr_is_valid(reason))
			break;
	}
	THAT(case_is_pair(reason, TR_A(shutdown), tr_string("at last")));
	tr_drop(reason);
}

ACTOR_CASE(continue_runs_before_the_next_message)
{
	tr_started s = tr_gen_server_start(&puppet, arg_of("continue", tr_int(3)), NULL, SOON);

	tr_cast(s.pid, tr_int(0));
	THAT(told("continue", tr_int(3)));
	THAT(told("continue", tr_int(2)));
	THAT(told("continue", tr_int(1)));
	THAT(told("cast", tr_int(0)));
	THAT(case_answer_is(ask(s.pid, "reply_then", tr_int(1)), tr_string("first")));
	THAT(told("continue", tr_int(1)));
}

ACTOR_CASE(timeout_comes_when_nothing_else_does)
{
	tr_pid pid = start("timeout", tr_nil());

	THAT(told("timeout", tr_nil()));
	tr_cast(pid, TR_LIST(tr_string("timeout"), tr_int(1)));
	THAT(told("timeout", tr_nil()));
	/* A message cancels the timeout. */
	tr_cast(pid, TR_LIST(tr_string("timeout"), tr_int(3600 * TR_SECOND)));
	tr_cast(pid, tr_int(1));
	THAT(told("cast", tr_int(1)));
	THAT(mailbox_empty());
}

static tr_next quiet_init(void *state, tr_value arg)
{
	*(tr_pid *)state = tr_as_pid(arg);
	tr_next n = tr_noreply();
	n.timeout_ns = 1;
	return n;
}

static tr_next quiet_info(void *state, tr_value message)
{
	tr_send(*(tr_pid *)state, tr_keep(message));
	return tr_noreply();
}

ACTOR_CASE(without_handle_timeout_the_atom_is_an_info)
{
	static const tr_gen_server quiet = {
	    .name = "quiet", .state_size = sizeof(tr_pid), .init = quiet_init, .handle_info = quiet_info};

	THAT(tr_gen_server_start(&quiet, tr_pid_value(tr_self()), NULL, SOON).pid.bits != 0);
	THAT(case_next_is(TR_A(timeout)));
}

/* ---- starting -------------------------------------------------------------------------------------------------------
 */

ACTOR_CASE(a_refusing_init_gives_its_reason)
{
	tr_spawn_options options = {.name = "refuser"};
	tr_started s = tr_gen_server_start(&puppet, arg_of("refuse", tr_string("no")), &options, SOON);

	THAT(s.pid.bits == 0);
	THAT(case_answer_is(s.reason, tr_string("no")));
	THAT(tr_whereis("refuser").bits == 0); /* its name is free when start returns */
	THAT(mailbox_empty());                 /* and terminate did not run */
}

ACTOR_CASE(a_crashing_init_gives_its_reason)
{
	tr_started s = tr_gen_server_start(&puppet, arg_of("crash", TR_LIST(TR_A(crash), tr_int(1))), NULL, SOON);

	THAT(s.pid.bits == 0);
	THAT(case_is_pair(s.reason, TR_A(crash), tr_int(1)));
	tr_drop(s.reason);
	THAT(mailbox_empty());
}

ACTOR_CASE(a_linked_start_that_fails_leaves_no_exit_message)
{
	tr_trap_exit(true);
	tr_started s = tr_gen_server_start_link(&puppet, arg_of("refuse", tr_string("no")), NULL, SOON);
	THAT(case_answer_is(s.reason, tr_string("no")));
	s = tr_gen_server_start_link(&puppet, arg_of("crash", tr_string("bang")), NULL, SOON);
	THAT(case_answer_is(s.reason, tr_string("bang")));
	THAT(mailbox_empty());
}

static void linked_starter(tr_value arg)
{
	tr_drop(tr_gen_server_start_link(&puppet, tr_keep(arg), NULL, SOON).reason);
	tr_exit(tr_string("went on"));
}

ACTOR_CASE(a_linked_starter_that_does_not_trap_dies_with_it)
{
	tr_spawn_options options = {.monitor = true};
	tr_spawned s = tr_spawn_opt(linked_starter, arg_of("refuse", tr_string("no")), &options);

	THAT(case_answer_is(case_await(s.monitor), tr_string("no")));
	s = tr_spawn_opt(linked_starter, arg_of("refuse", TR_A(normal)), &options);
	THAT(case_answer_is(case_await(s.monitor), tr_string("went on")));
}

ACTOR_CASE(a_taken_name_says_who_has_it)
{
	tr_spawn_options options = {.name = "one"};
	tr_started first = tr_gen_server_start(&puppet, arg_of("go", tr_nil()), &options, SOON);
	tr_started second = tr_gen_server_start(&puppet, arg_of("go", tr_nil()), &options, SOON);

	THAT(second.pid.bits == 0);
	THAT(case_is_pair(second.reason, TR_A(already_started), tr_pid_value(first.pid)));
	tr_drop(second.reason);
	THAT(tr_as_int(tr_call_name("one", TR_LIST(tr_string("add"), tr_int(1)), SOON), 0) == 1);
	THAT(tr_cast_name("one", tr_int(1)) == TR_OK);
	THAT(told("cast", tr_int(1)));
	THAT(tr_cast_name("nobody", tr_int(1)) == TR_ENOPROC);
}

ACTOR_CASE(a_start_that_takes_too_long_is_killed)
{
	tr_trap_exit(true);
	tr_started s = tr_gen_server_start_link(&puppet, arg_of("block", tr_nil()), NULL, tr_in(20 * TR_MS));

	THAT(s.pid.bits == 0);
	THAT(TR_IS_A(s.reason, timeout));
	tr_value blocked = tr_receive(0);
	if (tr_is_valid(blocked)) /* it came as far as its init */
		THAT(!tr_alive(tr_as_pid(tr_array_at(blocked, 1))));
	tr_drop(blocked);
	THAT(mailbox_empty());
}

static void kill_when_blocked(tr_value starter)
{
	tr_value m = tr_receive(SOON);

	tr_exit_signal(tr_as_pid(tr_array_at(m, 1)), TR_A(kill));
	tr_drop(m);
	(void)starter;
}

ACTOR_CASE(a_server_killed_in_its_init_is_reported_as_killed)
{
	tr_pid killer = tr_spawn(kill_when_blocked, tr_nil());
	tr_value arg = TR_LIST(tr_string("block"), tr_pid_value(killer), tr_nil());
	tr_started s = tr_gen_server_start(&puppet, arg, NULL, SOON);

	THAT(s.pid.bits == 0);
	THAT(TR_IS_A(s.reason, killed));
}

ACTOR_CASE(monitor_and_link_options_work)
{
	tr_spawn_options options = {.monitor = true, .link = true};
	tr_trap_exit(true);
	tr_started s = tr_gen_server_start(&puppet, arg_of("go", tr_nil()), &options, SOON);

	THAT(s.monitor.bits != 0);
	tr_exit_signal(s.pid, TR_A(kill));
	THAT(case_answer_is(case_await(s.monitor), TR_A(killed)));
	THAT(case_next_is(TR_LIST(TR_A(exit), tr_pid_value(s.pid), TR_A(killed))));
}

/* ---- stopping -------------------------------------------------------------------------------------------------------
 */

ACTOR_CASE(stop_runs_terminate_and_gives_the_reason)
{
	static const char *const how[] = {"stop", "stop_reply", "crash"};

	for (size_t i = 0; i < 3; i++) {
		tr_pid pid = start("go", tr_nil());
		tr_ref ref = tr_monitor(pid);
		tr_value answer = ask(pid, how[i], tr_string("why"));
		if (i == 1)
			THAT(case_answer_is(answer, tr_string("bye")));
		else
			THAT(tr_value_err(answer) == TR_EDOWN);
		THAT(case_answer_is(case_await(ref), tr_string("why")));
		THAT(told("terminate", tr_string("why")));
		THAT(mailbox_empty());
	}
}

ACTOR_CASE(tr_stop_waits_for_the_end)
{
	tr_pid pid = start("go", tr_nil());

	THAT(tr_stop(pid, TR_A(normal), SOON) == TR_OK);
	THAT(!tr_alive(pid));
	THAT(told("terminate", TR_A(normal)));
	THAT(tr_stop(pid, TR_A(normal), SOON) == TR_ENOPROC);
}

static void deaf(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive_ref(tr_make_ref(), TR_FOREVER));
}

ACTOR_CASE(tr_stop_of_the_deaf_times_out)
{
	tr_pid pid = tr_spawn(deaf, tr_nil());

	THAT(tr_stop(pid, TR_A(normal), tr_in(TR_MS)) == TR_ETIMEOUT);
	THAT(tr_alive(pid));
	tr_exit_signal(pid, TR_A(kill));
	THAT(mailbox_empty());
}

static void parent_of_trapping(tr_value arg)
{
	tr_started s = tr_gen_server_start_link(&puppet, tr_keep(arg), NULL, SOON);

	tr_send(tr_as_pid(tr_array_at(arg, 1)), tr_pid_value(s.pid));
	tr_drop(tr_receive(TR_FOREVER));
}

ACTOR_CASE(the_exit_of_the_parent_ends_a_trapping_server)
{
	tr_pid parent = tr_spawn(parent_of_trapping, arg_of("trap", tr_nil()));
	tr_value server = tr_receive(SOON);
	tr_ref ref = tr_monitor(tr_as_pid(server));

	tr_exit_signal(parent, tr_string("gone"));
	THAT(case_answer_is(case_await(ref), tr_string("gone")));
	THAT(told("terminate", tr_string("gone")));
}

ACTOR_CASE(exits_of_others_are_infos_of_a_trapping_server)
{
	tr_pid pid = start("trap", tr_nil());

	tr_exit_signal(pid, tr_string("hello"));
	THAT(told("info", TR_LIST(TR_A(exit), tr_pid_value(tr_self()), tr_string("hello"))));
	THAT(tr_alive(pid));
}

ACTOR_CASE(an_exit_signal_runs_no_terminate_without_trapping)
{
	tr_pid pid = start("go", tr_nil());
	tr_ref ref = tr_monitor(pid);

	tr_exit_signal(pid, tr_string("bang"));
	THAT(case_answer_is(case_await(ref), tr_string("bang")));
	THAT(mailbox_empty());
}

static tr_next stuck_cast(void *state, tr_value request)
{
	struct puppet *p = state;

	p->watcher = tr_as_pid(request);
	tell(p, "stuck", tr_nil());
	tr_drop(tr_receive(TR_FOREVER));
	return tr_noreply();
}

ACTOR_CASE(nor_when_the_signal_finds_it_inside_a_callback)
{
	static const tr_gen_server stuck = {.name = "stuck",
					    .state_size = sizeof(struct puppet),
					    .init = bare_init,
					    .handle_cast = stuck_cast,
					    .terminate = puppet_terminate};
	tr_started s = tr_gen_server_start(&stuck, tr_nil(), NULL, SOON);
	tr_ref ref = tr_monitor(s.pid);

	tr_cast(s.pid, tr_pid_value(tr_self()));
	THAT(told("stuck", tr_nil()));
	tr_exit_signal(s.pid, tr_string("bang"));
	THAT(case_answer_is(case_await(ref), tr_string("bang")));
	THAT(mailbox_empty());
}

/* ---- what is missing or wrong
 * ------------------------------------------------------------------------------------------ */

ACTOR_CASE(missing_callbacks_end_the_server_with_undef)
{
	tr_spawn_options options = {.monitor = true};
	tr_started s = tr_gen_server_start(&bare, tr_nil(), &options, SOON);

	tr_send(s.pid, tr_int(1)); /* an info is dropped */
	tr_value answer = tr_call(s.pid, tr_int(2), SOON);
	THAT(tr_value_err(answer) == TR_EDOWN);
	THAT(case_answer_is(case_await(s.monitor), TR_LIST(tr_atom("undef"), tr_atom("handle_call"), tr_int(2))));

	s = tr_gen_server_start(&bare, tr_nil(), &options, SOON);
	tr_cast(s.pid, tr_int(3));
	THAT(case_answer_is(case_await(s.monitor), TR_LIST(tr_atom("undef"), tr_atom("handle_cast"), tr_int(3))));
}

ACTOR_CASE(a_reply_that_could_not_be_built_is_an_error_of_the_call)
{
	tr_pid pid = start("go", tr_nil());

	THAT(tr_value_err(ask(pid, "bad_reply", tr_nil())) == TR_ENOMEM);
	THAT(tr_as_int(ask(pid, "add", tr_int(1)), 0) == 1);
}

struct large {
	unsigned char bytes[100000];
};

static tr_next large_init(void *state, tr_value arg)
{
	struct large *l = state;

	(void)arg;
	for (size_t i = 0; i < sizeof(l->bytes); i++) {
		if (l->bytes[i] != 0)
			return tr_next_stop(TR_A(badarg));
	}
	memset(l->bytes, 7, sizeof(l->bytes));
	return tr_noreply();
}

static tr_next large_call(void *state, tr_value request, tr_from from)
{
	const struct large *l = state;

	(void)request;
	(void)from;
	return tr_next_reply(tr_int(l->bytes[sizeof(l->bytes) - 1]));
}

ACTOR_CASE(a_large_state_has_memory_of_its_own)
{
	static const tr_gen_server large = {
	    .name = "large", .state_size = sizeof(struct large), .init = large_init, .handle_call = large_call};
	tr_started s = tr_gen_server_start(&large, tr_nil(), NULL, SOON);

	THAT(tr_as_int(tr_call(s.pid, tr_nil(), SOON), 0) == 7);
}

ACTOR_CASE(a_multi_call_gives_what_was_answered)
{
	tr_pid servers[4] = {start("go", tr_nil()), tr_spawn(deaf, tr_nil()), start("go", tr_nil()), {0}};

	servers[3] = start("go", tr_nil());
	THAT(tr_stop(servers[3], TR_A(normal), SOON) == TR_OK);
	THAT(told("terminate", TR_A(normal)));
	/* Where the two do not answer in time, they are given more. */
	size_t answered = 0;
	for (int round = 1; answered < 2; round++) {
		THAT(round < 6);
		tr_value add = TR_LIST(tr_string("add"), tr_int(5));
		tr_value replies = tr_multi_call(servers, 4, add, tr_in((50 * TR_MS) << (2 * round - 2)));
		answered = tr_map_len(replies);
		THAT(answered <= 2);
		for (int i = 0; i < 4; i++) {
			tr_value sum = tr_map_get(replies, tr_pid_value(servers[i]));
			THAT(!tr_is_valid(sum) || (i % 2 == 0 && tr_as_int(sum, 0) == 5 * round));
		}
		tr_drop(replies);
		THAT(mailbox_empty());
	}
	tr_exit_signal(servers[1], TR_A(kill));
}

/* ---- from outside
 * ------------------------------------------------------------------------------------------------------ */

static void outside_starts_and_calls(void **state)
{
	tr_node_options options = {.schedulers = 2, .report = case_swallow_report};
	tr_node *node = tr_node_start(&options, NULL);
	tr_spawn_options named = {.name = "outside"};

	(void)state;
	assert_non_null(node);
	tr_started s = tr_node_gen_server(node, &puppet, TR_LIST(tr_string("go")), &named);
	assert_true(s.pid.bits != 0);
	tr_value sum = tr_node_call(node, s.pid, TR_LIST(tr_string("add"), tr_int(3)), TR_FOREVER);
	assert_int_equal(tr_as_int(sum, 0), 3);

	tr_started again = tr_node_gen_server(node, &puppet, TR_LIST(tr_string("go")), &named);
	assert_true(again.pid.bits == 0);
	assert_true(case_is_pair(again.reason, TR_A(already_started), tr_pid_value(s.pid)));
	tr_drop(again.reason);

	tr_value refusal = TR_LIST(tr_string("refuse"), tr_nil(), tr_string("no"));
	tr_started refused = tr_node_gen_server(node, &puppet, refusal, NULL);
	assert_true(refused.pid.bits == 0);
	assert_true(case_answer_is(refused.reason, tr_string("no")));
	tr_node_stop(&node);
}

/* A message that reaches the name before the start request must wait for init. */
static void eager(tr_value arg)
{
	(void)arg;
	while (tr_send_name("early", tr_int(1)) != TR_OK)
		tr_yield();
}

ACTOR_CASE(a_message_before_the_start_waits_for_init)
{
	for (int i = 0; i < 200; i++) {
		tr_spawn_options monitored = {.monitor = true};
		tr_spawn_options named = {.name = "early"};
		tr_spawned e = tr_spawn_opt(eager, tr_nil(), &monitored);
		if (i % 2 == 0)
			tr_yield();
		tr_started s = tr_gen_server_start(&puppet, arg_of("continue", tr_int(1)), &named, SOON);
		THAT(s.pid.bits != 0);
		tr_drop(case_await(e.monitor));
		THAT(told("continue", tr_int(1)));
		THAT(told("info", tr_int(1)));
		THAT(tr_stop(s.pid, TR_A(normal), SOON) == TR_OK);
		THAT(told("terminate", TR_A(normal)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(calls_change_state_and_answer),
	    cmocka_unit_test(casts_and_infos_arrive_in_order),
	    cmocka_unit_test(a_call_may_be_answered_later),
	    cmocka_unit_test(a_deferred_reply_reaches_its_caller),
	    cmocka_unit_test(continue_runs_before_the_next_message),
	    cmocka_unit_test(timeout_comes_when_nothing_else_does),
	    cmocka_unit_test(without_handle_timeout_the_atom_is_an_info),
	    cmocka_unit_test(a_refusing_init_gives_its_reason),
	    cmocka_unit_test(a_crashing_init_gives_its_reason),
	    cmocka_unit_test(a_linked_start_that_fails_leaves_no_exit_message),
	    cmocka_unit_test(a_linked_starter_that_does_not_trap_dies_with_it),
	    cmocka_unit_test(a_taken_name_says_who_has_it),
	    cmocka_unit_test(a_start_that_takes_too_long_is_killed),
	    cmocka_unit_test(a_server_killed_in_its_init_is_reported_as_killed),
	    cmocka_unit_test(monitor_and_link_options_work),
	    cmocka_unit_test(stop_runs_terminate_and_gives_the_reason),
	    cmocka_unit_test(tr_stop_waits_for_the_end),
	    cmocka_unit_test(tr_stop_of_the_deaf_times_out),
	    cmocka_unit_test(the_exit_of_the_parent_ends_a_trapping_server),
	    cmocka_unit_test(exits_of_others_are_infos_of_a_trapping_server),
	    cmocka_unit_test(an_exit_signal_runs_no_terminate_without_trapping),
	    cmocka_unit_test(nor_when_the_signal_finds_it_inside_a_callback),
	    cmocka_unit_test(missing_callbacks_end_the_server_with_undef),
	    cmocka_unit_test(a_reply_that_could_not_be_built_is_an_error_of_the_call),
	    cmocka_unit_test(a_large_state_has_memory_of_its_own),
	    cmocka_unit_test(a_multi_call_gives_what_was_answered),
	    cmocka_unit_test(outside_starts_and_calls),
	    cmocka_unit_test(a_message_before_the_start_waits_for_init),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
