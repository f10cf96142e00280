/* SPDX-License-Identifier: Apache-2.0 */
/* Characters as Python's str knows them: decoding, classes, case. */
#ifndef TROUPE_TEMPLATE_UNICODE_H
#define TROUPE_TEMPLATE_UNICODE_H

#include <troupe/base.h>

/* Decode the character at p < end of valid UTF-8; *n gets its length in bytes. */
static inline uint32_t uni_next(const char *p, size_t *n)
{
	const unsigned char *u = (const unsigned char *)p;

	if (u[0] < 0x80) {
		*n = 1;
		return u[0];
	}
	if (u[0] < 0xe0) {
		*n = 2;
		return ((u[0] & 0x1fu) << 6) | (u[1] & 0x3fu);
	}
	if (u[0] < 0xf0) {
		*n = 3;
		return ((u[0] & 0xfu) << 12) | ((u[1] & 0x3fu) << 6) | (u[2] & 0x3fu);
	}
	*n = 4;
	return ((u[0] & 7u) << 18) | ((u[1] & 0x3fu) << 12) | ((u[2] & 0x3fu) << 6) | (u[3] & 0x3fu);
}

/* Bytes of the character that starts with byte c. */
static inline size_t uni_width(char c)
{
	unsigned char u = (unsigned char)c;

	return u < 0x80 ? 1 : u < 0xe0 ? 2 : u < 0xf0 ? 3 : 4;
}

/* Write the character; gives its length (1 to 4). */
size_t uni_encode(uint32_t code, char out[4]);
void uni_put(tr_buf *out, uint32_t code);
/* Characters in s; s.n when it is ASCII. */
size_t uni_count(tr_str s);
/* Byte offset of the at-th character (at <= count). */
size_t uni_offset(tr_str s, size_t at);
bool uni_is_ascii(tr_str s);
/* s without white space at its left, right or both ends. */
tr_str uni_strip(tr_str s, bool left, bool right);

bool uni_is_alpha(uint32_t c);
bool uni_is_decimal(uint32_t c);
bool uni_is_digit(uint32_t c);
bool uni_is_numeric(uint32_t c);
bool uni_is_space(uint32_t c);
bool uni_is_upper(uint32_t c);
bool uni_is_lower(uint32_t c);
bool uni_is_title(uint32_t c);
bool uni_is_printable(uint32_t c);
bool uni_is_case_ignorable(uint32_t c);
static inline bool uni_is_alnum(uint32_t c)
{
	return uni_is_alpha(c) || uni_is_decimal(c) || uni_is_numeric(c);
}
static inline bool uni_is_cased(uint32_t c)
{
	return uni_is_upper(c) || uni_is_lower(c) || uni_is_title(c);
}

enum uni_case {
	UNI_UPPER,
	UNI_LOWER,
	UNI_TITLE,
	UNI_FOLD
};
/* The character in another case, as one to three characters. */
size_t uni_convert(uint32_t c, enum uni_case to, uint32_t out[3]);

#endif
