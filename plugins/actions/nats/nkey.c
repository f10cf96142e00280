/* SPDX-License-Identifier: Apache-2.0 */
/* A seed is 2 bytes of prefix (seed, whose), 32 of the key's seed and a CRC-16; a public key 1, 32 and the same. */
#include "plugins/actions/nats/nkey.h"

#include <sodium.h>
#include <string.h>

#define PREFIX_SEED 0x90u /* 'S' */
#define PREFIX_USER 0xa0u /* 'U' */
#define SEED_RAW    36u
#define SEED_TEXT   58u
#define PUBLIC_RAW  35u

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static uint16_t crc16(const unsigned char *p, size_t n)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < n; i++) {
		crc = (uint16_t)(crc ^ (uint16_t)(p[i] << 8));
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)((crc & 0x8000u) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
	}
	return crc;
}

static bool decode(tr_str text, unsigned char out[SEED_RAW])
{
	uint32_t bits = 0, held = 0;
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		const char *at = text.p[i] == '\0' ? NULL : strchr(letters, text.p[i]);
		if (at == NULL)
			return false;
		bits = bits << 5 | (uint32_t)(at - letters);
		held += 5;
		if (held < 8)
			continue;
		held -= 8;
		if (n == SEED_RAW)
			return false;
		out[n++] = (unsigned char)(bits >> held);
		bits &= (1u << held) - 1;
	}
	return n == SEED_RAW && bits == 0;
}

static void encode(const unsigned char raw[PUBLIC_RAW], char out[NKEY_PUBLIC_SIZE])
{
	uint32_t bits = 0, held = 0;
	size_t n = 0;

	for (size_t i = 0; i < PUBLIC_RAW; i++) {
		bits = bits << 8 | raw[i];
		held += 8;
		while (held >= 5) {
			held -= 5;
			out[n++] = letters[bits >> held & 31];
		}
		bits &= (1u << held) - 1;
	}
	out[n] = '\0'; /* 35 bytes are 56 letters and nothing over */
}

bool nkey_public(tr_str seed, char out[NKEY_PUBLIC_SIZE])
{
	unsigned char raw[SEED_RAW], public[PUBLIC_RAW], secret[crypto_sign_SECRETKEYBYTES];

	if (sodium_init() < 0 || seed.n != SEED_TEXT || !decode(seed, raw))
		return false;
	uint16_t sum = crc16(raw, SEED_RAW - 2);
	unsigned whose = (raw[0] & 7u) << 5 | raw[1] >> 3;
	bool ok = (raw[0] & 0xf8u) == PREFIX_SEED && (whose & 0xf8u) == PREFIX_USER &&
		  raw[SEED_RAW - 2] == (sum & 0xff) && raw[SEED_RAW - 1] == sum >> 8;

	if (ok) {
		public[0] = PREFIX_USER;
		(void)crypto_sign_seed_keypair(public + 1, secret, raw + 2);
		sum = crc16(public, PUBLIC_RAW - 2);
		public[PUBLIC_RAW - 2] = (unsigned char)(sum & 0xff);
		public[PUBLIC_RAW - 1] = (unsigned char)(sum >> 8);
		encode(public, out);
		sodium_memzero(secret, sizeof secret);
	}
	sodium_memzero(raw, sizeof raw);
	return ok;
}
