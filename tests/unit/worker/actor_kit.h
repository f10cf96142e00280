/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A node with a data plane and stand-ins for everything around it: a catalog, an execution that keeps the events and
 * acknowledges them, an artifact store in memory, plugins that are functions. The test's thread waits on what the
 * execution has seen.
 */
#ifndef TROUPE_TESTS_ACTOR_KIT_H
#define TROUPE_TESTS_ACTOR_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/worker/data_plane.h"
#include "actors/event/event_list.h"
#include "controllers_kit.h"

#include <pthread.h>
#include <troupe/node.h>

#define KIT_EXECUTION 77

typedef struct world world;

/** What a stand-in plugin answers: an outcome, or absent to answer later or never (world_release). Runs in the plugin's
 * actor. */
typedef tr_value plugin_fn(world *w, tr_value command);

typedef struct held {
	tr_pid reply_to;
	tr_ref ref;
	bool open;
} held;

struct world {
	tr_node *node;
	builtin controllers[CONTROLLERS_ROOM];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	tr_value source;   /* text of the playbook */
	event_list events; /* all that was reported, in order */
	size_t longest;    /* most events in one */
	size_t messages;   /* in how many messages */
	size_t terminal;   /* step runs that ended */
	size_t acked;
	bool hold_acks;      /* the execution keeps its acks until world_ack */
	const char *verdict; /* NULL: ok; else [verdict, "no"] */
	tr_value held_acks;  /* array of [pid, token] */
	held *held;          /* commands that wait for an answer */
	size_t held_count;
	size_t cancels;  /* [cancel, ref] that plugins got */
	tr_value stored; /* artifacts: array of values */
	size_t fetched;  /* for plugins that count */
	size_t calls;    /* plugin functions called */
	size_t running, most_running;
	bool count_only; /* keep no task and iteration events, count them */
	size_t counts[EVENT_TYPE_END];
	size_t beats, lost; /* what was said of step runs; of the last one lost: */
	int64_t lost_run, lost_attempt;
	char lost_why[300];
};

/** Start; `concurrency` of the pool, 0 for its default. */
void world_start(world *w, uint32_t concurrency);
/** The same with another plugin (id "other") preferred to the built-in controllers. */
void world_start_with(world *w, uint32_t concurrency, const builtin *other);
void world_stop(world *w);
/** The playbook: the text under `workflow:`. */
void world_playbook(world *w, const char *workflow);
/** The same with more root keys ahead of the workflow. */
void world_playbook_with(world *w, const char *extra, const char *workflow);
/** A plugin at command.<kind>. */
tr_pid world_plugin(world *w, const char *kind, plugin_fn *fn);
/** Send a step run command; `values` is JSON of more keys ("" for none). */
void world_run(world *w, uint64_t step_run_id, uint32_t attempt, const char *step, const char *values);
void world_run_value(world *w, uint64_t step_run_id, uint32_t attempt, const char *step, tr_value values);
/** Ask the pool for a sign of a step run, as its execution does. */
void world_heartbeat(world *w, uint64_t step_run_id, uint32_t attempt);
void world_cancel(world *w, uint64_t step_run_id);
/** An exit signal (reason taken) to an actor. */
void world_shoot(world *w, tr_pid victim, tr_value reason);
/** Wait until so many step runs have ended, commands are held, … ; fails the test after 30 s. */
void world_wait(world *w, const size_t *counter, size_t at_least);
/** Wait until an event of this type has come so often. */
void world_wait_event(world *w, event_type type, size_t at_least);
/** Answer the i-th held command with an outcome given as JSON. */
void world_release(world *w, size_t i, const char *outcome);
/** Let the held acks go. */
void world_ack(world *w);
/** The last event of a type (its payload is borrowed); the test fails without one. Only while nothing runs. */
const event *world_event(world *w, event_type type);
size_t world_count(world *w, event_type type);
/** The pid of the first live actor called so (label and the beginning of its note, "step work"); waits for it. */
tr_pid world_actor(world *w, const char *label);

tr_value world_json(const char *text);
void world_assert_json(tr_value v, const char *json);

#endif
