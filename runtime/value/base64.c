/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 with the standard alphabet and padding (RFC 4648, section 4). Reading is strict. */
#include <string.h>

#include <troupe/codec.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void tr_base64_write(tr_buf *out, tr_str bytes)
{
	if (bytes.n > PTRDIFF_MAX / 2) {
		out->err = out->err != TR_OK ? out->err : TR_ELIMIT;
		return;
	}
	size_t n = (bytes.n + 2) / 3 * 4;
	char *to = tr_buf_reserve(out, n);
	if (to == NULL)
		return;
	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		uint32_t b = (uint32_t)(unsigned char)bytes.p[i] << 16;
		if (left > 1)
			b |= (uint32_t)(unsigned char)bytes.p[i + 1] << 8;
		if (left > 2)
			b |= (unsigned char)bytes.p[i + 2];
		*to++ = alphabet[b >> 18];
		*to++ = alphabet[b >> 12 & 63];
		*to++ = left > 1 ? alphabet[b >> 6 & 63] : '=';
		*to++ = left > 2 ? alphabet[b & 63] : '=';
	}
	out->n += n;
}

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, `pad` of them '='; false when one is no digit or a bit that means nothing is set. */
static bool read_group(const char *p, size_t pad, unsigned char *to)
{
	uint32_t b = 0;

	for (size_t i = 0; i < 4; i++) {
		int d = i < 4 - pad ? digit(p[i]) : 0;
		if (d < 0)
			return false;
		b = b << 6 | (uint32_t)d;
	}
	to[0] = (unsigned char)(b >> 16);
	to[1] = (unsigned char)(b >> 8);
	to[2] = (unsigned char)b;
	return (pad < 1 || to[2] == 0) && (pad < 2 || to[1] == 0);
}

tr_err tr_base64_read(tr_buf *out, tr_str text)
{
	unsigned char group[3];
	size_t before = out->n;

	if (text.n % 4 != 0)
		return TR_ESYNTAX;
	for (size_t i = 0; i < text.n; i += 4) {
		size_t pad = 0;
		if (i + 4 == text.n && text.p[i + 3] == '=')
			pad = text.p[i + 2] == '=' ? 2 : 1;
		if (!read_group(text.p + i, pad, group)) {
			out->n = before;
			return TR_ESYNTAX;
		}
		tr_buf_put(out, group, 3 - pad);
	}
	return out->err;
}
