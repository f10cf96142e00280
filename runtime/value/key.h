/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of keys that the program itself writes: made once, never freed, not counted. */
#ifndef TROUPE_VALUE_KEY_H
#define TROUPE_VALUE_KEY_H

#include <troupe/value.h>

/** The string with this text: a shared one when there is room for it among the known keys, else a fresh one. Either is
 * dropped as usual. Invalid as tr_string. Any thread. */
tr_value key_string(const char *z);

/** The same for a text that a playbook says again and again, but only while there is room enough for the program's own
 * keys. Fresh. */
tr_value key_text(tr_str text);

#endif
