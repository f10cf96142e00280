/* SPDX-License-Identifier: Apache-2.0 */
/** Columns: what a source has, and which of them go to the target under which names. */
#ifndef TROUPE_PLUGINS_TRANSFER_COLUMN_H
#define TROUPE_PLUGINS_TRANSFER_COLUMN_H

#include "plugins/actions/transfer/batch.h"

#include <troupe/plugin.h>

/* The types that a table is made with when it is not there. */
#define COLUMN_TYPES(X)                                                                       \
	X(ANY, "text", "VARCHAR", "VARCHAR") /* not known: the rows tell */                   \
	X(BOOL, "boolean", "BOOLEAN", "BOOLEAN")                                              \
	X(INT, "bigint", "BIGINT", "NUMBER(38,0)")                                            \
	X(FLOAT, "double precision", "DOUBLE", "FLOAT")                                       \
	X(DECIMAL, "numeric", "VARCHAR", "VARCHAR") /* VARCHAR: exact, whatever its digits */ \
	X(TEXT, "text", "VARCHAR", "VARCHAR")                                                 \
	X(BYTES, "bytea", "BLOB", "BINARY")                                                   \
	X(JSON, "jsonb", "JSON", "VARIANT")                                                   \
	X(DATE, "date", "DATE", "DATE")                                                       \
	X(TIME, "time", "TIME", "TIME")                                                       \
	X(TIMESTAMP, "timestamp", "TIMESTAMP", "TIMESTAMP_NTZ")                               \
	X(TIMESTAMPTZ, "timestamptz", "TIMESTAMPTZ", "TIMESTAMP_TZ")                          \
	X(UUID, "uuid", "UUID", "VARCHAR")

typedef enum column_type {
#define X(name, postgres, duckdb, snowflake) COLUMN_##name,
	COLUMN_TYPES(X)
#undef X
} column_type;

typedef struct column {
	tr_value name;
	column_type type;
	int precision, scale; /* of a decimal that has them; else 0 */
	size_t from;          /* in a target's list: which of the source's it is */
} column;

typedef struct columns {
	column *items;
	size_t count;
} columns;

void columns_fini(columns *c);
/** Takes the name. */
tr_err columns_add(columns *c, tr_value name, column_type type);
/** -1 when there is none of this name. */
int64_t columns_find(const columns *c, tr_str name);
/** Types that are not known yet, from the first rows: the one kind that a column's cells have, else text. */
void columns_guess(columns *c, const batch *b);
/** The target's columns: all of the source's, or those that `mapping` (target -> source) names. Absent or an outcome.
 */
tr_value columns_map(columns *target, const columns *source, tr_value mapping);

/** Append a type's name for each of the databases. */
void column_put_postgres(tr_buf *out, const column *c);
void column_put_duckdb(tr_buf *out, const column *c);
void column_put_snowflake(tr_buf *out, const column *c);
/** Append a name in double quotes. */
void column_put_name(tr_buf *out, tr_str name);
/** Append all names, with commas. */
void columns_put_names(tr_buf *out, const columns *c);
/** Append "schema.table" with each part quoted. */
void column_put_table(tr_buf *out, tr_str table);
/** Append CREATE TABLE IF NOT EXISTS; `put` writes types; keys (array of names) become the primary key. */
void column_put_create(tr_buf *out, tr_str table, const columns *c, void (*put)(tr_buf *, const column *),
		       tr_value keys);
/** Append the names of an array, quoted, with commas. */
void columns_put_list(tr_buf *out, tr_value names);

/** Is the name one of these (an array of names)? */
bool column_is_among(tr_value names, tr_value name);

#endif
