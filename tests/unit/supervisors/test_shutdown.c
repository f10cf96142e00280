/* SPDX-License-Identifier: Apache-2.0 */
/* How supervisors stop: order, patience, brutality, children that ignore or forestall it, starts that fail or block. */
#include "tests/unit/behaviour/world_case.h"
#include "tests/unit/supervisors/kids.h"

ACTOR_CASE(children_stop_in_reverse_order)
{
	tr_child_spec specs[] = {kid_spec("a", KID_POLITE, TR_PERMANENT), kid_spec("b", KID_POLITE, TR_PERMANENT),
				 kid_spec("c", KID_POLITE, TR_PERMANENT)};
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, specs, 3);

	kid_up("a");
	kid_up("b");
	kid_up("c");
	sup_shutdown(sup);
	THAT(kid_down("c", TR_A(shutdown)));
	THAT(kid_down("b", TR_A(shutdown)));
	THAT(kid_down("a", TR_A(shutdown)));
	THAT(quiet());
}

WORLD_CASE(a_child_that_ignores_shutdown_is_killed_in_time)
{
	tr_child_spec spec = kid_spec("deaf", KID_DEAF, TR_PERMANENT);

	spec.shutdown_ns = TR_SECOND;
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, &spec, 1);
	tr_pid pid = kid_up("deaf");
	tr_ref ref = tr_monitor(pid);
	int64_t before = tr_now();
	sup_shutdown(sup);
	THAT(tr_now() - before >= TR_SECOND && tr_now() - before < 2 * TR_SECOND);
	THAT(case_next_is(TR_LIST(tr_string("deaf"), tr_string("deaf"), tr_nil())));
	THAT(case_answer_is(case_await(ref), TR_A(killed)));
}

ACTOR_CASE(brutal_kill_does_not_ask)
{
	tr_child_spec spec = kid_spec("polite", KID_POLITE, TR_PERMANENT);

	spec.shutdown_ns = TR_BRUTAL_KILL;
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, &spec, 1);
	tr_ref ref = tr_monitor(kid_up("polite"));
	sup_shutdown(sup);
	THAT(case_answer_is(case_await(ref), TR_A(killed)));
	THAT(quiet()); /* its terminate did not run */
}

ACTOR_CASE(infinity_waits)
{
	tr_child_spec spec = kid_spec("deaf", KID_DEAF, TR_PERMANENT);

	spec.shutdown_ns = TR_SHUTDOWN_INFINITY;
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, &spec, 1);
	tr_pid pid = kid_up("deaf");
	tr_ref ref = tr_monitor(sup);
	tr_unlink(sup);
	tr_exit_signal(sup, TR_A(shutdown));
	THAT(case_next_is(TR_LIST(tr_string("deaf"), tr_string("deaf"), tr_nil())));
	tr_value early = tr_receive_ref(ref, tr_in(20 * TR_MS));
	THAT(tr_value_err(early) == TR_ETIMEOUT);
	tr_exit_signal(pid, TR_A(kill));
	THAT(case_answer_is(case_await(ref), TR_A(shutdown)));
}

ACTOR_CASE(a_killed_supervisor_takes_its_children_along)
{
	tr_child_spec spec = kid_spec("plain", KID_PLAIN, TR_PERMANENT);
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, &spec, 1);
	tr_ref ref = tr_monitor(kid_up("plain"));

	tr_exit_signal(sup, TR_A(kill));
	THAT(case_answer_is(case_await(ref), TR_A(killed)));
	THAT(sup_ended(sup, TR_A(killed)));
}

ACTOR_CASE(a_start_that_fails_stops_what_was_started)
{
	tr_child_spec specs[] = {kid_spec("a", KID_POLITE, TR_PERMANENT), kid_spec("b", KID_POLITE, TR_PERMANENT),
				 kid_spec("c", KID_REFUSES, TR_PERMANENT), kid_spec("d", KID_POLITE, TR_PERMANENT)};
	tr_supervisor_spec spec = {.children = specs, .child_count = 4, .name = "failing"};

	tr_trap_exit(true);
	tr_started s = tr_supervisor_start_link(&spec);
	THAT(s.pid.bits == 0);
	tr_value failed = TR_LIST(tr_atom("failed_to_start_child"), tr_string("c"), tr_string("no"));
	THAT(case_answer_is(s.reason, TR_LIST(TR_A(shutdown), failed)));
	kid_up("a");
	kid_up("b");
	THAT(case_next_is(TR_LIST(tr_string("refused"), tr_string("c"), tr_nil())));
	THAT(kid_down("b", TR_A(shutdown)));
	THAT(kid_down("a", TR_A(shutdown)));
	THAT(quiet());
	THAT(tr_whereis("failing").bits == 0);
}

static tr_next slow_init(void *state, tr_value arg)
{
	(void)state;
	tr_send(tr_as_pid(arg), TR_LIST(tr_string("starting"), tr_pid_value(tr_self())));
	tr_drop(tr_receive(TR_FOREVER));
	return tr_noreply();
}

static const tr_gen_server slow = {.name = "slow", .init = slow_init};

/* The supervisor waits for a child whose start blocks, and goes on when it is through. */
ACTOR_CASE(a_start_that_blocks_holds_the_supervisor)
{
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, NULL, 0);
	tr_child_spec spec = {.id = "slow", .server = &slow, .arg = tr_pid_value(tr_self())};
	tr_started s = tr_supervisor_start_child(sup, &spec, tr_in(20 * TR_MS));

	THAT(s.pid.bits == 0 && TR_IS_A(s.reason, timeout) == false);
	tr_drop(s.reason);
	tr_value starting = tr_receive(SOON);
	tr_value busy = tr_supervisor_count_children(sup, tr_in(20 * TR_MS));
	THAT(tr_value_err(busy) == TR_ETIMEOUT);
	tr_pid pid = tr_as_pid(tr_array_at(starting, 1));
	tr_drop(starting);
	tr_send(pid, tr_nil());
	THAT(child_becomes(sup, "slow", "pid", tr_pid_value(pid)));
	sup_shutdown(sup);
}

/* Killing the blocked start frees the supervisor, which answers that the child was killed. */
static void killer(tr_value arg)
{
	(void)arg;
	tr_value starting = tr_receive(SOON);

	tr_exit_signal(tr_as_pid(tr_array_at(starting, 1)), TR_A(kill));
	tr_drop(starting);
}

ACTOR_CASE(a_blocked_start_can_be_killed)
{
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, NULL, 0);
	tr_child_spec spec = {.id = "slow", .server = &slow, .arg = tr_pid_value(tr_spawn(killer, tr_nil()))};
	tr_started s = tr_supervisor_start_child(sup, &spec, SOON);

	THAT(s.pid.bits == 0);
	THAT(TR_IS_A(s.reason, killed));
	THAT(sup_count(sup, "specs") == 0);
	sup_shutdown(sup);
	THAT(quiet());
}

ACTOR_CASE(supervisors_under_supervisors_stop_depth_first)
{
	tr_child_spec inner[] = {kid_spec("x", KID_POLITE, TR_PERMANENT), kid_spec("y", KID_POLITE, TR_PERMANENT)};
	tr_supervisor_spec inner_spec = {.children = inner, .child_count = 2};
	tr_child_spec outer[] = {
	    kid_spec("a", KID_POLITE, TR_PERMANENT),
	    {.id = "inner", .start = tr_supervisor_start, .arg = tr_supervisor_arg(&inner_spec), .type = TR_SUPERVISOR},
	};
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, outer, 2);

	kid_up("a");
	kid_up("x");
	tr_pid y = kid_up("y");
	THAT(sup_count(sup, "supervisors") == 1);
	/* The inner supervisor gives up (its intensity is 0); the outer one starts it anew with both its children. */
	kid_end(y, tr_string("crash"));
	THAT(kid_down("y", tr_string("crash")));
	THAT(kid_down("x", TR_A(shutdown)));
	kid_up("x");
	kid_up("y");
	sup_shutdown(sup);
	THAT(kid_down("y", TR_A(shutdown)));
	THAT(kid_down("x", TR_A(shutdown)));
	THAT(kid_down("a", TR_A(shutdown)));
	THAT(quiet());
}

WORLD_CASE(instances_stop_together)
{
	tr_child_spec template = {.server = &kid, .restart = TR_TEMPORARY, .shutdown_ns = TR_SECOND};
	tr_pid sup = sup_start_kids(TR_SIMPLE_ONE_FOR_ONE, 1, &template, 1);
	enum {
		COUNT = 60
	};

	for (int i = 0; i < COUNT; i++) {
		tr_value arg = TR_LIST(tr_pid_value(tr_self()), tr_string("i"), tr_int(KID_DEAF));
		THAT(tr_supervisor_start_instance(sup, arg, SOON).pid.bits != 0);
		kid_up("i");
	}
	int64_t before = tr_now();
	sup_shutdown(sup);
	THAT(tr_now() - before < 2 * TR_SECOND); /* the patience was spent once, not for each */
	for (int i = 0; i < COUNT; i++)
		THAT(case_next_is(TR_LIST(tr_string("deaf"), tr_string("i"), tr_nil())));
	THAT(quiet());
}

/* ---- significant children -------------------------------------------------------------------------------------------
 */

static tr_pid start_significant(tr_auto_shutdown mode, tr_restart restart, tr_pid pids[3])
{
	tr_child_spec specs[] = {kid_spec("a", KID_PLAIN, restart), kid_spec("b", KID_PLAIN, restart),
				 kid_spec("c", KID_POLITE, TR_PERMANENT)};
	tr_supervisor_spec spec = {.intensity = 5, .auto_shutdown = mode, .children = specs, .child_count = 3};

	specs[0].significant = specs[1].significant = true;
	tr_trap_exit(true);
	tr_started s = tr_supervisor_start_link(&spec);
	THAT(s.pid.bits != 0);
	pids[0] = kid_up("a");
	pids[1] = kid_up("b");
	pids[2] = kid_up("c");
	return s.pid;
}

ACTOR_CASE(any_significant_end_ends_the_supervisor)
{
	tr_pid pids[3];
	tr_pid sup = start_significant(TR_AUTO_ANY_SIGNIFICANT, TR_TRANSIENT, pids);

	kid_end(pids[1], tr_string("crash")); /* comes back: not for good */
	pids[1] = kid_up("b");
	kid_end(pids[1], TR_A(normal));
	THAT(kid_down("c", TR_A(shutdown)));
	THAT(sup_ended(sup, TR_A(shutdown)));
	THAT(!tr_alive(pids[0]));
}

ACTOR_CASE(all_significant_ends_end_the_supervisor)
{
	tr_pid pids[3];
	tr_pid sup = start_significant(TR_AUTO_ALL_SIGNIFICANT, TR_TEMPORARY, pids);

	kid_end(pids[0], tr_string("crash"));
	THAT(child_becomes(sup, "a", "pid", tr_absent()));
	THAT(tr_alive(sup));
	kid_end(pids[1], TR_A(normal));
	THAT(kid_down("c", TR_A(shutdown)));
	THAT(sup_ended(sup, TR_A(shutdown)));
}

ACTOR_CASE(stopping_a_significant_child_by_hand_ends_nothing)
{
	tr_pid pids[3];
	tr_pid sup = start_significant(TR_AUTO_ANY_SIGNIFICANT, TR_TRANSIENT, pids);

	THAT(tr_supervisor_terminate_child(sup, "a", SOON) == TR_OK);
	THAT(sup_count(sup, "active") == 2);
	sup_shutdown(sup);
	THAT(kid_down("c", TR_A(shutdown)));
}

static tr_value refusal_of(tr_auto_shutdown mode, tr_restart restart)
{
	tr_child_spec child = kid_spec("a", KID_PLAIN, restart);
	tr_supervisor_spec spec = {.auto_shutdown = mode, .children = &child, .child_count = 1};

	child.significant = true;
	tr_started s = tr_supervisor_start_link(&spec);
	THAT(s.pid.bits == 0);
	return s.reason;
}

ACTOR_CASE(impossible_combinations_are_refused)
{
	static const struct {
		tr_auto_shutdown mode;
		tr_restart restart;
	} wrong[] = {{TR_AUTO_NEVER, TR_TEMPORARY}, {TR_AUTO_ANY_SIGNIFICANT, TR_PERMANENT}};

	tr_trap_exit(true);
	for (size_t i = 0; i < 2; i++) {
		tr_value reason = refusal_of(wrong[i].mode, wrong[i].restart);
		THAT(tr_str_is(tr_as_str(tr_array_at(reason, 0)), "start_spec"));
		THAT(tr_str_is(tr_as_str(tr_array_at(tr_array_at(reason, 1), 0)), "bad_combination"));
		tr_drop(reason);
	}
	THAT(quiet());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(children_stop_in_reverse_order),
	    cmocka_unit_test(a_child_that_ignores_shutdown_is_killed_in_time),
	    cmocka_unit_test(brutal_kill_does_not_ask),
	    cmocka_unit_test(infinity_waits),
	    cmocka_unit_test(a_killed_supervisor_takes_its_children_along),
	    cmocka_unit_test(a_start_that_fails_stops_what_was_started),
	    cmocka_unit_test(a_start_that_blocks_holds_the_supervisor),
	    cmocka_unit_test(a_blocked_start_can_be_killed),
	    cmocka_unit_test(supervisors_under_supervisors_stop_depth_first),
	    cmocka_unit_test(instances_stop_together),
	    cmocka_unit_test(any_significant_end_ends_the_supervisor),
	    cmocka_unit_test(all_significant_ends_end_the_supervisor),
	    cmocka_unit_test(stopping_a_significant_child_by_hand_ends_nothing),
	    cmocka_unit_test(impossible_combinations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
