/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in plugins together: who answers for what, shell, noop, and hooks around tasks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <troupe/log.h>

#include "plugins/actions/builtin.h"
#include "plugins/host/command.h"
#include "world.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* An extension as somebody would write it for telemetry or policy. */
static tr_value policy_hook(void *state, const char *point, tr_value context, tr_value (*next)(void *, tr_value),
			    void *chain, tr_value *reason)
{
	(void)state;
	if (next != NULL) { /* around task_execute */
		tr_value outcome = next(chain, context);
		return tr_is_valid(outcome) ? tr_map_put_s(outcome, "span", tr_string("seen")) : outcome;
	}
	if (strcmp(point, "task_outcome") == 0) {
		tr_value outcome = tr_map_get_s(context, "outcome");
		return tr_map_put_s(tr_keep(context), "outcome",
				    tr_map_put_s(tr_keep(outcome), "reviewed", tr_bool(true)));
	}
	if (tr_is_valid(tr_command_input(context, "forbidden"))) {
		*reason = tr_string("forbidden input");
		return tr_invalid(TR_EDENIED);
	}
	return tr_absent();
}

static const tr_plugin policy = {TR_PLUGIN_HEAD, .hook = policy_hook};
static const char policy_manifest[] = "{\"id\": \"policy\", \"version\": \"1.0.0\", \"hooks\": ["
				      "{\"type\": \"before\", \"point\": \"task_execute\"},"
				      "{\"type\": \"around\", \"point\": \"task_execute\"},"
				      "{\"type\": \"before\", \"point\": \"task_outcome\"}]}";

static world w;

static void start_with(bool with_policy, tr_value grants)
{
	size_t n;
	const builtin *all = plugins_builtin(&n);
	static builtin list[32];

	memcpy(list, all, n * sizeof(builtin));
	if (with_policy)
		list[n++] = (builtin){policy_manifest, &policy, false};
	plugin_host_options options = {.builtins = list, .builtin_count = n, .grants = grants};
	tr_value reason = world_start(&w, &options);
	if (tr_is_valid(reason))
		show("the plugins did not start", reason);
	assert_false(tr_is_valid(reason));
	tr_drop(grants);
}

static int start(void **state)
{
	(void)state;
	start_with(false, TR_DICT("shell", TR_LIST(tr_string("exec"))));
	return 0;
}

static int start_bare(void **state)
{
	(void)state;
	start_with(false, tr_absent());
	return 0;
}

static int start_policy(void **state)
{
	(void)state;
	start_with(true, tr_absent());
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

/* ---- who answers
 * ------------------------------------------------------------------------------------------------------------------------
 */

static void all_kinds_are_answered(void **state)
{
	static const char *const kinds[] = {"noop", "http", "python", "shell"};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		assert_true(plugin_host_knows_kind(w.node, tr_s(kinds[i])));
		tr_value info = world_ask(&w, TR_LIST(tr_atom("info"), tr_string(kinds[i])));
		assert_true(tr_as_bool(tr_map_get_s(info, "builtin"), false));
		assert_int_equal(tr_array_len(tr_map_get_s(info, "answers")), 1);
		tr_drop(info);
	}
}

static void noop_gives_what_it_is_given(void **state)
{
	(void)state;
	tr_value o = world_run(&w, "noop", tr_map());
	assert_true(tr_str_is(tr_as_str(TR_GET(o, "result", "status")), "noop"));
	tr_drop(o);
	o = world_run(&w, "noop", TR_DICT("result", tr_int(5)));
	assert_int_equal(tr_as_int(tr_map_get_s(o, "result"), 0), 5);
	tr_drop(o);
}

/* ---- shell
 * --------------------------------------------------------------------------------------------------------------------------------
 */

static tr_value sh(const char *cmd)
{
	return world_run(&w, "shell", TR_DICT("cmds", tr_string(cmd)));
}

static void check_stdout(tr_value o, const char *expected)
{
	if (!tr_str_is(tr_as_str(TR_GET(o, "result", "stdout")), expected))
		show("instead of the expected output", o);
	assert_true(tr_str_is(tr_as_str(TR_GET(o, "result", "stdout")), expected));
	tr_drop(o);
}

static void shell_runs_commands(void **state)
{
	(void)state;
	tr_value o = sh("echo out; echo err >&2");
	assert_true(succeeded(o));
	assert_true(tr_str_is(tr_as_str(TR_GET(o, "result", "stderr")), "err\n"));
	assert_int_equal(tr_as_int(TR_GET(o, "result", "exit_code"), -1), 0);
	check_stdout(o, "out\n");
	check_stdout(world_run(&w, "shell",
			       TR_DICT("cmds", tr_string("echo $A-$N; pwd"), "env",
				       TR_DICT("A", tr_string("x y"), "N", tr_int(5)), "cwd", tr_string("/"))),
		     "x y-5\n/\n");
	setenv("TROUPE_TEST_SECRET", "hush", 1);
	check_stdout(sh("echo [$TROUPE_TEST_SECRET]"), "[]\n");
	unsetenv("TROUPE_TEST_SECRET");
	check_stdout(sh("head -c 3000000 /dev/zero | tr '\\0' x | wc -c"), "3000000\n");
}

static void shell_tells_the_last_words(void **state)
{
	(void)state;
	tr_value o = sh("echo before >&2; echo 'disk is full' >&2; echo >&2; exit 3");
	assert_string_equal(error_message(o), "shell: command 1 of 1 ended with status 3: before / disk is full");
	tr_drop(o);
	tr_value cmds = TR_LIST(tr_string("echo of another >&2"), tr_string("exit 4"));
	o = world_run(&w, "shell", TR_DICT("cmds", cmds));
	assert_string_equal(error_message(o), "shell: command 2 of 2 ended with status 4");
	tr_drop(o);
	/* Whole lines as far as they fit; of one that is longer, its end. */
	o = sh("head -c 250 /dev/zero | tr '\\0' x >&2; echo >&2; head -c 200 /dev/zero | tr '\\0' y >&2; exit 5");
	assert_null(strstr(error_message(o), "x"));
	assert_int_equal(strlen(strstr(error_message(o), "status 5: ")), strlen("status 5: ") + 200);
	tr_drop(o);
	o = sh("head -c 1000 /dev/zero | tr '\\0' z >&2; exit 6");
	assert_int_equal(strlen(strstr(error_message(o), "status 6: …")), strlen("status 6: …") + 300);
	tr_drop(o);
	/* Before it is cut: the end of a secret is not known to be one. */
	assert_int_equal(tr_redact_add(w.node, tr_s("begin-of-the-secret-and-its-end"), tr_absent()), TR_OK);
	o = sh("printf begin-of-the-secret-and-its-end >&2; head -c 290 /dev/zero | tr '\\0' z >&2; exit 7");
	assert_null(strstr(error_message(o), "its-end"));
	assert_non_null(strstr(error_message(o), "zzz"));
	tr_drop(o);
}

static void shell_stops_at_the_first_failure(void **state)
{
	(void)state;
	tr_value cmds = TR_LIST(tr_string("echo one"), tr_string("echo two; exit 3"), tr_string("echo three"));
	tr_value o = world_run(&w, "shell", TR_DICT("cmds", cmds));
	assert_string_equal(error_kind(o), "exit");
	assert_non_null(strstr(error_message(o), "command 2 of 3 ended with status 3"));
	assert_int_equal(tr_as_int(TR_GET(o, "error", "code"), 0), 3);
	assert_int_equal(tr_as_int(TR_GET(o, "result", "exit_code"), 0), 3);
	check_stdout(o, "one\ntwo\n");
	o = sh("kill -9 $$");
	assert_int_equal(tr_as_int(TR_GET(o, "result", "exit_code"), 0), 128 + 9);
	tr_drop(o);
	o = world_run(&w, "shell", TR_DICT("cmds", tr_string("true"), "cwd", tr_string("/no/such/folder")));
	assert_string_equal(error_kind(o), "exec");
	tr_drop(o);
	o = world_run(&w, "shell", tr_map());
	assert_string_equal(error_kind(o), "input");
	tr_drop(o);
}

static void shell_hands_variables_on(void **state)
{
	(void)state;
	tr_value cmds = TR_LIST(tr_string("A='x y'; B=2; C=3"), tr_string("echo $A-$B-$C; B=5"));
	tr_value o = world_run(&w, "shell", TR_DICT("cmds", cmds, "exports", TR_LIST(tr_string("A"), tr_string("B"))));
	assert_true(tr_str_is(tr_as_str(TR_GET(o, "result", "exports", "A")), "x y"));
	assert_true(tr_str_is(tr_as_str(TR_GET(o, "result", "exports", "B")), "5"));
	check_stdout(o, "x y-2-\n");
	o = world_run(&w, "shell", TR_DICT("cmds", tr_string("true"), "exports", TR_LIST(tr_string("A;rm"))));
	assert_string_equal(error_kind(o), "input");
	tr_drop(o);
}

static void shell_keeps_its_time(void **state)
{
	(void)state;
	tr_value o =
	    world_run(&w, "shell", TR_DICT("cmds", tr_string("echo early; sleep 60"), "timeout", tr_float(0.2)));
	assert_string_equal(error_kind(o), "timeout");
	tr_drop(o);
}

static void shell_needs_its_grant(void **state)
{
	(void)state;
	tr_value o = sh("echo never");
	assert_string_equal(error_kind(o), "denied");
	assert_non_null(strstr(error_message(o), "grant exec"));
	tr_drop(o);
}

/* ---- hooks around tasks
 * ----------------------------------------------------------------------------------------------------------------- */

static void hooks_go_around_tasks(void **state)
{
	static const char *const kinds[] = {"noop", "python"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tr_value o = world_run(&w, kinds[i], TR_DICT("code", tr_string("return 1")));
		assert_true(succeeded(o));
		assert_true(tr_str_is(tr_as_str(tr_map_get_s(o, "span")), "seen"));
		assert_true(tr_as_bool(tr_map_get_s(o, "reviewed"), false));
		tr_drop(o);
		o = world_run(&w, kinds[i], TR_DICT("code", tr_string("return 1"), "forbidden", tr_bool(true)));
		assert_string_equal(error_kind(o), "hook_error");
		assert_non_null(strstr(error_message(o), "policy refused: forbidden input"));
		tr_drop(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(all_kinds_are_answered, start, stop),
	    cmocka_unit_test_setup_teardown(noop_gives_what_it_is_given, start, stop),
	    cmocka_unit_test_setup_teardown(shell_runs_commands, start, stop),
	    cmocka_unit_test_setup_teardown(shell_tells_the_last_words, start, stop),
	    cmocka_unit_test_setup_teardown(shell_stops_at_the_first_failure, start, stop),
	    cmocka_unit_test_setup_teardown(shell_hands_variables_on, start, stop),
	    cmocka_unit_test_setup_teardown(shell_keeps_its_time, start, stop),
	    cmocka_unit_test_setup_teardown(shell_needs_its_grant, start_bare, stop),
	    cmocka_unit_test_setup_teardown(hooks_go_around_tasks, start_policy, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
