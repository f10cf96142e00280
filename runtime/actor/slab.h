/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slabs: blocks of one size in chunks of 2 MiB that are never unmapped before slab_fini, so that a stale index or
 * pointer still reads a block of the same type (its owner word tells that it is stale).
 *
 *   chunk 0        chunk 1                    depot: full batches of SLAB_BATCH free blocks, linked
 *   [b0 b1 b2 …]   [… bump ▸ untouched]       cache (one a scheduler): `hot` 0…64 blocks, `spare` 0 or 64
 *
 * A cache takes from and gives to the depot a whole batch at a time, in constant time, so that producer and consumer
 * on different threads pay for the lock once in 64 blocks.
 */
#ifndef TROUPE_ACTOR_SLAB_H
#define TROUPE_ACTOR_SLAB_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/actor/lock.h"

#define SLAB_BATCH 64u
#define SLAB_CHUNK ((size_t)2 << 20)

/** What a free block holds at the slab's link offset. */
struct slab_link {
	struct slab_link *next;
	struct slab_link *batch;
};

struct slab {
	/* Constant. */
	size_t block;
	size_t link;    /* offset of struct slab_link in a free block */
	size_t index;   /* offset of a uint32_t that gets the block's number; SIZE_MAX for none */
	uint32_t shift; /* a chunk has 1 << shift blocks */
	uint32_t per_chunk;
	uint32_t max_chunks;
	/* Readers without the lock see a chunk published with release. */
	_Atomic(char *) *chunks;
	/* Under the lock. */
	spin lock;
	uint32_t n_chunks;
	uint32_t bump; /* first block that was never given out */
	struct slab_link *batches;
};

/** One thread's free blocks of a slab. Owner only. */
struct slab_cache {
	struct slab_link *hot;
	struct slab_link *spare;
	uint32_t n_hot;
};

/** False when there is no memory. `max_blocks` bounds it. */
bool slab_init(struct slab *slab, size_t block, size_t link, size_t index, size_t max_blocks);
/** Unmap everything; harmless on zeroed memory. */
void slab_fini(struct slab *slab);
/** Bytes mapped. */
size_t slab_memory(struct slab *slab);

/** A batch for an empty cache: from the spare, the depot, or fresh. False when there is no memory or the bound is met.
 */
bool slab_refill(struct slab *slab, struct slab_cache *cache);
/** The hot list is full: move it to spare, and a full spare to the depot. */
void slab_spill(struct slab *slab, struct slab_cache *cache);

#if defined(__SANITIZE_ADDRESS__)
#define SLAB_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_POISON 1
#endif
#endif
#ifdef SLAB_POISON
void __asan_poison_memory_region(void const volatile *addr, size_t size);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);
#endif

/* Blocks that stale readers may look at (those with an index) are never poisoned. */
static inline void slab_mark(const struct slab *slab, void *block, bool taken)
{
#ifdef SLAB_POISON
	size_t head = sizeof(struct slab_link);
	if (slab->index == (size_t)-1 && taken)
		__asan_unpoison_memory_region((char *)block + head, slab->block - head);
	else if (slab->index == (size_t)-1)
		__asan_poison_memory_region((char *)block + head, slab->block - head);
#else
	(void)slab;
	(void)block;
	(void)taken;
#endif
}

/** A block with undefined content (but for its index); NULL when there is no memory. */
static inline void *slab_take(struct slab *slab, struct slab_cache *cache)
{
	if (cache->hot == NULL && !slab_refill(slab, cache))
		return NULL;
	struct slab_link *link = cache->hot;
	cache->hot = link->next;
	cache->n_hot--;
	__builtin_prefetch(cache->hot, 1); /* the next one to be taken */
	void *block = (char *)link - slab->link;
	slab_mark(slab, block, true);
	return block;
}

static inline void slab_give(struct slab *slab, struct slab_cache *cache, void *block)
{
	if (cache->n_hot == SLAB_BATCH)
		slab_spill(slab, cache);
	struct slab_link *link = (struct slab_link *)(void *)((char *)block + slab->link);
	slab_mark(slab, block, false);
	link->next = cache->hot;
	cache->hot = link;
	cache->n_hot++;
}

/** Block number i, or NULL when no such block was ever made. */
static inline void *slab_at(const struct slab *slab, uint32_t i)
{
	uint32_t chunk = i >> slab->shift;
	if (chunk >= slab->max_chunks)
		return NULL;
	char *base = atomic_load_explicit(&slab->chunks[chunk], memory_order_acquire);
	return base == NULL ? NULL : base + (size_t)(i & (slab->per_chunk - 1)) * slab->block;
}

#endif
