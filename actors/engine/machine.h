/* SPDX-License-Identifier: Apache-2.0 */
/**
 * An execution as a pure state machine: events -> state, and state + input -> new events + effects.
 *
 * machine_apply is the only thing that changes what an execution is. The other functions look at the state and at what
 * comes in, make events and apply each as it is made; what is to be done in the world they hand out as effects. Nothing
 * here does I/O, asks a clock or draws a random number: time, ids and the loading of references come in through
 * machine_world. What is decided depends on the state alone, so a log that ends anywhere is taken up by replaying it
 * and deciding again (machine_recover).
 *
 * After an error (memory, a log that cannot be) a machine is only fit for machine_free: the log is the truth.
 * Source of the semantics: docs/playbook.md, "Routing and the end". Not thread-safe; one actor owns a machine.
 */
#ifndef TROUPE_ENGINE_MACHINE_H
#define TROUPE_ENGINE_MACHINE_H

#include "actors/engine/routes.h"
#include "actors/event/event.h"
#include "actors/event/step_command.h"

typedef struct machine machine;

typedef enum machine_phase {
	MACHINE_NEW,       /* nothing happened yet */
	MACHINE_REQUESTED, /* the workload is to be evaluated */
	MACHINE_EVALUATED,
	MACHINE_RUNNING,
	MACHINE_CLOSING, /* the workflow is finished, the closing event is to come */
	MACHINE_FINISHED
} machine_phase;

#define MACHINE_WHY 400 /* bytes of a reason */

/** What the world is at a decision. */
typedef struct machine_world {
	int64_t now_us; /* wall clock */
	uint64_t seed;  /* for random() in templates */
	id_generator *ids;
	tr_value env; /* map: what templates see as env */
	/** The value behind a ResultRef (fresh reference, invalid when it cannot be had). May be NULL. */
	tr_value (*load)(void *arg, tr_value ref);
	/** A ResultRef for a value (borrowed) that is too large to stand in an event; absent when there is nowhere to
	 * put it, then it stays where it is. May be NULL. */
	tr_value (*put)(void *arg, tr_value value, tr_str step);
	/** A step run is about to be scheduled: its arguments, changed or not (fresh); or invalid, with the reason in
	 * `why`: it fails at once. May be NULL. */
	tr_value (*schedule)(void *arg, tr_str step, tr_value args, char why[MACHINE_WHY]);
	/** What is noted in an event (borrowed, complete) before it is applied: a fresh map, or absent. May be NULL. */
	tr_value (*annotate)(void *arg, const event *e);
	/* machine_recover: when the process that had it died, wall clock, as far as it can be told; 0: it did not, it
	 * ended as it should. So many such deaths in a row are too many for a step run that was alone; 0: never. Where
	 * others were under way, too, of this execution or of so many others beside it, it takes more. */
	int64_t died_us;
	uint32_t most_deaths;
	uint64_t beside;
	/* Driven along a log: those that failed for it there, step run -> error, instead of the limit. Else absent. */
	tr_value died;
	const char *refusal; /* at the start: this execution is not to run, and why; NULL */
	void *arg;           /* of all */
} machine_world;

typedef enum machine_effect_kind {
	MACHINE_RUN,    /* send the step run's command */
	MACHINE_CANCEL, /* its worker is to stop: the run has ended here */
	MACHINE_FINISH, /* the execution is finished */
	/* `child` is to be cancelled (nobody waits for it any more), paused as its parent is, or let go again */
	MACHINE_CHILD_CANCEL,
	MACHINE_CHILD_PAUSE,
	MACHINE_CHILD_UNPAUSE
} machine_effect_kind;

/** Something to do once the events up to `seq` are durable. */
typedef struct machine_effect {
	machine_effect_kind kind;
	uint64_t seq;
	uint64_t step_run_id;
	uint32_t attempt;
	uint32_t step;
	int64_t timeout_us; /* MACHINE_RUN: 0 for none */
	bool lost;     /* MACHINE_RUN: in other hands than before, in the same process: what was done is in the log */
	int64_t child; /* MACHINE_CHILD_…: its execution id */
	const char *reason; /* MACHINE_CANCEL, MACHINE_CHILD_CANCEL: why */
} machine_effect;

/** Where events and effects go, in order. An event has been applied and is sequenced when it is handed out; it is
 * borrowed. */
typedef struct machine_sink {
	void (*event)(void *arg, const event *e);
	void (*effect)(void *arg, const machine_effect *x);
	void *arg;
} machine_sink;

/** A machine to which nothing has happened. Holds the routes (and with them the playbook). NULL when memory is short.
 */
machine *machine_new(routes *r, int64_t execution_id);
void machine_free(machine **m);

/* ---- events -> state ------------------------------------------------------------------------------------------- */

/** TR_ECORRUPT when the event cannot follow what has happened; TR_ENOMEM. */
tr_err machine_apply(machine *m, const event *e);
/** The whole state as MessagePack, handed out in pieces of at most MACHINE_PIECE bytes, in order; machines that are in
 * the same state give equal values. TR_ELIMIT: it is too large, or holds what is nested too deep; TR_ENOMEM; what
 * `piece` gives when it is not TR_OK ends it. */
typedef tr_err machine_piece(void *arg, tr_str bytes);
tr_err machine_write(const machine *m, machine_piece *piece, void *arg);
/** A piece's place: the end of a tr_buf. */
tr_err machine_gather(void *buf, tr_str bytes);
/** The same as a value. Fresh reference; invalid on failure. */
tr_value machine_digest(const machine *m);
/** The way back: a machine in the state that is written there, whatever it is: nothing in it is believed that a machine
 * of this playbook cannot be in, as far as one state shows it. NULL when it cannot be, or memory is short. */
machine *machine_restore(routes *r, int64_t execution_id, tr_str state);

#define MACHINE_PIECE       65536u
#define MACHINE_STATE_MAX   ((size_t)256 << 20) /* bytes */
#define MACHINE_STATE_ITEMS ((size_t)16 << 20)
#define MACHINE_STATE_DEPTH 160 /* more than a log's events can hold */

/* ---- state + input -> events + effects --------------------------------------------------------------------------- */

/** Begin: `playbook` is a map {name, path, version, hash, file}, `parent` a map or nil. Borrows. */
tr_err machine_start(machine *m, const machine_world *w, const machine_sink *out, tr_value playbook, tr_value payload,
		     tr_value parent);
/** Events of a step run, in order; seq and execution_id are set here, event_id, time and trace if they are 0.
 * TR_ENOENT: that (step_run_id, attempt) is not running (fencing); TR_EINVAL: not events that a step run may report.
 * Then nothing happened. */
tr_err machine_report(machine *m, const machine_world *w, const machine_sink *out, uint64_t step_run_id,
		      uint32_t attempt, event *events, size_t count);
/** End a running step run as failed: its worker is lost, its time is over. TR_ENOENT when it is not running. */
tr_err machine_fail_run(machine *m, const machine_world *w, const machine_sink *out, uint64_t step_run_id,
			uint32_t attempt, const char *kind, const char *message);
/** Whoever had the step run has lost it: its actor ended, or gave no sign within its lease. It is given out again with
 * the next attempt, MACHINE_MOST_LOST times; then it fails with kind "worker_lost". TR_ENOENT when that attempt is not
 * running. */
tr_err machine_lose_run(machine *m, const machine_world *w, const machine_sink *out, uint64_t step_run_id,
			uint32_t attempt, const char *reason);
#define MACHINE_MOST_LOST 3u
/** The time of the whole execution is over. */
tr_err machine_expire(machine *m, const machine_world *w, const machine_sink *out);
tr_err machine_cancel(machine *m, const machine_world *w, const machine_sink *out, tr_str reason);
/** `by_parent`: along with the execution that waits for this one. It is then let go by its parent, or by whoever asks;
 * one that was paused for itself is not touched by its parent. */
tr_err machine_pause(machine *m, const machine_world *w, const machine_sink *out, bool by_parent);
tr_err machine_unpause(machine *m, const machine_world *w, const machine_sink *out, bool by_parent);

/** An execution that a task of this one starts, in the order in which it is found again. Values are borrowed. */
typedef struct machine_child {
	tr_value key; /* text: of this task and try, the same after a crash */
	uint64_t step_run_id;
	int64_t iteration;
	tr_value label, path, hash;
	bool waited;
	int64_t execution_id;
	bool done; /* out: it has ended */
} machine_child;

/** TR_OK: it is recorded under the id given; start it once that is durable. TR_EEXIST: the key is known, *c says which
 * execution it is; never start another. TR_ENOENT: the step run is not running. */
tr_err machine_child_start(machine *m, const machine_world *w, const machine_sink *out, machine_child *c);
/** Is the key known? Then *c is filled, hash and all (borrowed). */
bool machine_child_find(const machine *m, tr_value key, machine_child *c);
/** It has ended. TR_ENOENT when nobody waits for it. */
tr_err machine_child_done(machine *m, const machine_world *w, const machine_sink *out, int64_t execution_id,
			  const char *status);
/** After replay: whatever was scheduled and not done gets the next attempt, and what was left undecided is decided. A
 * step run with which the process died too often (soon after it was given out, and nothing of it was done) fails with
 * kind "process_died". */
tr_err machine_recover(machine *m, const machine_world *w, const machine_sink *out);

/** How often the process has died with one of its step runs, in a row: the one with which it did most often. */
uint32_t machine_deaths(const machine *m, int64_t died_us);
#define MACHINE_DEATH_US INT64_C(30000000) /* so soon */

/* ---- looking in ----------------------------------------------------------------------------------------------------
 */

machine_phase machine_phase_of(const machine *m);
bool machine_paused(const machine *m);
/** Why machine_cancel, machine_pause or machine_unpause has just given TR_EINVAL, for a person. */
const char *machine_refusal(const machine *m);
/** What it waits for, when its tokens do not move: [{step, tokens, why: "guard" | "join" | "count", from: [step…],
 * needs}]: a false `when`; steps that may still bring a token; fewer tokens than the `needs` of them that it joins.
 * After the end: what a stalled one was waiting for. Fresh reference. */
tr_value machine_waiting(const machine *m);
uint64_t machine_seq(const machine *m);
int64_t machine_execution_id(const machine *m);
int64_t machine_started_us(const machine *m);
/** When the execution must be over, wall clock; 0: no limit. Known once the request is evaluated. */
int64_t machine_deadline_us(const machine *m);
/** The last event's id, and the seq of the first event that a step run in flight has made (the next one's when there
 * is none): who takes the step runs up again needs the events from there on. */
uint64_t machine_last_event_id(const machine *m);
uint64_t machine_needed_seq(const machine *m);
/** The seq of the event that scheduled a running step run first; 0: it is not running. */
uint64_t machine_run_seq(const machine *m, uint64_t step_run_id);
/** The maps given to machine_start; borrowed. */
tr_value machine_playbook(const machine *m);
tr_value machine_parent(const machine *m); /* or nil */
/** What its parent is told at the end: {execution_id, status, result, failures, returned: bool}. The result is that of
 * the step the parent asked for, else the execution's own. Fresh reference. */
tr_value machine_report_up(const machine *m);
/** Step runs in flight, tokens waiting: for supervision and tests. */
size_t machine_run_count(const machine *m);
size_t machine_token_count(const machine *m);
/** Each step run in flight, in order of their ids. */
void machine_each_run(const machine *m, void (*each)(void *arg, uint64_t step_run_id, uint32_t attempt, uint32_t step),
		      void *arg);
/** The command of a running step run, without reply_to and resume; TR_ENOENT. step_command_fini. */
tr_err machine_command(const machine *m, uint64_t step_run_id, step_command *out);
/** Is it running? */
bool machine_runs(const machine *m, uint64_t step_run_id);
/** The pool a step runs in; borrowed text. */
const char *machine_pool(const machine *m, uint32_t step);
/** Which kinds of tools can be performed. */
typedef struct machine_kinds {
	bool (*has)(void *arg, tr_str kind);
	void *arg;
} machine_kinds;
/** A step that it may still come to, and the kind of a task there that cannot be performed (both borrowed; empty: there
 * is none). TR_ENOMEM. */
tr_err machine_lacks(const machine *m, const machine_kinds *kinds, tr_str *step, tr_str *kind);
/** {status, result, ctx, steps, failures, started_at_us, duration_us}. Fresh reference. */
tr_value machine_summary(const machine *m);

#endif
