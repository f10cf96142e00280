/* SPDX-License-Identifier: Apache-2.0 */
/** Which servers and as whom: a credential's fields, checked. */
#ifndef TROUPE_PLUGINS_NATS_TARGET_H
#define TROUPE_PLUGINS_NATS_TARGET_H

#include <troupe/plugin.h>

/**
 * From `auth` with the connection's fields of the task's input over it: a map {urls: array of texts with addresses in
 * them, tls, verify: bool, and of host, user, password, token, jwt, seed, nkey, ca, cert, key, inbox what was given}.
 * Fresh reference; invalid with an outcome in *fault that says what is missing or which grant. Names are looked up and
 * files read: inside an actor.
 */
tr_value nats_target_read(tr_value auth, tr_value input, tr_value context, int64_t deadline, tr_value *fault);
/** A hash of all that is in it: the same text, the same servers and user. Fresh text. */
tr_value nats_target_key(tr_value target);

#endif
