/* SPDX-License-Identifier: Apache-2.0 */
/* What the bits of a ref say: the lowest two are its sort. */
#ifndef TROUPE_ACTOR_REF_H
#define TROUPE_ACTOR_REF_H

#include <stdint.h>

#define REF_SORT  3u
#define REF_ALIAS 1u /* of a call: replies are dropped unless it still waits */
#define REF_TIMER 2u /* slot and generation of a timer */

/* Plain and alias refs: scheduler 14 bits, counter 48 bits, sort 2 bits. */
static inline uint64_t ref_bits(uint32_t sched, uint64_t counter, uint32_t sort)
{
	return ((uint64_t)sched << 50) | ((counter & ((UINT64_C(1) << 48) - 1)) << 2) | sort;
}

#endif
