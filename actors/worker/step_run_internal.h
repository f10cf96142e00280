/* SPDX-License-Identifier: Apache-2.0 */
/** The inside of a step run, for the files that make it up. */
#ifndef TROUPE_WORKER_STEP_RUN_INTERNAL_H
#define TROUPE_WORKER_STEP_RUN_INTERNAL_H

#include "actors/worker/loop_source.h"
#include "actors/worker/outbox.h"
#include "actors/worker/results.h"
#include "actors/worker/runner.h"
#include "plugins/host/hook_span.h"

/* Who waits for an ack: the step run's own pipeline, the end of the step run, a cursor's rows, or an iteration
 * (wait_slot). */
#define WAIT_RUNNER UINT64_C(0)
#define WAIT_END    UINT64_C(1)
#define WAIT_CURSOR UINT64_C(2)
#define WAIT_SLOTS  UINT64_C(4) /* and above */
static inline uint64_t wait_slot(uint32_t slot, bool last)
{
	return WAIT_SLOTS + ((uint64_t)slot << 1 | (last ? 1 : 0));
}

typedef struct loop_slot {
	tr_pid pid;
	int64_t index; /* -1: free */
	uint32_t next_free;
	tr_value report; /* iteration_report of one that is done and whose last events are not appended yet; absent */
} loop_slot;

#define NO_SLOT UINT32_MAX

/* `loop.cursor`: the source is a task that is run again until it gives no row. */
typedef struct loop_cursor {
	plugin_call call;
	tr_value rows; /* of the last answer, until they are appended */
	uint32_t fetches;
	bool appending, exhausted;
} loop_cursor;

typedef struct step_loop {
	loop_source source; /* of a cursor: the rows from index `base` on */
	int64_t base;
	loop_cursor cursor;
	results results;
	renderer render; /* for `in`, max_in_flight and the step's result */
	loop_slot *slots;
	uint32_t slot_count, most;
	uint32_t first_free;
	uint32_t live;
	int64_t next_index;
	tr_value resumed; /* map index -> its appended events, nil when it was done; absent: a fresh start */
	tr_value vars_written;
	tr_value iter_shape; /* the keys of every iteration's iter */
	bool stopping;
} step_loop;

typedef struct step_run {
	tr_value run_object;
	const run_scope *run;
	outbox out;
	runner runner;   /* a step without a loop */
	step_loop *loop; /* a step with one */
	tr_ref execution;
	int64_t deadline;
	pipeline_clock began;
	bool begun, ending;
	bool stays;           /* it had to wait: joined its supervisor, watches the execution */
	bool over;            /* nothing is left to be said or heard */
	hook_span span;       /* the hooks at step_run */
	event_type held_type; /* its end, until they have seen it; EVENT_NONE */
	tr_value held_payload;
} step_run;

/** Where events are made. */
static inline event_list *step_run_events(step_run *s)
{
	return &s->out.pending;
}
/** Put large parts of the events that were made into the store; they may be sent. */
void step_run_add(step_run *s);
/** Add the events of an iteration, which are as they are to be kept. */
void step_run_add_all(step_run *s, event_list *events);
/** Add the terminal event (its payload is taken) and wait for its ack. Once. Hooks at step_run see it first. */
void step_run_end(step_run *s, event_type type, tr_value payload);
/** The same without hooks between. */
void step_run_finish(step_run *s, event_type type, tr_value payload);
/** Begin what the step does, when the hooks have said so or there are none. */
void step_run_enter(step_run *s);

/* step_hooks.c */
/** Ask the hooks at step_run; false when there are none. */
bool step_hooks_open(step_run *s);
/** A message of theirs? Then it was handled. */
bool step_hooks_message(step_run *s, tr_value message);
/** Let them see the end (payload taken when true). False: there is nobody to see it. */
bool step_hooks_hold(step_run *s, event_type type, tr_value payload);
/** The end stands whatever they say: it was ended from outside. */
void step_hooks_let_go(step_run *s, event_type type, tr_value payload);

/* step_loop.c */
/** Begin the loop, or end the step run when it cannot. `resume` (borrowed): array of events, or nil. */
void step_loop_begin(step_run *s, tr_value resume);
/** A message of an iteration, or the end of one. False when it is neither. */
bool step_loop_message(step_run *s, tr_value message);
/** An iteration's events are appended. */
void step_loop_acked(step_run *s, uint64_t who);
/** After acks and reports: start what may start; end when all is done. */
void step_loop_go_on(step_run *s);
/** End all iterations that run. */
void step_loop_stop(step_run *s, const char *why);
void step_loop_take_vars(step_loop *l, tr_value vars); /* what an iteration has written, borrowed */
void step_loop_free(step_loop **l);
/** For inspection: {count, done, failed, running}. */
tr_value step_loop_show(const step_loop *l);

/** End the step run as failed with this error (taken) and what the loop came to. */
void step_loop_fail(step_run *s, tr_value error);

/* step_cursor.c */
/** Are there no more rows to come? True for a loop without a cursor. */
bool step_cursor_over(const step_run *s);
/** All rows so far have been given out: ask for more, unless that is under way. */
void step_cursor_fetch(step_run *s);
/** The answer to that. False when the message is something else. */
bool step_cursor_message(step_run *s, tr_value message);
/** The rows are appended: they are the source now. */
void step_cursor_acked(step_run *s);
/** Rows that an earlier owner had appended. */
void step_cursor_resume(step_run *s, const event *e);
#define CURSOR_LABEL "(cursor)"

/* step_loop_resume.c */
/** Sort the appended events of an earlier owner: done iterations go to the results, the others are kept for their
 * actors. True when the loop had been started. */
bool step_loop_resume(step_run *s, tr_value resume);

#endif
