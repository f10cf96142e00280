/* SPDX-License-Identifier: Apache-2.0 */
/* Process groups of a node. */
#ifndef TROUPE_ACTOR_GROUP_H
#define TROUPE_ACTOR_GROUP_H

#include <stdbool.h>

#include <troupe/node.h>

#include "runtime/actor/lock.h"

struct membership {
	struct group *group;
	tr_pid pid;
	size_t at;               /* place in the group's members */
	struct membership *next; /* of the same bucket of pids */
};

struct group {
	struct group *next; /* of the same bucket of names */
	uint64_t hash;
	struct membership **members;
	size_t n;
	size_t capacity;
	size_t length;
	char name[];
};

#define GROUP_BUCKETS 256u

struct groups {
	spin lock;
	struct group *by_name[GROUP_BUCKETS];
	struct membership **by_pid; /* a power of two of buckets */
	size_t pid_capacity;
	size_t pid_n;
};

/** The actor ends: it leaves all its groups. */
void group_forget(tr_node *node, tr_pid pid);
void groups_fini(struct groups *g);

#endif
