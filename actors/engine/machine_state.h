/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of an execution, for the files of the machine alone.
 *
 * Fields are in two groups: what the events say (the digest shows all of it) and, marked "hint", what only saves work:
 * which tokens may be worth another look. Losing a hint loses nothing; after replay everything is looked at once.
 */
#ifndef TROUPE_ENGINE_MACHINE_STATE_H
#define TROUPE_ENGINE_MACHINE_STATE_H

#include "runtime/value/idmap.h"
#include "actors/engine/list.h"
#include "actors/engine/machine.h"

#define NO_STEP UINT32_MAX

/* A token waits at a step until a step run takes it or it is dropped. */
typedef struct token {
	struct link at_step;    /* step_state.tokens, in order of arrival */
	struct link in_pending; /* machine.pending */
	struct link in_queue;   /* hint: machine.queue */
	uint64_t id;
	uint64_t event_id;
	uint32_t step;
	uint32_t from_step; /* NO_STEP: from nowhere */
	int32_t arc;
	bool pending; /* the step's `when` was false */
	bool late;    /* of a wave whose first token has run already */
	bool final;
	uint64_t tried; /* hint: machine.finished_runs when the guard was last evaluated */
	tr_value args;  /* map */
	tr_value cause; /* map {name, step, status, result, error} of the event that led here, or nil */
} token;

typedef enum run_phase {
	RUN_RUNNING,
	RUN_ENDED, /* its arcs are to be evaluated */
	RUN_ROUTED /* some arcs' tokens are to be created */
} run_phase;

typedef struct step_run {
	struct link in_runs;  /* machine.runs, in order of ids */
	struct link in_ended; /* machine.ended: ENDED and ROUTED */
	uint64_t id;
	uint32_t step;
	uint32_t attempt;
	uint32_t lost;         /* attempts that were lost by their workers */
	uint32_t deaths;       /* of processes that had it, in a row */
	uint32_t task_attempt; /* this and retries: as the worker reports them */
	uint32_t retries;
	uint32_t owed_done; /* ROUTED: how many of the arcs that were taken have their token */
	run_phase phase : 8;
	event_type end_type : 8;
	bool started : 1;
	bool final : 1;
	bool moved : 1; /* something of it was done since it was given out */
	uint64_t scheduled_event;
	uint64_t end_event;
	uint64_t scheduled_seq; /* of the first attempt */
	int64_t scheduled_us;
	int64_t given_us; /* its last attempt */
	int64_t timeout_us;
	tr_value args;
	tr_value cause; /* of the token that arrived last */
	tr_value end;   /* ENDED: the terminal event as guards see it */
	tr_value owed;  /* ROUTED: indices of the arcs that were taken, a list */
	/* Positions, as the worker reports them. */
	uint64_t tasks_done;
	int64_t loop_count;
	uint64_t loop_started, loop_done, loop_failed;
} step_run;

typedef struct step_state {
	struct link tokens;
	struct link in_live; /* machine.live: steps with a token or a step run */
	struct link in_open; /* machine.open: joins that count their blockers; alone: it is not open */
	uint32_t waiting;    /* tokens */
	uint32_t live;       /* tokens and step runs */
	uint32_t blockers;   /* open: live steps that can still reach this one */
	uint32_t runs, done, failed;
	const char *status; /* of the last step run; NULL: none yet */
	tr_value result;    /* of the last step run that ended; absent: none */
	tr_value error;
	tr_value labels; /* results of single tasks that some template names; absent: none */
} step_state;

static inline bool step_is_open(const step_state *s)
{
	return !link_alone(&s->in_open);
}

/* A ctx patch that a worker or an arc wrote and that is to be appended. */
typedef struct owed_patch {
	struct link in_owed;
	uint64_t step_run_id;
	uint64_t parent_id;
	tr_value patch;
} owed_patch;

/* An execution that a task started. It is forgotten when the task is over and, if it was waited for, it has ended. */
typedef struct child {
	struct link in_children; /* machine.children */
	uint64_t step_run_id;
	int64_t iteration, execution_id;
	tr_value key, label, hash;
	bool waited, done;
	bool over;      /* its task, or the whole step run, has ended */
	bool cancelled; /* hint: it was told to end */
	int8_t paused;  /* hint: as it was told last; -1: not known */
} child;

typedef enum stop_kind {
	STOP_NONE,
	STOP_FAILED,
	STOP_EXPIRED,
	STOP_CANCELLED
} stop_kind;

struct machine {
	routes *routes;
	int64_t execution_id;
	uint64_t seq;
	uint64_t last_event_id;
	machine_phase phase;
	stop_kind stop;
	bool paused, paused_by_parent;
	bool entry_owed;     /* the entry step's token is to be created */
	bool final_made;     /* the final step's token was created */
	bool has_refs;       /* some value holds a ResultRef */
	bool plain;          /* hint: no value holds anything that loads itself */
	bool children_stale; /* hint: some child is to be told something */
	const char *status;  /* of the workflow once it is finished */
	int64_t started_us, finished_us;
	int64_t deadline_us;
	uint64_t trace_id;
	tr_value info; /* map {name, path, version, hash, file} */
	tr_value payload;
	tr_value parent;
	tr_value workload;
	tr_value ctx;
	tr_value vars;
	tr_value result;
	tr_value failures;
	tr_value stop_reason;
	tr_value warned; /* map: place -> what was said of it */
	uint32_t failure_count, branches_done;
	uint64_t finished_runs;
	uint64_t next_token, next_run;
	step_state *steps;
	idmap tokens_by_id, runs_by_id;
	struct link runs, ended, live, open, pending, owed;
	struct link children;
	struct link queue; /* hint: tokens to look at */
};

#define MACHINE_MOST_FAILURES 1000 /* kept in full; the rest is counted */
#define MACHINE_MOST_WARNINGS 200

static inline bool machine_stopping(const machine *m)
{
	/* A failed workflow still runs its final step; one that was cancelled or whose time is over does not. */
	return m->stop >= STOP_EXPIRED || (m->stop != STOP_NONE && !m->final_made);
}

/* A list of numbers as an event's shape has it: a number stands for a list of one. What is no number counts as -1. */
static inline size_t list_len(tr_value v)
{
	return tr_is(v, TR_INT) ? 1 : tr_array_len(v);
}
static inline int64_t list_at(tr_value v, size_t i)
{
	return tr_as_int(tr_is(v, TR_INT) && i == 0 ? v : tr_array_at(v, i), -1);
}
static inline bool list_is(tr_value v)
{
	return tr_is(v, TR_INT) || tr_is(v, TR_ARRAY);
}

/* tokens.c: tokens and what waits for them */
tr_err token_create(machine *m, const event *e);
tr_err token_set_pending(machine *m, const event *e);
tr_err token_drop_event(machine *m, const event *e);
void token_free(token *t); /* one that is in no list */
void token_forget(machine *m, token *t);
void token_queue(machine *m, token *t);
/* Look at every pending token again. */
void tokens_queue_pending(machine *m);

/* joins.c: who can still reach whom */
void join_step_entered(machine *m, uint32_t step); /* one more token or step run lives at the step */
void join_step_left(machine *m, uint32_t step);
void join_token_arrived(machine *m, token *t);
void join_token_gone(machine *m, uint32_t step);
void join_run_scheduled(machine *m, uint32_t step);
/* May the token's group run now, as far as its join is concerned? */
bool join_ready(const machine *m, const token *t);
/* At rest: the join that waits for nothing but what cannot move; NULL when there is none. */
token *join_release(const machine *m);

/* steps with a token or a step run that can still reach this join */
uint32_t join_blockers(const machine *m, uint32_t step);

/* runs.c: step runs */
tr_err run_schedule(machine *m, const event *e);
tr_err run_worker_event(machine *m, const event *e);
tr_err run_routed(machine *m, const event *e);
step_run *run_of(const machine *m, uint64_t id);
void run_free(step_run *r); /* one that is in no list */
void run_forget(machine *m, step_run *r);
void run_owed_paid(machine *m, step_run *r);

/* digest.c: what machine_write has written. Fresh. */
tr_value machine_state_read(tr_str bytes);

/* restore.c, restore_tokens.c, restore_runs.c: from a digest, which is not to be trusted; false: it cannot be */
bool restore_index(const machine *m, tr_value v, uint32_t *step);
bool restore_tokens(machine *m, uint32_t step, tr_value list);
bool restore_pending(machine *m, tr_value list);
bool restore_queue(machine *m);
bool restore_runs(machine *m, tr_value list);
bool restore_ended(machine *m, tr_value list);
bool restore_children(machine *m, tr_value list);

/* children.c */
tr_err child_started(machine *m, const event *e);
tr_err child_done(machine *m, const event *e);
/* A task of the step run is over (label), or all of it (absent). */
void children_over(machine *m, uint64_t step_run_id, int64_t iteration, tr_value label);
void child_forget(child *c);

/* apply.c helpers */
tr_err machine_owe_patch(machine *m, uint64_t step_run_id, uint64_t parent_id, tr_value patch);
void machine_add_failure(machine *m, tr_value failure);
void machine_stop(machine *m, stop_kind kind, tr_value reason);
/* Remember that ResultRefs are about, so that scopes look for them. */
void machine_note_refs(machine *m, tr_value v);
/* `map` with each write put, keys dotted. Takes map. */
tr_value machine_put_paths(tr_value map, tr_value writes);
/* The same with ctx or vars, and the references in it are noted. */
void machine_put(machine *m, tr_value *into, tr_value writes);

#endif
