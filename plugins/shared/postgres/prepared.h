/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a session has prepared, since it came again and again: INSERT, UPDATE and DELETE, whose texts the server then
 * neither reads nor plans anew. The name of a prepared statement follows from its text, so that it can never be another
 * statement, also where somebody between us and the server shares connections. Pure functions.
 */
#ifndef TROUPE_PLUGINS_SHARED_POSTGRES_PREPARED_H
#define TROUPE_PLUGINS_SHARED_POSTGRES_PREPARED_H

#include <troupe/value.h>

#define PG_PREPARED_MAX 32 /* a session */

typedef struct pg_statement {
	tr_value sql;  /* text; absent: a free place */
	uint32_t seen; /* so often */
	uint64_t last; /* when it was seen, in looks */
	bool ready;    /* the server has it */
	char name[40];
} pg_statement;

typedef struct pg_prepared {
	pg_statement *at; /* PG_PREPARED_MAX of them; NULL until the first look */
	uint64_t looks;
	bool off; /* it does not work with this server */
} pg_prepared;

/** Look at a statement that is about to run: NULL when it is to be sent as it is. Else it is ready to be executed by
 * its name, or, when it is not `ready`, to be prepared under it first. */
pg_statement *pg_prepared_look(pg_prepared *p, tr_str sql);
/** An error of a prepared statement, by its SQLSTATE: could the same text, read anew, do better? */
bool pg_prepared_is_stale(const char *state);
/** This one is to be sent as it is from now on, until it has come often enough again. */
void pg_prepared_forget(pg_statement *s);
/** Are there so many that none can be added? */
bool pg_prepared_full(const pg_prepared *p);
/** The session has none any more. */
void pg_prepared_clear(pg_prepared *p);
void pg_prepared_fini(pg_prepared *p);

#endif
