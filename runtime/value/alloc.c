/* SPDX-License-Identifier: Apache-2.0 */
/* The one door to the heap, and the hooks that let a test fail an allocation or count the blocks. */
#include <stdatomic.h>
#include <stdlib.h>

#include <troupe/testing.h>

#include "runtime/value/alloc.h"

/* Most of what the runtime allocates is small, short-lived and freed by another thread. */
#ifdef TROUPE_MIMALLOC
#include <mimalloc.h>
#define heap_malloc  mi_malloc
#define heap_calloc  mi_calloc
#define heap_realloc mi_realloc
#define heap_free    mi_free
#else
#define heap_malloc  malloc
#define heap_calloc  calloc
#define heap_realloc realloc
#define heap_free    free
#endif

/* Set by the first test hook of its kind and never cleared; while 0, an allocation only reads it. */
#define WATCH_FAILING  1
#define WATCH_COUNTING 2
static _Atomic(int) watched;
static _Atomic(int64_t) live_blocks;
/* Asked for in functions that stay functions: inlined into one that blocks, their addresses would be kept across it. */
static _Thread_local int64_t fail_after = -1;
static _Thread_local bool failed;
static _Thread_local bool permanent_too; /* whether tables of the process grow depends on what ran before */

static bool watching(void)
{
	return __builtin_expect(atomic_load_explicit(&watched, memory_order_relaxed) != 0, 0);
}

static __attribute__((noinline)) bool must_fail(void)
{
	if (fail_after < 0 || fail_after-- > 0)
		return false;
	failed = true;
	return true;
}

static void count(int64_t by)
{
	if (atomic_load_explicit(&watched, memory_order_relaxed) & WATCH_COUNTING)
		atomic_fetch_add_explicit(&live_blocks, by, memory_order_relaxed);
}

__attribute__((noinline)) void tr_test_fail_alloc(int64_t n)
{
	(void)alloc_fail_exchange(n);
	permanent_too = true;
}

__attribute__((noinline)) int64_t alloc_fail_exchange(int64_t n)
{
	int64_t before = fail_after;
	if (n >= 0)
		atomic_fetch_or_explicit(&watched, WATCH_FAILING, memory_order_relaxed);
	fail_after = n;
	failed = permanent_too = false;
	return before;
}

__attribute__((noinline)) bool tr_test_alloc_failed(void)
{
	return failed;
}

int64_t tr_test_live_blocks(void)
{
	if (!(atomic_fetch_or(&watched, WATCH_COUNTING) & WATCH_COUNTING))
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
		return must_fail() ? NULL : checked(heap_calloc(1, n ? n : 1));
	return heap_calloc(1, n ? n : 1);
}

void *alloc_raw(size_t n)
{
	if (n > PTRDIFF_MAX)
		return NULL;
	if (watching())
		return must_fail() ? NULL : checked(heap_malloc(n ? n : 1));
	return heap_malloc(n ? n : 1);
}

static __attribute__((noinline)) bool permanent_must_fail(void)
{
	return permanent_too && must_fail();
}

void *alloc_permanent(size_t n)
{
	if (watching() && permanent_must_fail())
		return NULL;
	return heap_calloc(1, n);
}

void free_permanent(void *p)
{
	heap_free(p);
}

void *tr_realloc(void *p, size_t n)
{
	if (p == NULL)
		return alloc_raw(n);
	if (n > PTRDIFF_MAX || (watching() && must_fail()))
		return NULL;
	return heap_realloc(p, n ? n : 1);
}

void tr_free(void *p)
{
	if (p == NULL)
		return;
	if (watching())
		count(-1);
	heap_free(p);
}
