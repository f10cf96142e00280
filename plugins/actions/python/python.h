/* SPDX-License-Identifier: Apache-2.0 */
/** The tool kind python: tasks in Python, run by a pool of child interpreters. Inputs and results: docs/playbook.md,
 * Results and tools. */
#ifndef TROUPE_PLUGINS_ACTIONS_PYTHON_H
#define TROUPE_PLUGINS_ACTIONS_PYTHON_H

#include <troupe/plugin.h>

extern const char python_manifest[];
extern const tr_plugin python_plugin;

#endif
