/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The atom table, the only mutable state of the process. Reading takes no lock: an atom, once published, never changes
 * or moves, and an index that was outgrown stays behind for whoever still reads it (all old ones together are no
 * larger than the newest). Writers take a mutex.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "runtime/value/alloc.h"
#include "runtime/value/atom.h"
#include "runtime/value/box.h"

#define ATOM_MAX      (1u << 20)
#define ATOM_NAME_MAX 255
#define CHUNK         1024u

struct atom {
	const char *text;
	uint32_t n;
	uint32_t hash;
};

struct atom_index {
	struct atom_index *older; /* outgrown, kept for its readers */
	uint32_t mask;
	_Atomic(uint32_t) slots[]; /* atom numbers; 0 is free */
};

/* Filled by the constructor below, before any thread exists. */
static struct atom first_chunk[CHUNK];
static _Atomic(struct atom *) chunks[ATOM_MAX / CHUNK];
static struct {
	struct atom_index *older;
	uint32_t mask;
	_Atomic(uint32_t) slots[512];
} first_index;
static _Atomic(struct atom_index *) newest_index;
static _Atomic(uint32_t) next_number = TR_ATOM_FIXED_END;
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;

_Static_assert(TR_ATOM_FIXED_END < 300, "the first index must stay sparse");

static struct atom *atom_at(uint64_t number)
{
	if (number >= ATOM_MAX)
		return NULL;
	/* Pairs with the release in chunk_for(). */
	struct atom *chunk = atomic_load_explicit(&chunks[number / CHUNK], memory_order_acquire);
	return chunk != NULL ? &chunk[number % CHUNK] : NULL;
}

tr_str atom_text(uint64_t number)
{
	const struct atom *atom = atom_at(number);

	return atom != NULL && atom->text != NULL ? (tr_str){atom->text, atom->n} : (tr_str){"", 0};
}

/* The number of the atom with this name, 0 when it is not in the index. */
static uint32_t index_find(struct atom_index *index, uint32_t hash, tr_str name)
{
	for (uint32_t at = hash & index->mask;; at = (at + 1) & index->mask) {
		/* Pairs with the release in index_add(): the atom behind the number is complete. */
		uint32_t number = atomic_load_explicit(&index->slots[at], memory_order_acquire);
		if (number == 0)
			return 0;
		const struct atom *atom = atom_at(number);
		if (atom->hash == hash && tr_str_eq((tr_str){atom->text, atom->n}, name))
			return number;
	}
}

static void index_add(struct atom_index *index, uint32_t hash, uint32_t number)
{
	uint32_t at = hash & index->mask;

	while (atomic_load_explicit(&index->slots[at], memory_order_relaxed) != 0)
		at = (at + 1) & index->mask;
	atomic_store_explicit(&index->slots[at], number, memory_order_release);
}

/* "true_" has its underscore only because `true` is taken in C. */
static void add_fixed(uint32_t number, char *name)
{
	size_t n = strlen(name);

	if (name[n - 1] == '_')
		name[--n] = '\0';
	first_chunk[number].text = name;
	first_chunk[number].n = (uint32_t)n;
	first_chunk[number].hash = (uint32_t)text_hash(name, n);
}

__attribute__((constructor)) static void atoms_begin(void)
{
#define X(name) static char text_##name[] = #name;
	TR_ATOMS(X)
#undef X
	memcpy(text_down, "DOWN", 4);
	memcpy(text_exit, "EXIT", 4);
#define X(name) add_fixed(TR_ATOM_##name, text_##name);
	TR_ATOMS(X)
#undef X
	struct atom_index *index = (struct atom_index *)(void *)&first_index;
	index->mask = sizeof(first_index.slots) / sizeof(first_index.slots[0]) - 1;
	atomic_store(&chunks[0], first_chunk);
	for (uint32_t i = 1; i < TR_ATOM_FIXED_END; i++)
		index_add(index, first_chunk[i].hash, i);
	atomic_store_explicit(&newest_index, index, memory_order_release);
}

/* An index with room for one more atom. Under the lock. */
static struct atom_index *index_with_room(uint32_t count)
{
	struct atom_index *old = atomic_load_explicit(&newest_index, memory_order_relaxed);

	if (count < old->mask / 4 * 3)
		return old;
	uint32_t slots = (old->mask + 1) * 2;
	struct atom_index *bigger = alloc_permanent(sizeof(*bigger) + slots * sizeof(bigger->slots[0]));
	if (bigger == NULL)
		return NULL;
	bigger->older = old;
	bigger->mask = slots - 1;
	for (uint32_t i = 1; i < count; i++)
		index_add(bigger, atom_at(i)->hash, i);
	/* Pairs with the acquire in atom_find(). The old one is not freed: somebody may be reading it. */
	atomic_store_explicit(&newest_index, bigger, memory_order_release);
	return bigger;
}

static struct atom *chunk_for(uint32_t number)
{
	struct atom *at = atom_at(number);

	if (at != NULL)
		return at;
	struct atom *chunk = alloc_permanent(CHUNK * sizeof(*chunk));
	if (chunk == NULL)
		return NULL;
	atomic_store_explicit(&chunks[number / CHUNK], chunk, memory_order_release);
	return atom_at(number);
}

/* Under the lock. */
static tr_value atom_add(tr_str name, uint32_t hash)
{
	uint32_t number = atomic_load_explicit(&next_number, memory_order_relaxed);

	if (number >= ATOM_MAX)
		return tr_invalid(TR_EFULL);
	struct atom_index *index = index_with_room(number);
	struct atom *atom = chunk_for(number);
	char *text = index != NULL && atom != NULL ? alloc_permanent(name.n + 1) : NULL;
	if (text == NULL)
		return tr_invalid(TR_ENOMEM);
	if (name.n > 0)
		memcpy(text, name.p, name.n);
	*atom = (struct atom){text, (uint32_t)name.n, hash};
	index_add(index, hash, number);
	atomic_store_explicit(&next_number, number + 1, memory_order_relaxed);
	return tr_value_make(TR_ATOM, 0, number);
}

tr_value tr_atom_known(const char *p, size_t n)
{
	if ((p == NULL && n > 0) || n > ATOM_NAME_MAX)
		return tr_absent();
	uint32_t hash = (uint32_t)text_hash(p, n);
	struct atom_index *index = atomic_load_explicit(&newest_index, memory_order_acquire);
	uint32_t number = index_find(index, hash, (tr_str){p, n});
	return number != 0 ? tr_value_make(TR_ATOM, 0, number) : tr_absent();
}

tr_value tr_atom_n(const char *p, size_t n)
{
	tr_str name = {p, n};

	if (p == NULL && n > 0)
		return tr_invalid(TR_EINVAL);
	if (n > ATOM_NAME_MAX)
		return tr_invalid(TR_EFULL);
	uint32_t hash = (uint32_t)text_hash(p, n);
	uint32_t number = index_find(atomic_load_explicit(&newest_index, memory_order_acquire), hash, name);
	if (number != 0)
		return tr_value_make(TR_ATOM, 0, number);
	if (!tr_utf8_valid(name, NULL) || (n > 0 && memchr(p, '\0', n) != NULL))
		return tr_invalid(TR_EENCODING);
	pthread_mutex_lock(&write_lock);
	number = index_find(atomic_load_explicit(&newest_index, memory_order_relaxed), hash, name);
	tr_value v = number != 0 ? tr_value_make(TR_ATOM, 0, number) : atom_add(name, hash);
	pthread_mutex_unlock(&write_lock);
	return v;
}

tr_value tr_atom(const char *name)
{
	return name != NULL ? tr_atom_n(name, strlen(name)) : tr_invalid(TR_EINVAL);
}
