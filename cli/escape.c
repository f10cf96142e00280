/* SPDX-License-Identifier: Apache-2.0 */
/* Control characters made visible, within bounds. */
#include "cli/escape.h"

#include <string.h>

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
