/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event store's actor is killed under running executions, once and so often that all of the stores' supervisors
 * give up and the control plane is started again: what ran goes on by itself and ends well, and whoever watches is
 * told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/protocol.h"
#include "cli/assemble.h"
#include "plugins/actions/builtin.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/plugin.h>
#include <unistd.h>

#define WAIT  (120 * TR_SECOND)
#define COUNT 12

static char data[64];

/* ---- the tool kind gate: a task waits until the gate is open, so that no execution ends before that -----------------
 */

#define GATE "gate"

static const char gate_manifest[] = "{\"id\": \"gate\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:gate\"],"
				    " \"provides\": {\"node_handler\": \"gate\"}, \"limits\": {\"concurrency\": 1000}}";

/* It is shut as long as its actor lives. */
static tr_value gate_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_pid gate = tr_whereis(GATE);
	(void)config;
	(void)plugin;
	if (gate.bits != 0)
		tr_drop(tr_receive_ref(tr_monitor(gate), TR_FOREVER));
	return tr_outcome_ok(tr_keep(tr_command_input(command, "gives")));
}

static const tr_plugin gate_plugin = {TR_PLUGIN_HEAD, .run = gate_run};

static void gate_body(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive(TR_FOREVER));
}

static void gate_shut(void)
{
	tr_spawn_options named = {.name = GATE};
	(void)tr_spawn_opt(gate_body, tr_nil(), &named);
}

static void gate_open(void)
{
	(void)tr_send_name(GATE, TR_A(ok));
}

/* ---- the executions ------------------------------------------------------------------------------------------------
 */

/* A chain long enough to be met in the middle, with an execution in it that it waits for. */
static const char book[] = "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: long, path: tests/long}\n"
			   "workload: {n: 60}\nworkflow:\n"
			   "- step: go\n  tool: {kind: noop}\n"
			   "  next:\n  - {step: again, when: \"{{ (ctx.i or 0) < workload.n }}\"}\n  - {step: last}\n"
			   "- step: again\n  tool: {kind: noop}\n"
			   "  next: [{step: go, set: {ctx.i: \"{{ (ctx.i or 0) + 1 }}\"}}]\n"
			   "- {step: last, tool: {kind: gate, gives: \"{{ ctx.i }}\"}}\n";

#define MUST(what)                                                        \
	do {                                                              \
		if (!(what))                                              \
			tr_exitf("%s:%d: %s", __FILE__, __LINE__, #what); \
	} while (0)

struct watched {
	size_t events, done, restarted;
};

static void begin_all(void)
{
	gate_shut();
	tr_value put = tr_call_name(
	    SUBJECT_CATALOG, TR_LIST(tr_atom("put"), tr_string("long.yaml"), tr_string(book), tr_nil()), tr_in(WAIT));
	MUST(TR_IS_A(tr_array_at(put, 0), ok));
	for (int i = 0; i < COUNT; i++) {
		tr_value answer =
		    tr_call_name(SUBJECT_EXECUTIONS,
				 TR_LIST(TR_A(start), TR_DICT("hash", tr_keep(tr_array_at(put, 1)), "payload", tr_map(),
							      "watch", tr_pid_value(tr_self()))),
				 tr_in(WAIT));
		MUST(TR_IS_A(tr_array_at(answer, 0), ok));
		tr_drop(answer);
	}
	tr_drop(put);
}

static void take(struct watched *w)
{
	tr_value m = tr_receive(tr_in(WAIT)), tag = tr_array_at(m, 0);
	MUST(tr_is_valid(m));
	w->events += TR_IS_A(tag, event);
	w->restarted += tr_is(tag, TR_ATOM) && tr_str_is(tr_as_str(tag), "restarted");
	MUST(!(tr_is(tag, TR_ATOM) && tr_str_is(tr_as_str(tag), "gone")));
	if (TR_IS_A(tag, done)) {
		MUST(tr_str_is(tr_as_str(TR_GET(tr_array_at(m, 2), "status")), "success"));
		MUST(tr_as_int(TR_GET(tr_array_at(m, 2), "ctx", "i"), 0) == 60);
		w->done++;
	}
	tr_drop(m);
}

static void kill_named(const char *name)
{
	tr_pid pid = tr_whereis(name);
	tr_ref monitor = tr_monitor(pid); /* tells at once that it is no more */
	tr_exit_signal(pid, TR_A(kill));
	tr_drop(tr_receive_ref(monitor, tr_in(WAIT)));
}

static void end_all(struct watched *w)
{
	while (w->done < COUNT)
		take(w);
	tr_value list = tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(tr_string("list")), tr_in(WAIT));
	MUST(tr_is(list, TR_ARRAY));
	tr_drop(list);
}

static void the_store_is_killed(tr_value arg)
{
	struct watched w = {0};
	(void)arg;
	begin_all();
	while (w.events < 300)
		take(&w);
	kill_named(SUBJECT_STORE);
	gate_open();
	end_all(&w);
	MUST(w.restarted > 0);
}

static void the_stores_give_up(tr_value arg)
{
	struct watched w = {0};
	(void)arg;
	begin_all();
	while (w.events < 300)
		take(&w);
	/* More often than its supervisor stands. */
	tr_pid stores = tr_whereis("stores");
	while (tr_pid_eq(tr_whereis("stores"), stores))
		if (tr_whereis(SUBJECT_STORE).bits != 0)
			kill_named(SUBJECT_STORE);
		else
			tr_sleep_until(tr_in(TR_MS));
	gate_open();
	end_all(&w);
	MUST(w.restarted > 0);
}

static void the_executions_supervisor_is_killed(tr_value arg)
{
	struct watched w = {0};
	(void)arg;
	begin_all();
	while (w.events < 300)
		take(&w);
	kill_named("executions_supervisor");
	gate_open();
	end_all(&w);
	MUST(w.restarted > 0);
}

static void perform(tr_body *body)
{
	char why[600];
	builtin plugins[32];
	size_t count;
	const builtin *standard = plugins_builtin(&count);
	assert_true(count < sizeof plugins / sizeof *plugins);
	memcpy(plugins, standard, count * sizeof *plugins);
	plugins[count] = (builtin){gate_manifest, &gate_plugin, true};
	assemble_options options = {.data = data,
				    .durability = DURABILITY_STRICT,
				    .snapshot_every = 40,
				    .log_level = TR_CRITICAL,
				    .plugins = plugins,
				    .plugin_count = count + 1};
	tr_node *node = assemble_embedded(&options, why, sizeof why);
	if (node == NULL)
		fail_msg("%s", why);
	tr_spawned s = tr_node_spawn(node, body, tr_nil(), NULL);
	tr_value reason = tr_node_wait(node, s.pid, TR_FOREVER);
	bool good = TR_IS_A(reason, normal);
	if (!good) {
		tr_buf text = {0};
		tr_show(&text, reason, 300);
		print_message("ended with %s\n", text.p);
		tr_buf_fini(&text);
	}
	tr_drop(reason);
	(void)assemble_stop(&node);
	assert_true(good);
}

static void a_store_that_crashes_holds_nobody_up_for_good(void **state)
{
	(void)state;
	perform(the_store_is_killed);
}

static void what_ran_goes_on_when_the_control_plane_is_started_again(void **state)
{
	(void)state;
	perform(the_stores_give_up);
}

static void what_ran_goes_on_when_its_supervisor_is_started_again(void **state)
{
	(void)state;
	perform(the_executions_supervisor_is_killed);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(data, sizeof data, "/tmp/troupe-crash-XXXXXX");
	return mkdtemp(data) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(data, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_store_that_crashes_holds_nobody_up_for_good, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_ran_goes_on_when_the_control_plane_is_started_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_ran_goes_on_when_its_supervisor_is_started_again, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
