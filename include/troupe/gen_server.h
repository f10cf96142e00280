/* SPDX-License-Identifier: Apache-2.0 */
/**
 * gen_server: a server with state that answers calls, takes casts and other messages, one at a time.
 *
 * Source of the semantics: OTP Design Principles, "gen_server Behaviour", and gen_server(3).
 * All callbacks run inside the server's actor, own the state while they run, and may block (the caller waits).
 */
#ifndef TROUPE_GEN_SERVER_H
#define TROUPE_GEN_SERVER_H

#include <troupe/actor.h>

TR_EXTERN_C_BEGIN

typedef enum tr_next_kind {
	TR_NEXT_NOREPLY = 0, /* go on; a call is answered later with tr_reply(from, …) */
	TR_NEXT_REPLY,
	TR_NEXT_STOP,
	TR_NEXT_STOP_REPLY
} tr_next_kind;

/** What a callback says comes next. Build with the functions below; `timeout` and `then` may be set on any that goes
 * on. */
typedef struct tr_next {
	tr_next_kind kind;
	tr_value reply;
	tr_value reason;
	int64_t timeout_ns; /* > 0: handle_timeout when no message comes for so long; 0: none */
	tr_value then;      /* valid: handle_continue(state, then) runs before the next message */
	bool hibernate;
} tr_next;

static inline tr_next tr_noreply(void)
{
	tr_next n = {TR_NEXT_NOREPLY, tr_absent(), tr_absent(), 0, tr_absent(), false};
	return n;
}
static inline tr_next tr_next_reply(tr_value reply) /* takes reply */
{
	tr_next n = tr_noreply();
	n.kind = TR_NEXT_REPLY;
	n.reply = reply;
	return n;
}
static inline tr_next tr_next_stop(tr_value reason) /* takes reason */
{
	tr_next n = tr_noreply();
	n.kind = TR_NEXT_STOP;
	n.reason = reason;
	return n;
}
static inline tr_next tr_next_stop_reply(tr_value reason, tr_value reply) /* takes both */
{
	tr_next n = tr_next_stop(reason);
	n.kind = TR_NEXT_STOP_REPLY;
	n.reply = reply;
	return n;
}
static inline tr_next tr_next_then(tr_value arg) /* takes arg */
{
	tr_next n = tr_noreply();
	n.then = arg;
	return n;
}

/** The callbacks; only init is required. Values given to them are borrowed; state is state_size zeroed bytes. A call
 * without handle_call, or a cast without handle_cast, ends the server with [undef, callback, message]; an info without
 * handle_info is logged and dropped. */
typedef struct tr_gen_server {
	const char *name;
	size_t state_size;
	/** Return tr_noreply() (or with timeout / then) to be started; tr_next_stop(reason) to refuse: the starter gets
	 * the reason. */
	tr_next (*init)(void *state, tr_value arg);
	tr_next (*handle_call)(void *state, tr_value request, tr_from from);
	tr_next (*handle_cast)(void *state, tr_value request);
	tr_next (*handle_info)(void *state, tr_value message);
	tr_next (*handle_continue)(void *state, tr_value arg);
	tr_next (*handle_timeout)(void *state);
	/** Runs when a callback stopped the server, when its supervisor asked it to shut down and it traps exits, or
	 * when a callback exited. Give back what is in the state here (drop values), unless it was registered with
	 * tr_own. To have state released also after `kill`, register it with tr_own in init. */
	void (*terminate)(void *state, tr_value reason);
	tr_value (*show)(void *state);
	/** New code for a running state (hot upgrade): move `old_state` of `old_version` into `state`. May be NULL. */
	tr_err (*code_change)(void *state, const void *old_state, const char *old_version);
	const char *version;
	/** Another state given by tr_sys_replace_state, in the form that `show` gives (borrowed). May be NULL. */
	tr_err (*replace)(void *state, tr_value shown);
} tr_gen_server;

typedef struct tr_started {
	tr_pid pid;
	tr_ref monitor;  /* with options.monitor */
	tr_value reason; /* why not, when pid is 0 (fresh reference; e.g. [already_started, pid]); else absent */
} tr_started;

/** Start and wait until init has returned (init's deadline: options say none, so for ever; `deadline` bounds it). Takes
 * arg. `options` may be NULL; options->name registers. Unlike tr_spawn, link is what the `_link` form does. */
TR_API tr_started tr_gen_server_start(const tr_gen_server *mod, tr_value arg, const tr_spawn_options *options,
				      int64_t deadline);
TR_API tr_started tr_gen_server_start_link(const tr_gen_server *mod, tr_value arg, const tr_spawn_options *options,
					   int64_t deadline);
/** From outside actors. */
TR_API tr_started tr_node_gen_server(tr_node *node, const tr_gen_server *mod, tr_value arg,
				     const tr_spawn_options *options);

/** gen_server:call is tr_call / tr_call_name of actor.h. */
TR_API tr_err tr_cast(tr_pid to, tr_value request);             /* takes request */
TR_API tr_err tr_cast_name(const char *name, tr_value request); /* takes request */
/** gen_server:stop: ask to terminate with `reason` (taken) and wait. TR_ETIMEOUT, TR_ENOPROC. */
TR_API tr_err tr_stop(tr_pid server, tr_value reason, int64_t deadline);
/** Call several servers at once; a map pid -> reply (those that did not answer by the deadline are left out). Takes
 * request. */
TR_API tr_value tr_multi_call(const tr_pid *servers, size_t n, tr_value request, int64_t deadline);

TR_EXTERN_C_END

#endif
