/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A node: schedulers, actor table, registry, timers, and the world they see. Several nodes may live in one process.
 * Functions here are called from outside actors and are thread-safe unless they say otherwise.
 */
#ifndef TROUPE_NODE_H
#define TROUPE_NODE_H

#include <troupe/actor.h>

TR_EXTERN_C_BEGIN

/**
 * The one door to time and randomness (sockets, files and threads are reached through the reactor, which has a real
 * and a simulated form of its own). NULL members take the real world's.
 */
typedef struct tr_world {
	int64_t (*monotonic_ns)(void *arg);
	int64_t (*wall_us)(void *arg);
	uint64_t (*random)(void *arg);
	void *arg;
} tr_world;

typedef struct tr_node_options {
	const char *name;        /* NULL: "node" */
	uint32_t schedulers;     /* threads; 0: one a core */
	uint32_t dirty_threads;  /* most threads of the dirty pool; 0: 8 */
	uint32_t max_actors;     /* 0: 16 Mi */
	uint32_t stack_size;     /* default of blocking handlers; 0: 64 KiB */
	int64_t long_handler_ns; /* a handler that runs longer is reported and its queue handed on; 0: 10 ms */
	bool pin_schedulers;     /* CPU affinity */
	const tr_world *world;   /* NULL: the real one; copied */
	/** Reports of the kernel (crash, long_handler, dead letters above a rate) as values; called on any thread,
	 * takes the report. NULL: to the actor registered as "logger", or stderr when there is none. */
	void (*report)(void *arg, tr_value report);
	void *report_arg;
} tr_node_options;

/** Make a node and start its schedulers. NULL options allowed. NULL on failure with *err set (err may be NULL). */
TR_API tr_node *tr_node_start(const tr_node_options *options, tr_err *err);
/** Kill what still lives, stop the threads, free everything. *node becomes NULL. Not from inside an actor. */
TR_API void tr_node_stop(tr_node **node);

/** Spawn from outside. Takes arg. `link` and `monitor` options are refused (TR_EINVAL). */
TR_API tr_spawned tr_node_spawn(tr_node *node, tr_body *body, tr_value arg, const tr_spawn_options *options);
TR_API tr_spawned tr_node_spawn_behaviour(tr_node *node, const tr_behaviour *behaviour, tr_value arg,
					  const tr_spawn_options *options);
/** Send from any thread that is not an actor. Takes the message. */
TR_API tr_err tr_node_send(tr_node *node, tr_pid to, tr_value message);
TR_API tr_pid tr_node_whereis(tr_node *node, const char *name);
/** Call from a thread that is no actor; blocks the thread. timeout in ns (not a deadline), TR_FOREVER allowed. */
TR_API tr_value tr_node_call(tr_node *node, tr_pid to, tr_value request, int64_t timeout_ns);
/** Block the thread until the actor has ended; its exit reason (fresh reference), or invalid TR_ETIMEOUT. */
TR_API tr_value tr_node_wait(tr_node *node, tr_pid pid, int64_t timeout_ns);
/** Run `body` as an actor of a node made for it, wait for its end, stop the node. The exit reason. Takes arg. For
 * main()s and tests. */
TR_API tr_value tr_run(const tr_node_options *options, tr_body *body, tr_value arg);

/** A place for one pointer a slot, for the rooms above the kernel (reactor, logger, plugin manager …). The destructor
 * runs in tr_node_stop after all actors ended, last set first. A slot that holds another pointer gives TR_EEXIST (two
 * actors may start the same service at once: the second uses the first's); NULL empties it. */
typedef enum tr_node_slot {
	TR_SLOT_REACTOR,
	TR_SLOT_LOGGER,
	TR_SLOT_METRICS,
	TR_SLOT_TRACE,
	TR_SLOT_PLUGINS,
	TR_SLOT_HTTP,
	TR_SLOT_APP,
	TR_SLOT_COUNT = 16
} tr_node_slot;
TR_API tr_err tr_node_set(tr_node *node, tr_node_slot slot, void *ptr, void (*destructor)(void *));
TR_API void *tr_node_get(tr_node *node, tr_node_slot slot);

/* ---- looking in ----------------------------------------------------------------------------------------------- */

/**
 * What is known of an actor: a map with pid, label, name, state ("running", "ready", "waiting", "parked", "dirty",
 * "suspended", "exiting"), mailbox_length, links, monitors, monitored_by, trap_exit, priority, reductions, messages_in,
 * memory, stack_in_use, supervisor, behaviour, note, started_us. Nil when it is not there. Fresh reference. From actors
 * too.
 */
TR_API tr_value tr_info(tr_node *node, tr_pid pid);
/** All live pids, oldest first (array). Fresh reference. From actors too. */
TR_API tr_value tr_processes(tr_node *node);
/** Counters of the node: actors, actors_peak, spawned, exited, messages, dead_letters, timers, run_queue per scheduler,
 * steals, parks, busy_ns, dirty_running, memory. A map. Fresh reference. From actors too. */
TR_API tr_value tr_node_stats(tr_node *node);

TR_EXTERN_C_END

#endif
