/* SPDX-License-Identifier: Apache-2.0 */
/* Process groups: name -> members, and pid -> memberships so that an end costs what the actor joined. */
#include "runtime/actor/group.h"

#include <string.h>

#include "runtime/actor/mailbox.h"

static struct group **find_group(struct groups *g, const char *name, size_t n, uint64_t hash)
{
	struct group **at = &g->by_name[hash % GROUP_BUCKETS];
	while (*at != NULL && !((*at)->hash == hash && (*at)->length == n && memcmp((*at)->name, name, n) == 0))
		at = &(*at)->next;
	return at;
}

struct group *group_find(struct groups *g, const char *name, size_t n)
{
	return *find_group(g, name, n, name_hash(name, n));
}

static struct membership **pid_bucket(struct groups *g, tr_pid pid)
{
	uint64_t h = pid.bits * UINT64_C(0x9e3779b97f4a7c15);
	return &g->by_pid[(h >> 32) & (g->pid_capacity - 1)];
}

static bool grow_pids(struct groups *g)
{
	size_t old = g->pid_capacity;
	struct membership **from = g->by_pid;
	size_t capacity = old == 0 ? 64 : old * 2;
	struct membership **big = tr_alloc(capacity * sizeof(struct membership *));
	if (big == NULL)
		return false;
	g->by_pid = big;
	g->pid_capacity = capacity;
	for (size_t i = 0; i < old; i++) {
		while (from[i] != NULL) {
			struct membership *m = from[i];
			from[i] = m->next;
			struct membership **bucket = pid_bucket(g, m->pid);
			m->next = *bucket;
			*bucket = m;
		}
	}
	tr_free(from);
	return true;
}

static bool grow_members(struct group *g)
{
	size_t capacity = g->capacity == 0 ? 4 : g->capacity * 2;
	struct membership **big = tr_realloc(g->members, capacity * sizeof(struct membership *));
	if (big == NULL)
		return false;
	g->members = big;
	g->capacity = capacity;
	return true;
}

/* Under the lock. */
static void free_if_empty(struct groups *g, struct group *group)
{
	if (group->n > 0)
		return;
	struct group **at = find_group(g, group->name, group->length, group->hash);
	*at = group->next;
	tr_free(group->members);
	tr_free(group);
}

/* Under the lock: out of both tables. */
static void take_out(struct groups *g, struct membership **at)
{
	struct membership *m = *at;
	struct group *group = m->group;
	*at = m->next;
	g->pid_n--;
	struct membership *last = group->members[--group->n];
	group->members[m->at] = last;
	last->at = m->at;
	tr_free(m);
	free_if_empty(g, group);
}

static tr_err join(struct groups *g, const char *name, size_t n, struct membership *m)
{
	uint64_t hash = name_hash(name, n);
	struct group **at = find_group(g, name, n, hash);
	if (*at == NULL) {
		struct group *fresh = tr_alloc(sizeof *fresh + n + 1);
		if (fresh == NULL)
			return TR_ENOMEM;
		memcpy(fresh->name, name, n + 1);
		fresh->length = n;
		fresh->hash = hash;
		*at = fresh;
	}
	struct group *group = *at;
	if ((group->n == group->capacity && !grow_members(group)) || (g->pid_n == g->pid_capacity && !grow_pids(g))) {
		free_if_empty(g, group);
		return TR_ENOMEM;
	}
	m->group = group;
	m->at = group->n;
	group->members[group->n++] = m;
	struct membership **bucket = pid_bucket(g, m->pid);
	m->next = *bucket;
	*bucket = m;
	g->pid_n++;
	return TR_OK;
}

/* The newest membership of the pid in the group (or in any, group NULL). */
static struct membership **find_membership(struct groups *g, const struct group *group, tr_pid pid)
{
	if (g->pid_capacity == 0)
		return NULL;
	struct membership **at = pid_bucket(g, pid);
	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->pid.bits == pid.bits && (group == NULL || (*at)->group == group))
			return at;
	return NULL;
}

void group_forget(tr_node *node, tr_pid pid)
{
	struct groups *g = &node->groups;
	struct membership **at;
	spin_lock(&g->lock);
	group_watch_forget(g, pid);
	while ((at = find_membership(g, NULL, pid)) != NULL) {
		group_tell(node, (*at)->group->name, false, pid);
		take_out(g, at);
	}
	spin_unlock(&g->lock);
}

void groups_fini(struct groups *g)
{
	for (size_t i = 0; i < g->pid_capacity; i++)
		while (g->by_pid[i] != NULL)
			take_out(g, &g->by_pid[i]);
	while (g->watches != NULL) {
		struct group_watch *w = g->watches;
		g->watches = w->next;
		tr_free(w);
	}
	tr_free(g->by_pid);
	memset(g, 0, sizeof *g);
}

/* ---- public --------------------------------------------------------------------------------------------------------
 */

tr_err tr_group_join(const char *name, tr_pid pid)
{
	struct sched *s = sched_self();
	size_t n = name == NULL ? 0 : strlen(name);
	if (s == NULL)
		return TR_ENOTACTOR;
	if (n == 0 || n > NAME_MAX_BYTES)
		return TR_EINVAL;
	struct membership *m = tr_alloc(sizeof *m);
	if (m == NULL)
		return TR_ENOMEM;
	m->pid = pid;
	struct actor *a = node_actor(s->node, pid);
	tr_err err = TR_ENOPROC;
	spin_lock(&s->node->groups.lock);
	if (a != NULL) {
		/* As in the registry: we list, then look whether it ends; it the other way round. */
		atomic_store_explicit(&a->listed, 1, memory_order_seq_cst);
		if (atomic_load_explicit(&a->closing, memory_order_seq_cst) == 0 &&
		    atomic_load_explicit(&a->pid, memory_order_relaxed) == pid.bits)
			err = join(&s->node->groups, name, n, m);
		if (err == TR_OK)
			group_tell(s->node, name, true, pid);
	}
	spin_unlock(&s->node->groups.lock);
	if (err != TR_OK)
		tr_free(m);
	return err;
}

tr_err tr_group_leave(const char *name, tr_pid pid)
{
	struct sched *s = sched_self();
	if (s == NULL)
		return TR_ENOTACTOR;
	if (name == NULL)
		return TR_EINVAL;
	struct groups *g = &s->node->groups;
	size_t n = strlen(name);
	spin_lock(&g->lock);
	struct group *group = group_find(g, name, n);
	struct membership **at = group == NULL ? NULL : find_membership(g, group, pid);
	if (at != NULL) {
		group_tell(s->node, name, false, pid);
		take_out(g, at);
	}
	spin_unlock(&g->lock);
	return at == NULL ? TR_ENOENT : TR_OK;
}

/* A copy of the members' pids (to be freed), so that nothing is called under the lock. */
static tr_err copy_members(struct sched *s, const char *name, tr_pid **out, size_t *n)
{
	struct groups *g = &s->node->groups;
	size_t length = strlen(name);
	tr_pid *pids = NULL;
	*n = 0;
	spin_lock(&g->lock);
	struct group *group = group_find(g, name, length);
	if (group != NULL && (pids = tr_alloc(group->n * sizeof *pids)) != NULL)
		for (; *n < group->n; (*n)++)
			pids[*n] = group->members[*n]->pid;
	spin_unlock(&g->lock);
	*out = pids;
	return group != NULL && pids == NULL ? TR_ENOMEM : TR_OK;
}

tr_value tr_group_members(const char *name)
{
	struct sched *s = sched_self();
	size_t n;
	if (s == NULL || name == NULL)
		return tr_invalid(s == NULL ? TR_ENOTACTOR : TR_EINVAL);
	tr_pid *pids;
	if (copy_members(s, name, &pids, &n) != TR_OK)
		return tr_invalid(TR_ENOMEM);
	tr_value out = tr_array_with(n);
	for (size_t i = 0; i < n; i++)
		out = tr_array_push(out, tr_pid_value(pids[i]));
	tr_free(pids);
	return out;
}

size_t tr_group_send(const char *name, tr_value message)
{
	struct sched *s = sched_self();
	size_t n = 0, reached = 0;
	tr_pid *pids = NULL;
	if (s != NULL && name != NULL)
		(void)copy_members(s, name, &pids, &n);
	for (size_t i = 0; i < n; i++)
		reached += tr_send(pids[i], tr_keep(message)) == TR_OK;
	tr_drop(message);
	tr_free(pids);
	return reached;
}
