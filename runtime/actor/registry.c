/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: two hash tables over the same entries, under one lock. */
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

static struct registry_entry **pid_bucket(struct registry *r, tr_pid pid)
{
	uint64_t h = pid.bits * UINT64_C(0x9e3779b97f4a7c15);
	return &r->by_pid[(h >> 32) & (r->capacity - 1)];
}

static struct registry_entry **find(struct registry *r, const char *name, size_t n, uint64_t hash)
{
	if (r->capacity == 0)
		return NULL;
	struct registry_entry **at = &r->by_name[hash & (r->capacity - 1)];
	for (; *at != NULL; at = &(*at)->next)
		if ((*at)->hash == hash && (*at)->length == n && memcmp((*at)->name, name, n) == 0)
			return at;
	return NULL;
}

static struct registry_entry *find_pid(struct registry *r, tr_pid pid)
{
	struct registry_entry *e = r->capacity == 0 ? NULL : *pid_bucket(r, pid);
	while (e != NULL && e->pid.bits != pid.bits)
		e = e->next_of_pid;
	return e;
}

static void put_in(struct registry *r, struct registry_entry *e)
{
	struct registry_entry **name = &r->by_name[e->hash & (r->capacity - 1)], **pid = pid_bucket(r, e->pid);
	e->next = *name;
	e->next_of_pid = *pid;
	*name = *pid = e;
	r->n++;
}

static bool grow(struct registry *r)
{
	struct registry old = {.capacity = r->capacity, .by_name = r->by_name};
	uint32_t capacity = old.capacity == 0 ? 64 : old.capacity * 2;
	struct registry_entry **big = tr_alloc(2 * (size_t)capacity * sizeof(struct registry_entry *));
	if (big == NULL)
		return false;
	r->by_name = big;
	r->by_pid = big + capacity;
	r->capacity = capacity;
	r->n = 0;
	for (uint32_t i = 0; i < old.capacity; i++) {
		while (old.by_name[i] != NULL) {
			struct registry_entry *e = old.by_name[i];
			old.by_name[i] = e->next;
			put_in(r, e);
		}
	}
	tr_free(old.by_name);
	return true;
}

/* Under the lock. `e` is filled but for its links. */
static tr_err insert(tr_node *node, struct registry_entry *e)
{
	struct registry *r = &node->registry;
	struct actor *a = node_actor(node, e->pid);
	if (a == NULL)
		return TR_ENOPROC;
	if (find(r, e->name, e->length, e->hash) != NULL || find_pid(r, e->pid) != NULL)
		return TR_EEXIST;
	/* An actor that ends looks at `listed` after it has set `closing`; we the other way round. */
	atomic_store_explicit(&a->listed, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&a->closing, memory_order_seq_cst) != 0 ||
	    atomic_load_explicit(&a->pid, memory_order_relaxed) != e->pid.bits)
		return TR_ENOPROC;
	put_in(r, e);
	return TR_OK;
}

tr_err registry_add(tr_node *node, const char *name, tr_pid pid)
{
	struct registry *r = &node->registry;
	size_t n = name == NULL ? 0 : strlen(name);
	if (n == 0 || n > NAME_MAX_BYTES)
		return TR_EINVAL;
	struct registry_entry *e = tr_alloc(offsetof(struct registry_entry, name) + n + 1);
	tr_err err = TR_ENOMEM;
	if (e != NULL) {
		memcpy(e->name, name, n + 1);
		e->length = (uint8_t)n;
		e->hash = name_hash(name, n);
		e->pid = pid;
		spin_lock(&r->lock);
		if (r->n < r->capacity || grow(r))
			err = insert(node, e);
		spin_unlock(&r->lock);
	}
	if (err != TR_OK)
		tr_free(e);
	return err;
}

/* Under the lock: out of both tables. */
static struct registry_entry *take_out(struct registry *r, struct registry_entry **at)
{
	struct registry_entry *e = *at, **of_pid = pid_bucket(r, e->pid);
	*at = e->next;
	while (*of_pid != e)
		of_pid = &(*of_pid)->next_of_pid;
	*of_pid = e->next_of_pid;
	r->n--;
	return e;
}

tr_err registry_remove(tr_node *node, const char *name)
{
	struct registry *r = &node->registry;
	size_t n = name == NULL ? 0 : strlen(name);
	spin_lock(&r->lock);
	struct registry_entry **at = find(r, name, n, name_hash(name, n));
	struct registry_entry *e = at == NULL ? NULL : take_out(r, at);
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
	struct registry_entry *e = find_pid(&node->registry, pid);
	if (e != NULL)
		memcpy(name, e->name, e->length + 1);
	spin_unlock(&node->registry.lock);
	return name[0] == 0 ? tr_nil() : tr_string_lossy(name, strlen(name));
}

const char *registry_peek(tr_node *node, tr_pid pid)
{
	struct registry *r = &node->registry;
	struct registry_entry *e = r->capacity == 0 ? NULL : *pid_bucket(r, pid);
	/* It may change under our eyes: do not follow it for ever. */
	for (int i = 0; e != NULL && i < 1000; i++, e = e->next_of_pid)
		if (e->pid.bits == pid.bits)
			return e->name;
	return NULL;
}

void registry_forget(tr_node *node, tr_pid pid)
{
	struct registry *r = &node->registry;
	spin_lock(&r->lock);
	struct registry_entry *e = find_pid(r, pid);
	if (e != NULL)
		e = take_out(r, find(r, e->name, e->length, e->hash));
	spin_unlock(&r->lock);
	tr_free(e);
}

void registry_fini(struct registry *r)
{
	for (uint32_t i = 0; i < r->capacity; i++) {
		while (r->by_name[i] != NULL) {
			struct registry_entry *e = r->by_name[i];
			r->by_name[i] = e->next;
			tr_free(e);
		}
	}
	tr_free(r->by_name);
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
