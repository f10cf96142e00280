/* SPDX-License-Identifier: Apache-2.0 */
/* The index of larger maps. */
#include <sys/random.h>

#include "runtime/value/map_index.h"

static uint64_t seed = UINT64_C(0x2545F4914F6CDD1D);
const uint64_t *const map_seed = &seed;

/* Before any map exists. Without randomness the maps work as well, only not against whoever chooses their keys. */
__attribute__((constructor)) static void draw_seed(void)
{
	(void)!getrandom(&seed, sizeof(seed), GRND_NONBLOCK);
}

struct map_slot *map_index_new(uint32_t cap, uint32_t *mask)
{
	uint64_t slots = 16;

	while (slots / 4 * 3 < cap)
		slots *= 2;
	*mask = (uint32_t)(slots - 1);
	return tr_alloc(slots * sizeof(struct map_slot));
}

void map_index_add(struct map_slot *index, uint32_t mask, uint32_t hash, uint32_t at)
{
	uint32_t i = hash & mask;

	while (index[i].at != 0)
		i = (i + 1) & mask;
	index[i] = (struct map_slot){hash, at + 1};
}

/* Free slot `hole` and pull back what probed past it, so that no search ends too early. */
static void close_hole(struct map_slot *index, uint32_t mask, uint32_t hole)
{
	for (uint32_t i = (hole + 1) & mask; index[i].at != 0; i = (i + 1) & mask) {
		uint32_t home = index[i].hash & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			index[hole] = index[i];
			hole = i;
		}
	}
	index[hole].at = 0;
}

void map_index_remove(struct map_slot *index, uint32_t mask, uint32_t hash, uint32_t at)
{
	uint32_t i = hash & mask;

	while (index[i].at != at + 1)
		i = (i + 1) & mask;
	close_hole(index, mask, i);
	for (i = 0; i <= mask; i++) {
		if (index[i].at > at + 1)
			index[i].at--;
	}
}
