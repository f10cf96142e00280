/* SPDX-License-Identifier: Apache-2.0 */
/** What the tokens of an execution wait for, from its log: pending guards and open joins. */
#ifndef TROUPE_CLI_WAITING_H
#define TROUPE_CLI_WAITING_H

#include "cli/past.h"
#include "cli/style.h"

/** machine_waiting of the execution as its log has it, each with `when`: its step's guard, text or nil. An empty array
 * when its playbook or its log cannot be read. Fresh reference. */
tr_value waiting_of(past *p);
/** A line each on stdout. */
void waiting_print(const style *s, tr_value waiting);

#endif
