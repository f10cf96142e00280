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

/* Somebody who monitors a group, or all of them. */
struct group_watch {
	struct group_watch *next;
	tr_ref ref;
	tr_pid pid;
	char name[]; /* "": all groups */
};

struct groups {
	spin lock;
	struct group *by_name[GROUP_BUCKETS];
	struct membership **by_pid; /* a power of two of buckets */
	size_t pid_capacity;
	size_t pid_n;
	struct group_watch *watches; /* of those who monitor groups; group_watch.c */
};

struct group *group_find(struct groups *g, const char *name, size_t n);
/** Tell those who monitor the group. Under the lock, so that updates are in order. */
void group_tell(tr_node *node, const char *name, bool joined, tr_pid pid);
/** The actor ends: nothing is to be told to it any more. Under the lock. */
void group_watch_forget(struct groups *g, tr_pid pid);

/** The actor ends: it leaves all its groups. */
void group_forget(tr_node *node, tr_pid pid);
void groups_fini(struct groups *g);

#endif
