/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks of the operating system. */
#include "runtime/time/clock.h"

#include <sys/random.h>
#include <time.h>

int64_t clock_monotonic_ns(void *unused)
{
	struct timespec t;
	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t clock_wall_us(void *unused)
{
	struct timespec t;
	(void)unused;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

uint64_t clock_random(void *unused)
{
	uint64_t v = 0;
	(void)unused;
	while (getrandom(&v, sizeof v, 0) != (ssize_t)sizeof v)
		continue;
	return v;
}

/* splitmix64 */
uint64_t clock_mix(_Atomic uint64_t *seed)
{
	uint64_t z = atomic_fetch_add_explicit(seed, UINT64_C(0x9e3779b97f4a7c15), memory_order_relaxed) +
		     UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}
