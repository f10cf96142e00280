/* SPDX-License-Identifier: Apache-2.0 */
/** The tool kind shell: commands run by bash. Needs the grant exec. Inputs and results: docs/playbook.md, Results and
 * tools. */
#ifndef TROUPE_PLUGINS_ACTIONS_SHELL_H
#define TROUPE_PLUGINS_ACTIONS_SHELL_H

#include <troupe/plugin.h>

extern const char shell_manifest[];
extern const tr_plugin shell_plugin;

#endif
