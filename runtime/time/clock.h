/* SPDX-License-Identifier: Apache-2.0 */
/* The real world's clocks and randomness: the members of a tr_world that was not given. */
#ifndef TROUPE_TIME_CLOCK_H
#define TROUPE_TIME_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

int64_t clock_monotonic_ns(void *unused);
int64_t clock_wall_us(void *unused);
/** From the operating system. */
uint64_t clock_random(void *unused);
/** A stream of well-mixed numbers from a seed that any thread may advance. */
uint64_t clock_mix(_Atomic uint64_t *seed);

#endif
