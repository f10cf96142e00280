/* SPDX-License-Identifier: Apache-2.0 */
/** Playbooks by content hash, as a pool has had them from the catalog. Bounded; the one used longest ago goes first. */
#ifndef TROUPE_WORKER_MODEL_CACHE_H
#define TROUPE_WORKER_MODEL_CACHE_H

#include "actors/worker/words.h"
#include "playbook/model/model.h"

#define MODEL_CACHE_SIZE 64

typedef struct model_cache_entry {
	tr_value hash;
	playbook *book;
	tr_value words; /* of words_new */
	tr_value pures; /* pure_table of all tasks' kinds */
	tr_value keep;  /* keep_policy_usual, as long as that table says */
	uint64_t used;
} model_cache_entry;

typedef struct model_cache {
	model_cache_entry entries[MODEL_CACHE_SIZE];
	size_t count;
	uint64_t clock;
} model_cache;

/** From the cache or the catalog (then it blocks); borrowed, valid until the next call. NULL when there is none. */
const model_cache_entry *model_cache_get(model_cache *c, tr_value hash);
void model_cache_fini(model_cache *c);

#endif
