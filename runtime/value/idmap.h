/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from ids (pids, refs, numbers; never 0) to pointers. Not thread-safe. Zeroed memory is an empty table.
 */
#ifndef TROUPE_VALUE_IDMAP_H
#define TROUPE_VALUE_IDMAP_H

#include <troupe/base.h>

typedef struct idmap {
	struct idmap_slot {
		uint64_t id;
		void *ptr;
	} * slots;
	uint32_t capacity; /* a power of two, or 0 */
	uint32_t count;
} idmap;

void idmap_fini(idmap *m); /* the pointers are the caller's */
void *idmap_get(const idmap *m, uint64_t id);
/* Put or replace. */
tr_err idmap_put(idmap *m, uint64_t id, void *ptr);
/* Take out; what was there, or NULL. Gives memory back when the table has become mostly empty. */
void *idmap_del(idmap *m, uint64_t id);
/* Any one, or NULL when it is empty: for emptying it. */
void *idmap_any(const idmap *m, uint64_t *id);

#endif
