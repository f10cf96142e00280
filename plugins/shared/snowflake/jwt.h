/* SPDX-License-Identifier: Apache-2.0 */
/** The token of a user with a key pair: a JWT signed with RS256 (RFC 7519), whose issuer names the public key. Pure. */
#ifndef TROUPE_PLUGINS_SHARED_SNOWFLAKE_JWT_H
#define TROUPE_PLUGINS_SHARED_SNOWFLAKE_JWT_H

#include <troupe/value.h>

typedef struct snow_key {
	const char *account, *user; /* as the server writes them: upper case */
	const char *pem;            /* the private key, PKCS#8 or PKCS#1 */
	const char *passphrase;     /* NULL when it has none */
} snow_key;

/** The token (fresh text), valid from `now_s` for `seconds`; invalid with a text for people in *why. Uses a good deal
 * of stack: for the dirty pool. */
tr_value snow_jwt(const snow_key *k, int64_t now_s, int64_t seconds, tr_value *why);

#endif
