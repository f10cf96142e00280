/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tracing: what chosen actors send, receive, spawn, call and end with, while the node runs.
 *
 * A trace costs nothing when there is none, and cannot drown a node: each has a rate, what lies beyond is counted and
 * told. Events are collected in a bounded ring and handed on by an actor registered as "tracer", so they may be seen up
 * to 10 ms late, in the order in which each actor's events happened. The tracer, and what reaches the destination of a
 * trace, are not traced.
 */
#ifndef TROUPE_TRACE_H
#define TROUPE_TRACE_H

#include <troupe/node.h>

TR_EXTERN_C_BEGIN

typedef enum tr_trace_events {
	TR_TRACE_SEND = 1,    /* {trace: "send", from, to, message} */
	TR_TRACE_RECEIVE = 2, /* {trace: "receive", pid, message} */
	TR_TRACE_SPAWN = 4,   /* {trace: "spawn", pid: the parent, child, label} */
	TR_TRACE_EXIT = 8,    /* {trace: "exit", pid, reason} */
	/** {trace: "call", pid, module, function, argument}: a callback of a behaviour begins. The module is the name
	 *  in its table, the function the callback (handle_call, …), for machines with `states` the state, for a plain
	 *  tr_behaviour "handle". The argument is the request, message, event, or reason. */
	TR_TRACE_CALL = 16,
	TR_TRACE_RETURN = 32, /* {trace: "return", pid, module, function, ns}: it returned, after so long */
	TR_TRACE_ALL = 63
} tr_trace_events;

typedef struct tr_trace_options {
	unsigned events;  /* of enum tr_trace_events */
	tr_pid pid;       /* only events of this actor (for sends: as sender or receiver); 0: of all */
	const char *name; /* instead of pid: who has this name now; TR_ENOPROC when nobody has */
	tr_match *match; /* only messages (arguments, reasons) for which this says yes; may be NULL. Runs on any thread:
			    must be quick and  must not call anything that acts */
	void *match_arg;
	const char *module;   /* calls and returns: only of this module; NULL: of all. Copied, at most 63 bytes */
	const char *function; /* … and of this callback or state; NULL: of all. Likewise */
	uint32_t rate;        /* most events a second; 0: 1000 */
	tr_pid to;            /* who gets [trace, map] (`trace` an atom); 0: they are logged at info */
} tr_trace_options;

/** Begin to trace; *id names the trace. TR_EFULL when 16 are going on. Ends by itself when `to` ends. From anywhere. */
TR_API tr_err tr_trace_start(tr_node *node, const tr_trace_options *options, uint32_t *id);
/** End a trace; events already collected are still handed on. TR_ENOENT. */
TR_API tr_err tr_trace_stop(tr_node *node, uint32_t id);

TR_EXTERN_C_END

#endif
