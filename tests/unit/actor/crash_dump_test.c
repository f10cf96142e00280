/* SPDX-License-Identifier: Apache-2.0 */
/* Crash dumps: child processes fault in several ways; what they wrote names the guilty actor, its messages, the tree.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/actor/check.h"
#include "runtime/actor/symbol.h"
#include "tests/unit/actor/kit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static char folder[] = "/tmp/troupe-dump-XXXXXX";
static char path[64];

static volatile uintptr_t nowhere;

static __attribute__((noinline)) void the_culprit(void)
{
	*(volatile int *)nowhere = 1;
}

static __attribute__((noinline)) void gives_up(void)
{
	abort();
}

static bool is_atom(void *arg, tr_value message)
{
	(void)arg;
	return tr_is(message, TR_ATOM);
}

/* Picks the atom that says how to break; what came before it waits meanwhile. */
static void guilty_handle(void *state, tr_value message)
{
	(void)state;
	(void)message;
	tr_value how = tr_receive_match(is_atom, NULL, TR_FOREVER);
	if (TR_IS_A(how, crash))
		the_culprit();
	if (TR_IS_A(how, stop))
		gives_up();
	CHECK(how.type == (uint32_t)TR_NIL);
}

static void waits(tr_value arg)
{
	tr_drop(tr_receive_ref(tr_as_ref(arg), TR_FOREVER));
}

/* A tree: parent (a name) over guilty and a child; the last message ends the process. */
static void parent(tr_value last)
{
	static const tr_behaviour guilty = {.name = "guilty behaviour", .handle = guilty_handle};
	tr_register("the parent", tr_self());
	tr_spawn_opt(waits, tr_nil(), &(tr_spawn_options){.label = "an innocent child"});
	tr_spawned g =
	    tr_spawn_behaviour(&guilty, tr_nil(), &(tr_spawn_options){.label = "the guilty one", .link = true});
	tr_send(g.pid, tr_string("begin"));
	tr_send(g.pid, TR_LIST(tr_atom("order"), tr_int(4711), tr_pid_value(tr_self())));
	tr_send(g.pid, TR_DICT("the \"next\"", TR_LIST(tr_string("hunter2 token"), tr_int(8675309), tr_float(8675309.5),
						       tr_bool(true))));
	tr_send(g.pid, tr_keep(last));
	tr_drop(tr_receive(TR_FOREVER));
}

static void *faults_elsewhere(void *arg)
{
	(void)arg;
	the_culprit();
	return NULL;
}

static void elsewhere(tr_value arg)
{
	(void)arg;
	pthread_t thread;
	tr_spawn_opt(waits, tr_nil(), &(tr_spawn_options){.label = "an innocent child"});
	pthread_create(&thread, NULL, faults_elsewhere, NULL);
	tr_drop(tr_receive(TR_FOREVER));
}

/* What it carries about is damaged, too. */
static void damaged(tr_value arg)
{
	(void)arg;
	tr_value bad = tr_nil();
	bad.type = TR_STRING;
	bad.as.bits = 64;
	tr_spawn_opt(waits, tr_nil(), &(tr_spawn_options){.label = "an innocent child"});
	tr_set_note(bad);
	the_culprit();
}

/* Run `body` in a child process: how it ended, and what it wrote into the file. */
static int end_of(tr_body *body, tr_value arg, char *text, size_t room)
{
	(void)unlink(path);
	pid_t child = fork();
	if (child == 0) {
		struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_DFL);
		fclose(stderr);
		close(STDERR_FILENO);
		tr_drop(tr_run(&(tr_node_options){.crash_dump = path, .schedulers = 1}, body, arg));
		_exit(0);
	}
	int status = 0;
	waitpid(child, &status, 0);
	FILE *f = fopen(path, "r");
	size_t n = f == NULL ? 0 : fread(text, 1, room - 1, f);
	text[n] = 0;
	if (f != NULL)
		fclose(f);
	return status;
}

static void contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		print_error("\"%s\" is not in:\n%s\n", part, text);
	assert_non_null(strstr(text, part));
}

static void dies_of(tr_value last, int sig, const char *what, const char *function)
{
	static char text[65536];
#ifdef SANITIZED
	(void)last, (void)sig, (void)what, (void)function;
	skip();
#endif
	int status = end_of(parent, last, text, sizeof text);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), sig);
	contains(text, what);
	contains(text, function);
	contains(text, "label the guilty one, behaviour guilty behaviour");
	contains(text, "handling: #String<5 bytes>\n");
	contains(text, "waits 0: [order, 4711, <");
	contains(text, "waits 1: {\"the \\x22next\\x22\": [#String<13 bytes>, #Int, #Float, true]}");
	assert_null(strstr(text, "hunter2"));
	assert_null(strstr(text, "8675309"));
	contains(text, "linked to <");
	/* The tree: the children stand under the parent. */
	const char *tree = strstr(text, " the parent, label");
	assert_non_null(tree);
	contains(tree, "\n      <");
	contains(tree, "an innocent child");
	contains(tree, "the guilty one");
	contains(tree, "end of the crash dump\n");
}

static void a_null_pointer(void **state)
{
	(void)state;
	dies_of(TR_A(crash), SIGSEGV, "segmentation fault (SIGSEGV) at address (nil)", "the_culprit+0x");
}

static void abort_is_a_fault_too(void **state)
{
	(void)state;
	dies_of(TR_A(stop), SIGABRT, "aborted (SIGABRT)", "gives_up+0x");
}

static void a_broken_promise_of_the_kernel(void **state)
{
	(void)state;
	dies_of(TR_A(error), SIGABRT, "how.type == (uint32_t)TR_NIL at ", "guilty_handle+0x");
}

static void faults_of_other_threads(void **state)
{
	static char text[65536];
	(void)state;
#ifdef SANITIZED
	skip();
#endif
	assert_int_equal(WTERMSIG(end_of(elsewhere, tr_nil(), text, sizeof text)), SIGSEGV);
	contains(text, "the_culprit+0x");
	contains(text, "an innocent child");
	contains(text, "end of the crash dump\n");
}

static void damaged_data_is_skipped(void **state)
{
	static char text[65536];
	(void)state;
#ifdef SANITIZED
	skip();
#endif
	assert_int_equal(WTERMSIG(end_of(damaged, tr_nil(), text, sizeof text)), SIGSEGV);
	contains(text, "the_culprit+0x");
	contains(text, "note:  (what comes here cannot be read)");
	contains(text, "an innocent child");
	contains(text, "end of the crash dump\n");
}

static void functions_have_names(void **state)
{
	struct symbol symbols[] = {{.address = (const void *)(uintptr_t)gives_up},
				   {.address = (const void *)(uintptr_t)malloc},
				   {.address = (const char *)(uintptr_t)the_culprit + 1},
				   {.address = NULL},
				   {.address = &symbols}};
	(void)state;
	symbols_find(symbols, 5);
	assert_string_equal(symbols[0].function, "gives_up");
	assert_int_equal(symbols[0].offset, 0);
	assert_non_null(strstr(symbols[0].object, "test_runtime_kernel"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__) /* there malloc is the program's */
	assert_non_null(strstr(symbols[1].object, ".so"));
#endif
	assert_string_equal(symbols[2].function, "the_culprit");
	assert_int_equal(symbols[2].offset, 1);
	assert_string_equal(symbols[3].object, "");
	assert_string_equal(symbols[4].function, "");
}

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/dump", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_null_pointer),
	    cmocka_unit_test(abort_is_a_fault_too),
	    cmocka_unit_test(a_broken_promise_of_the_kernel),
	    cmocka_unit_test(faults_of_other_threads),
	    cmocka_unit_test(damaged_data_is_skipped),
	    cmocka_unit_test(functions_have_names),
	};
	return cmocka_run_group_tests_name("kernel.crash_dump", tests, make_folder, remove_folder);
}
