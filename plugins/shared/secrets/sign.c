/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA-256 over a canonical form of the request, with a key of the day, the region and the service. */
#include "plugins/shared/secrets/sign.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SUM  crypto_auth_hmacsha256_BYTES
#define TYPE "application/x-amz-json-1.1"

static void hmac(const void *key, size_t key_size, const char *text, unsigned char out[SUM])
{
	crypto_auth_hmacsha256_state s;

	crypto_auth_hmacsha256_init(&s, key, key_size);
	crypto_auth_hmacsha256_update(&s, (const unsigned char *)text, strlen(text));
	crypto_auth_hmacsha256_final(&s, out);
}

static void sha_hex(const void *p, size_t n, char out[2 * SUM + 1])
{
	unsigned char sum[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(sum, p, n);
	sodium_bin2hex(out, 2 * SUM + 1, sum, sizeof sum);
}

/* host and path of a URL. */
static void parts_of(const char *url, tr_str *host, const char **path)
{
	const char *p = strstr(url, "://");

	p = p == NULL ? url : p + 3;
	host->p = p;
	host->n = strcspn(p, "/?");
	*path = p[host->n] == '/' ? p + host->n : "/";
}

static void signing_key(const aws_keys *keys, const char *day, const char *service, unsigned char out[SUM])
{
	tr_value first = tr_stringf("AWS4%s", keys->secret);

	hmac(tr_as_str(first).p, tr_as_str(first).n, day, out);
	hmac(out, SUM, keys->region, out);
	hmac(out, SUM, service, out);
	hmac(out, SUM, "aws4_request", out);
	tr_drop(first);
}

tr_value aws_sign(const aws_keys *keys, const char *url, const char *service, const char *target, tr_str body,
		  int64_t unix_seconds)
{
	static const char with_token[] = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
			  without[] = "content-type;host;x-amz-date;x-amz-target";
	bool token = keys->session_token[0] != '\0';
	const char *names = token ? with_token : without, *path;
	char stamp[32], day[16], hash[2 * SUM + 1], signature[2 * SUM + 1];
	unsigned char key[SUM], sum[SUM];
	time_t t = (time_t)unix_seconds;
	struct tm tm;
	tr_str host;
	tr_buf canonical = {0};

	gmtime_r(&t, &tm);
	(void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
	(void)strftime(day, sizeof day, "%Y%m%d", &tm);
	parts_of(url, &host, &path);
	sha_hex(body.p, body.n, hash);
	tr_buf_putf(&canonical, "POST\n%s\n\ncontent-type:%s\nhost:%.*s\nx-amz-date:%s\n", path, TYPE, (int)host.n,
		    host.p, stamp);
	if (token)
		tr_buf_putf(&canonical, "x-amz-security-token:%s\n", keys->session_token);
	tr_buf_putf(&canonical, "x-amz-target:%s\n\n%s\n%s", target, names, hash);
	sha_hex(canonical.p, canonical.n, hash);
	tr_buf_fini(&canonical);
	tr_value scope = tr_stringf("%s/%s/%s/aws4_request", day, keys->region, service);
	tr_value to_sign = tr_stringf("AWS4-HMAC-SHA256\n%s\n%s\n%s", stamp, tr_as_cstr(scope, ""), hash);
	signing_key(keys, day, service, key);
	hmac(key, SUM, tr_as_cstr(to_sign, ""), sum);
	sodium_bin2hex(signature, sizeof signature, sum, sizeof sum);
	tr_value headers = TR_DICT("Content-Type", tr_string(TYPE), "X-Amz-Date", tr_string(stamp), "X-Amz-Target",
				   tr_string(target), "Authorization",
				   tr_stringf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
					      keys->id, tr_as_cstr(scope, ""), names, signature));
	if (token)
		headers = tr_map_put_s(headers, "X-Amz-Security-Token", tr_string(keys->session_token));
	tr_drop(scope);
	tr_drop(to_sign);
	return headers;
}
