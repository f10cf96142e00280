/* SPDX-License-Identifier: Apache-2.0 */
/** A hash table from non-zero 64-bit keys (pids, refs) to pointers. Zero-initialise; not locked. */
#ifndef TROUPE_PLUGINS_HOST_TABLE_H
#define TROUPE_PLUGINS_HOST_TABLE_H

#include <troupe/base.h>

typedef struct keytable_slot {
	uint64_t key; /* 0: free */
	void *value;
} keytable_slot;

typedef struct table {
	keytable_slot *slots;
	size_t cap; /* 0 or a power of two */
	size_t count;
} table;

void keytable_fini(table *t);
/** Replaces. TR_ENOMEM leaves the table as it was; TR_EINVAL for key 0. */
tr_err keytable_put(table *t, uint64_t key, void *value);
void *keytable_get(const table *t, uint64_t key);
/** The value that was there, or NULL. */
void *keytable_del(table *t, uint64_t key);
/** Any one value, or NULL when empty: for emptying a table. */
void *keytable_any(const table *t, uint64_t *key);

#endif
