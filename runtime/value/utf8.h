/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, as Unicode's table 3-7 defines it. */
#ifndef TROUPE_VALUE_UTF8_H
#define TROUPE_VALUE_UTF8_H

#include <troupe/base.h>

/* Decode the sequence at p (n > 0 bytes are there). Gives its length, 0 when it is not well formed; *code may be NULL.
 */
unsigned utf8_next(const char *p, size_t n, uint32_t *code);
/* Bytes of the longest part of an ill-formed sequence at p that one U+FFFD stands for (at least 1). */
unsigned utf8_bad_run(const char *p, size_t n);
/* The largest length <= max at which s can be cut without splitting a sequence. */
size_t utf8_cut(tr_str s, size_t max);
/* Append the code point. */
void utf8_put(tr_buf *out, uint32_t code);

#endif
