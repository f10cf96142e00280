/* SPDX-License-Identifier: Apache-2.0 */
/**
 * gen_statem: a state machine with events from everywhere, postponing, time-outs and state enter calls.
 *
 * Source of the semantics: OTP Design Principles, "gen_statem Behaviour", and gen_statem(3). Both callback modes are
 * there: one function a state (`states`), or one for all (`handle_event`). What OTP lists as actions of a transition
 * are functions here that a callback calls on its machine; they take effect when the callback has returned, replies at
 * once (tr_reply). All callbacks run inside the machine's actor and may block.
 */
#ifndef TROUPE_GEN_STATEM_H
#define TROUPE_GEN_STATEM_H

#include <troupe/gen_server.h>

TR_EXTERN_C_BEGIN

typedef struct tr_machine tr_machine;

typedef enum tr_event_type {
	TR_EVENT_CALL, /* answer `from` with tr_reply, now or later */
	TR_EVENT_CAST,
	TR_EVENT_INFO,
	TR_EVENT_INTERNAL,      /* only from tr_next_event */
	TR_EVENT_TIMEOUT,       /* event time-out: no event came in time */
	TR_EVENT_STATE_TIMEOUT, /* still in the same state */
	TR_EVENT_NAMED_TIMEOUT, /* generic time-out; `name` tells which */
	TR_EVENT_ENTER          /* a state was entered; content is the state before */
} tr_event_type;

/** What a callback is given. Values are borrowed. */
typedef struct tr_event {
	tr_event_type type;
	tr_from from;
	tr_value content;
	tr_value name;
} tr_event;

typedef enum tr_step_kind {
	TR_STEP_KEEP,
	TR_STEP_NEXT,
	TR_STEP_REPEAT,
	TR_STEP_STOP
} tr_step_kind;

/** What a callback says comes next; build with the functions below. */
typedef struct tr_step {
	tr_step_kind kind;
	tr_value value; /* NEXT: the state; STOP: the reason */
} tr_step;

/** keep_state: stay. */
static inline tr_step tr_keep_state(void)
{
	tr_step s = {TR_STEP_KEEP, tr_absent()};
	return s;
}
/** next_state: go to `state` (taken; with `states` a string or atom that names one of them). */
static inline tr_step tr_next_state(tr_value state)
{
	tr_step s = {TR_STEP_NEXT, state};
	return s;
}
/** repeat_state: stay, but run the enter call again. */
static inline tr_step tr_repeat_state(void)
{
	tr_step s = {TR_STEP_REPEAT, tr_absent()};
	return s;
}
/** stop with `reason` (taken). */
static inline tr_step tr_stop_machine(tr_value reason)
{
	tr_step s = {TR_STEP_STOP, reason};
	return s;
}

typedef tr_step tr_state_function(tr_machine *m, void *data, const tr_event *event);

typedef struct tr_state {
	const char *name;
	tr_state_function *handle;
} tr_state;

/** Either `states` or `handle_event`. Values given to callbacks are borrowed; data is data_size zeroed bytes. */
typedef struct tr_gen_statem {
	const char *name;
	size_t data_size;
	/** Return tr_next_state(first state), or tr_stop_machine(reason) to refuse. Actions are allowed. */
	tr_step (*init)(tr_machine *m, void *data, tr_value arg);
	const tr_state *states;
	size_t state_count;
	tr_step (*handle_event)(tr_machine *m, void *data, tr_value state, const tr_event *event);
	bool enter_calls; /* call with TR_EVENT_ENTER when a state is entered; may not change state, postpone or insert
			     events */
	/** When as for gen_server. */
	void (*terminate)(void *data, tr_value state, tr_value reason);
	tr_value (*show)(void *data, tr_value state);
} tr_gen_statem;

/** As tr_gen_server_start and its sisters. Take arg. Calls are tr_call, casts tr_cast, stopping tr_stop. */
TR_API tr_started tr_gen_statem_start(const tr_gen_statem *mod, tr_value arg, const tr_spawn_options *options,
				      int64_t deadline);
TR_API tr_started tr_gen_statem_start_link(const tr_gen_statem *mod, tr_value arg, const tr_spawn_options *options,
					   int64_t deadline);

/* ---- inside callbacks --------------------------------------------------------------------------------------- */

/** The present state (borrowed). */
TR_API tr_value tr_state_of(const tr_machine *m);
/** Keep the event for later: it comes again, in order, after the next change of state. */
TR_API void tr_postpone(tr_machine *m);
/** Insert an event (content taken) that is handled before any other, several in the order inserted. `from` matters for
 * calls and may be NULL. */
TR_API void tr_next_event(tr_machine *m, tr_event_type type, const tr_from *from, tr_value content);
/** Time-outs in `ns` from now: 0 comes at once, before anything from outside but after inserted events; negative
 * cancels. A new one replaces the old. They take content. The event time-out is cancelled by any event, the state
 * time-out by a change of state, a named one by nothing else. */
TR_API void tr_event_timeout(tr_machine *m, int64_t ns, tr_value content);
TR_API void tr_state_timeout(tr_machine *m, int64_t ns, tr_value content);
TR_API void tr_named_timeout(tr_machine *m, tr_value name, int64_t ns, tr_value content); /* takes name too */
/** Let go of unused memory after this transition. */
TR_API void tr_machine_hibernate(tr_machine *m);

TR_EXTERN_C_END

#endif
