/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the execution's actor share. */
#ifndef TROUPE_ENGINE_EXECUTION_STATE_H
#define TROUPE_ENGINE_EXECUTION_STATE_H

#include "actors/engine/dispatch.h"
#include "actors/engine/execution.h"
#include "actors/engine/held.h"
#include "actors/engine/machine.h"

typedef struct watcher {
	tr_pid pid;
	tr_ref monitor;
	bool events; /* each event, not only the end */
} watcher;

/* A task that waits for the execution it started. */
typedef struct child_wait {
	int64_t child;
	tr_from from;
} child_wait;

/* Of the state that is written beside the log now and then. */
typedef struct snapshot_state {
	uint64_t seq;     /* of the last one */
	size_t bytes;     /* of the last one, before it was packed */
	size_t log_bytes; /* since */
	uint32_t every;   /* events */
	bool out;         /* it is being written */
} snapshot_state;

typedef struct execution {
	int64_t id;
	machine *machine;
	machine *shadow;   /* when replay is checked; else NULL */
	machine *restored; /* the same, by way of a state now and then */
	id_generator ids;
	tr_value arg; /* as started */
	tr_value env;
	tr_buf frames; /* of this turn, not sent yet */
	uint64_t durable;
	uint64_t ahead;       /* so many events may be acted on before they are durable: the store tells */
	uint64_t asked;       /* for word of what is durable, up to here */
	bool appended_before; /* the store knows this execution's folder */
	bool finished, deadline_set;
	tr_err err;      /* of this turn: the machine is no longer to be trusted */
	held_queue told; /* answers, events for watchers, the end: said of what is durable only */
	held_queue acts; /* commands and acknowledgements: may run ahead */
	tr_value going;  /* of what is being let go: the actor may be killed in the middle of it */
	dispatches dispatches;
	tr_value history; /* resumed: map of step run -> its events that are in the log already */
	watcher *watchers;
	child_wait *waits;
	uint32_t watcher_count, wait_count;
	uint32_t event_watchers; /* those that want each event */
	tr_pid store_pid;
	tr_ref store;         /* its monitor */
	int64_t died_us;      /* resumed: when the process died that had it before; 0: it did not */
	uint32_t most_deaths; /* so many in a row are too many; 0: never */
	uint64_t beside;      /* other executions that were under way then */
	bool recover_owed;    /* taken up, but not gone on with yet */
	int64_t lease_ns;
	tr_ref lease_timer;
	int64_t lease_due;
	snapshot_state snapshots;
} execution;

/* outlet.c: what the machine says goes to the store, and what is durable goes into the world. */
void outlet_init(execution *x);
void outlet_event(void *execution, const event *e);
void outlet_effect(void *execution, const machine_effect *effect);
#define OUTLET_SINK(x) (&(machine_sink){outlet_event, outlet_effect, (x)})
/* The world as it is now, for one decision. */
machine_world outlet_world(execution *x);
/* Send this turn's events to the store and let go what is durable. False: the execution is over. */
bool outlet_flush(execution *x);
/* The store says so: up to seq, and how far this execution may run ahead of it from now on. */
void outlet_durable(execution *x, uint64_t seq, uint64_t ahead);
/* Answer once all that was decided is durable. Takes the value. */
void outlet_reply(execution *x, tr_from from, tr_value value);
void outlet_send(execution *x, tr_pid to, tr_value message);
/* <workflow>/<execution id>, of characters that are safe in any file system. Fresh. */
tr_value outlet_folder(const execution *x);

/* snapshots.c */
#define SNAPSHOT_EVERY 10000u /* events */
void snapshot_init(execution *x);
/* Take one when it is time. */
void snapshot_consider(execution *x);
/* [snapshotted, execution_id, seq] */
void snapshot_taken(execution *x);
/* It was taken up by this one; 0: by none. */
void snapshot_resumed(execution *x, uint64_t seq, size_t bytes);

/* points.c: the hook points of an execution; each costs a load when no hook is there. */
void points_world(machine_world *w);
/* machine_start, with the hooks at execution_start around it. */
tr_err points_start(execution *x, machine_world *w);
/* Tell the end to the hooks at execution_complete. */
void points_complete(const execution *x, tr_value summary);

/* perform.c: effects. */
void perform_effect(execution *x, const machine_effect *e, tr_value reason);
/* The command of a step run that could not be sent before. */
void perform_send(execution *x, dispatch *d);

/* lease.c: a step run belongs to whoever gives a sign of it now and then. */
/* Look after the leases when this time has come (monotonic, as tr_now has it), or before. */
void lease_arm(execution *x, int64_t due);
/* [lease]: it is time to. */
void lease_look(execution *x);
/* [beat, run, attempt] of whoever has it, [lost, run, attempt, reason] of whoever should have it. */
void lease_beat(execution *x, tr_value message);
void lease_lost(execution *x, tr_value message);
/* It is lost, and given out again. */
void lease_lose(execution *x, uint64_t run, uint32_t attempt, const char *reason);
/* A pool has ended: its successor may know what it had. */
void lease_pool_gone(execution *x);
#define LEASE_NS (30 * TR_SECOND) /* the time to live; a sign is asked for after a third of it */

/* watch.c */
tr_err watch_add(execution *x, tr_pid pid, bool events);
/* True when it was a watcher's monitor. */
bool watch_down(execution *x, tr_ref monitor);
void watch_tell(execution *x, tr_value message, bool is_event); /* borrows */

/* parent.c: executions that tasks of this one start. */
/* [child, {…}]: the answer comes later, unless it is given here (fresh; absent). */
tr_value parent_ask(execution *x, tr_value request, tr_from from);
/* [child_done, id, report] */
void parent_child_done(execution *x, tr_value message);
/* [child_begun, id]: what a child that nobody waits for says once its first event is durable. */
void parent_child_begun(execution *x, tr_value message);
/* [begun, parent]: say so to it. */
void parent_tell_begun(execution *x, int64_t parent);
/* Tell `executions` what a child is to do. */
void parent_tell(execution *x, const machine_effect *e, tr_value reason);
/* The other side: tell the parent, if somebody waits there, how this execution ended. */
void parent_report(execution *x);
/* The same for one that cannot be had: it counts as failed. `parent` is the map in its request. */
void parent_refuse(tr_value parent, int64_t child, const char *why);

/* resume.c: replay what the store has. An error's text in `why`; TR_EEXIST: it is finished, TR_ENOENT: it was never
 * begun. */
tr_err resume_load(execution *x, bool by_snapshot, char *why, size_t n);
/* A shadow of what was replayed, from the same events. */
bool resume_shadow(execution *x);
/* What a step run has done so far, from the log: array of events, or nil. */
tr_value resume_history(execution *x, uint64_t step_run_id);

#endif
