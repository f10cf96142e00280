/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The plugin host: the branch of a node's tree in which plugins live, and what the rest of the node asks it.
 *
 *   plugins                      supervisor
 *   ├── plugins.instances        supervisor; a supervisor a plugin under it
 *   │   └── <id>                 desk `command.<id>` (queue, limits, answers), instance `plugin.<id>` (the plugin's own
 * actor) ├── plugins.subjects         supervisor; an actor `command.<kind>` for each tool kind that is not its plugin's
 * id └── plugins                  manager, registered "plugins": loads, unloads, upgrades, lists (requests: manager.h)
 *
 * A desk runs none of the plugin's code, so it answers for commands whose actor crashed, overstayed or was cancelled.
 * Commands of plugins with `run` are actors linked to their desk; with `command` they go one by one to the instance.
 */
#ifndef TROUPE_PLUGINS_HOST_HOST_H
#define TROUPE_PLUGINS_HOST_HOST_H

#include <troupe/plugin.h>
#include <troupe/supervisor.h>

/** A plugin that is linked into the program. */
typedef struct builtin {
	const char *manifest; /* JSON text */
	const tr_plugin *plugin;
	bool trusted; /* gets what it needs without a grant of the operator */
} builtin;

typedef struct plugin_host_options {
	const builtin *builtins; /* must outlive the node */
	size_t builtin_count;
	tr_value config;    /* map: id -> settings; absent: none. This and the following are borrowed */
	tr_value grants;    /* map: id or "*" -> array of grants */
	tr_value paths;     /* array: shared objects, or folders of them, to load at the start */
	bool surveyed;      /* whoever gives `paths` has told of the files that are no plugins: they are only noted */
	tr_value prefer;    /* map: capability ("tool:http") -> id */
	tr_value isolation; /* map: id -> "shared" | "process", over what the manifest says */
	/** Registered names of the node's own actors that plugins may call as they call each other (grant call:<name>);
	 * NULL-terminated, must outlive the node; NULL: none. */
	const char *const *services;
} plugin_host_options;

/** The child spec of the plugins branch for the node's top supervisor. Once a node; TR_EEXIST after that. When the
 * child has started, all built-in plugins serve; a built-in that fails keeps it from starting, one of `paths` that
 * fails is logged and left out. */
tr_err plugin_host_child(tr_node *node, const plugin_host_options *options, tr_child_spec *out);

/* ---- questions; from any thread, answered from a table
 * --------------------------------------------------------------- */

/** Is there a loaded plugin for this tool kind? */
bool plugin_host_knows_kind(tr_node *node, tr_str kind);
/** Who answers for a capability ("tool:http"): the operator's preference, else the first loaded. Text or nil; fresh
 * reference. */
tr_value plugin_host_provider(tr_node *node, const char *capability);
/** Array of maps, in load order: id, version, description, author, license, capabilities, provides, depends_on, needs,
 * grants, missing_grants, hooks, isolation, limits, builtin, tier, path, answers (the tool kinds it answers for),
 * controls (the controllers). Fresh reference. */
tr_value plugin_host_list(tr_node *node);

/** Plugins that the engine asks how a playbook is to be performed (controller.h): capability `controller:<name>`. */
typedef enum controller {
	CONTROLLER_ITERATOR,
	CONTROLLER_RESULT,
	CONTROLLER_WORKBOOK,
	CONTROLLERS
} controller;

/* ---- hooks
 * ------------------------------------------------------------------------------------------------------------ */

/** What a point does when no hook replaces it. Borrows the context; the result is a fresh reference; invalid is an
 * error. */
typedef tr_value hook_core(void *arg, tr_value context);

/** The points, in the order of hook_points (manifest.h). */
typedef enum hook_point {
	HOOK_NODE_START,
	HOOK_NODE_STOP,
	HOOK_VALIDATE_PLAYBOOK,
	HOOK_VALIDATE_STEP,
	HOOK_EXECUTION_START,
	HOOK_EXECUTION_COMPLETE,
	HOOK_STEP_SCHEDULE,
	HOOK_STEP_RUN,
	HOOK_TASK_EXECUTE,
	HOOK_TASK_OUTCOME,
	HOOK_LOOP_ITERATION,
	HOOK_EVENT_APPEND,
	HOOK_TEMPLATE_RENDER,
	HOOK_SECRET_RESOLVE,
	HOOK_RESULT_STORE,
	HOOK_POINTS
} hook_point;

/** Are there hooks at this point? Costs one load: callers build a context only when there are. */
bool hooks_any(tr_node *node, hook_point point);
/**
 * Run a point in the calling actor: before hooks, around hooks, core or its replacer, after hooks. Takes the context (a
 * map). core may be NULL: the result is then the context. Gives the result; or invalid with *refusal (fresh map {kind:
 * "hook_error", plugin, point, message}) when a hook refused, or crashed with on_crash: fail; or what core gave when
 * that is invalid.
 */
tr_value hooks_run(hook_point point, tr_value context, hook_core *core, void *arg, tr_value *refusal);
/** A refusal (taken) as the error of an outcome: {kind: "hook_error", message: "plugin X refused: …", retryable,
 * details}. Fresh reference. */
tr_value hook_error(tr_value refusal);

#endif
