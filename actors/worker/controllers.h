/* SPDX-License-Identifier: Apache-2.0 */
/** Answers of the controllers (plugins/host/controller.h) as the data plane takes them: a result, or an error map. */
#ifndef TROUPE_WORKER_CONTROLLERS_H
#define TROUPE_WORKER_CONTROLLERS_H

#include "plugins/host/controller.h"

/** The result (fresh) that the controller gives; invalid with *error (an error map) when it gives none. Takes the
 * question. `t` may be NULL. May block when the controller is not a plugin of this node's own kind. */
tr_value controllers_answer(const pure_table *t, controller which, tr_value question, tr_value *error);
/** The error map of an answer that cannot be used: "controller:iterator gave …". */
tr_value controllers_fault(controller which, const char *what);

#endif
