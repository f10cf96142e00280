/* SPDX-License-Identifier: Apache-2.0 */
/** Where databases put what does not fit into memory: a folder for each, since DuckDB lets statements use the whole of
 * their database's. They are in one of the engine's, which goes away with it. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_TEMP_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_TEMP_H

#include <limits.h>
#include <stdatomic.h>
#include <troupe/base.h>

typedef struct duck_temp {
	char path[PATH_MAX];   /* "": there is none */
	int lock;              /* held for as long as somebody uses it */
	_Atomic uint64_t next; /* of those in memory */
} duck_temp;

/** Make it below `folder` (made when missing; "": the system's), and remove those there that nobody uses any more.
 * Blocks. */
void duck_temp_open(duck_temp *t, const char *folder);
void duck_temp_close(duck_temp *t);
/** The folder of the database at `path` (or ":memory:": another one each time). "": none is to be had. */
void duck_temp_of(duck_temp *t, const char *path, char out[PATH_MAX]);

#endif
