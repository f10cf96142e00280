/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The pipeline of a step run or of one iteration, as a state machine: what happened goes in, what to do next comes out,
 * and the events that say so are added to a list. No I/O, no clock, no randomness of its own: the same inputs give the
 * same events, so a pipeline can be resumed from the events that were appended.
 *
 *     action = pipeline_next(p)                 PERFORM   run the command on the plugin, then pipeline_outcome
 *     action = pipeline_outcome(p, outcome)     COMPUTE   pipeline_compute gives the outcome, then pipeline_outcome
 *                                               COMMIT    have the events appended and the time come, then next
 *                                               DONE, FAILED   the end
 *
 * Source of the semantics: docs/playbook.md, "Pipeline". Not thread-safe: one actor owns it.
 */
#ifndef TROUPE_WORKER_PIPELINE_H
#define TROUPE_WORKER_PIPELINE_H

#include "actors/worker/keep_policy.h"
#include "actors/worker/render.h"
#include "actors/worker/writes.h"

#define PIPELINE_MAX_DIRECTIVES UINT64_C(1000000)

typedef struct pipeline pipeline;

typedef struct pipeline_setup {
	tr_value run;       /* run_scope object; taken */
	int64_t iteration;  /* -1: the step has no loop */
	bool wrapped;       /* iter holds values that load themselves when used */
	bool parallel;      /* iteration of a parallel loop: set_vars goes to iter */
	tr_value iter;      /* taken; absent: empty */
	tr_value vars, ctx; /* taken; absent: the run's */
	event_list *events; /* where events are added; outlives the pipeline */
} pipeline_setup;

typedef struct pipeline_clock {
	int64_t now_ns;  /* monotonic, for waits and durations */
	int64_t wall_us; /* for time stamps and now() */
} pipeline_clock;

typedef enum pipeline_what {
	PIPELINE_PERFORM,
	PIPELINE_COMPUTE,
	PIPELINE_COMMIT,
	PIPELINE_DONE,
	PIPELINE_FAILED
} pipeline_what;

typedef struct pipeline_action {
	pipeline_what what;
	tr_value command;      /* PERFORM: the command map, COMPUTE: its input; owned by the receiver */
	int64_t deadline_ns;   /* PERFORM: TR_FOREVER when the task has no timeout */
	int64_t not_before_ns; /* COMMIT: when to go on, at the earliest */
} pipeline_action;

/** NULL when memory ran out (the setup's values are dropped). */
pipeline *pipeline_new(const pipeline_setup *setup);
void pipeline_free(pipeline **p);

/** Take an event of this pipeline that was appended by an earlier owner. In order, before the first pipeline_next. */
void pipeline_resume(pipeline *p, const event *e);

pipeline_action pipeline_next(pipeline *p, pipeline_clock clock);
/** The outcome (fresh) of the input (taken) that COMPUTE came with. */
tr_value pipeline_compute(pipeline *p, tr_value input);
/** The outcome (taken) of the command that PERFORM asked for. */
pipeline_action pipeline_outcome(pipeline *p, tr_value outcome, pipeline_clock clock);

/* At the end, borrowed from the pipeline. */
tr_value pipeline_result(const pipeline *p);       /* the last _prev, or what the step's result policy makes of it */
tr_value pipeline_error(const pipeline *p);        /* FAILED: {kind, message, …}; absent otherwise */
tr_value pipeline_written_vars(const pipeline *p); /* map of dotted key -> value, absent when none */
tr_value pipeline_written_ctx(const pipeline *p);
tr_value pipeline_written_shared(const pipeline *p); /* array of [key, reducer, value]; only in iterations */
tr_value pipeline_written_at_end(const pipeline *p,
				 bool ctx); /* by the step's own `set`: its ctx or its vars; absent */

/** How the results in this event are to be kept: by the policy of the event's task, or, for the end of a step, the
 * step's own or else its last task's. keep_policy_fini. */
keep_policy pipeline_keep_policy(pipeline *p, const event *e);

/** For inspection: label of the current task, its attempt. */
tr_str pipeline_label(const pipeline *p);
uint32_t pipeline_attempt(const pipeline *p);

#endif
