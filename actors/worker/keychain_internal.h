/* SPDX-License-Identifier: Apache-2.0 */
/** An entry of a keychain with what is needed to resolve it. */
#ifndef TROUPE_WORKER_KEYCHAIN_INTERNAL_H
#define TROUPE_WORKER_KEYCHAIN_INTERNAL_H

#include "actors/worker/keychain.h"

typedef struct key_entry {
	playbook *book; /* held */
	size_t index;
	int64_t execution_id;
	tr_value workload, env;
} key_entry;

/** As an object value, to be handed to whoever resolves it. Invalid TR_ENOMEM. */
tr_value key_entry_value(const playbook *book, size_t index, int64_t execution_id, tr_value workload, tr_value env);
const key_entry *key_entry_of(tr_value object);

/** Resolve, in an actor of its own: waits for plugins. [ok, value, seconds it holds] or [error, text]. Fresh reference.
 */
tr_value keychain_resolve(const key_entry *e);

#endif
