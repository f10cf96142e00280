/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of an embedded node: all branches but cluster. */
#include "cli/assemble.h"

#include "actors/edge/edge.h"
#include "actors/engine/control.h"
#include "actors/engine/roll.h"
#include "actors/protocol.h"
#include "actors/store/store.h"
#include "actors/worker/data_plane.h"
#include "cli/crash_file.h"
#include "plugins/actions/builtin.h"
#include "plugins/host/host.h"
#include "plugins/host/lifetime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <troupe/io.h>
#include <troupe/supervisor.h>

#define MOST_HELD 1000
#define STOP_NS   (10 * TR_SECOND) /* then the node ends without them; the journal has all that was acknowledged */
#define LAST_NS   (2 * TR_SECOND)  /* then a thread that does not come back is left behind */

static void explain(char *why, size_t n, const char *what, tr_value reason)
{
	tr_buf text = {0};
	/* A supervisor's reason wraps its child's: the innermost text is what a person wants to read. */
	tr_value at = reason;
	while (tr_array_len(at) > 0)
		at = tr_array_at(at, tr_array_len(at) - 1);
	if (tr_is(at, TR_STRING))
		tr_buf_puts(&text, tr_as_cstr(at, ""));
	else
		tr_show(&text, reason, 400);
	(void)snprintf(why, n, "%s%s%s", what, *what != '\0' ? ": " : "", text.p != NULL ? text.p : "");
	tr_buf_fini(&text);
}

/* ---- the logger, with the program's handler from its first record on
 * ----------------------------------------------------- */

static void not_ours(void *data)
{
	(void)data; /* the options are the caller's, who outlives the node */
}

static const tr_class options_class = {"assemble options", not_ours};

static void pass_gate(void *arg, tr_value record)
{
	assemble_options *o = arg;
	assemble_gate *g = &o->gate;
	(void)pthread_mutex_lock(&g->mutex);
	bool open = g->open;
	if (!open && tr_array_len(g->held) < MOST_HELD)
		g->held = tr_array_push(g->held, tr_keep(record));
	(void)pthread_mutex_unlock(&g->mutex);
	if (open)
		o->log(o->log_arg, record);
}

static void open_gate(assemble_options *o)
{
	assemble_gate *g = &o->gate;
	(void)pthread_mutex_lock(&g->mutex);
	for (size_t i = 0; i < tr_array_len(g->held); i++)
		o->log(o->log_arg, tr_array_at(g->held, i));
	tr_clear(&g->held);
	g->open = true;
	(void)pthread_mutex_unlock(&g->mutex);
}

static tr_started start_logger(tr_value arg, tr_value extra)
{
	assemble_options *o = tr_as_object(arg, &options_class);
	tr_logger_options quiet = {.level = o->log_level, .fd = -1};
	tr_value logger_arg = tr_logger_arg(&quiet);
	tr_started s = tr_logger_start_link(logger_arg, extra);
	tr_drop(logger_arg);
	if (s.pid.bits != 0 && o->log != NULL)
		(void)tr_log_add_handler(tr_here(), "program", o->log_level, pass_gate, o, NULL);
	return s;
}

/* The operator's settings, where this node's credentials and its databases of executions are, and what it shows of its
 * environment. */
static tr_value plugin_config(tr_value said, const assemble_options *o)
{
	layout_path file, duckdb;
	tr_value all = tr_is(said, TR_MAP) ? tr_keep(said) : tr_map();
	tr_value names = tr_is(o->env_names, TR_ARRAY) ? tr_keep(o->env_names) : tr_array();

	if (layout_join(file, o->data, "credentials") != TR_OK)
		file[0] = '\0';
	if (layout_join(duckdb, o->data, "duckdb") != TR_OK)
		duckdb[0] = '\0';
	tr_value ours = TR_DICT("credentials", TR_DICT("file", tr_string(file)), "secrets", TR_DICT("env", names),
				"duckdb", TR_DICT("folder", tr_string_lossy(duckdb, strlen(duckdb))));
	return tr_map_merge_deep(ours, all);
}

/* What plugins may call, given the grant: the tool kind playbook needs the first two, artifact the third. */
static const char *const services[] = {SUBJECT_EXECUTIONS, SUBJECT_CATALOG, SUBJECT_ARTIFACTS, NULL};

static tr_started start_tree(tr_node *node, const assemble_options *o)
{
	size_t builtin_count;
	const builtin *builtins = plugins_builtin(&builtin_count);
	if (o->plugins != NULL) {
		builtins = o->plugins;
		builtin_count = o->plugin_count;
	}
	const settings none = {0}, *said = o->settings != NULL ? o->settings : &none;
	tr_value config = plugin_config(said->config, o);
	plugin_host_options plugins = {.builtins = builtins,
				       .builtin_count = builtin_count,
				       .config = config,
				       .grants = said->grants,
				       .paths = said->paths,
				       .surveyed = o->settings != NULL,
				       .prefer = said->prefer,
				       .isolation = said->isolation,
				       .services = services};
	store_options store = {.data = o->data, .durability = o->durability};
	pool_options pool = {.concurrency = o->concurrency, .env = o->env};
	tr_child_spec children[8] = {0};
	tr_started failed = {.reason = tr_absent()};
	children[0] = (tr_child_spec){.id = "logger",
				      .start = start_logger,
				      .arg = tr_object(&options_class, (void *)(uintptr_t)o),
				      .restart = TR_PERMANENT,
				      .label = "logger"};
	tr_err err = plugin_host_child(node, &plugins, &children[1]);
	tr_drop(config);
	if (err != TR_OK) {
		tr_drop(children[0].arg);
		failed.reason = tr_string(tr_err_text(err));
		return failed;
	}
	children[2] = roll_child();
	children[3] = stores_child_spec(&store);
	layout_path playbooks;
	control_options control = {.playbooks =
				       layout_join(playbooks, o->data, "playbooks") == TR_OK ? playbooks : NULL,
				   .env = o->env,
				   .snapshot_every = o->snapshot_every,
				   .crash_limit = o->crash_limit,
				   .check_replay = getenv("TROUPE_CHECK_REPLAY") != NULL};
	children[4] = control_plane_child_with(&control);
	children[5] = data_plane_child(&pool, 1);
	children[6] = plugin_lifetime_child(TR_DICT("mode", tr_string(o->mode != NULL ? o->mode : "run"), "data",
						    tr_string_lossy(o->data, strlen(o->data)), "version",
						    tr_string(TR_VERSION_STRING)));
	edge_options edge = {.data = o->data,
			     .mode = o->mode != NULL ? o->mode : "run",
			     .owner = o->owner,
			     .required = o->owner != NULL};
	children[7] = edge_child(&edge);
	tr_supervisor_spec top = {.strategy = TR_REST_FOR_ONE,
				  .intensity = 3,
				  .period_ns = 30 * TR_SECOND,
				  .backoff_ns = 100 * TR_MS, /* what the dead had is given back meanwhile */
				  .children = children,
				  .child_count = sizeof children / sizeof *children,
				  .name = "node",
				  .label = "node"};
	return tr_node_supervisor(node, &top);
}

tr_node *assemble_embedded(assemble_options *options, char *why, size_t n)
{
	tr_err err = TR_OK;
	char dump[CRASH_FILE_SIZE];
	const tr_node_options how = {.crash_dump = crash_file(dump, options->data)};
	tr_node *node = tr_node_start(&how, &err);
	/* Who wants to see everything sees the start, too. */
	options->gate = (assemble_gate){PTHREAD_MUTEX_INITIALIZER, options->log_level == TR_DEBUG, tr_array()};
	if (node != NULL)
		err = tr_reactor_start(node);
	if (err != TR_OK) {
		(void)snprintf(why, n, "the node cannot be started: %s", tr_err_text(err));
		tr_node_stop(&node);
		return NULL;
	}
	tr_started top = start_tree(node, options);
	if (top.pid.bits == 0) {
		explain(why, n, "", top.reason);
		tr_drop(top.reason);
		tr_log_flush(node);
		tr_node_stop(&node);
		tr_clear(&options->gate.held);
		return NULL;
	}
	open_gate(options);
	return node;
}

static void stop_body(tr_value arg)
{
	(void)arg;
	tr_pid top = tr_whereis("node");
	if (top.bits != 0)
		tr_stop(top, TR_A(shutdown), tr_in(STOP_NS));
}

/* Whose code does not come back? */
static void tell_left(tr_node *node, time_t began)
{
	tr_value all = tr_processes(node);
	for (size_t i = 0; i < tr_array_len(all); i++) {
		tr_value info = tr_info(node, tr_as_pid(tr_array_at(all, i)));
		tr_value note = tr_map_get_s(info, "note"), label = tr_map_get_s(info, "label");
		bool plugin = tr_is(note, TR_STRING) && strncmp(tr_as_cstr(label, ""), "plugin", 6) == 0;
		if (tr_is(info, TR_MAP))
			fprintf(stderr, "troupe: %s %s did not end within %ld s; its thread is left behind%s\n",
				plugin ? "plugin" : "the actor", tr_as_cstr(plugin ? note : label, "without a label"),
				(long)(time(NULL) - began), plugin ? " (isolation: process would have ended it)" : "");
		tr_drop(info);
	}
	tr_drop(all);
}

bool assemble_stop(tr_node **node)
{
	time_t began = time(NULL);
	tr_spawn_options options = {.label = "stopper"};
	tr_spawned s = tr_node_spawn(*node, stop_body, tr_nil(), &options);
	if (s.err == TR_OK)
		tr_drop(tr_node_wait(*node, s.pid, TR_FOREVER));
	if (tr_node_stop_within(node, LAST_NS))
		return true;
	tell_left(*node, began);
	return false;
}
