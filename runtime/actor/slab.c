/* SPDX-License-Identifier: Apache-2.0 */
/* The slow half of slabs: chunks from the operating system, batches to and from the depot. */
#include "runtime/actor/slab.h"

#include <string.h>
#include <sys/mman.h>

#include <troupe/base.h>

bool slab_init(struct slab *slab, size_t block, size_t link, size_t index, size_t max_blocks)
{
	memset(slab, 0, sizeof *slab);
	slab->block = block;
	slab->link = link;
	slab->index = index;
	slab->shift = 63u - (uint32_t)__builtin_clzll((unsigned long long)(SLAB_CHUNK / block));
	slab->per_chunk = 1u << slab->shift;
	slab->max_chunks = (uint32_t)((max_blocks + slab->per_chunk - 1) / slab->per_chunk);
	slab->chunks = tr_alloc(slab->max_chunks * sizeof *slab->chunks);
	return slab->chunks != NULL;
}

void slab_fini(struct slab *slab)
{
	for (uint32_t i = 0; i < slab->n_chunks; i++) {
		char *chunk = atomic_load_explicit(&slab->chunks[i], memory_order_relaxed);
#ifdef SLAB_POISON
		__asan_unpoison_memory_region(chunk, SLAB_CHUNK);
#endif
		munmap(chunk, SLAB_CHUNK);
	}
	tr_free(slab->chunks);
	memset(slab, 0, sizeof *slab);
}

size_t slab_memory(struct slab *slab)
{
	spin_lock(&slab->lock);
	size_t n = slab->n_chunks;
	spin_unlock(&slab->lock);
	return n * SLAB_CHUNK;
}

/* Map 2 MiB at a 2 MiB boundary. A token allocation first, so that tests can make chunks fail like all other memory. */
static char *chunk_map(bool huge)
{
	void *token = tr_alloc(1);
	if (token == NULL)
		return NULL;
	tr_free(token);
	char *p =
	    mmap(NULL, 2 * SLAB_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	size_t skip = (SLAB_CHUNK - ((uintptr_t)p & (SLAB_CHUNK - 1))) & (SLAB_CHUNK - 1);
	if (skip > 0)
		munmap(p, skip);
	munmap(p + skip + SLAB_CHUNK, SLAB_CHUNK - skip);
	/* Touching fresh pages is dear; the first chunk stays small for small programs. */
	if (huge)
		madvise(p + skip, SLAB_CHUNK, MADV_HUGEPAGE);
	return p + skip;
}

/* Some blocks of the untouched end. */
struct cut {
	char *base; /* of their chunk; NULL: there is no memory, or the bound is met */
	uint32_t first;
	uint32_t n;
};

/* Under the lock: reserve a batch of the untouched end. */
static struct cut cut(struct slab *slab)
{
	uint32_t chunk = slab->bump / slab->per_chunk;
	if (chunk == slab->n_chunks) {
		if (chunk == slab->max_chunks)
			return (struct cut){0};
		char *p = chunk_map(chunk > 0);
		if (p == NULL)
			return (struct cut){0};
		atomic_store_explicit(&slab->chunks[chunk], p, memory_order_release);
		slab->n_chunks++;
	}
	uint32_t left = slab->per_chunk - slab->bump % slab->per_chunk;
	struct cut c = {.base = atomic_load_explicit(&slab->chunks[chunk], memory_order_relaxed),
			.first = slab->bump,
			.n = left < SLAB_BATCH ? left : SLAB_BATCH};
	slab->bump += c.n;
	return c;
}

/* Not under the lock, as this is the first touch of their pages. */
static struct slab_link *link_up(const struct slab *slab, struct cut c)
{
	struct slab_link *list = NULL;
	for (uint32_t i = c.n; i-- > 0;) {
		uint32_t number = c.first + i;
		char *block = c.base + (size_t)(number % slab->per_chunk) * slab->block;
		if (slab->index != SIZE_MAX)
			memcpy(block + slab->index, &number, sizeof number);
		struct slab_link *link = (struct slab_link *)(void *)(block + slab->link);
		link->next = list;
		list = link;
		slab_mark(slab, block, false);
	}
	return list;
}

bool slab_refill(struct slab *slab, struct slab_cache *cache)
{
	if (cache->spare != NULL) {
		cache->hot = cache->spare;
		cache->n_hot = SLAB_BATCH;
		cache->spare = NULL;
		return true;
	}
	struct cut c = {.n = SLAB_BATCH};
	spin_lock(&slab->lock);
	struct slab_link *batch = slab->batches;
	if (batch != NULL)
		slab->batches = batch->batch;
	else
		c = cut(slab);
	spin_unlock(&slab->lock);
	if (batch == NULL && c.base == NULL)
		return false;
	cache->hot = batch != NULL ? batch : link_up(slab, c);
	cache->n_hot = c.n;
	return true;
}

void slab_spill(struct slab *slab, struct slab_cache *cache)
{
	if (cache->spare != NULL) {
		spin_lock(&slab->lock);
		cache->spare->batch = slab->batches;
		slab->batches = cache->spare;
		spin_unlock(&slab->lock);
	}
	cache->spare = cache->hot;
	cache->hot = NULL;
	cache->n_hot = 0;
}
