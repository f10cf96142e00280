/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What the tests of transfers share: a node with the kinds that take part and a folder that is granted to them, places
 * to copy from and to, and looks at what came of it.
 */
#ifndef TROUPE_TESTS_UNIT_PLUGINS_TRANSFER_KIT_H
#define TROUPE_TESTS_UNIT_PLUGINS_TRANSFER_KIT_H

#include "world.h"

extern world transfer_world;
extern char transfer_folder[40];

/** What cmocka wants of a setup and a teardown. PostgreSQL takes seconds to start. */
int transfer_start(bool with_postgres);
int transfer_stop(void);
/** 0, or what the test program ends with where DuckDB's library is missing. */
int transfer_missing(void);

/* ---- places ---- */

tr_value transfer_path(const char *name);
/** Of the PostgreSQL server. */
tr_value transfer_auth(void);
tr_value pg(const char *key, const char *what);
tr_value duck(const char *key, const char *what);
tr_value file(const char *name);
/** The outcome of a transfer. Takes all. */
tr_value copy_with(tr_value source, tr_value target, tr_value more);

/* ---- looks; they take the outcome ---- */

void check_copied(tr_value o, int64_t rows, int64_t chunks);
void check_error(tr_value o, const char *kind, const char *part, int64_t chunk, int64_t row);
/** The rows that SQL gives, as JSON. */
void check_sql(const char *kind, const char *sql, const char *expected);
void write_file(const char *name, const char *content);
void check_file(const char *name, const char *expected);

#endif
