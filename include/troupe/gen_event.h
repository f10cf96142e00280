/* SPDX-License-Identifier: Apache-2.0 */
/**
 * gen_event: an actor that hands every event to its handlers, which come and go at run time.
 *
 * Source of the semantics: OTP Design Principles, "gen_event Behaviour", and gen_event(3). One difference: a handler
 * that calls tr_exit ends the whole manager, since nothing in C can catch that; a handler that cannot go on returns
 * tr_handler_remove(reason).
 */
#ifndef TROUPE_GEN_EVENT_H
#define TROUPE_GEN_EVENT_H

#include <troupe/gen_server.h>

TR_EXTERN_C_BEGIN

typedef enum tr_handled_kind {
	TR_HANDLED_OK,
	TR_HANDLED_REMOVE,
	TR_HANDLED_SWAP
} tr_handled_kind;

typedef struct tr_event_handler tr_event_handler;

/** What a handler says after an event. */
typedef struct tr_handled {
	tr_handled_kind kind;
	tr_value reply;               /* handle_call only */
	tr_value reason;              /* REMOVE: why; SWAP: what the old terminate is given */
	const tr_event_handler *next; /* SWAP: the handler that takes its place … */
	tr_value next_arg;            /* … whose init is given [next_arg, what terminate returned] */
} tr_handled;

static inline tr_handled tr_handler_ok(void)
{
	tr_handled h = {TR_HANDLED_OK, tr_absent(), tr_absent(), NULL, tr_absent()};
	return h;
}
static inline tr_handled tr_handler_reply(tr_value reply) /* takes reply */
{
	tr_handled h = tr_handler_ok();
	h.reply = reply;
	return h;
}
static inline tr_handled tr_handler_remove(tr_value reason) /* takes reason */
{
	tr_handled h = tr_handler_ok();
	h.kind = TR_HANDLED_REMOVE;
	h.reason = reason;
	return h;
}
static inline tr_handled tr_handler_swap(tr_value reason, const tr_event_handler *next,
					 tr_value next_arg) /* takes both */
{
	tr_handled h = tr_handler_remove(reason);
	h.kind = TR_HANDLED_SWAP;
	h.next = next;
	h.next_arg = next_arg;
	return h;
}

/** The callbacks; init and handle_event are required. Values are borrowed; state is state_size zeroed bytes. */
struct tr_event_handler {
	const char *name;
	size_t state_size;
	/** Absent when it is ready, else why not (fresh reference). */
	tr_value (*init)(void *state, tr_value arg);
	tr_handled (*handle_event)(void *state, tr_value event);
	tr_handled (*handle_call)(void *state, tr_value request);
	tr_handled (*handle_info)(void *state, tr_value message);
	/** Runs when the handler leaves: reason is what it was deleted or removed with, `stop` atom-first arrays as in
	 * OTP: [stop, reason] when the actor behind a supervised handler ended; shutdown reason when the manager ends.
	 *  What it returns (fresh; absent allowed) goes to tr_event_delete or to the handler that takes its place. */
	tr_value (*terminate)(void *state, tr_value reason);
	tr_value (*show)(void *state);
};

/** A manager without handlers. */
TR_API tr_started tr_gen_event_start(const tr_spawn_options *options, int64_t deadline);
TR_API tr_started tr_gen_event_start_link(const tr_spawn_options *options, int64_t deadline);

/** Add a handler under an id unique in the manager. Takes arg. TR_EEXIST; when init refused: TR_EINVAL and the reason
 * in *why (fresh; why may be NULL). */
TR_API tr_err tr_event_add(tr_pid manager, const char *id, const tr_event_handler *handler, tr_value arg,
			   int64_t deadline, tr_value *why);
/** The same, supervised: when the calling actor ends the handler is removed, and when the handler leaves otherwise the
 * calling actor gets [gen_event_EXIT, id, reason]. */
TR_API tr_err tr_event_add_sup(tr_pid manager, const char *id, const tr_event_handler *handler, tr_value arg,
			       int64_t deadline, tr_value *why);
/** Take a handler out; its terminate is given `reason` (taken), what it returned comes back (nil when nothing; fresh).
 *  Invalid TR_ENOENT. */
TR_API tr_value tr_event_delete(tr_pid manager, const char *id, tr_value reason, int64_t deadline);
/** Replace a handler by another; takes both values. TR_ENOENT when there is no old one: then only the new one is added.
 */
TR_API tr_err tr_event_swap(tr_pid manager, const char *old_id, tr_value reason, const char *id,
			    const tr_event_handler *handler, tr_value arg, int64_t deadline, tr_value *why);
/** Send an event to all handlers (taken). sync waits until all have handled it. */
TR_API tr_err tr_event_notify(tr_pid manager, tr_value event);
TR_API tr_err tr_event_sync_notify(tr_pid manager, tr_value event, int64_t deadline);
/** Ask one handler. Takes the request; fresh reference. Invalid TR_ENOENT. */
TR_API tr_value tr_event_call(tr_pid manager, const char *id, tr_value request, int64_t deadline);
/** Ids of the handlers, newest first (array of strings). */
TR_API tr_value tr_event_which(tr_pid manager, int64_t deadline);

TR_EXTERN_C_END

#endif
