/* SPDX-License-Identifier: Apache-2.0 */
/* libpq without blocking. */
#include "plugins/shared/postgres/session.h"
#include "plugins/shared/postgres/fault.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Notices are nobody's, but for the last words of a server that ends an idle session. */
static void on_notice(void *arg, const PGresult *r)
{
	pg_session *s = arg;
	const char *severity = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
		s->dying = true;
}

void pg_session_free(pg_session *s)
{
	if (s == NULL)
		return;
	PQfinish(s->conn);
	tr_fd_watch_free(s->watch);
	pg_prepared_fini(&s->prepared);
	tr_free(s);
}

static void session_end(void *arg)
{
	pg_session_free(arg);
}

/* ---- connecting ---- */

struct connecting {
	PGconn *conn;
	PostgresPollingStatusType state;
};

static void *poll_once(void *arg)
{
	struct connecting *c = arg;

	c->state = PQconnectPoll(c->conn);
	return NULL;
}

/* Proving a password (SCRAM) and TLS are milliseconds of arithmetic, which no scheduler is to stand still for. */
static PostgresPollingStatusType poll_connection(PGconn *conn)
{
	struct connecting c = {conn, PGRES_POLLING_FAILED};
	bool computes = PQstatus(conn) == CONNECTION_AWAITING_RESPONSE || PQstatus(conn) == CONNECTION_SSL_STARTUP;
	tr_err err = TR_EFULL;

	if (computes)
		(void)tr_dirty(poll_once, &c, &err);
	if (err != TR_OK)
		(void)poll_once(&c);
	return c.state;
}

static tr_err connect_on(pg_session *s, int64_t deadline)
{
	PGconn *conn = s->conn;
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (PQstatus(conn) != CONNECTION_BAD) {
		tr_err err =
		    pg_session_wait(s, state == PGRES_POLLING_READING ? TR_FD_READ : TR_FD_WRITE, deadline, NULL);
		if (err != TR_OK)
			return err;
		state = poll_connection(conn); /* the socket may be another one after this */
		if (state == PGRES_POLLING_OK)
			return TR_OK;
		if (state == PGRES_POLLING_FAILED)
			return TR_ECLOSED;
	}
	return TR_ECLOSED;
}

pg_session *pg_session_open(const pg_target *t, int64_t deadline, tr_value *fault)
{
	pg_session *s = tr_alloc(sizeof(*s));

	*fault = tr_absent();
	if (s != NULL)
		s->watch = tr_fd_watch_new(NULL);
	if (s != NULL && s->watch != NULL)
		s->conn = pg_target_connect(t);
	if (s != NULL && s->conn == NULL) {
		pg_session_free(s);
		s = NULL;
	}
	if (s == NULL || tr_own(s, session_end) != TR_OK) {
		*fault = tr_outcome_error("busy", true, "postgres cannot connect: out of memory");
		return NULL; /* tr_own has called the destructor when it failed */
	}
	PQsetNoticeReceiver(s->conn, on_notice, s);
	memcpy(s->key, t->key, sizeof s->key);
	tr_err err = connect_on(s, deadline);
	if (err == TR_OK && PQsetnonblocking(s->conn, 1) != 0)
		err = TR_ECLOSED;
	tr_disown(s);
	if (err == TR_OK)
		return s;
	*fault = pg_fault_connect(s->conn, err);
	pg_session_free(s);
	return NULL;
}

/* ---- talking ---- */

tr_err pg_session_wait(pg_session *s, int events, int64_t deadline, int *ready)
{
	return tr_fd_watch_wait(s->watch, PQsocket(s->conn), events, deadline, ready);
}

tr_err pg_session_flush(pg_session *s, int64_t deadline)
{
	int left, ready;

	while ((left = PQflush(s->conn)) == 1) {
		/* A server that is busy answering may not read on before we do. */
		tr_err err = pg_session_wait(s, TR_FD_READ | TR_FD_WRITE, deadline, &ready);
		if (err != TR_OK)
			return err;
		if ((ready & TR_FD_READ) && !PQconsumeInput(s->conn))
			return TR_ECLOSED;
	}
	return left == 0 ? TR_OK : TR_ECLOSED;
}

PGresult *pg_session_result(pg_session *s, int64_t deadline, tr_err *err)
{
	*err = TR_OK;
	while (PQisBusy(s->conn)) {
		*err = pg_session_wait(s, TR_FD_READ, deadline, NULL);
		if (*err == TR_OK && !PQconsumeInput(s->conn))
			*err = TR_ECLOSED;
		if (*err != TR_OK)
			return NULL;
	}
	return PQgetResult(s->conn);
}

/* ---- between two users ---- */

bool pg_session_clean(pg_session *s)
{
	if (PQstatus(s->conn) != CONNECTION_OK || PQtransactionStatus(s->conn) != PQTRANS_IDLE)
		return false;
	if (!s->altered && !pg_prepared_full(&s->prepared))
		return true;
	pg_prepared_clear(&s->prepared); /* they are among all that is discarded */
	s->altered = false;
	s->cleaning = true;
	return PQsendQuery(s->conn, "DISCARD ALL") == 1 && PQflush(s->conn) == 0;
}

/* Neither anything to read nor a hang-up. */
static bool is_silent(PGconn *conn)
{
	char byte;

	return recv(PQsocket(conn), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool pg_session_revive(pg_session *s, int64_t deadline)
{
	PGresult *r;
	tr_err err;
	bool ok = true;

	if (!s->cleaning && !s->dying && is_silent(s->conn))
		return true;
	/* Reading finds out whether the server has hung up meanwhile, asking for notifications what it said before. */
	if (!PQconsumeInput(s->conn))
		return false;
	PQfreemem(PQnotifies(s->conn));
	if (s->dying || !PQconsumeInput(s->conn))
		return false;
	s->cleaning = false;
	while ((r = pg_session_result(s, deadline, &err)) != NULL) {
		ok = ok && PQresultStatus(r) == PGRES_COMMAND_OK;
		PQclear(r);
	}
	return ok && err == TR_OK && PQstatus(s->conn) == CONNECTION_OK;
}

void pg_session_cancel(pg_session *s)
{
	char why[256];
	PGcancel *cancel = PQtransactionStatus(s->conn) == PQTRANS_ACTIVE ? PQgetCancel(s->conn) : NULL;

	if (cancel != NULL) {
		(void)PQcancel(cancel, why, sizeof why);
		PQfreeCancel(cancel);
	}
}
