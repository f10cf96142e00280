/* SPDX-License-Identifier: Apache-2.0 */
/* The registry. The name an actor has is a pointer to the entry's name in its extra part, under the registry's lock. */
#include "runtime/actor/registry.h"

#include <string.h>

#include "runtime/actor/node.h"

uint64_t name_hash(const char *name, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
	return h ^ (h >> 29);
}

static struct registry_entry **find(struct registry *r, const char *name, size_t n, uint64_t hash)
{
	if (r->capacity == 0)
		return NULL;
	struct registry_entry **at = &r->buckets[hash & (r->capacity - 1)];
	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->hash == hash && (*at)->length == n && memcmp((*at)->name, name, n) == 0)
			return at;
	return NULL;
}

static struct registry_entry **find_pid(struct registry *r, tr_pid pid, const char *name)
{
	size_t n = strlen(name);
	struct registry_entry **at = find(r, name, n, name_hash(name, n));
	return at != NULL && (*at)->pid.bits == pid.bits ? at : NULL;
}

static bool grow(struct registry *r)
{
	uint32_t capacity = r->capacity == 0 ? 64 : r->capacity * 2;
	struct registry_entry **big = tr_alloc(capacity * sizeof(struct registry_entry *));
	if (big == NULL)
		return false;
	for (uint32_t i = 0; i < r->capacity; i++) {
		while (r->buckets[i] != NULL) {
			struct registry_entry *e = r->buckets[i];
			r->buckets[i] = e->next;
			e->next = big[e->hash & (capacity - 1)];
			big[e->hash & (capacity - 1)] = e;
		}
	}
	tr_free(r->buckets);
	r->buckets = big;
	r->capacity = capacity;
	return true;
}

/* Under the lock. `e` is filled but for next. */
static tr_err insert(tr_node *node, struct registry_entry *e, struct actor_extra *spare, bool *used)
{
	struct registry *r = &node->registry;
	struct actor *a = node_actor(node, e->pid);
	if (a == NULL)
		return TR_ENOPROC;
	if (find(r, e->name, e->length, e->hash) != NULL)
		return TR_EEXIST;
	spin_lock(&a->lock);
	if (a->extra == NULL) {
		a->extra = spare;
		*used = true;
	}
	bool taken = a->extra->name != NULL;
	if (!taken) {
		/* An actor that ends looks at `listed` after it has set `closing`; we the other way round. */
		atomic_store_explicit(&a->listed, 1, memory_order_seq_cst);
		if (atomic_load_explicit(&a->closing, memory_order_seq_cst) != 0 ||
		    atomic_load_explicit(&a->pid, memory_order_relaxed) != e->pid.bits) {
			spin_unlock(&a->lock);
			return TR_ENOPROC;
		}
		a->extra->name = e->name;
	}
	spin_unlock(&a->lock);
	if (taken)
		return TR_EEXIST;
	e->next = r->buckets[e->hash & (r->capacity - 1)];
	r->buckets[e->hash & (r->capacity - 1)] = e;
	r->n++;
	return TR_OK;
}

tr_err registry_add(tr_node *node, const char *name, tr_pid pid)
{
	struct registry *r = &node->registry;
	size_t n = name == NULL ? 0 : strlen(name);
	if (n == 0 || n > NAME_MAX_BYTES)
		return TR_EINVAL;
	struct registry_entry *e = tr_alloc(sizeof *e + n + 1);
	struct actor_extra *spare = tr_alloc(sizeof *spare);
	bool used = false;
	tr_err err = TR_ENOMEM;
	if (e != NULL && spare != NULL) {
		memcpy(e->name, name, n + 1);
		e->length = n;
		e->hash = name_hash(name, n);
		e->pid = pid;
		spin_lock(&r->lock);
		if (r->n < r->capacity || grow(r))
			err = insert(node, e, spare, &used);
		spin_unlock(&r->lock);
	}
	if (err != TR_OK)
		tr_free(e);
	if (!used)
		tr_free(spare);
	return err;
}

/* Under the lock. */
static struct registry_entry *take_out(tr_node *node, struct registry_entry **at)
{
	struct registry_entry *e = *at;
	*at = e->next;
	node->registry.n--;
	struct actor *a = node_actor(node, e->pid);
	if (a != NULL) {
		spin_lock(&a->lock);
		if (a->extra != NULL && a->extra->name == e->name)
			a->extra->name = NULL;
		spin_unlock(&a->lock);
	}
	return e;
}

tr_err registry_remove(tr_node *node, const char *name)
{
	struct registry *r = &node->registry;
	size_t n = name == NULL ? 0 : strlen(name);
	spin_lock(&r->lock);
	struct registry_entry **at = find(r, name, n, name_hash(name, n));
	struct registry_entry *e = at == NULL ? NULL : take_out(node, at);
	spin_unlock(&r->lock);
	tr_free(e);
	return e == NULL ? TR_ENOENT : TR_OK;
}

tr_pid registry_find(tr_node *node, const char *name)
{
	struct registry *r = &node->registry;
	size_t n = name == NULL ? 0 : strlen(name);
	uint64_t hash = name_hash(name, n);
	spin_lock(&r->lock);
	struct registry_entry **at = find(r, name, n, hash);
	tr_pid pid = at == NULL ? (tr_pid){0} : (*at)->pid;
	spin_unlock(&r->lock);
	return pid;
}

tr_value registry_name_of(tr_node *node, tr_pid pid)
{
	char name[NAME_MAX_BYTES + 1] = "";
	struct actor *a = node_actor(node, pid);
	if (a == NULL || atomic_load_explicit(&a->listed, memory_order_relaxed) == 0)
		return tr_nil();
	spin_lock(&node->registry.lock);
	spin_lock(&a->lock);
	if (atomic_load_explicit(&a->pid, memory_order_relaxed) == pid.bits && a->extra != NULL &&
	    a->extra->name != NULL)
		strcpy(name, a->extra->name);
	spin_unlock(&a->lock);
	spin_unlock(&node->registry.lock);
	return name[0] == 0 ? tr_nil() : tr_string_lossy(name, strlen(name));
}

void registry_forget(tr_node *node, struct actor *a)
{
	struct registry_entry *e = NULL;
	spin_lock(&node->registry.lock);
	const char *name = a->extra == NULL ? NULL : a->extra->name;
	struct registry_entry **at = name == NULL ? NULL : find_pid(&node->registry, actor_pid(a), name);
	if (at != NULL)
		e = take_out(node, at);
	spin_unlock(&node->registry.lock);
	tr_free(e);
}

void registry_fini(struct registry *r)
{
	for (uint32_t i = 0; i < r->capacity; i++) {
		while (r->buckets[i] != NULL) {
			struct registry_entry *e = r->buckets[i];
			r->buckets[i] = e->next;
			tr_free(e);
		}
	}
	tr_free(r->buckets);
	memset(r, 0, sizeof *r);
}

/* ---- public --------------------------------------------------------------------------------------------------------
 */

tr_err tr_register(const char *name, tr_pid pid)
{
	struct sched *s = sched_self();
	return s == NULL ? TR_ENOTACTOR : registry_add(s->node, name, pid);
}

tr_err tr_unregister(const char *name)
{
	struct sched *s = sched_self();
	return s == NULL ? TR_ENOTACTOR : registry_remove(s->node, name);
}

tr_pid tr_whereis(const char *name)
{
	struct sched *s = sched_self();
	return s == NULL ? (tr_pid){0} : registry_find(s->node, name);
}

tr_value tr_name_of(tr_pid pid)
{
	struct sched *s = sched_self();
	return s == NULL ? tr_invalid(TR_ENOTACTOR) : registry_name_of(s->node, pid);
}
