/* SPDX-License-Identifier: Apache-2.0 */
/** Requests to AWS, signed as its Signature Version 4 has it. Pure. */
#ifndef TROUPE_PLUGINS_SHARED_SECRETS_SIGN_H
#define TROUPE_PLUGINS_SHARED_SECRETS_SIGN_H

#include <troupe/value.h>

typedef struct aws_keys {
	const char *id, *secret, *session_token, *region; /* session_token may be "" */
} aws_keys;

/** The headers of a POST with a JSON 1.1 body: Content-Type, X-Amz-Date, X-Amz-Target, Authorization, and the session's
 * token. The URL's path must be plain, without a query. Fresh map. */
tr_value aws_sign(const aws_keys *keys, const char *url, const char *service, const char *target, tr_str body,
		  int64_t unix_seconds);

#endif
