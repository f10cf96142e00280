/* SPDX-License-Identifier: Apache-2.0 */
/** Nkeys: Ed25519 keys in base32 with a type in front and a checksum behind. Pure functions. */
#ifndef TROUPE_PLUGINS_NATS_NKEY_H
#define TROUPE_PLUGINS_NATS_NKEY_H

#include <troupe/base.h>

#define NKEY_PUBLIC_SIZE 57 /* with the NUL */

/** The public key (U…) of a user's seed (SU…). False when it is no such seed. */
bool nkey_public(tr_str seed, char out[NKEY_PUBLIC_SIZE]);

#endif
