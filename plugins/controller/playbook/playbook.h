/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The tool kind playbook: runs another playbook as an execution of its own and waits for its end. Inputs and result:
 * docs/playbook.md, "Results and tools". It asks the node's services `catalog` and `executions`; the execution it runs
 * for keeps the record of what was started, so a task that is taken up again finds the same child.
 */
#ifndef TROUPE_PLUGINS_CONTROLLER_PLAYBOOK_H
#define TROUPE_PLUGINS_CONTROLLER_PLAYBOOK_H

#include <troupe/plugin.h>

extern const char playbook_manifest[];
extern const tr_plugin playbook_plugin;

#endif
