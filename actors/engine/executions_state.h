/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the actor `executions` share. */
#ifndef TROUPE_ENGINE_EXECUTIONS_STATE_H
#define TROUPE_ENGINE_EXECUTIONS_STATE_H

#include "actors/engine/executions.h"
#include "runtime/value/idmap.h"
#include "actors/event/event.h"

/* One that runs, or that crashed and is to be taken up again. */
typedef struct running {
	int64_t id;
	tr_pid pid; /* 0: between a crash and the next start */
	tr_ref monitor;
	int64_t started_us;
	tr_value what;    /* the roll has the same; see running_path, running_parent, running_watchers */
	uint32_t crashes; /* within the period that began at `since` */
	int64_t since;
	struct running_asked *asked; /* NULL: nothing was asked of it yet */
} running;

#define RUNNING_ASKED 16u

/* What may be left open when it ends. */
typedef struct running_asked {
	tr_from calls[RUNNING_ASKED]; /* those that were handed on last: a ring; most of them have their answer */
	uint32_t count;
	tr_value ensure; /* what its parent asked for last while it ran; absent: nothing */
} running_asked;

typedef struct running_watcher {
	tr_pid pid;  /* 0: nobody */
	bool events; /* each event, not only the end */
} running_watcher;
#define RUNNING_UNWATCHED ((running_watcher){{0}, false})

typedef struct executions {
	idmap by_id, by_monitor; /* running */
	id_generator ids;
	tr_value env, known; /* known: map hash -> catalog entry */
	tr_value lacking;    /* those that wait for a plugin: map id -> kind of tool */
	int64_t node, lease_ns, snapshot_every, crash_limit;
	bool closing, check_replay;
} executions;

/* running.c */
void running_free(running *r);
running *running_of(const executions *s, int64_t id);
/* Start the actor of an execution and remember it; an answer for the caller. Takes extra, r's values and r itself,
 * which is new or has no pid. */
tr_value running_start(executions *s, running *r, tr_value extra);
/* A new one, not in the tables yet; NULL: no memory (the values are dropped). Takes them. */
running *running_new(int64_t id, tr_value path, running_watcher who, tr_value parent);
/* Its playbook's path, or nil; borrowed. */
tr_value running_path(const running *r);
/* The map of its request, when another execution waits for it; else nil; borrowed. */
tr_value running_parent(const running *r);
/* Who watches: [[pid, each event too] …]. Fresh. */
tr_value running_watchers(const running *r);
tr_err running_adopt(executions *s, int64_t id, tr_pid pid);
/* Those that ran before the control plane was started again go on from their logs. */
void running_return(executions *s);
void running_watch(running *r, running_watcher who);
/* Hand a call on; whoever asked is answered here when the execution ends without having done so. Takes the request. */
void running_forward(running *r, tr_value request, tr_from from);
/* It runs, so there is nothing to do for its parent, unless it is just ending: the request (borrowed) is looked at
 * again when it has ended. */
void running_ensure(running *r, tr_value request);
/* [DOWN, ref, process, pid, reason]: forgotten, or taken up again in a while when it was a crash. */
void running_down(executions *s, tr_value message);
/* [again, id]: the while is over. */
void running_again(executions *s, int64_t id);
/* What every execution actor is started with. */
tr_value running_extra(const executions *s, int64_t id);

/* executions.c */
tr_value executions_refuse(const char *why);
/* The catalog's entry; borrowed, absent with an answer in *why. */
tr_value executions_entry(executions *s, tr_value hash, tr_value *why);
/* What an execution says of its playbook, which came from `file` (text, or not known). Fresh. */
tr_value executions_playbook(tr_value entry, tr_value file);

/* executions_lacking.c: those that were interrupted and would need a plugin that is not loaded. */
/* [lacking, id, kind, why]: the execution says so, and ends. */
void executions_lacking(executions *s, tr_value message);
bool executions_is_lacking(const executions *s, int64_t id);
tr_value executions_refuse_lacking(const executions *s, int64_t id);
/* A former self knew of these (borrowed; absent: of none). */
void executions_adopt_lacking(executions *s, tr_value lacking);
/* [plugins]: has one of them what it needs now? */
void executions_look(executions *s);

/* children.c: what executions say of their sub-playbooks. */
void executions_ensure_child(executions *s, tr_value request);
/* [cancel_child | pause_child | unpause_child, child, parent, reason] */
void executions_tell_child(executions *s, tr_value message);

#endif
