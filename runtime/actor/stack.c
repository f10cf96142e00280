/* SPDX-License-Identifier: Apache-2.0 */
/* The stack pool. */
#include "runtime/actor/stack.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <troupe/base.h>

#include "runtime/actor/check.h"

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define STACK_VALGRIND 1
#endif
#endif

#define RED_ZONE    512
#define REGION      ((size_t)1 << 20)
#define KEEP_WARM   4096u /* free stacks beyond this many give their pages back */
#define COLOURS     8u
#define COLOUR_STEP 320u /* so that the tops of many stacks do not share one cache set; all within one page */

/* One mapping that holds several stacks. */
struct stack_region {
	struct stack_region *next;
	char *base;
	size_t size;
};

/* How many guard pages this process may have by mprotect: each splits its mapping in two, and malloc needs mappings
 * too.
 */
static uint32_t guard_budget(void)
{
	unsigned long maps = 65530;
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");
	if (f != NULL) {
		if (fscanf(f, "%lu", &maps) != 1)
			maps = 65530;
		fclose(f);
	}
	return (uint32_t)(maps / 4);
}

void stack_pool_init(struct stack_pool *pool, size_t size)
{
	memset(pool, 0, sizeof *pool);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	size *= 4;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
	size *= 4; /* instrumented frames are several times larger */
#endif
#endif
	/* Room for the guard, struct stack, its colour and the scheduler's own frames. */
	pool->size = ((size + STACK_GUARD + 4096 + 4095) & ~(size_t)4095);
	pool->guards_left = guard_budget();
}

void stack_pool_fini(struct stack_pool *pool)
{
	while (pool->regions != NULL) {
		struct stack_region *r = pool->regions;
		pool->regions = r->next;
		munmap(r->base, r->size);
		tr_free(r);
	}
	memset(pool, 0, sizeof *pool);
}

uint8_t stack_class(const struct stack_pool *pool, size_t size)
{
	uint8_t c = 0;
	while (c < STACK_CLASSES && (pool->size << c) < size + STACK_GUARD + 4096)
		c++;
	return c;
}

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

static void guard(struct stack_pool *pool, struct stack *k)
{
	if (pool->guards_left == 0)
		return;
	/* Markers in the page table: no mapping is split, and it takes a fraction of the time. */
	k->guarded = madvise(k->low, STACK_GUARD, MADV_GUARD_INSTALL) == 0;
	if (k->guarded)
		return;
	if (mprotect(k->low, STACK_GUARD, PROT_NONE) == 0) {
		pool->guards_left--;
		k->guarded = true;
	} else {
		pool->guards_left = 0; /* the system refused before the budget did; the red zone is as mapped: zero */
	}
}

/* Under the lock: build the header of one stack at the top of its slot. */
static struct stack *prepare(struct stack_pool *pool, char *low, size_t size, uint8_t size_class)
{
	size_t colour = (size_t)(pool->colour++ % COLOURS) * COLOUR_STEP;
	struct stack *k = (struct stack *)(void *)(low + size - ((sizeof *k + 63) & ~(size_t)63) - colour);
	memset(k, 0, sizeof *k);
	k->low = low;
	k->high = (char *)k;
	k->size_class = size_class;
	pool->n_stacks++;
#ifdef STACK_VALGRIND
	(void)VALGRIND_STACK_REGISTER(k->low, k->high);
#endif
	return k;
}

/* Under the pool's lock. */
static void count_free(struct stack_pool *pool, int by)
{
	uint32_t n = atomic_load_explicit(&pool->n_free, memory_order_relaxed);
	atomic_store_explicit(&pool->n_free, n + (uint32_t)by, memory_order_relaxed);
}

/* Under the lock: map a region and put its stacks on the free list. */
static bool grow(struct stack_pool *pool, uint8_t size_class)
{
	size_t one = pool->size << size_class;
	size_t n = one >= REGION ? 1 : REGION / one;
	struct stack_region *r = tr_alloc(sizeof *r);
	if (r == NULL)
		return false;
	r->size = one * n;
	r->base = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->base == MAP_FAILED) {
		tr_free(r);
		return false;
	}
	r->next = pool->regions;
	pool->regions = r;
	atomic_store_explicit(&pool->mapped, atomic_load_explicit(&pool->mapped, memory_order_relaxed) + r->size,
			      memory_order_relaxed);
	for (size_t i = n; i-- > 0;) {
		struct stack *k = prepare(pool, r->base + i * one, one, size_class);
		guard(pool, k);
		k->next = pool->free[size_class];
		pool->free[size_class] = k;
		count_free(pool, 1);
	}
	return true;
}

struct stack *stack_new(struct stack_pool *pool, uint8_t size_class)
{
	spin_lock(&pool->lock);
	struct stack *k = pool->free[size_class];
	if (k == NULL && grow(pool, size_class))
		k = pool->free[size_class];
	if (k != NULL) {
		pool->free[size_class] = k->next;
		count_free(pool, -1);
	}
	spin_unlock(&pool->lock);
	return k;
}

void stack_free(struct stack_pool *pool, struct stack *k)
{
	stack_forget(k);
	bool cold = atomic_load_explicit(&pool->n_free, memory_order_relaxed) > KEEP_WARM;
	if (cold) {
		char *from = k->low + STACK_GUARD;
		char *to = (char *)((uintptr_t)k->high & ~(uintptr_t)4095) - 4096;
		if (to > from)
			madvise(from, (size_t)(to - from), MADV_DONTNEED);
	}
	spin_lock(&pool->lock);
	k->next = pool->free[k->size_class];
	pool->free[k->size_class] = k;
	count_free(pool, 1);
	spin_unlock(&pool->lock);
}

bool stack_intact(const struct stack *k)
{
	if (k->guarded || k->native)
		return true;
	/* Fresh pages are zero, and looking at one does not give it memory. */
	const uint64_t *zone = (const uint64_t *)(const void *)k->low;
	uint64_t seen = 0;
	for (size_t i = 0; i < RED_ZONE / sizeof *zone; i += 2)
		seen |= zone[i] | zone[i + 1];
	return seen == 0;
}

size_t stack_used(const struct stack *k)
{
	char *sp = __atomic_load_n(&k->sp, __ATOMIC_RELAXED);
	return sp == NULL ? 0 : (size_t)(k->high - sp);
}
