/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Events: what is appended, and therefore what happened. Source of the semantics: docs/playbook.md, "Events".
 *
 * In memory an event is a small struct; in messages it is an array value; on disk it is one msgpack array; for people
 * it is a JSON envelope. All four are made here and nowhere else. Pure functions.
 */
#ifndef TROUPE_ACTORS_EVENT_H
#define TROUPE_ACTORS_EVENT_H

#include <troupe/value.h>

/* name, text, PascalCase alias, who, entity. The numbers are on disk: only append. */
/* clang-format off */
#define EVENT_TYPES(X) \
	X(EXECUTION_REQUESTED, "playbook.execution.requested", "PlaybookExecutionRequested", SERVER, "execution") \
	X(REQUEST_EVALUATED, "playbook.request.evaluated", "PlaybookRequestEvaluated", SERVER, "execution") \
	X(WORKFLOW_STARTED, "workflow.started", "WorkflowStarted", SERVER, "workflow") \
	X(TOKEN_CREATED, "token.created", "TokenCreated", SERVER, "token") \
	X(TOKEN_PENDING, "token.pending", "TokenPending", SERVER, "token") \
	X(TOKEN_DROPPED, "token.dropped", "TokenDropped", SERVER, "token") \
	X(STEP_SCHEDULED, "step.scheduled", "StepScheduled", SERVER, "step_run") \
	X(CTX_PATCHED, "ctx.patched", "CtxPatched", SERVER, "execution") \
	X(NEXT_EVALUATED, "next.evaluated", "NextEvaluated", SERVER, "step_run") \
	X(WORKFLOW_FINISHED, "workflow.finished", "WorkflowFinished", SERVER, "workflow") \
	X(PLAYBOOK_PROCESSED, "playbook.processed", "PlaybookProcessed", SERVER, "execution") \
	X(EXECUTION_CANCELLED, "execution.cancelled", "ExecutionCancelled", SERVER, "execution") \
	X(EXECUTION_PAUSED, "execution.paused", "ExecutionPaused", SERVER, "execution") \
	X(EXECUTION_RESUMED, "execution.resumed", "ExecutionResumed", SERVER, "execution") \
	X(WARNING, "warning", "Warning", SERVER, "execution") \
	X(STEP_STARTED, "step.started", "StepStarted", WORKER, "step_run") \
	X(TASK_STARTED, "task.started", "TaskStarted", WORKER, "task_run") \
	X(TASK_PROCESSED, "task.processed", "TaskProcessed", WORKER, "task_run") \
	X(TASK_RETRIED, "task.retried", "TaskRetried", WORKER, "task_run") \
	X(LOOP_STARTED, "loop.started", "LoopStarted", WORKER, "loop") \
	X(ITERATION_STARTED, "loop.iteration.started", "LoopIterationStarted", WORKER, "iteration") \
	X(ITERATION_DONE, "loop.iteration.done", "LoopIterationDone", WORKER, "iteration") \
	X(LOOP_DONE, "loop.done", "LoopDone", WORKER, "step_run") \
	X(STEP_DONE, "step.done", "StepDone", WORKER, "step_run") \
	X(STEP_FAILED, "step.failed", "StepFailed", WORKER, "step_run") \
	X(CHILD_STARTED, "child.started", "ChildStarted", SERVER, "step_run") \
	X(CHILD_DONE, "child.done", "ChildDone", SERVER, "step_run")
/* clang-format on */

typedef enum event_type {
	EVENT_NONE = 0,
#define X(name, text, alias, who, entity) EVENT_##name,
	EVENT_TYPES(X)
#undef X
	EVENT_TYPE_END
} event_type;

/* Statuses an event may carry. The numbers are on disk: only append. */
/* clang-format off */
#define EVENT_STATUSES(X)                                                                           \
	X(SUCCESS, "success")                                                                       \
	X(ERROR, "error")                                                                           \
	X(RUNNING, "running")                                                                       \
	X(FAILED, "failed")                                                                         \
	X(PARTIAL, "partial") X(CANCELLED, "cancelled") X(STALLED, "stalled") X(PENDING, "pending") \
	    X(PAUSED, "paused") X(SKIPPED, "skipped") X(SCHEDULED, "scheduled") X(DAMAGED, "damaged")
/* clang-format on */

typedef enum event_source {
	EVENT_SERVER,
	EVENT_WORKER
} event_source;

/* The first keys of the payloads that are made for every step and task, in their order; a type that is not here has no
 * shape. A LIST is one of numbers, and a single number stands for a list of one. */
/* clang-format off */
#define EVENT_SHAPES(X, KEY, LIST) \
	X(TOKEN_CREATED, KEY(token), KEY(step), KEY(args), KEY(from_run), KEY(arc)) \
	X(STEP_SCHEDULED, KEY(step), LIST(tokens), KEY(args), KEY(pool)) \
	X(NEXT_EVALUATED, KEY(step), KEY(event), LIST(arcs)) \
	X(STEP_STARTED, KEY(step), KEY(worker)) \
	X(TASK_STARTED, KEY(label), KEY(kind)) \
	X(TASK_PROCESSED, KEY(label), KEY(outcome), KEY(directive)) \
	X(STEP_DONE, KEY(result))
/* clang-format on */
#define EVENT_FIELDS 5 /* the most that a shape has */

/* Positions in the shapes. */
enum {
	TOKEN_ID,
	TOKEN_STEP,
	TOKEN_ARGS,
	TOKEN_FROM,
	TOKEN_ARC
};
enum {
	SCHEDULED_STEP,
	SCHEDULED_TOKENS,
	SCHEDULED_ARGS,
	SCHEDULED_POOL
};
enum {
	NEXT_STEP,
	NEXT_EVENT,
	NEXT_ARCS
};
enum {
	STARTED_STEP,
	STARTED_WORKER
};
enum {
	TASK_LABEL,
	TASK_KIND
};
enum {
	PROCESSED_LABEL,
	PROCESSED_OUTCOME,
	PROCESSED_DIRECTIVE
};
enum {
	DONE_RESULT
};

/**
 * One event. Numbers are 0 (iteration: -1) where they do not apply.
 *
 * What else it says is its payload, a map or nil. In an event that is `shaped` the values of its type's shape are in
 * `field` (absent: not said) and only what goes beyond them is in the map `payload`, nil when that is nothing: so the
 * common events are made, applied and written without a map. In one that is not, `payload` is all of it; that is how
 * events come from a log or a message. On disk and in messages both look the same. The event owns all of these values.
 *
 * Payloads (string keys; values over the inline limit are ResultRefs):
 *   EXECUTION_REQUESTED  {playbook: {name, path, version, hash, file}, payload: map, parent: {execution_id,
 * step_run_id, key, depth, return_step, wait} | absent} REQUEST_EVALUATED    {workload: map} WORKFLOW_STARTED {entry:
 * step name} TOKEN_CREATED {token: int, step: name, args: map, from_run: step_run_id | 0, arc: index | -1, sets?: map}
 * TOKEN_PENDING {token: int}           its step's `when` was false TOKEN_DROPPED        {token: int, why: "disabled" |
 * "denied" | "joined" | "cancelled"} STEP_SCHEDULED       {step: name, tokens: [int], args: map, pool: name}
 * step_run_id, attempt are set; later attempts may have lost: text or died: {times, at_us} CTX_PATCHED          {patch:
 * map of key -> value}                            step_run_id of the writer NEXT_EVALUATED       {step: name, event:
 * "step.done" …, arcs: [index], failed?: true} WORKFLOW_FINISHED {status, result, failures: [..]} PLAYBOOK_PROCESSED
 * {status, duration_us} EXECUTION_CANCELLED  {reason} EXECUTION_PAUSED     {by: "parent" | absent} CHILD_STARTED {key,
 * execution_id: int, path, hash, label, wait: bool}        iteration is set. A task's playbook is an execution of its
 * own: it is started once this event is durable CHILD_DONE           {execution_id: int, status} WARNING {code,
 * message, file, line, column} STEP_STARTED         {step: name, worker: text} TASK_STARTED         {label, kind,
 * deadline_us?: wall clock} TASK_PROCESSED       {label, outcome: {status, result, error, <helper>}, directive:
 * "continue" …, to: label | absent, prev?: value, iter?: map, vars?: map, ctx?: map, shared?: [..]}    what the
 * matching rule wrote: enough to resume behind it TASK_RETRIED         {label, delay_us, error}          attempt = the
 * run that failed LOOP_STARTED {count, mode, iterator} ITERATION_STARTED    {}                                iteration
 * is set ITERATION_DONE {status, result, error} LOOP_DONE            {stats: {total, success, failed}, result}
 * STEP_DONE            {result, vars?: map} STEP_FAILED          {error: {kind, message, …}, result?, stats?}
 */
typedef struct event {
	uint64_t event_id; /* unique, sorts by time */
	uint64_t seq;      /* from 1 within the execution; 0 until sequenced */
	int64_t time_us;
	int64_t execution_id;
	event_type type;
	uint32_t attempt;
	uint64_t step_run_id; /* counts from 1 within the execution */
	uint64_t task_run_id; /* counts from 1 within the step run (over its iterations: index << 32 | n) */
	int64_t iteration;    /* -1: none */
	uint64_t parent_id;   /* event that caused it; 0 */
	uint64_t trace_id;
	const char *status;  /* one of EVENT_STATUSES, or NULL */
	int64_t duration_us; /* -1: none */
	bool shaped;
	tr_value field[EVENT_FIELDS];
	tr_value payload;
} event;

const char *event_type_text(event_type t);
const char *event_type_alias(event_type t);
event_type event_type_from_text(tr_str text); /* either form; EVENT_NONE */
event_source event_type_source(event_type t);
/** The static text of a status; NULL when there is no such status. */
const char *event_status(tr_str text);
/** RFC 3339, UTC, with microseconds. Fresh reference. */
tr_value event_time_text(int64_t time_us);

void event_init(event *e, event_type t);
void event_fini(event *e); /* drops the payload */

/** A value of the shape; the event, whose type has one, is shaped from now on. Takes v. */
static inline void event_set(event *e, int at, tr_value v)
{
	e->shaped = true;
	e->field[at] = v;
}
/** Add or replace a key of the payload, wherever it stands. Takes v. Invalid values and lack of memory show when the
 * event is written or sent. */
void event_put(event *e, const char *key, tr_value v);
/** What the payload has under a key, wherever it stands (borrowed; absent). */
tr_value event_get(const event *e, const char *key);
/** All of the payload: a map, or nil (fresh). */
tr_value event_payload(const event *e);
/** The same event as one that is not shaped. */
tr_err event_unshape(event *e);
/** A look at an event whose type has a shape as one that is shaped. What is in the view is borrowed: it is not
 * finished. */
void event_view(const event *e, event *view);
/** Has the type a shape? */
bool event_has_shape(event_type t);

/** As an array value for messages (fresh; the event keeps its payload). */
tr_value event_to_value(const event *e);
/** Back from such an array; TR_ECORRUPT when it is none. e is initialised. */
tr_err event_from_value(tr_value v, event *e);
/** Append as msgpack / read from msgpack. */
tr_err event_encode(tr_buf *out, const event *e);
tr_err event_decode(tr_str bytes, event *e);
/** The JSON envelope of docs/playbook.md as a map (fresh). `alias`: PascalCase names. */
tr_value event_envelope(const event *e, bool alias);

/** Ids that sort by time: 41 bits of milliseconds since 2024-01-01, 10 bits of node, 12 bits of counter; strictly
 * increasing for one generator. Not thread-safe: each actor has its own. */
typedef struct id_generator {
	uint64_t last;
	uint32_t node;
} id_generator;
uint64_t id_next(id_generator *g, int64_t wall_us);

#endif
