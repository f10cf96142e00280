/* SPDX-License-Identifier: Apache-2.0 */
/* MessagePack's format bytes, for the writer and the reader. */
#ifndef TROUPE_VALUE_MSGPACK_H
#define TROUPE_VALUE_MSGPACK_H

#include <stddef.h>
#include <stdint.h>

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

/* The shortest form of an integer, for what is mostly integers. Writes up to 9 bytes, gives how many count. */
size_t msgpack_int(unsigned char *at, int64_t v);

static const struct msgpack_lengths msgpack_str = {0xA0, 31, 0xD9, 0xDA, 0xDB};
static const struct msgpack_lengths msgpack_bin = {0, 0, 0xC4, 0xC5, 0xC6};
static const struct msgpack_lengths msgpack_array = {0x90, 15, 0, 0xDC, 0xDD};
static const struct msgpack_lengths msgpack_map = {0x80, 15, 0, 0xDE, 0xDF};

#endif
