/* SPDX-License-Identifier: Apache-2.0 */
/* The kit of plugins' tests: one that hangs, crashes, ends the process or is written wrong is named. Each program of
 * tests runs in a child, before this process has threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <troupe/plugin_test.h>
#include <unistd.h>

static void good(tr_plugin_world *w)
{
	TR_EXPECT(tr_plugin_world_node(w) != NULL);
}

static void hangs(tr_plugin_world *w)
{
	(void)w;
	for (;;)
		pause();
}

static void crashes(tr_plugin_world *w)
{
	(void)w;
	raise(SIGSEGV);
	abort();
}

static void exits(tr_plugin_world *w)
{
	(void)w;
	exit(0);
}

/* What the program of these tests says; its status in *status. */
static char *said(const tr_plugin_test *tests, size_t n, const char *limit, int *status)
{
	static char text[65536];
	char path[4096];
	int ends[2];
	size_t have = 0;
	snprintf(path, sizeof path, "%s/libgreet_1.so", getenv("TEST_PLUGINS"));
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char name[] = "kit", *argv[] = {name, path, NULL};
		static const struct rlimit no_core;
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)dup2(ends[1], STDERR_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		setenv("TROUPE_CRASH_DUMP", "", 1);
		setenv("TROUPE_PLUGIN_TEST_SECONDS", limit, 1);
		_exit(tr_plugin_test_main(2, argv, tests, n));
	}
	(void)close(ends[1]);
	for (ssize_t got; (got = read(ends[0], text + have, sizeof text - 1 - have)) > 0;)
		have += (size_t)got;
	text[have] = '\0';
	(void)close(ends[0]);
	assert_int_equal(waitpid(child, status, 0), child);
	return text;
}

static void says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no '%s' in: %s", part, text);
}

static void one_that_hangs_is_named(void **state)
{
	(void)state;
	int status;
	const tr_plugin_test tests[] = {{.name = "never ends", .run = hangs}, {.name = "fine", .run = good}};
	const char *text = said(tests, 2, "1", &status);
	says(text, "FAILED  never ends: it did not end within 1 s");
	says(text, "0 of 2 tests passed, 1 did not run");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void one_that_crashes_is_named(void **state)
{
	(void)state;
	int status;
	const tr_plugin_test tests[] = {{.name = "fine", .run = good}, {.name = "falls", .run = crashes}};
	const char *text = said(tests, 2, "600", &status);
	says(text, "ok      fine");
	says(text, "FAILED  falls: segmentation fault");
	says(text, "1 of 2 tests passed, 0 did not run");
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void one_that_exits_is_named(void **state)
{
	(void)state;
	int status;
	const tr_plugin_test tests[] = {{.name = "leaves", .run = exits}, {.name = "fine", .run = good}};
	const char *text = said(tests, 2, "600", &status);
	says(text, "FAILED  leaves: something, probably a plugin, called exit(0)");
	says(text, "0 of 2 tests passed, 1 did not run");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

/* The others run all the same. */
static void what_is_written_wrong_is_that_tests_failure(void **state)
{
	(void)state;
	int status;
	const tr_plugin_test tests[] = {{.name = "settings", .run = good, .config = "{\"a\": "},
					{.name = "empty"},
					{.name = "grants", .run = good, .grants = "[net]"},
					{.name = "fine", .run = good}};
	const char *text = said(tests, 4, "0", &status);
	says(text, "    .config is no JSON: {\"a\": \nFAILED  settings\n");
	says(text, "    it has no .run, so nothing is tested\nFAILED  empty\n");
	says(text, "    .grants is no JSON: [net]\nFAILED  grants\n");
	says(text, "ok      fine\n1 of 4 tests passed\n");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void a_limit_is_a_number(void **state)
{
	(void)state;
	int status;
	const tr_plugin_test tests[] = {{.name = "fine", .run = good}};
	says(said(tests, 1, "soon", &status), "TROUPE_PLUGIN_TEST_SECONDS is a number of seconds, not 'soon'");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_that_hangs_is_named), cmocka_unit_test(one_that_crashes_is_named),
	    cmocka_unit_test(one_that_exits_is_named), cmocka_unit_test(what_is_written_wrong_is_that_tests_failure),
	    cmocka_unit_test(a_limit_is_a_number),
	};
	return cmocka_run_group_tests_name("plugins.kit", tests, NULL, NULL);
}
