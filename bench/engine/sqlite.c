/* SPDX-License-Identifier: Apache-2.0 */
/* The same appends in SQLite: write-ahead log, a transaction a batch, a row an event. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/engine/bench.h"

static void must(int code, sqlite3 *db)
{
	if (code != SQLITE_OK && code != SQLITE_DONE) {
		fprintf(stderr, "bench_engine: SQLite: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

static void put(sqlite3 *db, sqlite3_stmt *insert, int64_t execution, int64_t seq, const char *bytes, size_t size)
{
	must(sqlite3_bind_int64(insert, 1, execution), db);
	must(sqlite3_bind_int64(insert, 2, seq), db);
	must(sqlite3_bind_blob(insert, 3, bytes, (int)size, SQLITE_STATIC), db);
	must(sqlite3_step(insert), db);
	must(sqlite3_reset(insert), db);
}

double sqlite_rate(const char *path, int64_t batches, int64_t rows, size_t size, bool full)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *insert = NULL;
	char *bytes = tr_alloc(size);
	int64_t n = 0;
	double start, rate;

	must(sqlite3_open(path, &db), db);
	must(sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), db);
	must(sqlite3_exec(db, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", NULL, NULL, NULL), db);
	must(sqlite3_exec(db,
			  "CREATE TABLE events (execution INTEGER, seq INTEGER, bytes BLOB, PRIMARY KEY (execution, "
			  "seq)) WITHOUT ROWID",
			  NULL, NULL, NULL),
	     db);
	must(sqlite3_prepare_v2(db, "INSERT INTO events VALUES (?, ?, ?)", -1, &insert, NULL), db);
	start = wall_seconds();
	for (int64_t b = 0; b < batches; b++) {
		must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), db);
		for (int64_t i = 0; i < rows; i++, n++)
			put(db, insert, 1 + n / 7 % 1000, n / 7000 * 7 + n % 7, bytes, size);
		must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
	}
	rate = (double)n / (wall_seconds() - start);
	sqlite3_finalize(insert);
	sqlite3_close(db);
	tr_free(bytes);
	return rate;
}
