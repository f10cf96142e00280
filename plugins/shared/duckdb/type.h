/* SPDX-License-Identifier: Apache-2.0 */
/** A column's type, taken apart once so that reading a cell asks DuckDB for nothing but its memory. */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_TYPE_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_TYPE_H

#include "plugins/shared/duckdb/api.h"

typedef struct duck_type {
	duckdb_type id;
	duckdb_type internal; /* of decimals and enums: the integers they are kept as */
	uint8_t width, scale; /* of decimals */
	bool json;            /* a text that is JSON */
	idx_t size;           /* of fixed arrays */
	tr_value names;       /* of enums: their words; of structs: their fields */
	struct duck_type *children;
	size_t count;
} duck_type;

/** Borrows the type. False without memory, or when it is nested too deep; finish either way. */
bool duck_type_read(duck_type *t, const duck_api *api, duckdb_logical_type type, int depth);
void duck_type_fini(duck_type *t);

/** A cell of a vector as a value: integers as such when they have 64 bits and as text beyond, decimals as numbers when
 * that loses nothing and else as text, dates and times as ISO 8601 text, JSON as what it says, lists as arrays, structs
 * and maps as mappings (keys that are no text become text). Fresh reference; invalid TR_EUNSUPPORTED for a type without
 * a counterpart. */
tr_value duck_cell_read(const duck_api *api, const duck_type *t, duckdb_vector v, idx_t row);

/** A value as one of DuckDB's: its types follow from it (a list of mixed kinds becomes JSON text). Invalid values and
 * those without a counterpart give NULL. */
duckdb_value duck_cell_write(const duck_api *api, tr_value v);

#endif
