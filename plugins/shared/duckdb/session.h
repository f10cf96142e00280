/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A connection to a database, for one task. What it does blocks its thread, so it is done on the dirty pool, by an
 * actor beside the task's own: the task waits for it and can be ended at any time; then what runs is interrupted, and
 * the plugin `duckdb` closes the connection.
 */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_SESSION_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_SESSION_H

#include "plugins/shared/duckdb/engine.h"

#include <stdatomic.h>

typedef struct duck_session {
	duck_engine *engine;
	const duck_api *api;
	tr_value holder;        /* the engine's object */
	pthread_mutex_t busy;   /* held while something is done with it */
	pthread_mutex_t lock;   /* of `connection` against who interrupts */
	_Atomic bool cancelled; /* no statement begins any more */
	duckdb_database db;     /* under busy, like the rest */
	duckdb_connection connection;
	tr_value path; /* of the database; absent: it was never connected */
	bool known;    /* what views and macros the database has need not be looked at */
	duck_after after;
} duck_session;

/** A session that is not connected yet, as an object. Takes the engine's. */
tr_value duck_session_new(tr_value engine);
duck_session *duck_session_of(tr_value object);
/** Connect. False with a text in *why. Blocks; within work (below). */
bool duck_session_connect(duck_session *s, const char *path, tr_value *why);
/** Stop what it does. From any thread; does not block. */
void duck_session_cancel(duck_session *s);
/** Wait for what it does, and close it. Blocks. */
void duck_session_close(duck_session *s);

/* ---- in the actor of a command ---- */

typedef struct duck_lease duck_lease;

/** Own the session (taken): however the actor ends, what it does is interrupted and it is closed by `keeper`. NULL
 * without memory. */
duck_lease *duck_lease_new(tr_value session, tr_pid keeper);
/** Close it and give the lease back. */
void duck_lease_end(duck_lease *l);

/** Do work(arg) with the session on the dirty pool, and wait for it. `held` (borrowed) keeps arg alive while it goes
 * on, since the caller may be ended before. TR_ETIMEOUT: the deadline passed, it was interrupted and is of no more use.
 */
tr_err duck_do(duck_lease *l, void (*work)(void *arg), void *arg, tr_value held, int64_t deadline);

/** The same in two: begin, and wait for what was begun. Only one at a time. */
tr_err duck_begin(duck_lease *l, void (*work)(void *arg), void *arg, tr_value held, tr_ref *ref);
tr_err duck_wait(duck_lease *l, tr_ref ref, int64_t deadline);

/** What the keeper does with the message of a lease whose actor ended: [gone, session]. True when it was one. */
bool duck_lease_gone(tr_value message);
/** The same with the message of one that has left a database open: [sweep, engine]. */
bool duck_lease_sweep(tr_value message);

#endif
