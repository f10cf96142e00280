/* SPDX-License-Identifier: Apache-2.0 */
/* Control characters made visible. */
#include "cli/escape.h"

#include <string.h>

/* The length of the character at p, 0 when it is no UTF-8; *code its number. */
static size_t character(const char *p, size_t n, uint32_t *code)
{
	static const uint32_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	unsigned char c = (unsigned char)*p;
	size_t length = c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : (c & 0xf8) == 0xf0 ? 4 : 0;
	if (length == 0 || length > n || !tr_utf8_valid((tr_str){p, length}, NULL))
		return 0;
	*code = c & first_bits[length];
	for (size_t i = 1; i < length; i++)
		*code = *code << 6 | ((unsigned char)p[i] & 0x3fu);
	return length;
}

static bool moves(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f || code == 0x061c ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static void put_escaped(tr_buf *out, uint32_t code)
{
	if (code == '\n')
		tr_buf_puts(out, "\\n");
	else if (code == '\t')
		tr_buf_puts(out, "\\t");
	else if (code == '\r')
		tr_buf_puts(out, "\\r");
	else
		tr_buf_putf(out, code < 0x100 ? "\\x%02x" : "\\u{%04x}", code);
}

void escape_put(tr_buf *out, tr_str text)
{
	for (size_t i = 0; i < text.n;) {
		uint32_t code = 0;
		size_t length = character(text.p + i, text.n - i, &code);
		if (length == 0)
			put_escaped(out, (unsigned char)text.p[i]);
		else if (moves(code))
			put_escaped(out, code);
		else
			tr_buf_put(out, text.p + i, length);
		i += length == 0 ? 1 : length;
	}
}

const char *escape_into(char *buf, size_t n, tr_str text)
{
	tr_buf safe = {0};
	escape_put(&safe, text);
	size_t length = safe.p == NULL ? 0 : safe.n < n ? safe.n : n - 1;
	while (length > 0 && length < safe.n && ((unsigned char)safe.p[length] & 0xc0) == 0x80)
		length--; /* no half character at the cut */
	if (length > 0)
		memcpy(buf, safe.p, length);
	buf[length] = '\0';
	tr_buf_fini(&safe);
	return buf;
}

void escape_value(tr_buf *out, tr_value v, size_t max)
{
	tr_buf text = {0};
	tr_str s = tr_as_str(v);
	if (s.p == NULL || tr_is(v, TR_BINARY)) {
		tr_show(&text, v, max);
		s = tr_buf_str(&text);
	}
	size_t before = out->n;
	escape_put(out, s);
	if (out->err == TR_OK && out->n - before > max) {
		size_t cut = before + max;
		while (cut > before && ((unsigned char)out->p[cut] & 0xc0) == 0x80)
			cut--;
		out->n = cut;
		tr_buf_puts(out, "…");
	}
	tr_buf_fini(&text);
}
