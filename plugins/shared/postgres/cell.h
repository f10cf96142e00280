/* SPDX-License-Identifier: Apache-2.0 */
/** Values of PostgreSQL's types (in text form) to values of ours, and back. Pure functions. */
#ifndef TROUPE_PLUGINS_POSTGRES_CELL_H
#define TROUPE_PLUGINS_POSTGRES_CELL_H

#include <troupe/value.h>

#define PG_OID_JSON  114u
#define PG_OID_JSONB 3802u

/**
 * A cell by the object id of its type: bool; int and double (NaN and infinities included); numeric as an int or double
 * when that loses nothing, else as text; json as what it says; bytea as binary; date and time as ISO 8601 text; arrays
 * of these as arrays; everything else as text. Fresh reference; text that its type does not allow stays text.
 */
tr_value pg_cell_read(uint32_t type, tr_str text);

/** A parameter as text for a type (0: not known; what is a list then becomes an array literal). Nil gives absent
 * (NULL). Fresh reference; invalid with a text in *why for what cannot be sent. */
tr_value pg_cell_write(uint32_t type, tr_value v, tr_value *why);

#endif
