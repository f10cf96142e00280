/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing. What is inside of containers counts less the deeper it is, so that the work is bounded by the outermost
 * one's length, whatever is shared inside: equal values still hash alike.
 */
#include <math.h>
#include <string.h>

#include "runtime/value/box.h"

/* How many items of a container at each depth count; beyond, its kind and length do. A map counts whole or not at all,
 * since its order does not matter. */
static const size_t widths[] = {SIZE_MAX, 64, 8};

#define DEPTHS (sizeof(widths) / sizeof(widths[0]))

/* The finalizer of splitmix64: every input bit reaches every output bit. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

static uint64_t float_bits(double d)
{
	uint64_t bits;

	if (isnan(d))
		d = (double)NAN;
	if (d == 0)
		d = 0; /* -0.0 equals 0.0 */
	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static uint64_t hash_at(tr_value v, unsigned depth)
{
	uint64_t h = mix((uint64_t)v.type << 56);
	size_t width = depth < DEPTHS ? widths[depth] : 0;

	switch (tr_type_of(v)) {
	case TR_STRING:
	case TR_BINARY:
		return text_value_hash(v);
	case TR_FLOAT:
		return mix(h ^ float_bits(v.as.d));
	case TR_ARRAY:
		h = mix(h ^ tr_array_len(v));
		for (size_t i = 0; i < tr_array_len(v) && i < width; i++)
			h = mix(h ^ hash_at(box_array(v)->items[i], depth + 1));
		return h;
	case TR_MAP: {
		uint64_t sum = tr_map_len(v); /* a sum: the order of entries does not matter */
		for (size_t i = 0; i < tr_map_len(v) && tr_map_len(v) <= width; i++) {
			const tr_entry *e = &box_map(v)->entries[i];
			sum += mix(hash_at(e->key, depth + 1) ^ mix(hash_at(e->value, depth + 1)));
		}
		return mix(h ^ sum);
	}
	default: /* the rest is its bits; objects are equal when they are the same box */
		return mix(h ^ v.as.bits);
	}
}

uint64_t tr_hash(tr_value v)
{
	return hash_at(v, 0);
}
