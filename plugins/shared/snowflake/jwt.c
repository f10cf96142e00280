/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL for the key, its fingerprint and the signature. */
#include "plugins/shared/snowflake/jwt.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include <troupe/codec.h>

#define HEADER    "{\"alg\":\"RS256\",\"typ\":\"JWT\"}"
#define MIN_BITS  2048
#define MAX_BYTES 2048 /* of a signature: a key of 16384 bits */

static int give_passphrase(char *buf, int size, int writing, void *arg)
{
	const char *text = arg;
	size_t n = text == NULL ? 0 : strlen(text);

	(void)writing;
	if (n == 0 || n > (size_t)size)
		return -1; /* never from the terminal */
	memcpy(buf, text, n);
	return (int)n;
}

static EVP_PKEY *read_key(const snow_key *k, tr_value *why)
{
	BIO *bio = BIO_new_mem_buf(k->pem, -1);
	EVP_PKEY *key =
	    bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, (void *)(uintptr_t)k->passphrase);

	BIO_free(bio);
	if (key == NULL) {
		*why =
		    tr_string("private_key cannot be read: it is no private key in PEM form, or private_key_passphrase "
			      "is not the one that opens it");
	} else if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < MIN_BITS) {
		*why = tr_string("private_key is no RSA key of at least 2048 bits");
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

/* SHA-256 of the public key as X.509 writes it, in base64. */
static void put_fingerprint(tr_buf *out, EVP_PKEY *key)
{
	unsigned char *der = NULL, sum[EVP_MAX_MD_SIZE];
	int n = i2d_PUBKEY(key, &der);
	unsigned size = 0;

	if (n > 0 && EVP_Digest(der, (size_t)n, sum, &size, EVP_sha256(), NULL) == 1)
		tr_base64_write(out, (tr_str){(const char *)sum, size});
	else
		out->err = TR_ENOMEM;
	OPENSSL_free(der);
}

/* base64url without padding. */
static void put_part(tr_buf *out, tr_str bytes)
{
	size_t from = out->n;

	tr_base64_write(out, bytes);
	while (out->n > from && out->p[out->n - 1] == '=')
		out->n--;
	for (size_t i = from; i < out->n; i++)
		out->p[i] = (char)(out->p[i] == '+' ? '-' : out->p[i] == '/' ? '_' : out->p[i]);
}

static tr_err put_claims(tr_buf *out, const snow_key *k, EVP_PKEY *key, int64_t now_s, int64_t seconds)
{
	tr_buf mark = {0}, json = {0};

	put_fingerprint(&mark, key);
	tr_value claims =
	    TR_DICT("iss", tr_stringf("%s.%s.SHA256:%.*s", k->account, k->user, TR_STR(tr_buf_str(&mark))), "sub",
		    tr_stringf("%s.%s", k->account, k->user), "iat", tr_int(now_s), "exp", tr_int(now_s + seconds));
	tr_err err = mark.err != TR_OK ? mark.err : tr_json_write(&json, claims, TR_JSON_COMPACT);
	put_part(out, tr_buf_str(&json));
	tr_drop(claims);
	tr_buf_fini(&mark);
	tr_buf_fini(&json);
	return err;
}

static bool put_signature(tr_buf *out, EVP_PKEY *key)
{
	unsigned char signature[MAX_BYTES];
	size_t n = sizeof signature;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestSign(ctx, signature, &n, (const unsigned char *)out->p, out->n) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return false;
	tr_buf_putc(out, '.');
	put_part(out, (tr_str){(const char *)signature, n});
	return true;
}

tr_value snow_jwt(const snow_key *k, int64_t now_s, int64_t seconds, tr_value *why)
{
	tr_buf out = {0};

	*why = tr_absent();
	EVP_PKEY *key = read_key(k, why);
	if (key == NULL)
		return tr_absent();
	put_part(&out, tr_s(HEADER));
	tr_buf_putc(&out, '.');
	tr_err err = put_claims(&out, k, key, now_s, seconds);
	bool ok = err == TR_OK && out.err == TR_OK && put_signature(&out, key);
	EVP_PKEY_free(key);
	if (ok)
		return tr_string_buf(&out);
	tr_buf_fini(&out);
	*why = tr_string("the token cannot be signed");
	return tr_absent();
}
