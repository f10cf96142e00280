/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registered names of a node: one actor a name, one name an actor. All of it is here, found by name and by pid; the
 * actors themselves are only told that somebody lists them, so registering one does not write into what it owns.
 */
#ifndef TROUPE_ACTOR_REGISTRY_H
#define TROUPE_ACTOR_REGISTRY_H

#include <stdbool.h>

#include <troupe/node.h>

#include "runtime/actor/lock.h"

#define NAME_MAX_BYTES 255u /* so that a length is a byte */

struct registry_entry {
	struct registry_entry *next;        /* of the same bucket by name … */
	struct registry_entry *next_of_pid; /* … and by pid */
	uint64_t hash;
	tr_pid pid;
	uint8_t length;
	char name[];
};

struct registry {
	spin lock;
	uint32_t n;
	uint32_t capacity;               /* buckets of each kind: a power of two, or 0 */
	struct registry_entry **by_name; /* one block: … */
	struct registry_entry **by_pid;  /* … its second half */
};

/** TR_EEXIST, TR_ENOPROC, TR_EINVAL (empty or too long), TR_ENOMEM. */
tr_err registry_add(tr_node *node, const char *name, tr_pid pid);
tr_err registry_remove(tr_node *node, const char *name);
tr_pid registry_find(tr_node *node, const char *name);
/** The name of an actor as a string, or nil. */
tr_value registry_name_of(tr_node *node, tr_pid pid);
/** The same for a crash dump: takes no lock, as its holder may be the one that crashed. NULL: none. */
const char *registry_peek(tr_node *node, tr_pid pid);
/** The actor ends: free its name. */
void registry_forget(tr_node *node, tr_pid pid);
void registry_fini(struct registry *r);

uint64_t name_hash(const char *name, size_t n);

#endif
