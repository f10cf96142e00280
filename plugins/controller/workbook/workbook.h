/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The controller `workbook`: which entry of a playbook's workbook a task of kind workbook is, and what that entry is
 * given. Questions and answers: docs/plugins/controllers.md. As a tool kind it performs entries for other plugins.
 */
#ifndef TROUPE_PLUGINS_CONTROLLER_WORKBOOK_H
#define TROUPE_PLUGINS_CONTROLLER_WORKBOOK_H

#include <troupe/plugin.h>

extern const char workbook_manifest[];
extern const tr_plugin workbook_plugin;

#endif
