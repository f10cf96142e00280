/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The controller `iterator`: what a loop goes over, how many of its iterations run at once, what a failed one means for
 * the others and for the step. Questions and answers: docs/plugins/controllers.md.
 */
#ifndef TROUPE_PLUGINS_CONTROLLER_ITERATOR_H
#define TROUPE_PLUGINS_CONTROLLER_ITERATOR_H

#include <troupe/plugin.h>

extern const char iterator_manifest[];
extern const tr_plugin iterator_plugin;

#endif
