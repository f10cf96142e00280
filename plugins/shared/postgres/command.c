/* SPDX-License-Identifier: Apache-2.0 */
/* libpq's simple protocol and its copies. */
#include "plugins/shared/postgres/command.h"
#include "plugins/shared/postgres/fault.h"

#include <stdlib.h>
#include <string.h>
#include <troupe/io.h>

static tr_value lost(pg_session *s, tr_err err)
{
	return pg_fault_lost(s->conn, err, 1);
}

/* Where in a copy from here: "COPY t, line 7, column a". */
static size_t line_of(const PGresult *r)
{
	const char *context = PQresultErrorField(r, PG_DIAG_CONTEXT);
	const char *mark = context == NULL ? NULL : strstr(context, ", line ");

	return mark == NULL ? 0 : (size_t)strtoul(mark + strlen(", line "), NULL, 10);
}

/* Take all results; the first fault counts. *kept, when asked for, becomes the last good one. */
static tr_value drain(pg_session *s, tr_str sql, int64_t deadline, PGresult **kept, size_t *line)
{
	tr_value fault = tr_absent();
	tr_err err;
	PGresult *r;

	while ((r = pg_session_result(s, deadline, &err)) != NULL) {
		ExecStatusType status = PQresultStatus(r);
		bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
		if (!good && !tr_is_valid(fault)) {
			fault = pg_fault_result(r, 1, sql);
			if (line != NULL)
				*line = line_of(r);
		}
		if (good && kept != NULL) {
			PQclear(*kept);
			*kept = r;
			r = NULL;
		}
		PQclear(r);
		if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
			break; /* it would be given for ever */
	}
	if (err == TR_OK)
		return fault;
	tr_drop(fault);
	return lost(s, err);
}

static tr_value send(pg_session *s, int sent, int64_t deadline)
{
	tr_err err = sent == 1 ? pg_session_flush(s, deadline) : TR_ECLOSED;

	return err == TR_OK ? tr_absent() : lost(s, err);
}

tr_value pg_command(pg_session *s, const char *sql, int64_t deadline)
{
	tr_value fault = send(s, PQsendQuery(s->conn, sql), deadline);

	s->altered = true;
	return tr_is_valid(fault) ? fault : drain(s, tr_s(sql), deadline, NULL, NULL);
}

tr_value pg_describe(pg_session *s, const char *sql, int64_t deadline, PGresult **r)
{
	*r = NULL;
	tr_value fault = send(s, PQsendPrepare(s->conn, "", sql, 0, NULL), deadline);
	if (!tr_is_valid(fault))
		fault = drain(s, tr_s(sql), deadline, NULL, NULL);
	if (!tr_is_valid(fault))
		fault = send(s, PQsendDescribePrepared(s->conn, ""), deadline);
	return tr_is_valid(fault) ? fault : drain(s, tr_s(sql), deadline, r, NULL);
}

tr_value pg_copy_begin(pg_session *s, const char *sql, int64_t deadline)
{
	tr_value fault = send(s, PQsendQuery(s->conn, sql), deadline);
	tr_err err;

	if (tr_is_valid(fault))
		return fault;
	PGresult *r = pg_session_result(s, deadline, &err);
	if (r == NULL)
		return lost(s, err == TR_OK ? TR_ECLOSED : err);
	bool copies = PQresultStatus(r) == PGRES_COPY_IN || PQresultStatus(r) == PGRES_COPY_OUT;
	if (!copies)
		fault = pg_fault_result(r, 1, tr_s(sql));
	PQclear(r);
	if (!copies)
		tr_drop(drain(s, tr_s(sql), deadline, NULL, NULL));
	return fault;
}

tr_value pg_copy_row(pg_session *s, int64_t deadline, char **row, size_t *n)
{
	int got;

	*row = NULL;
	while ((got = PQgetCopyData(s->conn, row, 1)) == 0) {
		tr_err err = pg_session_wait(s, TR_FD_READ, deadline, NULL);
		if (err == TR_OK && !PQconsumeInput(s->conn))
			err = TR_ECLOSED;
		if (err != TR_OK)
			return lost(s, err);
	}
	*n = got > 0 ? (size_t)got : 0;
	if (got > 0)
		return tr_absent();
	*row = NULL;
	return got == -1 ? drain(s, tr_s(""), deadline, NULL, NULL) : lost(s, TR_ECLOSED);
}

tr_value pg_copy_put(pg_session *s, tr_str bytes, int64_t deadline)
{
	int put;

	while ((put = PQputCopyData(s->conn, bytes.p, (int)bytes.n)) == 0) {
		tr_value fault = send(s, 1, deadline);
		if (tr_is_valid(fault))
			return fault;
	}
	return send(s, put, deadline);
}

tr_value pg_copy_end(pg_session *s, int64_t deadline, size_t *line)
{
	int put;

	*line = 0;
	while ((put = PQputCopyEnd(s->conn, NULL)) == 0) {
		tr_value fault = send(s, 1, deadline);
		if (tr_is_valid(fault))
			return fault;
	}
	tr_value fault = send(s, put, deadline);
	return tr_is_valid(fault) ? fault : drain(s, tr_s(""), deadline, NULL, line);
}
