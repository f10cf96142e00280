/* SPDX-License-Identifier: Apache-2.0 */
/* Applications: order, phases, environment, ends. */
#include "tests/unit/supervisors/kids.h"

#include <troupe/application.h>

#include <string.h>

/* What happens is told to the actor registered as "test". */
static void note(const char *what, const char *who)
{
	tr_send_name("test", TR_LIST(tr_string(what), tr_string(who)));
}

static bool noted(const char *what, const char *who)
{
	return case_next_is(TR_LIST(tr_string(what), tr_string(who)));
}

static tr_next worker_init(void *state, tr_value name)
{
	(void)state;
	note("up", tr_as_cstr(name, "?"));
	return tr_noreply();
}

static tr_next worker_info(void *state, tr_value message)
{
	(void)state;
	return tr_next_stop(tr_keep(message));
}

static const tr_gen_server worker = {.name = "worker", .init = worker_init, .handle_info = worker_info};

static tr_started start_tree(const char *name)
{
	static const char *const labels[] = {"base", "middle", "top"};
	const char *known = labels[0];

	for (size_t i = 0; i < 3; i++)
		known = strcmp(labels[i], name) == 0 ? labels[i] : known;
	tr_child_spec child = {.id = known, .server = &worker, .arg = tr_string(name), .name = known};
	tr_supervisor_spec spec = {.children = &child, .child_count = 1};
	return tr_supervisor_start_link(&spec);
}

static tr_started start_base(tr_value env)
{
	THAT(tr_as_int(tr_map_get_s(env, "size"), 0) != 0);
	tr_value size = tr_application_get_env("base", "size"); /* the controller answers while we start */
	THAT(tr_equal(size, tr_map_get_s(env, "size")));
	return start_tree("base");
}

static tr_started start_middle(tr_value env)
{
	(void)env;
	return start_tree("middle");
}

static tr_started start_top(tr_value env)
{
	(void)env;
	return start_tree("top");
}

static tr_started start_bad(tr_value env)
{
	(void)env;
	return (tr_started){{0}, {0}, tr_string("no")};
}

static tr_err phase(const char *name, tr_value env)
{
	note("phase", name);
	return tr_is_valid(tr_map_get_s(env, "fail")) && strcmp(name, "second") == 0 ? TR_EIO : TR_OK;
}

static void prep_stop(tr_value env)
{
	(void)env;
	note("prep_stop", "base");
}

static void stopped_base(tr_value env)
{
	(void)env;
	note("stopped", "base");
}

static void stopped_middle(tr_value env)
{
	(void)env;
	note("stopped", "middle");
}

static void stopped_top(tr_value env)
{
	(void)env;
	note("stopped", "top");
}

static tr_value base_env(void)
{
	return TR_DICT("size", tr_int(3));
}

static const char *const phases[] = {"first", "second", NULL};
static const char *const needs_base[] = {"base", NULL};
static const char *const needs_both[] = {"middle", "base", NULL};
static const char *const needs_self[] = {"loop", NULL};
static const char *const needs_bad[] = {"middle", "bad", NULL};

static const tr_application base = {.name = "base",
				    .version = "1",
				    .phases = phases,
				    .start = start_base,
				    .start_phase = phase,
				    .prep_stop = prep_stop,
				    .stop = stopped_base,
				    .env = base_env};
static const tr_application middle = {
    .name = "middle", .needs = needs_base, .start = start_middle, .stop = stopped_middle};
static const tr_application top = {.name = "top", .needs = needs_both, .start = start_top, .stop = stopped_top};
static const tr_application bad = {.name = "bad", .start = start_bad};
static const tr_application loop = {.name = "loop", .needs = needs_self, .start = start_bad};
static const tr_application on_bad = {.name = "on_bad", .needs = needs_bad, .start = start_top};

static tr_pid begin(void)
{
	static const tr_application *const all[] = {&base, &middle, &top, &bad, &loop, &on_bad};

	tr_trap_exit(true);
	tr_register("test", tr_self());
	tr_pid controller = tr_application_controller_start_link().pid;
	THAT(controller.bits != 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		THAT(tr_application_load(all[i]) == TR_OK);
	return controller;
}

static void base_up(void)
{
	THAT(noted("up", "base"));
	THAT(noted("phase", "first"));
	THAT(noted("phase", "second"));
}

static bool base_down(void)
{
	return noted("prep_stop", "base") && noted("stopped", "base");
}

static void finish(tr_pid controller)
{
	tr_unlink(controller);
	THAT(tr_stop(controller, TR_A(shutdown), SOON) == TR_OK);
}

ACTOR_CASE(needs_run_first_and_stop_last)
{
	tr_pid controller = begin();
	tr_value why;

	THAT(tr_application_start("top", TR_APP_TEMPORARY, &why) == TR_EBUSY);
	THAT(case_answer_is(why, TR_LIST(tr_atom("not_started"), tr_string("middle"))));
	THAT(tr_application_ensure_all("top", TR_APP_TEMPORARY, &why) == TR_OK);
	THAT(!tr_is_valid(why));
	base_up();
	THAT(noted("up", "middle"));
	THAT(noted("up", "top"));
	tr_value running = tr_application_which();
	THAT(tr_array_len(running) == 3);
	THAT(tr_str_is(tr_as_str(tr_map_get_s(tr_array_at(running, 0), "name")), "top"));
	THAT(tr_str_is(tr_as_str(tr_map_get_s(tr_array_at(running, 2), "name")), "base"));
	tr_drop(running);
	THAT(tr_application_start("base", TR_APP_TEMPORARY, NULL) == TR_OK); /* runs already */
	THAT(tr_application_unload("base") == TR_EBUSY);
	finish(controller);
	THAT(noted("stopped", "top"));
	THAT(noted("stopped", "middle"));
	THAT(base_down());
	THAT(quiet());
}

ACTOR_CASE(stop_and_start_again)
{
	tr_pid controller = begin();

	for (int i = 0; i < 3; i++) {
		THAT(tr_application_start("base", TR_APP_PERMANENT, NULL) == TR_OK);
		base_up();
		THAT(tr_application_stop("base") == TR_OK); /* asked for: nothing else happens */
		THAT(base_down());
		THAT(tr_whereis("base").bits == 0);
	}
	THAT(tr_application_stop("base") == TR_ENOENT);
	THAT(tr_application_unload("base") == TR_OK);
	THAT(tr_application_start("base", TR_APP_TEMPORARY, NULL) == TR_ENOENT);
	THAT(tr_application_load(&base) == TR_OK);
	THAT(tr_application_load(&base) == TR_EEXIST);
	finish(controller);
	THAT(quiet());
}

ACTOR_CASE(a_failing_start_tells_why)
{
	tr_pid controller = begin();
	tr_value why;

	THAT(tr_application_start("bad", TR_APP_PERMANENT, &why) == TR_EINVAL);
	THAT(case_answer_is(why, tr_string("no")));
	/* What was started on the way is stopped again. */
	THAT(tr_application_ensure_all("on_bad", TR_APP_TEMPORARY, &why) == TR_EINVAL);
	THAT(case_answer_is(why, tr_string("no")));
	base_up();
	THAT(noted("up", "middle"));
	THAT(noted("stopped", "middle"));
	THAT(base_down());
	THAT(tr_application_ensure_all("loop", TR_APP_TEMPORARY, &why) == TR_EDEPTH);
	tr_drop(why);
	finish(controller);
	THAT(quiet());
}

ACTOR_CASE(a_failing_phase_stops_the_tree)
{
	tr_pid controller = begin();
	tr_value why;

	THAT(tr_application_set_env("base", "fail", tr_int(1)) == TR_OK);
	THAT(tr_application_start("base", TR_APP_TEMPORARY, &why) == TR_EINVAL);
	THAT(case_answer_is(why, TR_LIST(tr_atom("start_phase"), tr_string("second"), tr_atom("eio"))));
	base_up();
	THAT(noted("stopped", "base"));
	THAT(tr_whereis("base").bits == 0);
	finish(controller);
	THAT(quiet());
}

ACTOR_CASE(environments)
{
	tr_pid controller = begin();

	THAT(tr_as_int(tr_application_get_env("base", "size"), 0) == 3);
	THAT(tr_application_set_env("base", "size", tr_int(4)) == TR_OK);
	THAT(tr_as_int(tr_application_get_env("base", "size"), 0) == 4);
	THAT(!tr_is_valid(tr_application_get_env("base", "color")));
	THAT(tr_application_set_env("nobody", "size", tr_int(4)) == TR_ENOENT);
	finish(controller);
	THAT(tr_application_start("base", TR_APP_TEMPORARY, NULL) == TR_ENOPROC);
}

/* The worker ends with this, the supervisor gives up, the tree ends with shutdown. */
static void end_of(const char *name)
{
	tr_send_name(name, tr_string("crash"));
}

ACTOR_CASE(the_end_of_a_temporary_application_is_its_own)
{
	tr_pid controller = begin();

	THAT(tr_application_ensure_all("middle", TR_APP_TEMPORARY, NULL) == TR_OK);
	base_up();
	THAT(noted("up", "middle"));
	end_of("middle");
	THAT(noted("stopped", "middle"));
	THAT(tr_alive(controller));
	finish(controller);
	THAT(base_down());
	THAT(quiet());
}

ACTOR_CASE(the_end_of_a_permanent_application_ends_all)
{
	for (int type = TR_APP_TRANSIENT; type <= TR_APP_PERMANENT; type++) {
		tr_pid controller = begin();
		THAT(tr_application_ensure_all("middle", (tr_application_type)type, NULL) == TR_OK);
		base_up();
		THAT(noted("up", "middle"));
		end_of("middle");
		THAT(noted("stopped", "middle"));
		THAT(base_down());
		tr_value reason = TR_LIST(tr_atom("application_terminated"), tr_string("middle"), TR_A(shutdown));
		THAT(case_next_is(TR_LIST(TR_A(exit), tr_pid_value(controller), reason)));
		tr_unregister("test");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(needs_run_first_and_stop_last),
	    cmocka_unit_test(stop_and_start_again),
	    cmocka_unit_test(a_failing_start_tells_why),
	    cmocka_unit_test(a_failing_phase_stops_the_tree),
	    cmocka_unit_test(environments),
	    cmocka_unit_test(the_end_of_a_temporary_application_is_its_own),
	    cmocka_unit_test(the_end_of_a_permanent_application_ends_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
