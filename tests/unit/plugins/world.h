/* SPDX-License-Identifier: Apache-2.0 */
/** A node with a plugins branch, for tests: started, asked from the test's thread, stopped. */
#ifndef TROUPE_TESTS_UNIT_PLUGINS_WORLD_H
#define TROUPE_TESTS_UNIT_PLUGINS_WORLD_H

#include "plugins/host/host.h"
#include <troupe/node.h>

typedef struct world {
	tr_node *node;
	tr_pid top;
} world;

/** Start; absent, or the reason why the branch did not start (the node is stopped then). Options may be NULL. */
tr_value world_start(world *w, const plugin_host_options *options);
/** Start with these plugins; the test fails when that fails. */
void world_with(world *w, const builtin *builtins, size_t n);
/** The same with a configuration (taken). False when it fails. */
bool world_with_config(world *w, const builtin *builtins, size_t n, tr_value config);
void world_stop(world *w);
/** Remove a folder of the test with all that is in it; what cmocka wants of a teardown. */
int folder_remove(const char *folder);

/** Did the node report something with this text in it since it was started? */
bool world_reported(const char *text);
/** Run fn in an actor of its own and give what it returns. Takes arg. */
tr_value world_do(world *w, tr_value (*fn)(tr_value arg), tr_value arg);
/** Call the plugin manager. Takes the request. */
tr_value world_ask(world *w, tr_value request);
/** Send a command to `command.<subject>` and wait for its outcome. Takes input. */
tr_value world_run(world *w, const char *subject, tr_value input);
/** The same with a context (taken). */
tr_value world_run_in(world *w, const char *subject, tr_value input, tr_value context);

/* In an actor: send a command, wait for an answer (10 s). */
tr_ref command_send(const char *subject, tr_value input);
tr_value command_wait(tr_ref ref);
/** The text at error.kind, "" when there is none. */
const char *error_kind(tr_value outcome);
const char *error_message(tr_value outcome);
bool succeeded(tr_value outcome);
/** Show it on stderr: for a test that is about to fail. */
void show(const char *what, tr_value v);

#endif
