/* SPDX-License-Identifier: Apache-2.0 */
/* MessagePack's format bytes, for the writer and the reader. */
#ifndef TROUPE_VALUE_MSGPACK_H
#define TROUPE_VALUE_MSGPACK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Extension types of ours. */
enum {
	MSGPACK_ATOM = 1,
	MSGPACK_PID = 2,
	MSGPACK_REF = 3
};

/* How a family of formats gives its length; 0 where there is no such form. */
struct msgpack_lengths {
	unsigned char fix;
	unsigned char fix_max;
	unsigned char in8, in16, in32;
};

/* A format byte and the lowest `size` (1, 2, 4 or 8) bytes of a number behind it, most significant first. Writes 9
 * bytes, gives how many count. */
static inline size_t msgpack_number(unsigned char *at, unsigned char format, uint64_t n, unsigned size)
{
	uint64_t big = __builtin_bswap64(n << (64 - 8 * size));

	at[0] = format;
	memcpy(at + 1, &big, 8);
	return 1 + size;
}

/* The shortest form of an integer. Writes up to 9 bytes, gives how many count. */
static inline size_t msgpack_int(unsigned char *at, int64_t v)
{
	uint64_t u = (uint64_t)v;

	if (v >= -32 && v < 128) {
		at[0] = (unsigned char)v;
		return 1;
	}
	if (v >= 0)
		return u <= UINT8_MAX    ? msgpack_number(at, 0xCC, u, 1)
		       : u <= UINT16_MAX ? msgpack_number(at, 0xCD, u, 2)
		       : u <= UINT32_MAX ? msgpack_number(at, 0xCE, u, 4)
					 : msgpack_number(at, 0xCF, u, 8);
	return v >= INT8_MIN    ? msgpack_number(at, 0xD0, u, 1)
	       : v >= INT16_MIN ? msgpack_number(at, 0xD1, u, 2)
	       : v >= INT32_MIN ? msgpack_number(at, 0xD2, u, 4)
				: msgpack_number(at, 0xD3, u, 8);
}

static const struct msgpack_lengths msgpack_str = {0xA0, 31, 0xD9, 0xDA, 0xDB};
static const struct msgpack_lengths msgpack_bin = {0, 0, 0xC4, 0xC5, 0xC6};
static const struct msgpack_lengths msgpack_array = {0x90, 15, 0, 0xDC, 0xDD};
static const struct msgpack_lengths msgpack_map = {0x80, 15, 0, 0xDE, 0xDF};

#endif
