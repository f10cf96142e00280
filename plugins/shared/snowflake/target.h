/* SPDX-License-Identifier: Apache-2.0 */
/** Where an account is and as whom to talk to it. */
#ifndef TROUPE_PLUGINS_SHARED_SNOWFLAKE_TARGET_H
#define TROUPE_PLUGINS_SHARED_SNOWFLAKE_TARGET_H

#include <troupe/plugin.h>

/** Owned by its actor; all values are texts or absent. */
typedef struct snow_target {
	tr_value url;                               /* https://account.snowflakecomputing.com */
	tr_value account, user;                     /* as tokens have them: upper case, without region */
	tr_value password, pem, passphrase, token;  /* who one is: one of password, pem and token */
	tr_value token_type;                        /* of `token` */
	tr_value database, schema, warehouse, role; /* of the statements */
	tr_value key;                               /* a hash of who and where: whose token it is */
	tr_value fields;                            /* what all of it was read from */
} snow_target;

/** Read it from `auth` with the connection's fields of the task's input over it. NULL with an outcome in *fault that
 * says what is missing, or which grant. Owned by the actor. */
snow_target *snow_target_read(tr_value auth, tr_value input, int64_t deadline, tr_value *fault);

/** The same from the fields of one that another actor has; no more checks. NULL without memory. */
snow_target *snow_target_again(tr_value fields);

/** The headers that say who one is (fresh map); a token that is at hand at the plugin's actor is used as long as it is
 * good. Invalid with an outcome in *fault. With `again` a token that the server refused is not used once more. */
tr_value snow_headers(const snow_target *t, tr_pid plugin, bool again, int64_t deadline, tr_value *fault);

/* ---- the plugin's actor keeps tokens: call [token, key] -> [text, good until] | nil; cast [token, key, text, until]
 */

typedef struct snow_tokens {
	tr_value all; /* map: key -> [wrapped text, good until] */
} snow_tokens;

tr_value snow_tokens_get(snow_tokens *s, tr_value request);
void snow_tokens_put(snow_tokens *s, tr_value request);

#endif
