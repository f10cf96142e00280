/* SPDX-License-Identifier: Apache-2.0 */
/* The world of the plugin tests. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "world.h"
#include "plugins/host/command.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE (120 * TR_SECOND)

/* What was reported since the last start, as text. Crashes are part of these tests, so none is shown. */
static pthread_mutex_t reports_lock = PTHREAD_MUTEX_INITIALIZER;
static tr_buf reports = {.max = 4 << 20};

static void swallow(void *arg, tr_value report)
{
	(void)arg;
	pthread_mutex_lock(&reports_lock);
	tr_show(&reports, report, reports.n + 4000);
	pthread_mutex_unlock(&reports_lock);
	tr_drop(report);
}

bool world_reported(const char *text)
{
	pthread_mutex_lock(&reports_lock);
	bool found = reports.p != NULL && strstr(reports.p, text) != NULL;
	if (!found)
		fprintf(stderr, "no report says \"%s\", but these:\n%s\n", text, reports.p != NULL ? reports.p : "");
	pthread_mutex_unlock(&reports_lock);
	return found;
}

tr_value world_start(world *w, const plugin_host_options *options)
{
	tr_node_options node = {.name = "test", .schedulers = 2, .report = swallow};
	plugin_host_options none = {0};
	tr_child_spec child;

	pthread_mutex_lock(&reports_lock); /* a world before this one may still be there */
	tr_buf_fini(&reports);
	reports = (tr_buf){.max = 4 << 20};
	pthread_mutex_unlock(&reports_lock);
	w->node = tr_node_start(&node, NULL);
	assert_non_null(w->node);
	assert_int_equal(plugin_host_child(w->node, options == NULL ? &none : options, &child), TR_OK);
	tr_supervisor_spec top = {
	    .strategy = TR_ONE_FOR_ONE, .intensity = 3, .children = &child, .child_count = 1, .label = "top"};
	tr_started s = tr_node_supervisor(w->node, &top);
	w->top = s.pid;
	if (s.pid.bits == 0)
		tr_node_stop(&w->node);
	return s.reason;
}

void world_with(world *w, const builtin *builtins, size_t n)
{
	plugin_host_options options = {.builtins = builtins, .builtin_count = n};
	tr_value reason = world_start(w, &options);

	if (tr_is_valid(reason))
		show("the plugins did not start", reason);
	assert_false(tr_is_valid(reason));
}

static void stop_top(tr_value arg)
{
	tr_stop(tr_as_pid(arg), TR_A(shutdown), tr_in(PATIENCE));
}

bool world_with_config(world *w, const builtin *builtins, size_t n, tr_value config)
{
	plugin_host_options options = {.builtins = builtins, .builtin_count = n, .config = config};
	tr_value reason = world_start(w, &options);
	bool good = !tr_is_valid(reason);

	if (!good)
		show("the world does not start", reason);
	tr_drop(reason);
	tr_drop(config);
	return good;
}

int folder_remove(const char *folder)
{
	char command[400];

	(void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

void world_stop(world *w)
{
	tr_spawned s = tr_node_spawn(w->node, stop_top, tr_pid_value(w->top), NULL);
	tr_drop(tr_node_wait(w->node, s.pid, PATIENCE));
	tr_node_stop(&w->node);
}

/* ---- asking from outside
 * ---------------------------------------------------------------------------------------------------- */

typedef struct errand {
	tr_value (*fn)(tr_value arg);
	tr_value arg;
} errand;

static const tr_class errand_class = {"errand", NULL};

static void run_errand(tr_value arg)
{
	errand *e = tr_as_object(arg, &errand_class);
	tr_value m = tr_receive(TR_FOREVER), request;
	tr_from from;

	if (tr_is_call(m, &from, &request))
		tr_reply(from, e->fn(e->arg));
	tr_drop(m);
}

tr_value world_do(world *w, tr_value (*fn)(tr_value arg), tr_value arg)
{
	errand e = {fn, arg};
	tr_spawned s = tr_node_spawn(w->node, run_errand, tr_object(&errand_class, &e), NULL);
	tr_value v = tr_node_call(w->node, s.pid, tr_nil(), 2 * PATIENCE);

	tr_drop(tr_node_wait(w->node, s.pid, PATIENCE));
	tr_drop(arg);
	return v;
}

tr_value world_ask(world *w, tr_value request)
{
	return tr_node_call(w->node, tr_node_whereis(w->node, "plugins"), request, PATIENCE);
}

static tr_ref send_command(const char *subject, tr_value input, tr_value context)
{
	char name[128];
	tr_ref ref = tr_make_ref();

	snprintf(name, sizeof(name), "command.%s", subject);
	tr_value command = TR_DICT("kind", tr_string(subject), "input", input, "context", context);
	if (tr_send_name(name, command_message(tr_self(), ref, command)) != TR_OK)
		tr_send(tr_self(), command_answer(ref, tr_outcome_error("no_plugin", false, "nobody at %s", name)));
	return ref;
}

tr_ref command_send(const char *subject, tr_value input)
{
	return send_command(subject, input, tr_map());
}

tr_value command_wait(tr_ref ref)
{
	tr_value m = tr_receive_ref(ref, tr_in(PATIENCE)), outcome;

	if (!tr_is_valid(m))
		return tr_string("no answer came");
	outcome = command_parse_answer(m, ref, &outcome) ? tr_keep(outcome) : tr_string("the answer is no answer");
	tr_drop(m);
	return outcome;
}

/* [subject, input, context] */
static tr_value run_command(tr_value arg)
{
	return command_wait(send_command(tr_as_cstr(tr_array_at(arg, 0), ""), tr_keep(tr_array_at(arg, 1)),
					 tr_keep(tr_array_at(arg, 2))));
}

tr_value world_run_in(world *w, const char *subject, tr_value input, tr_value context)
{
	return world_do(w, run_command, TR_LIST(tr_string(subject), input, context));
}

tr_value world_run(world *w, const char *subject, tr_value input)
{
	return world_run_in(w, subject, input, tr_map());
}

const char *error_kind(tr_value outcome)
{
	return tr_as_cstr(TR_GET(outcome, "error", "kind"), "");
}

const char *error_message(tr_value outcome)
{
	return tr_as_cstr(TR_GET(outcome, "error", "message"), "");
}

bool succeeded(tr_value outcome)
{
	return tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success");
}

void show(const char *what, tr_value v)
{
	tr_buf text = {0};

	tr_show(&text, v, 4000);
	fprintf(stderr, "%s: %s\n", what, text.p == NULL ? "?" : text.p);
	tr_buf_fini(&text);
}
