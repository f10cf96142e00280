/* SPDX-License-Identifier: Apache-2.0 */
/** Statements without rows, and copies, on a session. Calls park the actor, never the thread. */
#ifndef TROUPE_PLUGINS_SHARED_POSTGRES_COMMAND_H
#define TROUPE_PLUGINS_SHARED_POSTGRES_COMMAND_H

#include "plugins/shared/postgres/session.h"

/** Run statements without parameters, and throw away what they give. Absent, or an outcome. */
tr_value pg_command(pg_session *s, const char *sql, int64_t deadline);
/** What the statement would give, without running it: *r (the caller's) has the names and types. */
tr_value pg_describe(pg_session *s, const char *sql, int64_t deadline, PGresult **r);
/** Begin a COPY … TO STDOUT or FROM STDIN, as `sql` says. */
tr_value pg_copy_begin(pg_session *s, const char *sql, int64_t deadline);
/** The next row of a copy to here: *row is the caller's (PQfreemem) with its line feed, NULL behind the last. */
tr_value pg_copy_row(pg_session *s, int64_t deadline, char **row, size_t *n);
/** Send a part of a copy from here; its size is up to the caller. */
tr_value pg_copy_put(pg_session *s, tr_str bytes, int64_t deadline);
/** All was sent. *line: in which line of the copy the fault is, 0 when it is in none. */
tr_value pg_copy_end(pg_session *s, int64_t deadline, size_t *line);

#endif
