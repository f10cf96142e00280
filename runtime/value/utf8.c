/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: checking, decoding, cutting. */
#include <string.h>

#include "runtime/value/utf8.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* What a first byte promises: the sequence's length (0: none) and the range of its second byte. */
static unsigned first_byte(unsigned char c, unsigned char *low, unsigned char *high)
{
	*low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
	*high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
	if (c < 0x80)
		return 1;
	if (c < 0xC2)
		return 0;
	if (c < 0xE0)
		return 2;
	if (c < 0xF0)
		return 3;
	return c < 0xF5 ? 4 : 0;
}

/* How many bytes at p agree with the promise of the first one, which is in *len. */
static unsigned well_formed_prefix(const char *p, size_t n, unsigned *len)
{
	unsigned char low, high;
	unsigned at = 1;

	*len = first_byte((unsigned char)p[0], &low, &high);
	while (at < *len && at < n) {
		unsigned char c = (unsigned char)p[at];
		if (c < low || c > high)
			break;
		low = 0x80;
		high = 0xBF;
		at++;
	}
	return at;
}

unsigned utf8_next(const char *p, size_t n, uint32_t *code)
{
	static const unsigned char payload[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	unsigned len;

	if (well_formed_prefix(p, n, &len) != len)
		return 0;
	if (code != NULL) {
		*code = (unsigned char)p[0] & payload[len];
		for (unsigned i = 1; i < len; i++)
			*code = *code << 6 | ((unsigned char)p[i] & 0x3Fu);
	}
	return len;
}

unsigned utf8_bad_run(const char *p, size_t n)
{
	unsigned len;

	return well_formed_prefix(p, n, &len);
}

/* Where the first four words that are not all ASCII begin, or less than four are left. */
static size_t skip_ascii(tr_str s, size_t at)
{
	uint64_t words[4];

	for (; s.n - at >= sizeof(words); at += sizeof(words)) {
		memcpy(words, s.p + at, sizeof(words));
		if ((words[0] | words[1] | words[2] | words[3]) & HIGH_BITS)
			break;
	}
	return at;
}

bool tr_utf8_valid(tr_str s, size_t *bad_at)
{
	size_t at = 0;

	while (at < s.n) {
		uint64_t word;
		at = skip_ascii(s, at);
		while (s.n - at >= sizeof(word)) {
			memcpy(&word, s.p + at, sizeof(word));
			if (word & HIGH_BITS)
				break;
			at += sizeof(word);
		}
		while (at < s.n && (unsigned char)s.p[at] < 0x80)
			at++;
		if (at == s.n)
			break;
		unsigned len = utf8_next(s.p + at, s.n - at, NULL);
		if (len == 0) {
			if (bad_at != NULL)
				*bad_at = at;
			return false;
		}
		at += len;
	}
	return true;
}

size_t utf8_cut(tr_str s, size_t max)
{
	if (max >= s.n)
		return s.n;
	while (max > 0 && ((unsigned char)s.p[max] & 0xC0) == 0x80)
		max--;
	return max;
}

void utf8_put(tr_buf *out, uint32_t code)
{
	char c[4];
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char mark[] = {0, 0, 0xC0, 0xE0, 0xF0};

	for (size_t i = n; i-- > 1;) {
		c[i] = (char)(0x80u | (code & 0x3Fu));
		code >>= 6;
	}
	c[0] = (char)(mark[n] | code);
	tr_buf_put(out, c, n);
}
