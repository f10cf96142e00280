/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known keys, beside the atoms the only mutable state of the process. A program writes the same few hundred keys into
 * map after map; each is allocated, checked and hashed once here and lives as long as the process. Slots are only ever
 * filled, so reading takes no lock. The number of keys is bounded, because some keys come from outside: whoever comes
 * when the table is full gets a string of their own.
 */
#include "runtime/value/key.h"

#include <string.h>

#include "runtime/value/box.h"

#define SLOTS     4096u /* a power of two */
#define MOST_KEYS (SLOTS / 2)
#define MOST_TEXT 40u
#define PROBES    8u

static _Atomic(struct box_text *) slots[SLOTS];
static _Atomic(uint32_t) key_count;

static tr_value shared(struct box_text *text)
{
	return box_value(TR_STRING, &text->head);
}

/* A box of its own that nobody counts. Absent: no room, or no text. */
static struct box_text *key_new(const char *p, size_t n, uint64_t hash)
{
	struct box_text *text;

	if (atomic_load_explicit(&key_count, memory_order_relaxed) >= MOST_KEYS || !tr_utf8_valid((tr_str){p, n}, NULL))
		return NULL;
	text = alloc_permanent(sizeof(*text) + n + 1);
	if (text == NULL)
		return NULL;
	atomic_init(&text->head.refs, BOX_IMMORTAL);
	text->head.kind = TR_STRING;
	atomic_init(&text->hash, hash);
	text->n = n;
	memcpy(text->data, p, n);
	return text;
}

/* The probing half: the known key with this hash, a free place is filled. */
static tr_value key_find(const char *p, size_t n, uint64_t hash)
{
	struct box_text *fresh = NULL;
	for (uint32_t i = 0; i < PROBES; i++) {
		_Atomic(struct box_text *) *slot = &slots[(hash + i) & (SLOTS - 1)];
		/* Pairs with the release of the exchange: the box behind the pointer is complete. */
		struct box_text *text = atomic_load_explicit(slot, memory_order_acquire);

		if (text == NULL) {
			if (fresh == NULL)
				fresh = key_new(p, n, hash);
			if (fresh == NULL)
				break;
			if (atomic_compare_exchange_strong_explicit(slot, &text, fresh, memory_order_acq_rel,
								    memory_order_acquire)) {
				atomic_fetch_add_explicit(&key_count, 1, memory_order_relaxed);
				return shared(fresh);
			}
		}
		if (text->n == n && memcmp(text->data, p, n) == 0) {
			free_permanent(fresh); /* another thread was first */
			return shared(text);
		}
	}
	free_permanent(fresh);
	return tr_string_n(p, n);
}

/*
 * In front of the table: where a literal lies tells which key it is, nearly always. The text is compared all the same,
 * because a buffer may hold one key now and another later.
 */
static _Atomic(struct box_text *) literals[SLOTS];

tr_value key_string(const char *z)
{
	_Atomic(struct box_text *) *place =
	    &literals[((uintptr_t)z * UINT64_C(0x9e3779b97f4a7c15)) >> 52 & (SLOTS - 1)];
	struct box_text *text = atomic_load_explicit(place, memory_order_acquire);
	tr_value v;
	size_t n;

	if (text != NULL && strcmp(text->data, z) == 0)
		return shared(text);
	n = strlen(z);
	if (n == 0 || n > MOST_TEXT)
		return tr_string_n(z, n);
	v = key_find(z, n, text_hash(z, n));
	if (tr_is(v, TR_STRING) && box_is_immortal(v.as.box))
		atomic_store_explicit(place, box_text(v), memory_order_release);
	return v;
}

tr_value key_text(tr_str text)
{
	if (text.n == 0 || text.n > MOST_TEXT ||
	    atomic_load_explicit(&key_count, memory_order_relaxed) >= MOST_KEYS / 2)
		return tr_string_n(text.p, text.n);
	return key_find(text.p, text.n, text_hash(text.p, text.n));
}

tr_value tr_word(const char *z)
{
	return z != NULL ? key_string(z) : tr_invalid(TR_EINVAL);
}
