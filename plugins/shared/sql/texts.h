/* SPDX-License-Identifier: Apache-2.0 */
/** The texts that a statement has: what could be paths in it. */
#ifndef TROUPE_PLUGINS_SHARED_SQL_TEXTS_H
#define TROUPE_PLUGINS_SHARED_SQL_TEXTS_H

#include <troupe/value.h>

typedef bool sql_text_test(const char *text, void *arg);

/** Does the test say yes to a text or quoted name in the SQL, without its quotes, or to a text within the params? What
 * stands behind backslashes is not looked for. */
bool sql_texts_any(tr_str sql, tr_value params, sql_text_test *test, void *arg);

#endif
