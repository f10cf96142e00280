/* SPDX-License-Identifier: Apache-2.0 */
/** Text from playbooks, tools and other machines on its way to a terminal or into a line. */
#ifndef TROUPE_VALUE_ESCAPE_H
#define TROUPE_VALUE_ESCAPE_H

#include <troupe/base.h>

/** Would this character move something, hide something or turn the direction of writing: C0, DEL, C1, line and
 * paragraph separators, bidirectional controls, noncharacters? */
bool escape_wanted(uint32_t code);
/** Append the text so that it stays on its line and moves nothing: such characters become \n, \t, \xNN or \u{NNNN};
 * bytes that are no UTF-8 become \xNN. */
void escape_put(tr_buf *out, tr_str text);

#endif
