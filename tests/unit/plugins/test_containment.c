/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that do the worst: in a process of its own each is ended, reported with its reason and started again, while
 * 1,000 commands on other plugins all finish. In the node itself: what is contained there, and nothing else is
 * promised. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/host/command.h"
#include "plugins/host/process/child.h"
#include "world.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMANDS 1000

static tr_value quick_run(tr_value config, tr_pid plugin, tr_value command)
{
	(void)config;
	(void)plugin;
	return tr_outcome_ok(tr_keep(tr_command_input(command, "value")));
}

static tr_value quick_call(void *state, tr_value request, tr_from from)
{
	(void)state;
	(void)from;
	return tr_keep(request);
}

static const tr_plugin quick = {TR_PLUGIN_HEAD, .run = quick_run, .call = quick_call};
static const builtin builtins[] = {{"{\"id\": \"quick\", \"version\": \"1.0.0\"}", &quick, false},
				   {"{\"id\": \"friend\", \"version\": \"1.0.0\"}", &quick, false}};
static world w;

static void start_with(tr_value grants)
{
	const char *folder = getenv("TEST_PLUGINS");
	plugin_host_options options = {
	    .builtins = builtins,
	    .builtin_count = 2,
	    .grants = TR_DICT("*", grants),
	    .paths = TR_LIST(tr_stringf("%s/librogue.so", folder), tr_stringf("%s/liblooper.so", folder),
			     tr_stringf("%s/libhousemate.so", folder), tr_stringf("%s/libspinner.so", folder),
			     tr_stringf("%s/libtame.so", folder))};
	tr_value reason = world_start(&w, &options);

	if (tr_is_valid(reason))
		show("the plugins did not start", reason);
	assert_false(tr_is_valid(reason));
	tr_drop(options.grants);
	tr_drop(options.paths);
}

static int start(void **state)
{
	(void)state;
	start_with(tr_array());
	return 0;
}

static int start_with_exec(void **state)
{
	(void)state;
	start_with(TR_LIST(tr_string("exec")));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

/* ---- the worst, with 1,000 commands beside it ---- */

static tr_ref refs[COMMANDS]; /* of the one test that runs */

/* [plugin, what] -> [outcome of the worst, how many of the others succeeded] */
static tr_value beside(tr_value arg)
{
	const char *plugin = tr_as_cstr(tr_array_at(arg, 0), "");
	tr_ref worst = command_send(plugin, TR_DICT("do", tr_keep(tr_array_at(arg, 1))));
	int64_t good = 0;

	for (int i = 0; i < COMMANDS; i++)
		refs[i] = i % 2 == 0 ? command_send("quick", TR_DICT("value", tr_int(i)))
				     : command_send("tame", TR_DICT("do", tr_string("count")));
	for (int i = 0; i < COMMANDS; i++) {
		tr_value o = command_wait(refs[i]);
		good += succeeded(o);
		tr_drop(o);
	}
	return TR_LIST(command_wait(worst), tr_int(good));
}

/* The outcome of `what` on a plugin, after all others were found to have succeeded. */
static tr_value worst_of(const char *plugin, const char *what)
{
	tr_value both = world_do(&w, beside, TR_LIST(tr_string(plugin), tr_string(what)));
	tr_value outcome = tr_keep(tr_array_at(both, 0));

	assert_int_equal(tr_as_int(tr_array_at(both, 1), 0), COMMANDS);
	tr_drop(both);
	return outcome;
}

static int64_t number(const char *plugin, const char *what)
{
	tr_value o = world_run(&w, plugin, TR_DICT("do", tr_string(what)));
	int64_t n = tr_as_int(tr_map_get_s(o, "result"), -1);

	tr_drop(o);
	return n;
}

/* Until a fresh process serves; between the end of one and the start of the next a command may meet the end. */
static int64_t next_process(const char *plugin, int64_t before)
{
	for (;;) {
		int64_t pid = number(plugin, "pid");
		if (pid > 0 && pid != before)
			return pid;
	}
}

/* The process that was `before` has gone, and a fresh one serves. */
static void check_begun_anew(int64_t before, const char *report)
{
	assert_true(next_process("rogue", before) > 0);
	assert_int_equal(number("rogue", "count"), 1); /* it knows nothing of the one before it */
	if (!world_reported(report))
		fail_msg("no report says \"%s\"", report);
}

static void check_outcome(tr_value o, const char *kind, const char *message)
{
	if (strcmp(error_kind(o), kind) != 0 || strstr(error_message(o), message) == NULL)
		show("the outcome", o);
	assert_string_equal(error_kind(o), kind);
	assert_non_null(strstr(error_message(o), message));
	tr_drop(o);
}

static void check_ended(const char *what, const char *kind, const char *message, const char *report)
{
	int64_t before = number("rogue", "pid");

	check_outcome(worst_of("rogue", what), kind, message);
	check_begun_anew(before, report);
}

static void null_dereference_is_contained(void **state)
{
	(void)state;
	check_ended("null", "crash", "the process of plugin", "the process of plugin");
}

static void endless_loop_is_contained(void **state)
{
	(void)state;
	int64_t before = next_process("looper", 0); /* on a slow machine any command may take too long for it */

	check_outcome(worst_of("looper", "loop"), "timeout", "the time for the command was over");
	assert_true(next_process("looper", before) > 0);
	assert_true(world_reported("a cancelled command did not end"));
}

static void a_leak_of_a_gigabyte_is_contained(void **state)
{
	(void)state;
	check_ended("leak", "crash", "signal", "killed by signal");
}

static void exit_0_is_contained(void **state)
{
	(void)state;
	/* A sanitizer has the last word at the end of a process, which may not do there what it needs. */
	const char *status = getenv("UNDER_SANITIZER") != NULL ? "ended with status" : "ended with status 0";
	check_ended("exit", "crash", status, status);
}

/* Many talk to it while it ends; none is told that it took no message, which is no reason. */
static tr_value talk_to_its_end(tr_value arg)
{
	tr_value strange = tr_array();
	size_t n = 0;

	(void)arg;
	refs[n++] = command_send("rogue", TR_DICT("do", tr_string("exit")));
	while (n < COMMANDS) {
		refs[n++] = command_send("rogue", TR_DICT("do", tr_string("count")));
		tr_yield();
	}
	while (n-- > 0) {
		tr_value o = command_wait(refs[n]);
		const char *message = error_message(o);
		if (!succeeded(o) && strstr(message, "ended with status") == NULL &&
		    strstr(message, "a fresh one is being started") == NULL)
			strange = tr_array_push(strange, tr_keep(o));
		tr_drop(o);
	}
	return strange;
}

static void whoever_talks_to_it_learns_why_it_ended(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		tr_value strange = world_do(&w, talk_to_its_end, tr_nil());
		if (tr_array_len(strange) > 0)
			show("strange outcomes", strange);
		assert_int_equal(tr_array_len(strange), 0);
		tr_drop(strange);
		assert_true(next_process("rogue", 0) > 0);
	}
}

static void a_flood_is_contained(void **state)
{
	(void)state;
	int64_t before = number("rogue", "pid");
	tr_value o = worst_of("rogue", "flood");

	if (strcmp(error_kind(o), "timeout") == 0) {
		tr_drop(o); /* on a slow machine it is so slow that it is none: its time ends it */
		assert_true(next_process("rogue", before) > 0);
		return;
	}
	assert_string_equal(error_kind(o), "crash");
	assert_non_null(strstr(error_message(o), "floods the node"));
	tr_drop(o);
	check_begun_anew(before, "floods the node");
}

/* Without the grant there is nothing to end: the kernel makes no process. */
static void a_fork_is_refused(void **state)
{
	(void)state;
	tr_value o = worst_of("rogue", "fork");

	assert_int_equal(tr_as_int(tr_map_get_s(o, "result"), 0), 1); /* EPERM */
	tr_drop(o);
}

/* Processes of the group, but zombies; 0 when it is empty. */
static int group_members(int64_t group)
{
	DIR *proc = opendir("/proc");
	char path[300], text[400];
	int count = 0, id, pgrp;
	char state;

	for (struct dirent *e; (e = readdir(proc)) != NULL;) {
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		FILE *f = atoi(e->d_name) > 0 ? fopen(path, "r") : NULL;
		if (f == NULL)
			continue;
		size_t n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
		text[n] = '\0';
		const char *behind = strrchr(text, ')');
		if (behind != NULL && sscanf(behind + 1, " %c %d %d", &state, &id, &pgrp) == 3 && pgrp == group &&
		    state != 'Z' && state != 'X')
			count++;
	}
	closedir(proc);
	return count;
}

/* With the grant its children end with it. */
static void forked_children_end_with_it(void **state)
{
	(void)state;
	int64_t before = number("rogue", "pid");
	tr_value o = worst_of("rogue", "bomb");

	assert_string_equal(error_kind(o), "crash");
	tr_drop(o);
	assert_true(next_process("rogue", before) > 0);
	while (group_members(before) > 0)
		number("tame", "count");
}

/* ---- in the node itself ---- */

static void shared_loops_leave_the_others(void **state)
{
	(void)state;
	tr_value o = worst_of("housemate", "raise");
	assert_string_equal(error_kind(o), "crash");
	tr_drop(o);
	assert_true(number("housemate", "count") > 0); /* its actor ended, nothing else */
	o = worst_of("spinner", "yielding loop");
	assert_string_equal(error_kind(o), "timeout");
	tr_drop(o);
	while (number("spinner", "count") < 1) /* on a slow machine any command may take too long for it */
		;
	assert_true(number("housemate", "count") > 0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], PLUGIN_CHILD_WORD) == 0)
		return plugin_child_main();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(null_dereference_is_contained, start, stop),
	    cmocka_unit_test_setup_teardown(endless_loop_is_contained, start, stop),
	    cmocka_unit_test_setup_teardown(a_leak_of_a_gigabyte_is_contained, start, stop),
	    cmocka_unit_test_setup_teardown(exit_0_is_contained, start, stop),
	    cmocka_unit_test_setup_teardown(whoever_talks_to_it_learns_why_it_ended, start, stop),
	    cmocka_unit_test_setup_teardown(a_flood_is_contained, start, stop),
	    cmocka_unit_test_setup_teardown(a_fork_is_refused, start, stop),
	    cmocka_unit_test_setup_teardown(forked_children_end_with_it, start_with_exec, stop),
	    cmocka_unit_test_setup_teardown(shared_loops_leave_the_others, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
