/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as decimal text without a format: names and keys are made for every step. */
#ifndef TROUPE_ACTORS_DIGITS_H
#define TROUPE_ACTORS_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_MAX 21 /* a sign and 20 digits */

/** The number's text from `at` on; returns where it ends. No NUL is written. */
static inline char *digits_put(char *at, int64_t number)
{
	char text[DIGITS_MAX];
	size_t n = 0;
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do
		text[n++] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (number < 0)
		text[n++] = '-';
	while (n > 0)
		*at++ = text[--n];
	return at;
}

/** `head` and the number as a C string; `size` is that of `out`, which has room for both. */
static inline void digits_name(char *out, const char *head, int64_t number)
{
	size_t n = strlen(head);

	memcpy(out, head, n);
	*digits_put(out + n, number) = '\0';
}

#endif
