/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The controller `result`: what of a result is kept inline, which store has the rest, and how the results of a loop are
 * put together. Questions and answers: docs/plugins/controllers.md.
 */
#ifndef TROUPE_PLUGINS_CONTROLLER_RESULT_H
#define TROUPE_PLUGINS_CONTROLLER_RESULT_H

#include <troupe/plugin.h>

extern const char result_manifest[];
extern const tr_plugin result_plugin;

#endif
