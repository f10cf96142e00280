/* SPDX-License-Identifier: Apache-2.0 */
/** Where to connect and as whom: the fields of a credential as libpq's parameters. */
#ifndef TROUPE_PLUGINS_POSTGRES_TARGET_H
#define TROUPE_PLUGINS_POSTGRES_TARGET_H

#include <libpq-fe.h>
#include <troupe/plugin.h>

#define PG_PARAMETERS 24
#define PG_KEY_SIZE   65

typedef struct pg_target {
	const char *names[PG_PARAMETERS];
	tr_value values[PG_PARAMETERS]; /* texts */
	size_t count;
	char key[PG_KEY_SIZE]; /* a hash of all: the same key, the same server and user */
} pg_target;

/** Read it (zeroed before, owned by the caller) from `auth` with the connection's fields of the task's input over it.
 * Absent, or an outcome that says what is missing or which grant. Finish either way. May block (names are looked up).
 */
tr_value pg_target_read(pg_target *t, tr_value auth, tr_value input, tr_value context, int64_t deadline);
void pg_target_fini(pg_target *t);
/** Begin to connect, as libpq does it without blocking; NULL without memory. */
PGconn *pg_target_connect(const pg_target *t);

#endif
