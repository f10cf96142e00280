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
	/** Not NULL: this world has no sockets, files and processes. Whatever wants one (`what` is the name of the
	 * public function) is told of here and fails with TR_EUNSUPPORTED. */
	void (*refuse)(void *arg, const char *what);
} tr_world;

/* ---- other nodes ------------------------------------------------------------------------------------------------ */

/** One signal on its way to another node: a message, call, reply, link, monitor or exit as bytes. */
typedef struct tr_frame {
	uint8_t from; /* node numbers, as in the top byte of pids */
	uint8_t to;
	bool payload; /* a message, call or reply; else a link, monitor, exit or their undoing */
	tr_pid actor; /* who it is for; {0} when it is for a name */
	tr_str bytes; /* for tr_node_deliver there */
} tr_frame;

/**
 * What carries signals between nodes. Without one, every other node is a node that cannot be reached.
 *
 * The contract is OTP's: what one node sends to another arrives in order and at most once, or the connection is lost.
 * A transport that loses something says so with tr_node_lost on both sides, and only afterwards carries frames between
 * the two again. (One that drops, doubles or reorders `payload` frames silently is survived; then calls time out and
 * messages are missing, doubled or late.)
 */
typedef struct tr_transport {
	/** Take the frame along (borrowed; copy the bytes). Any thread, also under locks of the node: must not block
	 * and must not call tr_node_deliver or tr_node_lost itself. Not TR_OK: the node cannot be reached, and the
	 * sender's monitors, links and calls are answered with `noconnection`. */
	tr_err (*send)(void *arg, const tr_frame *frame);
	void *arg;
} tr_transport;

typedef struct tr_node_options {
	const char *name;        /* NULL: "node" */
	uint32_t schedulers;     /* threads; 0: one a core */
	uint32_t dirty_threads;  /* most threads of the dirty pool; 0: 8 */
	uint32_t max_actors;     /* rounded up to a whole chunk of memory (some thousand actors); 0: 16 Mi */
	uint32_t stack_size;     /* default of blocking handlers; 0: 64 KiB */
	int64_t long_handler_ns; /* a handler that runs longer is reported and its queue handed on; 0: 10 ms */
	bool pin_schedulers;     /* CPU affinity */
	const tr_world *world;   /* NULL: the real one; copied */
	/** Reports of the kernel (crash, long_handler, dead letters above a rate) as values; called on any thread,
	 * takes the report. NULL: to the actor registered as "logger", or stderr when there is none. */
	void (*report)(void *arg, tr_value report);
	void *report_arg;
	uint8_t id; /* the node's number, in the top byte of its pids, from 1; 0: drawn from the world */
	const tr_transport *transport; /* NULL: other nodes cannot be reached; copied */
	/** Where the crash dump goes when the process faults or aborts: the cause with a symbolised backtrace, the
	 *  actor that ran with its last messages, the schedulers and the tree of actors. NULL: $TROUPE_CRASH_DUMP, or
	 *  troupe_crash.dump in the current folder; "": nowhere (a short story goes to stderr all the same). */
	const char *crash_dump;
} tr_node_options;

/** Make a node and start its schedulers. NULL options allowed. NULL on failure with *err set (err may be NULL). */
TR_API tr_node *tr_node_start(const tr_node_options *options, tr_err *err);
/** Kill what still lives, stop the threads, free everything. *node becomes NULL. Not from inside an actor. */
TR_API void tr_node_stop(tr_node **node);
/** The same, for so long at the most (ns). False: actors are left that run code which does not come back; all others
 * have ended. *node stays, for looking in only (tr_processes, tr_info), and the process can but be left by _exit. */
TR_API bool tr_node_stop_within(tr_node **node, int64_t timeout_ns);

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

/** A node's number. */
TR_API uint8_t tr_node_id(const tr_node *node);
/** The number of the node that an actor lives on. */
static inline uint8_t tr_pid_node(tr_pid pid)
{
	return (uint8_t)(pid.bits >> (64 - TR_PID_NODE_BITS));
}
/** Hand over what another node's transport took along, in the order it was sent. From threads that are no actors of
 * this node. TR_ECORRUPT: these bytes are no frame; TR_EINVAL: it is for another node, or says it is from this one. */
TR_API tr_err tr_node_deliver(tr_node *node, tr_str bytes);
/** The connection to a node is lost: every link, monitor and call to an actor there ends with `noconnection`. */
TR_API tr_err tr_node_lost(tr_node *node, uint8_t peer);
/** From actors: to whoever is registered as `name` on another node (or this one). Takes the message. TR_OK says
 * nothing about whether anybody was there. */
TR_API tr_err tr_send_name_at(uint8_t node, const char *name, tr_value message);

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
	TR_SLOT_PERMIT, /* a tr_permit */
	TR_SLOT_SIM,
	TR_SLOT_MONITOR,
	TR_SLOT_REDACT,
	TR_SLOT_COUNT = 16
} tr_node_slot;
TR_API tr_err tr_node_set(tr_node *node, tr_node_slot slot, void *ptr, void (*destructor)(void *));
/** In TR_SLOT_PERMIT: asked in the calling actor before it reaches out of the node through io.h. `grant` is "exec" (a
 * port), "net:<host>" (a connection, a listener, a name), "fs:<absolute path>" (a file). False: the call gives
 * TR_EDENIED. */
typedef struct tr_permit {
	bool (*ask)(const char *grant);
} tr_permit;
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
/** Each scheduler (spare ones, which serve the queue of one that is stuck, come last): an array of maps {id, spare,
 * running: pid or nil, run_queue, busy_ns and parked_ns since the node's start, sent, received, spawned, exited,
 * steals, parks, dead_letters}. Fresh reference. From actors too. */
TR_API tr_value tr_scheduler_stats(tr_node *node);

TR_EXTERN_C_END

#endif
