/* SPDX-License-Identifier: Apache-2.0 */
/** What libpq reports, as outcomes. */
#ifndef TROUPE_PLUGINS_POSTGRES_FAULT_H
#define TROUPE_PLUGINS_POSTGRES_FAULT_H

#include <libpq-fe.h>
#include <troupe/plugin.h>

/** A connection that was not made: `err` says whether time ran out. */
tr_value pg_fault_connect(PGconn *conn, tr_err err);
/** A connection that was lost, or time that ran out, in the middle of statement `number` (1 is the first). */
tr_value pg_fault_lost(PGconn *conn, tr_err err, size_t number);
/** A statement that the server refused. */
tr_value pg_fault_result(const PGresult *r, size_t number, tr_str statement);

#endif
