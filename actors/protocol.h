/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The messages between control plane, data plane and stores. Control plane and data plane know each other by subject
 * only (on one node a subject is a registered name), so the same actors run embedded and clustered. Everything here can
 * be serialised, except values that are marked (local), which another node does without.
 *
 * Subjects
 *   command.<pool>            a worker pool                  ("default")
 *   command.<plugin>          a plugin
 *   event.<execution_id>      an execution (decimal text)
 *   catalog                   playbooks by content hash
 *   store                     the event store
 *   artifacts                 the artifact store
 *   executions                the control plane: start, cancel, list
 *
 * start an execution: call `executions` with
 *   [start, {hash, file?: text, payload: map, execution_id?: int, watch?: pid, watch_events?: bool, parent?: {...}}]
 *       -> [ok, execution_id, pid] | [error, text]
 *   The watcher gets [event, execution_id, event array] for each appended event, in order, (not with watch_events:
 * false) and at the end [done, execution_id, summary map {status, result, ctx, steps, failures, started_at_us,
 * duration_us}]. [cancel, execution_id, reason text] -> ok (one that was interrupted is taken up for it) |
 * [error, text]     [resume, execution_id, watch: pid|nil]
 * -> [ok, pid] | [error, text] [pause, execution_id] [unpause, execution_id] -> ok | [error, text]     [summary,
 * execution_id] -> summary map | [error, text] [watch, execution_id, pid] -> ok: that actor too is told from now on
 * [list] -> [{execution_id text, pid, playbook, started_at_us} …] [shutdown] -> ok: running executions are left
 * resumable. [close] -> true when none runs, and from now on none is begun here; false when some do.
 *
 * an execution itself, `event.<execution_id>`: call [durable] -> ok, once all that it has decided so far is durable as
 * the node's durability says. A client of the endpoint has the answer to its start only then.
 *
 * catalog: call [put, file, source text, model object (local)] -> [ok, hash]; call [get, hash] -> map {hash, file,
 * source, model (local)} | nil; call [load, path, file of the playbook that names it | nil, version | nil] -> [ok,
 * hash, file] | [error, text]
 *
 * a task that starts an execution: call `executions` with
 *   [child, {parent_id: int, step_run_id, iteration: int | -1, label, key: text, path, hash | nil, file | nil,
 * args: map, return_step | nil, wait: bool}]
 *       -> [ok, {execution_id, status, result, failures}] at its end (without wait: at once, status "running"), unknown
 * (no hash was given and the key is new), or [error, kind, text]. The same key gives the same execution, after a crash
 * too. parent -> `executions`: [ensure_child, {…}] [cancel_child | pause_child | unpause_child, child, parent, reason];
 * child -> `event.<parent>`: [child_done, id, report].
 *
 * An execution's actor that crashes is started again and goes on from its log; its watchers get [restarted,
 * execution_id, pid], or [gone, execution_id, text] when that was given up.
 *
 * step run command, execution -> `command.<pool>` (on the same node an object, actors/event/step_command.h, local):
 *   [command, {execution_id: int, step_run_id: int, attempt: int, step: name, hash, playbook: {name, path}, args: map,
 * workload: map, ctx: map, vars: map (left by earlier steps), steps: map name -> result, result: value, event: map |
 * nil, reply_to: pid, trace_id: int, resume: array of event arrays of this step run that are already appended; absent:
 * none}] [cancel, execution_id, step_run_id | nil (all), reason]
 *
 * events, step run -> `event.<execution_id>`:
 *   [event, sender pid, token int, step_run_id, attempt, events: [event array …], on the same node a batch of them
 * (actors/event/event_batch.h, local)]
 *   answered, when token is not 0 and the events are durable, with [ack, token, ok] or [ack, token, [stale | error,
 * text]]. An execution that does not know this (step_run_id, attempt) answers stale; the step run then ends (fencing).
 *   A step run waits for the ack of a finished task before it starts the next one, and does not wait for start events.
 *
 * leases: an execution that has heard nothing of a step run for a third of its lease asks the step run (the pool, while
 * it does not know it) with [heartbeat, execution pid, execution_id, step_run_id, attempt]; answered with [beat,
 * step_run_id, attempt], or by the pool with [lost, step_run_id, attempt, text]. The pool says that by itself too when
 * a step run's actor crashes. A lost step run is given out again with the next attempt.
 *
 * plugin command, step run or iteration -> `command.<plugin>`:
 *   [command, reply_to pid, ref, command map (see <troupe/plugin.h>)]
 *   answered with [event, ref, outcome map]; progress while it runs: [progress, ref, value].
 *   [cancel, ref] ends it; the answer is an outcome with error kind "cancelled".
 *   A plugin that is not there: the sender finds no such name and makes an outcome with error kind "no_plugin" itself;
 * a plugin actor that ends while a command is out: the host answers with error kind "crash".
 *
 * store, execution -> `store`:
 *   [append, reply_to pid, execution_id, last seq, bytes: binary of framed records (store_frame of
 * actors/event/frame.h), first: bool, folder text (when first)] answered, when durable as the node's durability says,
 * with [appended, execution_id, last seq] or [append_failed, execution_id, last seq, text]. In order for each
 * execution; many executions share one sync. call [load, execution_id] -> [ok, [event array …], note text | nil, nil,
 * when the process died that owned the folder before: wall clock in us | 0] | [error, text]; with a third item: from
 * which event on (int), or true: by the newest snapshot that fits the log, then the fourth item is {seq, bytes,
 * playbook: hash, state} and the events are those that are needed beside it. call [has, execution_id] -> bool: is the
 * id taken? call [list] -> [map {execution_id, folder, status, …} …] call [sync] -> ok call [checkpoint] -> ok |
 * [error, text]: what is over stands in the logs alone call [condition] -> nil | text: why nothing can be written now
 * (answered also while everything else waits for that) call [compact, {pack: bool, pack_older_us, keep_us, keep_count}]
 * -> [ok, counts map] | [error, text]
 *
 * snapshots, execution -> `snapshots`, where there are files:
 *   [snapshot, reply_to pid, execution_id, folder text, {seq, needed: seq, playbook: hash, state: map}]
 *   answered with [snapshotted, execution_id, seq, bytes], written or not. call [flush] -> ok.
 *
 * artifacts: call [put, value, {execution_id, step, label}] -> ResultRef map | [error, text];  call [get, ref map] ->
 * [ok, value] | [error, text]; call [head, ref map or text] -> [ok, ResultRef map] | nil (there is none) | [error,
 * text]; call [delete, ref map or text, {execution_id}] -> ok | nil | [denied, text] | [error, text]: gives up what an
 * address names, or with another name all that the execution holds; the last holder's takes the artifact with it. In
 * pieces: call [begin] -> [ok, number] | [error,
 * text]; call [more, number, text or binary] -> ok | [error, text]; call [end, number, {execution_id, step, label}] ->
 * ResultRef map | [error, text]; what was begun is gone with who began it. ResultRef: {kind: "result_ref", ref:
 * "noetl://execution/<id>/step/<step>/…", store: "file", key, checksum, size, content_type, schema_hint, preview}
 */
#ifndef TROUPE_ACTORS_PROTOCOL_H
#define TROUPE_ACTORS_PROTOCOL_H

#define SUBJECT_EXECUTIONS "executions"
#define SUBJECT_CATALOG    "catalog"
#define SUBJECT_STORE      "store"
#define SUBJECT_ARTIFACTS  "artifacts"
#define SUBJECT_SNAPSHOTS  "snapshots"
#define SUBJECT_POOL       "command.default"

/** Why a node that is about to end begins nothing more; nothing of what is refused so was done. */
#define REFUSAL_CLOSING "the node is shutting down"

/** Why an execution that runs is not resumed; who wants to be told of it watches it. */
#define REFUSAL_RUNS "the execution runs already"

/** … and one that has ended meanwhile, as children do that their parent takes up. */
#define REFUSAL_OVER "it has ended; there is nothing to resume"

/** … and one that could not do what it may come to; the rest of the text says which kind of tool is missing. Whoever
 * runs executions takes it up when that is there. */
#define REFUSAL_LACKING "it waits for a plugin"

/** Results and values larger than this (msgpack bytes) travel as ResultRefs. */
#define INLINE_LIMIT (64u * 1024u)

#endif
