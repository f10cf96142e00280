/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The pool of workers: the state of the plugin's own actor. Tasks wait in order of arrival for a free worker; of the
 * free ones the last used is taken, whose interpreter is warm.
 */
#ifndef TROUPE_PLUGINS_ACTIONS_PYTHON_POOL_H
#define TROUPE_PLUGINS_ACTIONS_PYTHON_POOL_H

#include <troupe/plugin.h>

/** Bytes of the state, for tr_plugin; the pool checks that it fits. */
#define PYTHON_POOL_SIZE 128

/* Callbacks of the plugin. */
tr_err python_pool_init(void *state, tr_value config, tr_value *reason);
tr_err python_pool_start(void *state, tr_value *reason);
void python_pool_stop(void *state);
tr_value python_pool_call(void *state, tr_value request, tr_from from);
void python_pool_cast(void *state, tr_value request);
void python_pool_info(void *state, tr_value message);
tr_value python_pool_health(void *state);

/** From an actor of a command: have a task run. Takes the frame. What the worker says (worker.h), or invalid as
 * tr_call. */
tr_value python_pool_run(tr_pid plugin, tr_value frame, int64_t timeout_ns, int64_t deadline);

#endif
