/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation for the runtime itself: what base.h has, without the zeroing, and for memory that is never given back. */
#ifndef TROUPE_VALUE_ALLOC_H
#define TROUPE_VALUE_ALLOC_H

#include <troupe/base.h>

/* Like tr_alloc, but the content is undefined. Give it back with tr_free. */
void *alloc_raw(size_t n);
/* For tables of the process that live until it ends; may fail, is not counted as a live block. */
void *alloc_permanent(size_t n);
/* As tr_test_fail_alloc, but for alloc_permanent, so that the same run fails at the same place in every process; gives
 * how far off the failure was that had been asked for, -1 when none is to come. */
int64_t alloc_fail_exchange(int64_t n);
/* Give back what was taken so and then not needed. */
void free_permanent(void *p);
/* n * size, or SIZE_MAX (which no allocation grants) when that overflows. */
static inline size_t alloc_times(size_t n, size_t size)
{
	size_t all;

	return __builtin_mul_overflow(n, size, &all) ? SIZE_MAX : all;
}

#endif
