/* SPDX-License-Identifier: Apache-2.0 */
/** The tool kind artifact: values in the node's artifact store, by reference. docs/playbook.md, section 10. */
#ifndef TROUPE_PLUGINS_ACTIONS_ARTIFACT_H
#define TROUPE_PLUGINS_ACTIONS_ARTIFACT_H

#include <troupe/plugin.h>

extern const char artifact_manifest[];
extern const tr_plugin artifact_plugin;

#endif
