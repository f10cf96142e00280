/* SPDX-License-Identifier: Apache-2.0 */
/**
 * One transfer: a source that fills batches, a target that takes them, and what both need to know. All of it is one
 * object, since what works on the dirty pool must find it when the task's actor was ended meanwhile.
 *
 * A kind of place is a row in the table of place.c: another one (a warehouse with an interface of its own, say) brings
 * a source_class, a target_class or both.
 */
#ifndef TROUPE_PLUGINS_TRANSFER_JOB_H
#define TROUPE_PLUGINS_TRANSFER_JOB_H

#include "plugins/actions/transfer/column.h"

#include <sys/types.h>

typedef enum transfer_mode {
	MODE_APPEND,
	MODE_REPLACE,
	MODE_UPSERT
} transfer_mode;

typedef struct transfer transfer;

/** All in the actor of the command, and may park; each gives absent, or an outcome that says what went wrong. */
typedef struct source_class {
	const char *kind;
	/** Find the source. Its columns may be known now, or when the first batch is there. */
	tr_value (*open)(transfer *t);
	/** Fill an empty batch (batch_begin is the source's, once it knows its columns); no rows: that was all. */
	tr_value (*next)(transfer *t, batch *b);
	/** Called once, from anywhere, when nobody uses it any more. NULL: nothing to do. */
	void (*destroy)(void *state);
} source_class;

typedef struct target_class {
	const char *kind;
	/** Make it ready; the columns are known, t->target_columns. */
	tr_value (*open)(transfer *t);
	/** Begin to take a batch; it stays as it is until `wait`. */
	tr_value (*write)(transfer *t, const batch *b);
	/** Wait until the batch is taken. NULL: `write` did it. */
	tr_value (*wait)(transfer *t);
	/** All is there: make it last. */
	tr_value (*finish)(transfer *t);
	/** Something failed: leave the target as it was before, as far as it can be. NULL: nothing to do. */
	void (*abandon)(transfer *t);
	void (*destroy)(void *state);
} target_class;

struct transfer {
	/* What was asked for. */
	tr_value source_spec, target_spec; /* maps */
	tr_value context;
	transfer_mode mode;
	tr_value keys; /* array of names */
	tr_value mapping;
	size_t chunk_size;
	int64_t deadline;
	tr_pid plugin; /* its own actor: a pool of PostgreSQL's sessions */

	/* Under way. */
	tr_value object; /* this one, borrowed: what keeps it while others work on it */
	const source_class *source;
	const target_class *target;
	void *source_state, *target_state;
	tr_value source_sql; /* of a source that reads files in its SQL; else absent */
	bool from_file;      /* then which: */
	dev_t from_dev;
	ino_t from_ino;
	columns source_columns, target_columns;
	batch batches[2];
	uint64_t rows; /* that the target has taken */
	size_t chunks;
};

/** Who serves a kind; NULL when nobody does. */
const source_class *source_find(tr_str kind);
const target_class *target_find(tr_str kind);
/** "http, postgres, …": for messages. */
const char *source_kinds(void);
const char *target_kinds(void);

/** A new one as an object, and the transfer in it; absent without memory. */
tr_value transfer_new(transfer **t);
/** Do it all. The outcome (fresh). */
tr_value transfer_perform(transfer *t);

/** A cell of a batch for the target's column `at`. */
static inline const cell *target_cell(const transfer *t, const batch *b, size_t row, size_t at)
{
	return batch_cell(b, row, t->target_columns.items[at].from);
}
/** A failure in a certain row of a batch (0 is its first); takes the outcome. */
tr_value transfer_at_row(tr_value fault, const batch *b, size_t row);

/* The places. */
extern const source_class postgres_source, duckdb_source, snowflake_source, file_source, http_source;
extern const target_class postgres_target, duckdb_target, snowflake_target, file_target, http_target;

#endif
