/* SPDX-License-Identifier: Apache-2.0 */
/** Text from playbooks, tools and other machines on its way to a terminal or into a line. */
#ifndef TROUPE_CLI_ESCAPE_H
#define TROUPE_CLI_ESCAPE_H

#include <troupe/value.h>

/** Append the text so that it stays on its line and moves nothing: control characters (C0, DEL, C1), line and paragraph
 * separators and what turns the direction of writing become \n, \t, \xNN or \u{NNNN}; bytes that are no UTF-8 become
 * \xNN. */
void escape_put(tr_buf *out, tr_str text);
/** The same into a buffer of n bytes, cut where it is full. Returns buf. */
const char *escape_into(char *buf, size_t n, tr_str text);
/** Of a value: its text when it has one, otherwise as tr_show has it. At most `max` bytes. */
void escape_value(tr_buf *out, tr_value v, size_t max);

#endif
