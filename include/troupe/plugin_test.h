/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tests of plugins: a node with a plugin manager and the plugin, commands, hooks and calls to it, and what may go wrong
 * on purpose. From a thread that is no actor; each test has a node of its own.
 *
 *     static void greets(tr_plugin_world *w)
 *     {
 *             tr_value o = tr_plugin_world_command(w, "greet", TR_DICT("who", tr_string("Ada")));
 *             TR_EXPECT_SUCCESS(o);
 *             TR_EXPECT_TEXT(tr_map_get_s(o, "result"), "Hello Ada");
 *             tr_drop(o);
 *     }
 *
 *     TR_PLUGIN_TESTS({.name = "greets", .run = greets}, {.name = "greets in a process", .run = greets, .process =
 * true})
 *
 * The program takes the plugin's path as its argument; `troupe plugin test DIR` and ctest give it.
 */
#ifndef TROUPE_PLUGIN_TEST_H
#define TROUPE_PLUGIN_TEST_H

#include <troupe/node.h>
#include <troupe/plugin.h>

TR_EXTERN_C_BEGIN

/** A node with plugins. */
typedef struct tr_plugin_world tr_plugin_world;

typedef struct tr_plugin_world_options {
	const char *const *paths; /* shared objects, NULL-terminated; may be NULL */
	tr_value config;          /* map: id -> settings. These are borrowed; absent: none */
	tr_value grants;          /* map: id or "*" -> array of grants */
	tr_value isolation;       /* map: id -> "shared" | "process" */
	/** One thread, in which everything happens in one order, and a clock that stands still while something is to be
	 * done and then jumps to the next timer: an hour's timeout takes no time. Without processes, sockets and files
	 * of the node's own. */
	bool stepped;
} tr_plugin_world_options;

/** Start; NULL with the reason in `why`. A plugin that cannot be loaded is a reason. */
TR_API tr_plugin_world *tr_plugin_world_start(const tr_plugin_world_options *options, char *why, size_t n);
/** Stop the plugins in order, then the node. *w becomes NULL. */
TR_API void tr_plugin_world_stop(tr_plugin_world **w);
TR_API tr_node *tr_plugin_world_node(tr_plugin_world *w);

/* ---- asking ---- */

/** A command to `command.<kind>` (a tool kind, or a plugin's id) and its outcome (fresh). Takes input. */
TR_API tr_value tr_plugin_world_command(tr_plugin_world *w, const char *kind, tr_value input);
/** The same with a context (taken), as the worker gives it: deadline_ns, execution_id, … */
TR_API tr_value tr_plugin_world_command_in(tr_plugin_world *w, const char *kind, tr_value input, tr_value context);
/** Ask whoever answers for `controller:<name>` (docs/plugins/controllers.md), and have its outcome (fresh); an error of
 * kind "no_plugin" when all pass, or there is none. Takes the question. */
TR_API tr_value tr_plugin_world_decide(tr_plugin_world *w, const char *name, tr_value question);
/** Send a command and cancel it after `after_ns`; its outcome. */
TR_API tr_value tr_plugin_world_cancelled(tr_plugin_world *w, const char *kind, tr_value input, int64_t after_ns);
/** tr_plugin_call by the node's own: no grant is asked for. Takes the request. */
TR_API tr_value tr_plugin_world_call(tr_plugin_world *w, const char *id, tr_value request);
/** Run a hook point with this context (taken) and nothing inside: what came of the context (fresh), or invalid with the
 * refusal as a map {plugin, message, …} in *refusal (fresh; may be NULL). */
TR_API tr_value tr_plugin_world_hook(tr_plugin_world *w, const char *point, tr_value context, tr_value *refusal);
/** Ask the plugin manager ([load, path], [unload, id, cascade], [upgrade, id, path], [list], [info, id] …). Takes it.
 */
TR_API tr_value tr_plugin_world_ask(tr_plugin_world *w, tr_value request);
/** Run fn in an actor of the node and give what it returns (fresh). Takes arg. */
TR_API tr_value tr_plugin_world_do(tr_plugin_world *w, tr_value (*fn)(tr_value arg), tr_value arg);

/* ---- what may go wrong ---- */

/** End the plugin's own actor as a fault would, and wait until its supervisor has a fresh one that serves. */
TR_API tr_err tr_plugin_world_crash(tr_plugin_world *w, const char *id);
/** From now on and for `ns` the plugin's own actor handles nothing. Returns at once. */
TR_API tr_err tr_plugin_world_delay(tr_plugin_world *w, const char *id, int64_t ns);
/** The n-th allocation from now on fails, once (0 is the next one; -1 turns it off). Only in a stepped world, where all
 * that happens next happens on this thread. */
TR_API tr_err tr_plugin_world_starve(tr_plugin_world *w, int64_t n);
/** Let time pass. */
TR_API void tr_plugin_world_pass(tr_plugin_world *w, int64_t ns);

/* ---- tests ---- */

typedef struct tr_plugin_test {
	const char *name;
	void (*run)(tr_plugin_world *w);
	const char *config; /* settings of the plugin, JSON; NULL: none */
	const char *grants; /* for all plugins, a JSON list; NULL: none */
	bool process;       /* isolation: process, whatever the manifest says */
	bool stepped;
} tr_plugin_test;

/** Run the tests, each in a world of its own with the plugin of argv[1] (and of further arguments). The exit status. A
 * test that hangs (TROUPE_PLUGIN_TEST_SECONDS of the environment, 60; 0: no limit), crashes or ends the process is
 * named, and ends the program. */
TR_API int tr_plugin_test_main(int argc, char **argv, const tr_plugin_test *tests, size_t n);
/** The running test has failed: say why and do not return. */
TR_API TR_NORETURN void tr_plugin_test_fail(const char *file, int line, const char *fmt, ...) TR_PRINTF(3, 4);
TR_API void tr_plugin_test_success(const char *file, int line, tr_value outcome);
TR_API void tr_plugin_test_error(const char *file, int line, tr_value outcome, const char *kind);
TR_API void tr_plugin_test_equal(const char *file, int line, tr_value have, tr_value want);

#define TR_EXPECT(condition) ((condition) ? (void)0 : tr_plugin_test_fail(__FILE__, __LINE__, "not so: %s", #condition))
/** The outcome is a success; shows it when it is not. */
#define TR_EXPECT_SUCCESS(outcome) tr_plugin_test_success(__FILE__, __LINE__, (outcome))
/** The outcome is an error of this kind. */
#define TR_EXPECT_ERROR(outcome, kind) tr_plugin_test_error(__FILE__, __LINE__, (outcome), (kind))
#define TR_EXPECT_TEXT(value, text)    tr_plugin_test_equal(__FILE__, __LINE__, (value), tr_string(text))
#define TR_EXPECT_INT(value, number)   tr_plugin_test_equal(__FILE__, __LINE__, (value), tr_int(number))

#define TR_PLUGIN_TESTS(...)                                                                     \
	int main(int argc, char **argv)                                                          \
	{                                                                                        \
		static const tr_plugin_test tests[] = {__VA_ARGS__};                             \
		return tr_plugin_test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0])); \
	}

TR_EXTERN_C_END

#endif
