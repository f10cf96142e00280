/* SPDX-License-Identifier: Apache-2.0 */
/* Restarting: intensity, starts that fail, back-off, and crashes in numbers. */
#include "tests/unit/behaviour/world_case.h"
#include "tests/unit/supervisors/kids.h"

#include <troupe/log.h>

ACTOR_CASE(intensity_is_how_many_are_survived)
{
	for (uint32_t intensity = 0; intensity < 4; intensity++) {
		tr_child_spec specs[] = {kid_spec("a", KID_PLAIN, TR_PERMANENT),
					 kid_spec("b", KID_POLITE, TR_PERMANENT)};
		tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, intensity, specs, 2);
		tr_pid a = kid_up("a");
		kid_up("b");
		for (uint32_t i = 0; i < intensity; i++) {
			kid_end(a, tr_string("crash"));
			a = kid_up("a");
		}
		kid_end(a, tr_string("crash"));
		THAT(kid_down("b", TR_A(shutdown)));
		THAT(sup_ended(sup, TR_A(shutdown)));
		THAT(quiet());
	}
}

ACTOR_CASE(the_period_forgets)
{
	tr_child_spec child = kid_spec("a", KID_PLAIN, TR_PERMANENT);
	tr_supervisor_spec spec = {.intensity = 1, .period_ns = 1, .children = &child, .child_count = 1};

	tr_trap_exit(true);
	tr_pid sup = tr_supervisor_start_link(&spec).pid;
	tr_pid a = kid_up("a");
	for (int i = 0; i < 50; i++) { /* each restart is more than a nanosecond after the last */
		kid_end(a, tr_string("crash"));
		a = kid_up("a");
	}
	sup_shutdown(sup);
}

ACTOR_CASE(a_failing_restart_is_tried_again_and_counted)
{
	tr_child_spec child = kid_spec("a", KID_SICKLY, TR_PERMANENT);
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 3, &child, 1);
	tr_pid a = kid_up("a");

	THAT(tr_register("sick", tr_self()) == TR_OK);
	kid_end(a, tr_string("crash"));
	for (int i = 0; i < 3; i++)
		THAT(case_next_is(TR_LIST(tr_string("refused"), tr_string("a"), tr_nil())));
	THAT(sup_ended(sup, TR_A(shutdown)));
	THAT(quiet());
}

/* The healthy moment: the test unregisters "sick" after the first refusal, within a generous intensity. */
ACTOR_CASE(a_group_restart_goes_on_where_it_failed)
{
	tr_child_spec specs[] = {kid_spec("a", KID_PLAIN, TR_PERMANENT), kid_spec("b", KID_SICKLY, TR_PERMANENT),
				 kid_spec("c", KID_PLAIN, TR_PERMANENT)};
	tr_pid sup = sup_start_kids(TR_REST_FOR_ONE, 1000000, specs, 3);
	tr_pid a = kid_up("a");

	kid_up("b");
	tr_pid c = kid_up("c");
	tr_register("sick", tr_self());
	kid_end(a, tr_string("crash"));
	a = kid_up("a"); /* a is up again, b refuses, c waits */
	tr_unregister("sick");
	for (;;) {
		tr_value m = tr_receive(SOON);
		bool up = tr_str_is(tr_as_str(tr_array_at(m, 0)), "up");
		THAT(tr_str_is(tr_as_str(tr_array_at(m, 1)), "b"));
		tr_drop(m);
		if (up)
			break;
	}
	THAT(kid_up("c").bits != c.bits);
	THAT(tr_alive(a));
	THAT(sup_count(sup, "active") == 3);
	sup_shutdown(sup);
	THAT(quiet());
}

ACTOR_CASE(back_off_waits_and_grows)
{
	tr_child_spec child = kid_spec("a", KID_PLAIN, TR_PERMANENT);
	tr_supervisor_spec spec = {.intensity = 10,
				   .period_ns = 3600 * TR_SECOND,
				   .backoff_ns = 8 * TR_MS,
				   .backoff_max_ns = 24 * TR_MS,
				   .children = &child,
				   .child_count = 1};
	static const int64_t at_least[] = {6, 12, 18, 18}; /* three quarters of 8, 16, 24, 24 */

	tr_trap_exit(true);
	tr_pid sup = tr_supervisor_start_link(&spec).pid;
	tr_pid a = kid_up("a");
	for (size_t i = 0; i < 4; i++) {
		int64_t before = tr_now();
		kid_end(a, tr_string("crash"));
		a = kid_up("a");
		THAT(tr_now() - before >= at_least[i] * TR_MS);
	}
	sup_shutdown(sup);
	THAT(quiet());
}

ACTOR_CASE(back_off_of_a_group_stops_the_others_at_once)
{
	tr_child_spec specs[] = {kid_spec("a", KID_POLITE, TR_PERMANENT), kid_spec("b", KID_PLAIN, TR_PERMANENT)};
	tr_supervisor_spec spec = {
	    .strategy = TR_ONE_FOR_ALL, .intensity = 10, .backoff_ns = 5 * TR_MS, .children = specs, .child_count = 2};

	tr_trap_exit(true);
	tr_pid sup = tr_supervisor_start_link(&spec).pid;
	kid_up("a");
	kid_end(kid_up("b"), tr_string("crash"));
	THAT(kid_down("a", TR_A(shutdown)));
	kid_up("a");
	kid_up("b");
	sup_shutdown(sup);
	THAT(kid_down("a", TR_A(shutdown)));
}

WORLD_CASE(a_stop_overtakes_a_pending_restart)
{
	tr_child_spec child = kid_spec("a", KID_PLAIN, TR_PERMANENT);
	tr_supervisor_spec spec = {.intensity = 10,
				   .backoff_ns = 500 * TR_MS,
				   .backoff_max_ns = 500 * TR_MS,
				   .children = &child,
				   .child_count = 1};

	tr_trap_exit(true);
	tr_pid sup = tr_supervisor_start_link(&spec).pid;
	kid_end(kid_up("a"), tr_string("crash"));
	THAT(child_becomes(sup, "a", "pid", tr_atom("restarting")));
	THAT(tr_supervisor_terminate_child(sup, "a", SOON) == TR_OK);
	tr_value nothing = tr_receive(tr_in(TR_SECOND)); /* twice the back-off */
	THAT(tr_value_err(nothing) == TR_ETIMEOUT);
	THAT(child_becomes(sup, "a", "pid", tr_nil()));
	sup_shutdown(sup);
}

/* ---- numbers
 * ---------------------------------------------------------------------------------------------------------- */

/* Instances that end for every kind of reason, all at once, while others are started: the books must balance. */
static void mayfly(tr_value arg)
{
	tr_value how = tr_array_at(arg, 1);

	tr_send(tr_as_pid(tr_array_at(arg, 0)), tr_int(1));
	if (tr_as_int(how, 0) == 0)
		return;
	if (tr_as_int(how, 0) == 1)
		tr_exit(TR_A(shutdown));
	if (tr_as_int(how, 0) == 2)
		tr_exit(tr_string("crash"));
	tr_drop(tr_receive(TR_FOREVER));
}

ACTOR_CASE(temporary_instances_in_numbers)
{
	enum {
		COUNT = 3000
	};
	tr_child_spec template = {.body = mayfly, .restart = TR_TEMPORARY};
	tr_pid sup = sup_start_kids(TR_SIMPLE_ONE_FOR_ONE, 0, &template, 1);

	for (int i = 0; i < COUNT; i++) {
		tr_value arg = TR_LIST(tr_pid_value(tr_self()), tr_int(i % 4));
		THAT(tr_supervisor_start_instance(sup, arg, SOON).pid.bits != 0);
	}
	for (int i = 0; i < COUNT; i++)
		THAT(case_next_is(tr_int(1)));
	while (sup_count(sup, "active") != COUNT / 4)
		tr_yield();
	THAT(sup_count(sup, "workers") == COUNT / 4);
	sup_shutdown(sup);
	THAT(quiet());
}

/* A child that crashes as soon as it is up, a given number of times over: every start is told exactly once. */
static void crasher(tr_value arg)
{
	tr_pid test = tr_as_pid(arg);

	tr_send(test, TR_LIST(tr_string("up"), tr_pid_value(tr_self())));
	tr_value m = tr_receive(TR_FOREVER);
	tr_drop(m);
	tr_exit(tr_string("crash"));
}

ACTOR_CASE(crashes_in_numbers)
{
	enum {
		KIDS = 50,
		CRASHES = 5000
	};
	tr_child_spec specs[KIDS];
	char ids[KIDS][8];

	for (int i = 0; i < KIDS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "k%d", i);
		specs[i] = (tr_child_spec){.id = ids[i], .body = crasher, .arg = tr_pid_value(tr_self())};
	}
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, CRASHES, specs, KIDS);
	for (int up = 0; up < KIDS + CRASHES; up++) {
		tr_value m = tr_receive(SOON);
		THAT(tr_str_is(tr_as_str(tr_array_at(m, 0)), "up"));
		if (up < CRASHES)
			tr_send(tr_as_pid(tr_array_at(m, 1)), tr_nil());
		tr_drop(m);
	}
	THAT(sup_count(sup, "active") == KIDS);
	sup_shutdown(sup);
	THAT(quiet());
}

/* ---- reports
 * ---------------------------------------------------------------------------------------------------------- */

static void forward(void *arg, tr_value record)
{
	tr_pid to = {(uint64_t)(uintptr_t)arg};

	if (tr_is_valid(tr_map_get_s(record, "report")))
		tr_send(to, tr_keep(record));
}

static bool is_map(void *arg, tr_value message)
{
	(void)arg;
	return tr_is(message, TR_MAP);
}

static bool report_is(const char *what, const char *id, tr_value reason)
{
	tr_value r = tr_receive_match(is_map, NULL, SOON);
	bool same = tr_str_is(tr_as_str(tr_map_get_s(r, "report")), what) &&
		    tr_str_is(tr_as_str(TR_GET(r, "child", "id")), id) && tr_equal(tr_map_get_s(r, "reason"), reason);

	if (!same) {
		tr_buf text = {0};
		tr_show(&text, r, 1000);
		fprintf(stderr, "got %s\n", text.p);
		tr_buf_fini(&text);
	}
	tr_drop(r);
	tr_drop(reason);
	return same;
}

static void nothing(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive(TR_FOREVER));
}

ACTOR_CASE(reports_reach_the_logger)
{
	tr_logger_options quiet_logger = {.level = TR_INFO, .fd = -1};
	tr_value arg = tr_logger_arg(&quiet_logger);
	tr_child_spec child = {.id = "n", .body = nothing};

	tr_trap_exit(true);
	THAT(tr_logger_start_link(arg, tr_absent()).pid.bits != 0);
	tr_drop(arg);
	THAT(tr_log_add_handler(tr_here(), "test", TR_ERROR, forward, (void *)(uintptr_t)tr_self().bits, NULL) ==
	     TR_OK);
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ONE, 0, &child, 1);
	tr_value pid = child_field(sup, "n", "pid");
	tr_exit_signal(tr_as_pid(pid), tr_string("crash"));
	THAT(report_is("child_terminated", "n", tr_string("crash")));
	THAT(report_is("shutdown", "n", tr_atom("reached_max_restart_intensity")));
	THAT(sup_ended(sup, TR_A(shutdown)));
}

/* A child with a name in a registry has it again after each restart; so has the supervisor. */
ACTOR_CASE(names_in_a_registry_outlive_restarts)
{
	tr_registry names;
	THAT(tr_names_start_link("names", &names).pid.bits != 0);
	tr_value child_name = TR_LIST(tr_string("kid"), tr_int(1)), sup_name = tr_string("top");
	tr_via child_via = {&names, child_name}, sup_via = {&names, sup_name};
	tr_child_spec spec = kid_spec("a", KID_PLAIN, TR_PERMANENT);
	spec.via = &child_via;
	tr_supervisor_spec tree = {.intensity = 100, .children = &spec, .child_count = 1, .via = &sup_via};

	tr_trap_exit(true);
	tr_pid sup = tr_supervisor_start_link(&tree).pid;
	THAT(tr_pid_eq(tr_whereis_via(&sup_via), sup));
	for (int i = 0; i < 20; i++) {
		tr_pid kid_pid = kid_up("a");
		THAT(tr_pid_eq(tr_whereis_via(&child_via), kid_pid));
		tr_exit_signal(kid_pid, TR_A(kill));
	}
	kid_up("a");
	sup_shutdown(sup);
	THAT(tr_whereis_via(&child_via).bits == 0 && tr_whereis_via(&sup_via).bits == 0);
	tr_drop(child_name);
	tr_drop(sup_name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_in_a_registry_outlive_restarts),
	    cmocka_unit_test(intensity_is_how_many_are_survived),
	    cmocka_unit_test(the_period_forgets),
	    cmocka_unit_test(a_failing_restart_is_tried_again_and_counted),
	    cmocka_unit_test(a_group_restart_goes_on_where_it_failed),
	    cmocka_unit_test(back_off_waits_and_grows),
	    cmocka_unit_test(back_off_of_a_group_stops_the_others_at_once),
	    cmocka_unit_test(a_stop_overtakes_a_pending_restart),
	    cmocka_unit_test(temporary_instances_in_numbers),
	    cmocka_unit_test(crashes_in_numbers),
	    cmocka_unit_test(reports_reach_the_logger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
