/* SPDX-License-Identifier: Apache-2.0 */
/** Text from playbooks, tools and other machines on its way to a terminal or into a line. */
#ifndef TROUPE_CLI_ESCAPE_H
#define TROUPE_CLI_ESCAPE_H

#include <troupe/value.h>

#include "runtime/value/escape.h"

/** escape_put into a buffer of n bytes, cut where it is full. Returns buf. */
const char *escape_into(char *buf, size_t n, tr_str text);
/** Of a value: its text when it has one, otherwise as tr_show has it. At most `max` bytes. */
void escape_value(tr_buf *out, tr_value v, size_t max);

#endif
