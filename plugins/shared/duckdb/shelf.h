/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the engine remembers of files: databases that stay open for a while behind their last task, since opening one
 * takes longer than most queries, and files whose views and macros were looked at and that nobody has changed since.
 * Under the engine's `opening`.
 */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_SHELF_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_SHELF_H

#include "plugins/shared/duckdb/api.h"

#include <sys/types.h>
#include <troupe/actor.h>

#define SHELF_DATABASES 16u
#define SHELF_MARKS     64u

typedef struct shelf_database {
	tr_value path; /* owned */
	duckdb_database db;
	int64_t until; /* it is closed; on tr_now's clock */
} shelf_database;

/** A file as it was. It is never opened to look: closing it would take DuckDB's lock on it away, which is the
 * process's.
 */
typedef struct shelf_mark {
	tr_value path; /* owned */
	dev_t device;
	ino_t number;
	off_t size;
	int64_t changed_ns;
} shelf_mark;

typedef struct duck_shelf {
	shelf_database open[SHELF_DATABASES];
	size_t count;
	shelf_mark marks[SHELF_MARKS];
	size_t next; /* of the marks that is overwritten */
} duck_shelf;

/** All must have been taken out. */
void shelf_fini(duck_shelf *s);
bool shelf_has(const duck_shelf *s, const char *path);
/** Keep it. Takes *db, which is NULL then; false: there is no room. What is there of the same path stays, and *db is
 * left to the caller. */
bool shelf_put(duck_shelf *s, const char *path, duckdb_database *db, int64_t until);
/** Take out the one of a path, or one whose time has passed; NULL: there is none. It is the caller's to close. */
duckdb_database shelf_take(duck_shelf *s, const char *path);
duckdb_database shelf_take_due(duck_shelf *s, int64_t now);
/** When the next one's time has passed; TR_FOREVER: there is none. */
int64_t shelf_due(const duck_shelf *s);

/** Its views and macros have been looked at, and it is closed. Blocks shortly. */
void shelf_mark_file(duck_shelf *s, const char *path);
/** Is it as it was then? */
bool shelf_is_marked(const duck_shelf *s, const char *path);

#endif
