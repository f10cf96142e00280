/* SPDX-License-Identifier: Apache-2.0 */
/** Exact numbers of databases as values. */
#ifndef TROUPE_PLUGINS_SHARED_SQL_NUMBER_H
#define TROUPE_PLUGINS_SHARED_SQL_NUMBER_H

#include <troupe/value.h>

/** A decimal number as text (NUL-terminated): an int or double when that loses nothing, else the text itself, so that
 * money is never rounded. NaN and infinities are doubles. Fresh reference. */
tr_value sql_number(tr_str text);
/** Only an integer, only a double; text that is none stays text. */
tr_value sql_integer(tr_str text);
tr_value sql_double(tr_str text);

#endif
