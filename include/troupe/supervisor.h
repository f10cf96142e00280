/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Supervisors: actors that start, watch, restart and stop other actors.
 *
 * Source of the semantics: OTP Design Principles, "Supervisor Behaviour", and supervisor(3). Beyond OTP: back-off
 * between restarts.
 */
#ifndef TROUPE_SUPERVISOR_H
#define TROUPE_SUPERVISOR_H

#include <troupe/gen_server.h>
#include <troupe/registry.h>

TR_EXTERN_C_BEGIN

typedef enum tr_strategy {
	TR_ONE_FOR_ONE,
	TR_ONE_FOR_ALL,
	TR_REST_FOR_ONE,
	TR_SIMPLE_ONE_FOR_ONE
} tr_strategy;
typedef enum tr_restart {
	TR_PERMANENT,
	TR_TRANSIENT,
	TR_TEMPORARY
} tr_restart;
typedef enum tr_child_type {
	TR_WORKER,
	TR_SUPERVISOR
} tr_child_type;
typedef enum tr_auto_shutdown {
	TR_AUTO_NEVER,
	TR_AUTO_ANY_SIGNIFICANT,
	TR_AUTO_ALL_SIGNIFICANT
} tr_auto_shutdown;

#define TR_BRUTAL_KILL       INT64_C(-1)
#define TR_SHUTDOWN_INFINITY INT64_MAX

/**
 * How a child is started: runs in the supervisor, must start an actor that is LINKED to the caller and return it, or
 * pid 0 with a reason; pid 0 with an absent reason is OTP's `ignore`. `arg` is the spec's (borrowed); `extra` is what
 * tr_supervisor_start_child gave for simple_one_for_one (borrowed, absent otherwise).
 */
typedef tr_started tr_start_fn(tr_value arg, tr_value extra);

typedef struct tr_child_spec {
	const char *id; /* unique in its supervisor (copied); NULL for simple_one_for_one */
	tr_start_fn *start;
	tr_value arg; /* taken by whoever takes the spec */
	tr_restart restart;
	int64_t shutdown_ns; /* 0: 5 s for workers, infinity for supervisors; TR_BRUTAL_KILL */
	tr_child_type type;
	bool significant;
	/* Alternatively to `start`: a gen_server module, or a straight-line body, started with `arg` (linked). An
	 * instance of a simple_one_for_one is given its `extra`, or [arg, extra] when the spec has an arg, too. */
	const tr_gen_server *server;
	tr_body *body;
	const char *name;  /* registered name for server/body (copied); may be NULL */
	const char *label; /* literal */
	const tr_via *via; /* a name in a registry for `server` (copied; holds the name); may be NULL */
} tr_child_spec;

typedef struct tr_supervisor_spec {
	tr_strategy strategy;
	uint32_t intensity; /* restarts allowed … (OTP default 1) */
	int64_t period_ns;  /* … in this time (0: 5 s) */
	tr_auto_shutdown auto_shutdown;
	/** Beyond OTP: wait before a restart: min(backoff_max, backoff_ns * 2^(n-1)) with up to 25 % jitter, n restarts
	 * within the period. 0: none. */
	int64_t backoff_ns;
	int64_t backoff_max_ns;        /* 0: 30 s */
	const tr_child_spec *children; /* started in order, stopped in reverse; their args are taken */
	size_t child_count;
	const char *name;  /* registered; may be NULL (copied) */
	const char *label; /* literal */
	const tr_via *via; /* a name in a registry (copied; holds the name); may be NULL */
} tr_supervisor_spec;

/** Start a supervisor linked to the caller and its children. On failure all started children are stopped again and
 *  the reason is [shutdown, [failed_to_start_child, id, reason]]. Copies the spec. */
TR_API tr_started tr_supervisor_start_link(const tr_supervisor_spec *spec);
/** From outside: the top of a tree. Not linked to anybody. */
TR_API tr_started tr_node_supervisor(tr_node *node, const tr_supervisor_spec *spec);
/** A child spec's start for a supervisor under a supervisor: arg must come from tr_supervisor_arg. */
TR_API tr_start_fn tr_supervisor_start;
/** A spec as a value (copies the spec; takes the children's args), for tr_child_spec.arg beside tr_supervisor_start. */
TR_API tr_value tr_supervisor_arg(const tr_supervisor_spec *spec);

/* The management calls of supervisor(3); callable from any actor, and each with a deadline. */

/** Takes spec->arg. pid 0 and reason: [already_started, pid], already_present, or what the start gave. */
TR_API tr_started tr_supervisor_start_child(tr_pid supervisor, const tr_child_spec *spec, int64_t deadline);
/** simple_one_for_one: start another instance with `extra` (taken). */
TR_API tr_started tr_supervisor_start_instance(tr_pid supervisor, tr_value extra, int64_t deadline);
/** simple_one_for_one with temporary children: the calling actor, wherever it was spawned, becomes an instance: linked
 * to the supervisor, listed, ended with it. Nobody is waited for, so that a busy actor may spawn instances itself and
 * let each begin with this. Under a supervisor of another kind it is only linked. */
TR_API tr_err tr_supervisor_join(tr_pid supervisor);
TR_API tr_err tr_supervisor_terminate_child(tr_pid supervisor, const char *id, int64_t deadline);
TR_API tr_err tr_supervisor_terminate_pid(tr_pid supervisor, tr_pid child, int64_t deadline);
TR_API tr_started tr_supervisor_restart_child(tr_pid supervisor, const char *id, int64_t deadline);
TR_API tr_err tr_supervisor_delete_child(tr_pid supervisor, const char *id, int64_t deadline);
/** Array of maps {id, pid (or nil, or atom restarting), type, restart, restarts, significant}. Fresh reference. */
TR_API tr_value tr_supervisor_which_children(tr_pid supervisor, int64_t deadline);
/** Map {specs, active, supervisors, workers}. Fresh reference. */
TR_API tr_value tr_supervisor_count_children(tr_pid supervisor, int64_t deadline);

TR_EXTERN_C_END

#endif
