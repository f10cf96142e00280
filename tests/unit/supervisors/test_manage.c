/* SPDX-License-Identifier: Apache-2.0 */
/* The management calls: start, stop, restart, delete, list and count children; every state by every request. */
#include "tests/unit/supervisors/kids.h"

#include <stdatomic.h>
#include <string.h>

#include <troupe/sys.h>

static bool refused_with(tr_started s, tr_value reason)
{
	return s.pid.bits == 0 && case_answer_is(s.reason, reason);
}

static tr_started start_kid(tr_pid sup, const char *id, enum kid_kind kind, tr_restart restart)
{
	tr_child_spec spec = kid_spec(id, kind, restart);

	return tr_supervisor_start_child(sup, &spec, SOON);
}

ACTOR_CASE(a_running_child)
{
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, NULL, 0);
	tr_pid a = start_kid(sup, "a", KID_PLAIN, TR_PERMANENT).pid;

	THAT(kid_up("a").bits == a.bits);
	THAT(refused_with(start_kid(sup, "a", KID_PLAIN, TR_PERMANENT),
			  TR_LIST(TR_A(already_started), tr_pid_value(a))));
	THAT(refused_with(tr_supervisor_restart_child(sup, "a", SOON), tr_atom("running")));
	THAT(tr_supervisor_delete_child(sup, "a", SOON) == TR_EBUSY);
	THAT(tr_supervisor_terminate_child(sup, "a", SOON) == TR_OK);
	THAT(!tr_alive(a));
	THAT(child_becomes(sup, "a", "pid", tr_nil()));
	sup_shutdown(sup);
	THAT(quiet());
}

ACTOR_CASE(a_stopped_child)
{
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, NULL, 0);

	start_kid(sup, "a", KID_PLAIN, TR_PERMANENT);
	kid_up("a");
	THAT(tr_supervisor_terminate_child(sup, "a", SOON) == TR_OK);
	THAT(refused_with(start_kid(sup, "a", KID_PLAIN, TR_PERMANENT), tr_atom("already_present")));
	THAT(tr_supervisor_terminate_child(sup, "a", SOON) == TR_OK);
	tr_started again = tr_supervisor_restart_child(sup, "a", SOON);
	THAT(again.pid.bits != 0);
	THAT(kid_up("a").bits == again.pid.bits);
	THAT(tr_supervisor_terminate_pid(sup, again.pid, SOON) == TR_OK);
	THAT(tr_supervisor_delete_child(sup, "a", SOON) == TR_OK);
	THAT(sup_count(sup, "specs") == 0);
	THAT(start_kid(sup, "a", KID_PLAIN, TR_PERMANENT).pid.bits != 0);
	sup_shutdown(sup);
}

ACTOR_CASE(nobody)
{
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, NULL, 0);

	THAT(tr_supervisor_terminate_child(sup, "x", SOON) == TR_ENOENT);
	THAT(tr_supervisor_terminate_pid(sup, tr_self(), SOON) == TR_ENOENT);
	THAT(tr_supervisor_delete_child(sup, "x", SOON) == TR_ENOENT);
	THAT(refused_with(tr_supervisor_restart_child(sup, "x", SOON), TR_A(not_found)));
	THAT(refused_with(tr_supervisor_start_instance(sup, tr_nil(), SOON), tr_atom("not_simple_one_for_one")));
	THAT(refused_with(start_kid(sup, "bad", KID_REFUSES, TR_PERMANENT), tr_string("no")));
	THAT(case_next_is(TR_LIST(tr_string("refused"), tr_string("bad"), tr_nil())));
	THAT(sup_count(sup, "specs") == 0);
	sup_shutdown(sup);
	THAT(quiet());
}

ACTOR_CASE(a_stopped_temporary_child_is_gone)
{
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, NULL, 0);

	start_kid(sup, "t", KID_PLAIN, TR_TEMPORARY);
	kid_up("t");
	THAT(tr_supervisor_terminate_child(sup, "t", SOON) == TR_OK);
	THAT(sup_count(sup, "specs") == 0);
	sup_shutdown(sup);
}

/* A child that waits for its restart: management overtakes it. */
ACTOR_CASE(a_restarting_child)
{
	tr_child_spec child = kid_spec("a", KID_PLAIN, TR_PERMANENT);
	tr_supervisor_spec spec = {.intensity = 5,
				   .backoff_ns = 3600 * TR_SECOND,
				   .backoff_max_ns = 3600 * TR_SECOND,
				   .children = &child,
				   .child_count = 1};

	tr_trap_exit(true);
	tr_pid sup = tr_supervisor_start_link(&spec).pid;
	kid_end(kid_up("a"), tr_string("crash"));
	THAT(child_becomes(sup, "a", "pid", tr_atom("restarting")));
	THAT(sup_count(sup, "active") == 0);
	THAT(refused_with(start_kid(sup, "a", KID_PLAIN, TR_PERMANENT),
			  TR_LIST(TR_A(already_started), tr_atom("restarting"))));
	THAT(refused_with(tr_supervisor_restart_child(sup, "a", SOON), tr_atom("restarting")));
	THAT(tr_supervisor_delete_child(sup, "a", SOON) == TR_EBUSY);
	THAT(tr_supervisor_terminate_child(sup, "a", SOON) == TR_OK);
	THAT(child_becomes(sup, "a", "pid", tr_nil()));
	THAT(tr_supervisor_restart_child(sup, "a", SOON).pid.bits != 0);
	kid_up("a");
	sup_shutdown(sup);
	THAT(quiet());
}

ACTOR_CASE(instances_are_known_by_pid)
{
	tr_child_spec template = {.server = &kid, .restart = TR_TEMPORARY};
	tr_pid sup = sup_start_kids(TR_SIMPLE_ONE_FOR_ONE, 1, &template, 1);
	tr_value arg = TR_LIST(tr_pid_value(tr_self()), tr_string("i"), tr_int(KID_PLAIN));
	tr_pid pid = tr_supervisor_start_instance(sup, arg, SOON).pid;

	THAT(kid_up("i").bits == pid.bits);
	THAT(refused_with(start_kid(sup, "a", KID_PLAIN, TR_PERMANENT), TR_A(simple_one_for_one)));
	THAT(refused_with(tr_supervisor_restart_child(sup, "i", SOON), TR_A(simple_one_for_one)));
	THAT(tr_supervisor_terminate_child(sup, "i", SOON) == TR_EUNSUPPORTED);
	THAT(tr_supervisor_delete_child(sup, "i", SOON) == TR_EUNSUPPORTED);
	THAT(sup_count(sup, "specs") == 1 && sup_count(sup, "workers") == 1);
	THAT(tr_supervisor_terminate_pid(sup, pid, SOON) == TR_OK);
	THAT(tr_supervisor_terminate_pid(sup, pid, SOON) == TR_OK); /* as OTP: it has ended, which was asked for */
	THAT(tr_supervisor_terminate_pid(sup, tr_self(), SOON) == TR_ENOENT);
	THAT(sup_count(sup, "active") == 0 && sup_count(sup, "workers") == 0);
	THAT(refused_with(tr_supervisor_start_instance(
			      sup, TR_LIST(tr_pid_value(tr_self()), tr_string("i"), tr_int(KID_REFUSES)), SOON),
			  tr_string("no")));
	THAT(case_next_is(TR_LIST(tr_string("refused"), tr_string("i"), tr_nil())));
	sup_shutdown(sup);
	THAT(quiet());
}

static atomic_int args_gone;

static void arg_gone(void *data)
{
	(void)data;
	atomic_fetch_add(&args_gone, 1);
}

static const tr_class arg_class = {"argument", arg_gone};

static tr_next forgetful_init(void *state, tr_value arg)
{
	(void)state;
	(void)arg;
	return tr_noreply();
}

static const tr_gen_server forgetful = {.name = "forgetful", .init = forgetful_init};

static void await_arg_gone(void)
{
	int64_t end = SOON;

	while (atomic_load(&args_gone) == 0 && tr_now() < end)
		tr_yield();
	THAT(atomic_load(&args_gone) == 1);
}

/* One that is never started again is no reason to keep what it was started with; one that is needs it. */
ACTOR_CASE(a_temporary_instance_leaves_no_argument_behind)
{
	static const tr_restart restarts[] = {TR_TEMPORARY, TR_TRANSIENT, TR_PERMANENT};
	for (size_t i = 0; i < 3; i++) {
		tr_child_spec template = {.server = &forgetful, .restart = restarts[i]};
		tr_pid sup = sup_start_kids(TR_SIMPLE_ONE_FOR_ONE, 1, &template, 1);

		atomic_store(&args_gone, 0);
		tr_pid pid = tr_supervisor_start_instance(sup, tr_object(&arg_class, &args_gone), SOON).pid;
		THAT(pid.bits != 0);
		if (restarts[i] == TR_TEMPORARY)
			await_arg_gone();
		tr_drop(tr_sys_get_state(pid, SOON)); /* what started it is over */
		THAT(sup_count(sup, "active") == 1);
		THAT(atomic_load(&args_gone) == (restarts[i] == TR_TEMPORARY));
		sup_shutdown(sup);
		await_arg_gone();
	}
	THAT(quiet());
}

/* [supervisor, test]: joins, and ends when it is told anything. */
static void joiner(tr_value arg)
{
	tr_supervisor_join(tr_as_pid(tr_array_at(arg, 0)));
	tr_send(tr_as_pid(tr_array_at(arg, 1)), TR_LIST(tr_string("up"), tr_string("joiner"), tr_pid_value(tr_self())));
	tr_drop(tr_receive(TR_FOREVER));
}

static tr_spawned joiner_start(tr_pid sup)
{
	tr_spawn_options watched = {.monitor = true};

	return tr_spawn_opt(joiner, TR_LIST(tr_pid_value(sup), tr_pid_value(tr_self())), &watched);
}

static bool joiner_ended(const tr_spawned *who, tr_value reason)
{
	return case_next_is(
	    TR_LIST(TR_A(down), tr_ref_value(who->monitor), TR_A(process), tr_pid_value(who->pid), reason));
}

ACTOR_CASE(actors_join)
{
	tr_child_spec template = {.server = &kid, .restart = TR_TEMPORARY};
	tr_pid sup = sup_start_kids(TR_SIMPLE_ONE_FOR_ONE, 1, &template, 1);
	tr_spawned one = joiner_start(sup);

	THAT(kid_up("joiner").bits == one.pid.bits);
	tr_spawned two = joiner_start(sup);
	THAT(kid_up("joiner").bits == two.pid.bits);
	tr_spawned three = joiner_start(sup);
	THAT(kid_up("joiner").bits == three.pid.bits);
	THAT(sup_count(sup, "workers") == 3);
	THAT(tr_supervisor_terminate_pid(sup, one.pid, SOON) == TR_OK);
	THAT(joiner_ended(&one, TR_A(shutdown)));
	tr_send(two.pid, tr_nil());
	THAT(joiner_ended(&two, TR_A(normal)));
	THAT(sup_count(sup, "workers") == 1);
	sup_shutdown(sup);
	THAT(joiner_ended(&three, TR_A(shutdown)));
	THAT(quiet());
}

ACTOR_CASE(others_are_not_joined)
{
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, NULL, 0);
	tr_spawned one = joiner_start(sup);

	THAT(kid_up("joiner").bits == one.pid.bits);
	THAT(sup_count(sup, "workers") == 0);
	sup_shutdown(sup);
	THAT(joiner_ended(&one, TR_A(shutdown)));
}

static tr_started ignores(tr_value arg, tr_value extra)
{
	(void)arg;
	(void)extra;
	return (tr_started){{0}, {0}, tr_absent()};
}

static void body(tr_value arg)
{
	tr_send(tr_as_pid(arg), TR_LIST(tr_string("up"), tr_string("body"), tr_pid_value(tr_self())));
	tr_drop(tr_receive(TR_FOREVER));
}

ACTOR_CASE(children_from_functions_and_bodies)
{
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, NULL, 0);
	tr_child_spec ignored = {.id = "ignored", .start = ignores};
	tr_child_spec fleeting = {.id = "fleeting", .start = ignores, .restart = TR_TEMPORARY};
	tr_child_spec straight = {.id = "body", .body = body, .arg = tr_pid_value(tr_self()), .name = "body"};

	tr_started s = tr_supervisor_start_child(sup, &ignored, SOON);
	THAT(s.pid.bits == 0 && !tr_is_valid(s.reason));
	s = tr_supervisor_start_child(sup, &fleeting, SOON);
	THAT(s.pid.bits == 0 && !tr_is_valid(s.reason));
	s = tr_supervisor_start_child(sup, &straight, SOON);
	THAT(kid_up("body").bits == s.pid.bits);
	THAT(tr_whereis("body").bits == s.pid.bits);
	THAT(sup_count(sup, "specs") == 2); /* the temporary one that was ignored is not kept */
	tr_send_name("body", tr_nil());     /* ends normally: permanent, so it comes back */
	THAT(kid_up("body").bits != s.pid.bits);
	sup_shutdown(sup);
}

ACTOR_CASE(wrong_specs_have_reasons)
{
	tr_supervisor_spec twice = {0};
	tr_child_spec same[] = {kid_spec("a", KID_PLAIN, TR_PERMANENT), kid_spec("a", KID_PLAIN, TR_PERMANENT)};
	tr_child_spec nothing = {.id = "a"};
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, NULL, 0);

	twice.children = same;
	twice.child_count = 2;
	tr_value duplicate = TR_LIST(tr_atom("duplicate_child_name"), tr_string("a"));
	THAT(refused_with(tr_supervisor_start_link(&twice), TR_LIST(tr_atom("start_spec"), duplicate)));
	THAT(refused_with(tr_supervisor_start_child(sup, &nothing, SOON), tr_atom("einval")));
	tr_supervisor_spec empty = {.strategy = TR_SIMPLE_ONE_FOR_ONE};
	THAT(refused_with(tr_supervisor_start_link(&empty), TR_LIST(tr_atom("start_spec"), tr_atom("einval"))));
	sup_shutdown(sup);
	THAT(quiet());
}

ACTOR_CASE(listing_tells_all)
{
	tr_child_spec specs[] = {kid_spec("a", KID_PLAIN, TR_TRANSIENT)};
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 1, specs, 1);
	tr_pid a = kid_up("a");
	tr_value want = TR_DICT("id", tr_string("a"), "pid", tr_pid_value(a), "type", TR_A(worker), "restart",
				TR_A(transient), "restarts", tr_int(0), "significant", tr_bool(false));

	THAT(case_answer_is(tr_supervisor_which_children(sup, SOON), TR_LIST(want)));
	THAT(case_answer_is(
	    tr_supervisor_count_children(sup, SOON),
	    TR_DICT("specs", tr_int(1), "active", tr_int(1), "supervisors", tr_int(0), "workers", tr_int(1))));
	sup_shutdown(sup);
}

static void outside_starts_a_tree(void **state)
{
	tr_node_options options = {.schedulers = 2, .report = case_swallow_report};
	tr_node *node = tr_node_start(&options, NULL);
	tr_child_spec child = {.id = "body", .start = ignores};
	tr_supervisor_spec spec = {.children = &child, .child_count = 1, .name = "top", .label = "top of the tree"};

	(void)state;
	tr_started s = tr_node_supervisor(node, &spec);
	assert_true(s.pid.bits != 0);
	assert_true(tr_node_whereis(node, "top").bits == s.pid.bits);
	tr_node_send(node, s.pid, TR_LIST(TR_A(system), TR_A(terminate), TR_A(shutdown)));
	tr_value reason = tr_node_wait(node, s.pid, 120 * TR_SECOND);
	assert_true(TR_IS_A(reason, shutdown) || TR_IS_A(reason, noproc));
	tr_node_stop(&node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_running_child),
	    cmocka_unit_test(a_stopped_child),
	    cmocka_unit_test(nobody),
	    cmocka_unit_test(a_stopped_temporary_child_is_gone),
	    cmocka_unit_test(a_restarting_child),
	    cmocka_unit_test(instances_are_known_by_pid),
	    cmocka_unit_test(a_temporary_instance_leaves_no_argument_behind),
	    cmocka_unit_test(actors_join),
	    cmocka_unit_test(others_are_not_joined),
	    cmocka_unit_test(children_from_functions_and_bodies),
	    cmocka_unit_test(wrong_specs_have_reasons),
	    cmocka_unit_test(listing_tells_all),
	    cmocka_unit_test(outside_starts_a_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
