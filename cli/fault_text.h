/* SPDX-License-Identifier: Apache-2.0 */
/** What an error says, for people. */
#ifndef TROUPE_CLI_FAULT_TEXT_H
#define TROUPE_CLI_FAULT_TEXT_H

#include <troupe/value.h>

/** The message of an error (borrowed map) with the place in the playbook that it comes from, unless it says that
 * itself. Fresh text; absent when there is no message. */
tr_value fault_text(tr_value error);

#endif
