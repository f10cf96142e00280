/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Plugins: what a plugin author writes. A plugin is a set of actors with a manifest; built-in ones use this same
 * header.
 *
 * A command is a map (below) that arrives at the subject `command.<id>`; its outcome goes to the command's reply
 * address. All callbacks run on actors and may block (tr_receive, tr_call, tr_sleep_until, io.h).
 *
 * In a shared object write, once:
 *     TR_PLUGIN_MANIFEST("{ \"id\": \"greet\", \"version\": \"1.0.0\", … }");
 *     TR_PLUGIN_EXPORT = { TR_PLUGIN_HEAD, .state_size = sizeof(struct greet), .init = greet_init, .command =
 * greet_command }; The manifest is JSON text in an ELF section of its own, so that it can be read and judged before any
 * code of the plugin runs.
 *
 * Manifest keys: id, version (semantic), description, author, license, capabilities [name or {name: options}],
 * provides {type: name}, depends_on {id: range}, needs [grant], hooks [{type, point, priority, on_crash}], config
 * (schema: {key: {type, default, required, description}}), isolation ("shared" | "process"), limits {mailbox,
 * concurrency, memory, time}.
 */
#ifndef TROUPE_PLUGIN_H
#define TROUPE_PLUGIN_H

#include <troupe/actor.h>

TR_EXTERN_C_BEGIN

#define TR_PLUGIN_ABI 1

/**
 * A command, as callbacks get it (borrowed): a map with
 *   kind      tool kind, e.g. "http"
 *   input     the task's rendered inputs (map)
 *   context   map: execution_id (text), playbook, step, step_run_id, label, attempt, iteration (index or nil),
 * idempotency_key, deadline_ns (node clock; TR_FOREVER when none), scope (map of names that a tool may read: args,
 * workload, ctx, vars, iter)
 *
 * An outcome is a map: status ("success" | "error"), result, error {kind, message, retryable, code, details}, and a
 * helper map named after the kind ("http": {status, headers}). Build it with the functions below; meta is added by the
 * worker.
 */
TR_API tr_value tr_outcome_ok(tr_value result); /* takes */
/** An error outcome. message is printf-formatted. */
TR_API tr_value tr_outcome_error(const char *kind, bool retryable, const char *fmt, ...) TR_PRINTF(3, 4);
/** An error of kind "denied": what fmt says, that this grant is missing, and how the operator gives it. */
TR_API tr_value tr_outcome_denied(const char *grant, const char *fmt, ...) TR_PRINTF(2, 3);
/** Only "the grant … is missing: …" (fresh text). */
TR_API tr_value tr_grant_missing(const char *grant);
TR_API tr_value tr_outcome_put(tr_value outcome, const char *key, tr_value value);       /* takes outcome, value */
TR_API tr_value tr_outcome_error_put(tr_value outcome, const char *key, tr_value value); /* into error; takes both */

/** A step of the config or input by key with a default; borrowed. */
TR_API tr_value tr_command_input(tr_value command, const char *key);
TR_API int64_t tr_command_deadline(tr_value command);

typedef struct tr_plugin {
	uint32_t abi;
	uint32_t size; /* sizeof(tr_plugin) the plugin was built with */
	size_t state_size;
	/** config: the operator's settings over the manifest's defaults (borrowed). Failure: fill *reason (taken by the
	 * host). */
	tr_err (*init)(void *state, tr_value config, tr_value *reason);
	/** After all plugins were initialised; spawn helpers here (they are linked under the plugin's supervisor with
	 *  tr_spawn_link or tr_plugin_start_child). */
	tr_err (*start)(void *state, tr_value *reason);
	void (*stop)(void *state);
	/** One command after the other in the plugin's own actor, with its state. Returns the outcome (fresh). */
	tr_value (*command)(void *state, tr_value command);
	/** Instead of `command`: each command in an actor of its own, at most limits.concurrency at once; ended from
	 * outside on cancel and timeout, so hold resources with tr_own. `config` as given to init; `plugin` is the
	 * plugin's own actor for tr_call, tr_cast. */
	tr_value (*run)(tr_value config, tr_pid plugin, tr_value command);
	/** Requests and messages to the plugin's own actor, as in gen_server. The reply is a fresh reference; absent:
	 * answered later with tr_reply. */
	tr_value (*call)(void *state, tr_value request, tr_from from);
	void (*cast)(void *state, tr_value request);
	void (*info)(void *state, tr_value message);
	/** Move `old` (state of `old_version`) into `state`, after init of the new version. */
	tr_err (*upgrade)(void *state, const char *old_version, void *old);
	/** ok, or a map that says what is wrong. Fresh reference. */
	tr_value (*health)(void *state);
	/** A hook of the manifest: `context` (borrowed) is a map. Return a fresh context (absent: unchanged); invalid
	 * with *reason to refuse. `next` is non-NULL for around hooks: call it to go on. */
	tr_value (*hook)(void *state, const char *point, tr_value context,
			 tr_value (*next)(void *chain, tr_value context), void *chain, tr_value *reason);
	/** Instead of `command` and `run`, for an outcome (fresh) that follows from the input and the config alone: no
	 * state, no waiting, nothing done outside, over in microseconds. It is called in whichever actor wants the
	 * command performed, by several at once, as well as in the plugin's own. `input` (borrowed) is the command's.
	 */
	tr_value (*pure)(tr_value config, tr_value input);
	/** A controller (capability controller:<name>): the answer (fresh), an outcome, to one of the engine's
	 * questions, a map with `ask` (borrowed; docs/plugins/controllers.md). By the rules of `pure`: it follows from
	 * the question and the config alone, and is called wherever it is asked. Error kind "pass" leaves it to the
	 * next plugin that has the capability. Without it the questions come to `command` or `run`, as commands of
	 * kind controller:<name>. */
	tr_value (*decide)(tr_value config, tr_value question);
} tr_plugin;

#define TR_PLUGIN_HEAD .abi = TR_PLUGIN_ABI, .size = (uint32_t)sizeof(tr_plugin)

#define TR_PLUGIN_MANIFEST(json) \
	__attribute__((visibility("default"), used, section(".troupe.manifest"))) const char tr_plugin_manifest[] = json
#define TR_PLUGIN_EXPORT __attribute__((visibility("default"), used)) const tr_plugin tr_plugin_main

/** Call another plugin's actor, or a service that the node offers to plugins such as `catalog` (grant call:<name>), or
 * send to it. Take the request. */
TR_API tr_value tr_plugin_call(const char *id, tr_value request, int64_t deadline);
TR_API tr_err tr_plugin_cast(const char *id, tr_value request);
/** Run a tool through whichever plugin performs the kind (grant call:<kind>) and wait for its outcome (fresh), in the
 * actor of a command. Takes input and context (absent: an empty one). The tool reaches hosts, files, programs and
 * secrets only as far as the caller may, too: to request a host through `http` takes net:<host> besides call:http. */
TR_API tr_value tr_plugin_run(const char *kind, tr_value input, tr_value context, int64_t deadline);
/** The event bus: type is a dotted subject. Subscribers get [event, type, payload]; patterns with * and >. Take the
 * payload. */
TR_API tr_err tr_plugin_emit(const char *type, tr_value payload);
TR_API tr_err tr_plugin_subscribe(const char *pattern);
/** May the calling plugin do this ("net", "exec", "fs:/path", "secret:NAME", "call:id")? */
TR_API bool tr_plugin_granted(const char *grant);
/** May whoever this command is performed for do this? True when it is the node; false when it is a plugin
 * (tr_plugin_run) without the grant. tr_plugin_granted asks that besides the calling plugin's own grants. */
TR_API bool tr_plugin_caller_granted(const char *grant);
/** May whoever asks, an actor of another plugin or of the node, do this? For plugins that answer others in `call`: the
 * pid is that of `from`. False in a process of its own, where nobody can say. */
TR_API bool tr_plugin_granted_to(tr_pid who, const char *grant);
/** What the operator granted to the calling plugin by name, or to all: an array of grants, fresh. A plugin of the
 * node's own may do more than that (tr_plugin_granted); this is for what even such a one does only when it was asked
 * for. */
TR_API tr_value tr_plugin_grants(void);

TR_EXTERN_C_END

#endif
