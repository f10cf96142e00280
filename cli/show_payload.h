/* SPDX-License-Identifier: Apache-2.0 */
/** Values of events for people: as tr_show, but with the words of playbooks, [1, null, {}]. */
#ifndef TROUPE_CLI_SHOW_PAYLOAD_H
#define TROUPE_CLI_SHOW_PAYLOAD_H

#include <troupe/value.h>

/** At most `max` bytes; what is longer ends in an ellipsis. */
void show_payload(tr_buf *out, tr_value v, size_t max);

#endif
