/* SPDX-License-Identifier: Apache-2.0 */
/* The one door to the heap, and the hooks that let a test fail an allocation or count the blocks. */
#include <stdatomic.h>
#include <stdlib.h>

#include <troupe/testing.h>

#include "runtime/value/alloc.h"

/* Set once by the first test hook and never cleared; while false, an allocation only reads it. */
static atomic_bool watched;
static _Atomic(int64_t) live_blocks;
static _Thread_local int64_t fail_after = -1;
static _Thread_local bool failed;

static bool watching(void)
{
	return __builtin_expect(atomic_load_explicit(&watched, memory_order_relaxed), 0);
}

static bool must_fail(void)
{
	if (fail_after < 0 || fail_after-- > 0)
		return false;
	failed = true;
	return true;
}

static void count(int64_t by)
{
	atomic_fetch_add_explicit(&live_blocks, by, memory_order_relaxed);
}

void tr_test_fail_alloc(int64_t n)
{
	atomic_store_explicit(&watched, true, memory_order_relaxed);
	fail_after = n;
	failed = false;
}

bool tr_test_alloc_failed(void)
{
	return failed;
}

int64_t tr_test_live_blocks(void)
{
	if (!atomic_exchange(&watched, true))
		return 0;
	return atomic_load_explicit(&live_blocks, memory_order_relaxed);
}

static void *checked(void *p)
{
	if (p != NULL)
		count(1);
	return p;
}

void *tr_alloc(size_t n)
{
	if (n > PTRDIFF_MAX)
		return NULL;
	if (watching())
		return must_fail() ? NULL : checked(calloc(1, n ? n : 1));
	return calloc(1, n ? n : 1);
}

void *alloc_raw(size_t n)
{
	if (n > PTRDIFF_MAX)
		return NULL;
	if (watching())
		return must_fail() ? NULL : checked(malloc(n ? n : 1));
	return malloc(n ? n : 1);
}

void *alloc_permanent(size_t n)
{
	if (watching() && must_fail())
		return NULL;
	return calloc(1, n);
}

void *tr_realloc(void *p, size_t n)
{
	if (p == NULL)
		return alloc_raw(n);
	if (n > PTRDIFF_MAX || (watching() && must_fail()))
		return NULL;
	return realloc(p, n ? n : 1);
}

void tr_free(void *p)
{
	if (p != NULL && watching())
		count(-1);
	free(p);
}
