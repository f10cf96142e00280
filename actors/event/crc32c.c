/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C by the processor's instruction where it has one, by a table otherwise. */
#include "actors/event/frame.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc_hardware(uint32_t crc, const unsigned char *p, size_t n)
{
	uint64_t wide = crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t word;
		memcpy(&word, p, sizeof word);
		wide = _mm_crc32_u64(wide, word);
	}
	crc = (uint32_t)wide;
	for (; n > 0; n--)
		crc = _mm_crc32_u8(crc, *p++);
	return crc;
}

static bool has_hardware(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static uint32_t crc_hardware(uint32_t crc, const unsigned char *p, size_t n)
{
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t word;
		memcpy(&word, p, sizeof word);
		crc = __crc32cd(crc, word);
	}
	for (; n > 0; n--)
		crc = __crc32cb(crc, *p++);
	return crc;
}

static bool has_hardware(void)
{
	return true;
}
#else
static uint32_t crc_hardware(uint32_t crc, const unsigned char *p, size_t n)
{
	(void)p;
	(void)n;
	return crc;
}

static bool has_hardware(void)
{
	return false;
}
#endif

/* One nibble at a time: sixteen constants need no start-up and no shared table. */
static uint32_t crc_table(uint32_t crc, const unsigned char *p, size_t n)
{
	static const uint32_t nibble[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
					    0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
					    0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
	for (; n > 0; n--) {
		crc ^= *p++;
		crc = (crc >> 4) ^ nibble[crc & 15];
		crc = (crc >> 4) ^ nibble[crc & 15];
	}
	return crc;
}

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
	crc = ~crc;
	crc = has_hardware() ? crc_hardware(crc, p, n) : crc_table(crc, p, n);
	return ~crc;
}
