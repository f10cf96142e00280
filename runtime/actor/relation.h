/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relations of one actor: links, monitors in both directions, aliases. A small array while there are few, an open
 * hash table when there are many, nothing at all when there are none.
 *
 * Changed by the owner under the actor's spin lock, so that inspection may read them from any thread.
 */
#ifndef TROUPE_ACTOR_RELATION_H
#define TROUPE_ACTOR_RELATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum relation_kind {
	REL_NONE = 0,
	REL_LINK,         /* key: pid */
	REL_UNLINKING,    /* key: pid; peer: id of the unlink that is not acknowledged yet */
	REL_MONITOR,      /* key: ref, peer: pid watched */
	REL_MONITORED_BY, /* key: ref, peer: pid of the watcher */
	REL_ALIAS         /* key: ref whose replies are welcome */
};

struct relation {
	uint64_t key;
	uint64_t peer;
	uint32_t kind;
};

struct relations {
	uint32_t n;
	uint32_t capacity; /* up to RELATION_LINEAR: the first n are used; beyond: a power of two, and a hash table */
	struct relation at[];
};

/** NULL when absent. */
struct relation *relation_find(struct relations *r, enum relation_kind kind, uint64_t key);
/** Add (no check for doubles). False when there is no memory. */
bool relation_add(struct relations **r, enum relation_kind kind, uint64_t key, uint64_t peer);
/** Remove what relation_find gave. Frees the table when it becomes empty. */
void relation_remove(struct relations **r, struct relation *at);
/** The next used entry at or after *i, advancing *i beyond it; NULL at the end. */
struct relation *relation_next(struct relations *r, uint32_t *i);
uint32_t relation_count(struct relations *r, enum relation_kind kind);

#endif
