/* SPDX-License-Identifier: Apache-2.0 */
/** Subjects and patterns as NATS has them: tokens between dots, `*` is any one token, a last `>` is one or more. Pure
 * functions. */
#ifndef TROUPE_PLUGINS_HOST_PATTERN_H
#define TROUPE_PLUGINS_HOST_PATTERN_H

#include <troupe/base.h>

/** Non-empty tokens, no white space, no wild cards; at most 255 bytes. */
bool subject_valid(tr_str subject);
/** The same, with `*` as a whole token and `>` as the whole last token. */
bool pattern_valid(tr_str pattern);
bool pattern_matches(tr_str pattern, tr_str subject);

#endif
