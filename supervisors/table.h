/* SPDX-License-Identifier: Apache-2.0 */
/* Children by a 64-bit key (pid, hash of an id, number of a pending restart): open addressing, linear probing. */
#ifndef TROUPE_SUPERVISORS_TABLE_H
#define TROUPE_SUPERVISORS_TABLE_H

#include <troupe/base.h>

struct child;

struct table_slot {
	uint64_t key;
	struct child *child; /* NULL: free */
};

struct table {
	struct table_slot *slots;
	size_t cap; /* a power of two, or 0 */
	size_t count;
};

void table_fini(struct table *t);
/* Room for one more, so that the next table_put cannot fail. */
tr_err table_reserve(struct table *t);
tr_err table_put(struct table *t, uint64_t key, struct child *child);
/* Remove this child under this key; false when it is not there. */
bool table_remove(struct table *t, uint64_t key, const struct child *child);
/* The first child under `key` for which `match` (may be NULL: any) says yes. */
struct child *table_find(const struct table *t, uint64_t key, bool (*match)(const struct child *, const void *),
			 const void *arg);

#endif
