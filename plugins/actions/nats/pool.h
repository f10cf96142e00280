/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The connections that commands share, in the plugin's own actor: one for each target and use. Whoever asks first for
 * one that is not there makes the actor open it; who asks meanwhile waits for the same.
 */
#ifndef TROUPE_PLUGINS_NATS_POOL_H
#define TROUPE_PLUGINS_NATS_POOL_H

#include "plugins/actions/nats/session.h"

typedef struct nats_pool {
	tr_value sessions; /* map: key -> [session, since when it is not used] */
	tr_value waiting;  /* map: key -> [array of [pid, ref], monitor of who opens it] */
	int64_t keep_ns;
	int64_t connect_ms;
	bool sweeping;
} nats_pool;

tr_err nats_pool_init(void *state, tr_value config, tr_value *reason);
void nats_pool_stop(void *state);
tr_value nats_pool_call(void *state, tr_value request, tr_from from);
void nats_pool_cast(void *state, tr_value request);
void nats_pool_info(void *state, tr_value message);

/** In the actor of a command: a session for the target (a fresh reference to its value), invalid with an outcome in
 * *fault. With `bulk` the one for messages that nobody answers. */
tr_value nats_pool_borrow(tr_pid plugin, tr_value target, bool bulk, int64_t deadline, tr_value *fault);

#endif
