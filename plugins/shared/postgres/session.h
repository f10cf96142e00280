/* SPDX-License-Identifier: Apache-2.0 */
/** A connection to a server, used by one actor at a time. Calls park the actor, never the thread. */
#ifndef TROUPE_PLUGINS_SHARED_POSTGRES_SESSION_H
#define TROUPE_PLUGINS_SHARED_POSTGRES_SESSION_H

#include "plugins/shared/postgres/prepared.h"
#include "plugins/shared/postgres/target.h"

#include <libpq-fe.h>
#include <troupe/io.h>

typedef struct pg_session {
	PGconn *conn;
	tr_fd_watch *watch; /* of its socket */
	char key[PG_KEY_SIZE];
	bool dying;    /* the server said so */
	bool cleaning; /* the answer of its cleaning is still to come */
	bool altered;  /* what ran may have changed the session itself (SET, temporary tables, …) */
	int64_t since; /* idle since; for the pool */
	pg_prepared prepared;
} pg_session;

/** Connect. NULL with an outcome in *fault. An actor that ends while it connects leaves nothing behind. */
pg_session *pg_session_open(const pg_target *t, int64_t deadline, tr_value *fault);
void pg_session_free(pg_session *s);

/** Is a session from the pool still good? Takes what is left over from its cleaning. */
bool pg_session_revive(pg_session *s, int64_t deadline);
/** Begin to clean what ran before; the answer is waited for by who revives it. False: throw it away. */
bool pg_session_clean(pg_session *s);
/** Ask the server to give up what runs there. Blocks the thread: on the dirty pool. */
void pg_session_cancel(pg_session *s);

/** Wait for the socket, which may be another one after each step of connecting. *ready may be NULL. */
tr_err pg_session_wait(pg_session *s, int events, int64_t deadline, int *ready);
/** After a PQsend…: everything written. TR_ETIMEOUT, TR_ECLOSED. */
tr_err pg_session_flush(pg_session *s, int64_t deadline);
/** The next result, NULL with *err TR_OK when there is no more. */
PGresult *pg_session_result(pg_session *s, int64_t deadline, tr_err *err);

#endif
