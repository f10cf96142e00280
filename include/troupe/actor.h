/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Actors: spawn, mailboxes, signals, links, monitors, names, timers.
 *
 * Source of the semantics: the Erlang Reference Manual, chapter "Processes", and the erlang(3) functions of the same
 * names; docs/architecture.md sections "The kernel" and "Supervision". Differences are listed in docs/guide/.
 *
 * Unless a function says otherwise it must be called inside an actor (else TR_ENOTACTOR), may be called from
 * straight-line code at any depth, and acts on the calling actor. A call that waits parks the actor and its stack; the
 * scheduler thread goes on with others, and the actor MAY CONTINUE ON ANOTHER THREAD: keep nothing thread-local (nor
 * the address of errno) across it. C stack frames are not unwound when an actor exits; what must be given back is
 * registered with tr_own.
 *
 * Deadlines are absolute times of the node's monotonic clock in nanoseconds: tr_in(500 ms) is "500 ms from now",
 * TR_FOREVER waits for ever, 0 does not wait.
 */
#ifndef TROUPE_ACTOR_H
#define TROUPE_ACTOR_H

#include <troupe/value.h>

TR_EXTERN_C_BEGIN

typedef struct tr_node tr_node;

#define TR_FOREVER INT64_MAX
#define TR_MS      INT64_C(1000000)
#define TR_SECOND  INT64_C(1000000000)

/** Monotonic nanoseconds of the actor's node (of the real clock outside actors). */
TR_API int64_t tr_now(void);
/** tr_now() + ns, saturating. */
TR_API int64_t tr_in(int64_t ns);
/** Wall clock, µs since 1970 UTC, through the node's world. */
TR_API int64_t tr_wall_us(void);
/** 64 random bits from the node's world. */
TR_API uint64_t tr_random(void);

/* ---- spawning ---------------------------------------------------------------------------------------------- */

/** A straight-line actor body. Returning is exit with reason `normal`. Borrows arg (dropped when the actor ends). */
typedef void tr_body(tr_value arg);

typedef enum tr_priority {
	TR_PRIORITY_NORMAL = 0,
	TR_PRIORITY_LOW,
	TR_PRIORITY_HIGH
} tr_priority;

/** What happens when a bounded mailbox is full. */
typedef enum tr_mailbox_policy {
	TR_MAILBOX_UNBOUNDED = 0,
	TR_MAILBOX_REJECT,       /* tr_send gives TR_EFULL */
	TR_MAILBOX_DROP_OLDEST,  /* the oldest message goes (counted as dead letter) */
	TR_MAILBOX_BACK_PRESSURE /* the sending actor is parked until there is room */
} tr_mailbox_policy;

/** A name in a registry other than the node's: see registry.h. */
typedef struct tr_via tr_via;

typedef struct tr_spawn_options {
	const char *label; /* shown by inspection and crash reports; must outlive the actor (string literal) */
	const char *name;  /* register under this name before it runs; taken: spawn fails with TR_EEXIST */
	bool link;         /* link to the spawning actor */
	bool monitor;      /* the spawning actor monitors it; see tr_spawned.monitor */
	tr_priority priority;
	tr_mailbox_policy mailbox_policy;
	uint32_t mailbox_limit;
	uint32_t stack_size; /* bytes a blocking handler may use; 0: the node's default (64 KiB) */
	tr_pid supervisor;   /* ancestor shown by inspection; 0: the spawning actor */
	/** The starts of the gen_… behaviours: register there before init runs (borrowed). Spawning refuses it:
	 *  TR_EUNSUPPORTED. */
	const tr_via *via;
} tr_spawn_options;

typedef struct tr_spawned {
	tr_pid pid; /* 0 when err is set */
	tr_ref monitor;
	tr_err err;
} tr_spawned;

/** Spawn. Takes arg. pid 0 when it failed (tr_spawn_opt says why). */
TR_API tr_pid tr_spawn(tr_body *body, tr_value arg);
TR_API tr_pid tr_spawn_link(tr_body *body, tr_value arg);
TR_API tr_spawned tr_spawn_opt(tr_body *body, tr_value arg, const tr_spawn_options *options);

/**
 * A behaviour: an actor whose life is one call of `handle` a message, so that between messages it needs no stack.
 * The state is `state_size` bytes, zeroed, owned by the runtime. All callbacks run inside the actor and may block.
 */
typedef struct tr_behaviour {
	const char *name;
	size_t state_size;
	/** Runs first, in the new actor. Return TR_OK, or call tr_exit. Borrows arg. */
	tr_err (*init)(void *state, tr_value arg);
	/** One message, borrowed: tr_keep it to store it. */
	void (*handle)(void *state, tr_value message);
	/** The wait deadline given with tr_idle_until passed without a message. May be NULL. */
	void (*idle)(void *state);
	/** Once, when the actor ends by its own exit, by tr_exit inside it, or by an exit signal while it does not trap
	 *  exits; not after `kill`. Must not block for long. May be NULL. */
	void (*terminate)(void *state, tr_value reason);
	/** A value for inspection (system message get_state). Fresh reference. May be NULL. */
	tr_value (*show)(void *state);
} tr_behaviour;

TR_API tr_spawned tr_spawn_behaviour(const tr_behaviour *behaviour, tr_value arg, const tr_spawn_options *options);

/** In a behaviour: call `idle` when no message came by `deadline`. Holds until the next message or call. */
TR_API void tr_idle_until(int64_t deadline);
/** In a behaviour: after this handler, give unused memory back as Erlang's hibernate does. */
TR_API void tr_hibernate(void);

/* ---- identity ---------------------------------------------------------------------------------------------- */

TR_API tr_pid tr_self(void);   /* {0} outside actors */
TR_API tr_node *tr_here(void); /* the node of the calling actor; NULL outside */
TR_API bool tr_alive(tr_pid pid);
TR_API tr_ref tr_make_ref(void);
static inline bool tr_pid_eq(tr_pid a, tr_pid b)
{
	return a.bits == b.bits;
}
static inline bool tr_ref_eq(tr_ref a, tr_ref b)
{
	return a.bits == b.bits;
}
/** Change the label that inspection shows (borrowed: literal or memory that outlives the actor). */
TR_API void tr_set_label(const char *label);
/** A value shown by inspection beside the label, e.g. what step an actor performs. Takes it. */
TR_API void tr_set_note(tr_value note);

/* ---- messages ---------------------------------------------------------------------------------------------- */

/** Send. Takes the message, also on failure. Sending to nobody is TR_OK, as in Erlang (counted as a dead letter);
 *  TR_EFULL from a rejecting mailbox; an invalid message is not sent and gives its error. Whoever floods a long queue
 *  gives up the core now and then, as in tr_reduce. */
TR_API tr_err tr_send(tr_pid to, tr_value message);
/** To whoever is registered as `name`; TR_ENOPROC when nobody is. */
TR_API tr_err tr_send_name(const char *name, tr_value message);

/** The next message of any kind, in order of arrival; a fresh reference. Invalid TR_ETIMEOUT at the deadline. */
TR_API tr_value tr_receive(int64_t deadline);
/** Does the message match? Borrows. Must not block, receive or send. */
typedef bool tr_match(void *arg, tr_value message);
/** The first message that matches; the others stay, in order. */
TR_API tr_value tr_receive_match(tr_match *match, void *arg, int64_t deadline);
/** The first message that is an array whose item 1 (the second) is this ref: replies and DOWNs. When the ref was made
 *  after the last receive, older messages are not scanned. */
TR_API tr_value tr_receive_ref(tr_ref ref, int64_t deadline);

/**
 * Call: monitor `to`, send [call, ref, self, request] and wait for [reply, ref, value]. Takes the request. Gives the
 * reply (fresh reference), or invalid: TR_ETIMEOUT, TR_ENOPROC (was not there), TR_EDOWN (ended meanwhile;
 * tr_call_reason tells). A late reply never arrives (the ref is an alias that dies with the call).
 */
TR_API tr_value tr_call(tr_pid to, tr_value request, int64_t deadline);
TR_API tr_value tr_call_name(const char *name, tr_value request, int64_t deadline);
/** The exit reason behind the caller's last TR_EDOWN or TR_ENOPROC (borrowed until the next call). */
TR_API tr_value tr_call_reason(void);

/** Whom to answer: taken from a [call, ref, pid, request] message. May be answered later and by any actor. */
typedef struct tr_from {
	tr_pid pid;
	tr_ref ref;
} tr_from;
/** Is this message a call? Then *from and *request (borrowed) are filled. */
TR_API bool tr_is_call(tr_value message, tr_from *from, tr_value *request);
/** Answer a call. Takes the value. A caller that gave up gets nothing. An invalid value makes tr_call give its error,
 *  absent is nil. */
TR_API void tr_reply(tr_from from, tr_value value);

/* ---- exits, links, monitors --------------------------------------------------------------------------------- */

/** End the calling actor. Takes the reason. Does not return. */
TR_API TR_NORETURN void tr_exit(tr_value reason);
/** Like tr_exit with [crash, text]: for a broken assumption. */
TR_API TR_NORETURN void tr_exitf(const char *fmt, ...) TR_PRINTF(1, 2);
/** exit/2: send an exit signal. Takes the reason. `normal` is ignored by others, `kill` is untrappable (they see
 *  `killed`). */
TR_API void tr_exit_signal(tr_pid to, tr_value reason);
/** Link both ways. To a dead pid: an exit signal `noproc` comes back. */
TR_API tr_err tr_link(tr_pid to);
TR_API void tr_unlink(tr_pid to);
/** From now on exit signals (but `kill`) arrive as messages [EXIT, pid, reason]. Returns the former setting. */
TR_API bool tr_trap_exit(bool on);
/** One DOWN message [DOWN, ref, process, pid, reason] when `to` ends; at once with `noproc` if it is not there. */
TR_API tr_ref tr_monitor(tr_pid to);
/** Stop monitoring; no DOWN of this ref arrives afterwards, one already in the mailbox is removed. */
TR_API void tr_demonitor(tr_ref ref);

/* ---- names and groups --------------------------------------------------------------------------------------- */

/** TR_EEXIST when the name is taken or the actor has one; the name is free again when the actor ends. */
TR_API tr_err tr_register(const char *name, tr_pid pid);
TR_API tr_err tr_unregister(const char *name);
TR_API tr_pid tr_whereis(const char *name); /* {0} when nobody */
/** The registered name of an actor as a string, or nil. Fresh reference. */
TR_API tr_value tr_name_of(tr_pid pid);

/** Process groups (pg): any number of members, members leave when they end. */
TR_API tr_err tr_group_join(const char *group, tr_pid pid);
TR_API tr_err tr_group_leave(const char *group, tr_pid pid);
TR_API tr_value tr_group_members(const char *group); /* array of pids, fresh reference */
/** Send to all members; the number reached. Takes the message. */
TR_API size_t tr_group_send(const char *group, tr_value message);
/** Names of the groups that have members (pg:which_groups; array of strings). Fresh reference. */
TR_API tr_value tr_groups(void);
/** pg:monitor: from now on the caller gets [ref, join, group, [pid…]] and [ref, leave, group, [pid…]], in the order in
 *  which it happened. What there was at this moment goes to *now (fresh reference; may be NULL): an array of pids, or
 *  for group NULL, which means all groups (pg:monitor_scope), a map group -> array of pids. {0} without memory. */
TR_API tr_ref tr_group_monitor(const char *group, tr_value *now);
/** Stop; updates of this ref that have arrived are removed. TR_ENOENT when the caller has no such monitor. */
TR_API tr_err tr_group_demonitor(tr_ref ref);

/* ---- timers -------------------------------------------------------------------------------------------------- */

/** Send `message` (taken) to `to` at `deadline`. */
TR_API tr_ref tr_send_at(tr_pid to, tr_value message, int64_t deadline);
/** Cancel; the remaining nanoseconds, or -1 when it is no longer armed. The message cannot arrive afterwards if the
 *  result is not -1. Any actor may cancel. */
TR_API int64_t tr_cancel_timer(tr_ref timer);
/** Park until the deadline. */
TR_API void tr_sleep_until(int64_t deadline);

/* ---- fairness and blocking work ------------------------------------------------------------------------------ */

/** Charge n reductions; may yield the scheduler to others. Long loops call this. */
TR_API void tr_reduce(uint32_t n);
/** Let every other ready actor of this scheduler go first. */
TR_API void tr_yield(void);
/** Run fn(arg) on the dirty pool, where it may block the thread; the actor is parked meanwhile. fn must not call
 *  anything of this header. Returns what fn returned; TR_EFULL/TR_ENOMEM never block for ever. */
TR_API void *tr_dirty(void *(*fn)(void *arg), void *arg, tr_err *err);

/* ---- an actor's own things ------------------------------------------------------------------------------------ */

/** Call destructor(ptr) when the actor ends, however it ends (last registered first). The destructor runs inside no
 *  actor context that can block: it may tr_send, free, close. Returns TR_ENOMEM when it could not be registered (then
 * the destructor was called). */
TR_API tr_err tr_own(void *ptr, void (*destructor)(void *));
/** Forget the newest registration of ptr without calling its destructor. False when there is none. */
TR_API bool tr_disown(void *ptr);
/** Zeroed memory that is freed when the actor ends. */
TR_API void *tr_own_alloc(size_t n);
/** Drop v when the actor ends (for values held on the C stack across a blocking call). Returns v. */
TR_API tr_value tr_own_value(tr_value v);

TR_EXTERN_C_END

#endif
