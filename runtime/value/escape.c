/* SPDX-License-Identifier: Apache-2.0 */
/* Control characters made visible. */
#include "runtime/value/escape.h"

#include "runtime/value/utf8.h"

bool escape_wanted(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f || code == 0x061c ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff ||
	       (code & 0xfffe) == 0xfffe;
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
		size_t length = utf8_next(text.p + i, text.n - i, &code);
		if (length == 0)
			put_escaped(out, (unsigned char)text.p[i]);
		else if (escape_wanted(code))
			put_escaped(out, code);
		else
			tr_buf_put(out, text.p + i, length);
		i += length == 0 ? 1 : length;
	}
}
