/* SPDX-License-Identifier: Apache-2.0 */
/** One command with the points around it: task_execute (context: the command; result: the outcome) and task_outcome
 * (context and result: { command, outcome }). Without hooks there it is only the command. */
#ifndef TROUPE_PLUGINS_HOST_PERFORM_H
#define TROUPE_PLUGINS_HOST_PERFORM_H

#include "plugins/host/state.h"

/** `core` performs the command (borrowed) and gives an outcome. A proper outcome, fresh. */
tr_value plugin_perform(plugin_record *r, tr_value command, hook_core *core, void *arg);

#endif
