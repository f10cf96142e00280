/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Controllers: plugins that the engine asks how a playbook is to be performed. One that has the capability
 * `controller:<name>` answers the questions of that name; what they are is in docs/plugins/controllers.md.
 *
 * A question is a command of kind `controller:<name>` whose input is a map with `ask`. It is no task: hooks at
 * task_execute and task_outcome do not see it. A plugin with `decide` answers in the actor of whoever asks, others by
 * message.
 */
#ifndef TROUPE_PLUGINS_HOST_CONTROLLER_H
#define TROUPE_PLUGINS_HOST_CONTROLLER_H

#include "plugins/host/pure.h"

/** "controller:<name>" */
const char *controller_capability(controller which);
/** The one with this name (without `controller:`); -1. */
int controller_find(tr_str name);
/** Is the command (a map) a question? */
bool controller_is_question(tr_value command);
/** Does the outcome leave the question to the next one? That is an answer, no failure. */
bool controller_passes(tr_value outcome);
/** Would an answer come without waiting for anybody? Then asking does not block, and needs no actor. */
bool controller_is_here(const pure_table *t, controller which);
/** Is it, besides, one of the node's own? A stranger's may crash, and takes the actor with it that asks. */
bool controller_is_own(const pure_table *t, controller which);
/** The outcome (fresh) of whoever answers for the controller: the operator's preference, else the first loaded; one
 * that passes (error kind "pass") leaves it to the next in load order. Takes the question. `t` may be NULL. May block.
 */
tr_value controller_ask(const pure_table *t, controller which, tr_value question);

#endif
