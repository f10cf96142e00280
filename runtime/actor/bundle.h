/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles: seven envelopes of one mailbox side by side, so that a reader finds its messages in a few cache lines
 * instead of wherever their senders took envelopes from.
 *
 * An inbox, and each link in the list behind it, is an address and in its low bits how many envelopes of the bundle
 * there are taken: 0 for an envelope that stands alone. Whoever raises the count of the newest bundle (one
 * compare-and-swap on the inbox) owns the envelope it stands for and writes it; a generation other than 0 tells that it
 * is written. A reader that has taken the list over waits for that: the writer is a few instructions away from it.
 *
 *   inbox ▸ [next live | e0 e1 e2 ·  ·  ·  ·] + 3
 *             ▾
 *           [next live | e0 e1 e2 e3 e4 e5 e6] + 7
 *             ▾
 *           [e]
 *
 * From then on all are envelopes in the owner's queue, and the bundle goes back to its slab with the last of them. Then
 * all generations in it are 0 again, as in fresh memory.
 */
#ifndef TROUPE_ACTOR_BUNDLE_H
#define TROUPE_ACTOR_BUNDLE_H

#include <stdalign.h>

#include "runtime/actor/envelope.h"
#include "runtime/actor/lock.h"

#define BUNDLE_ENVELOPES 7u
#define BUNDLE_COUNT     ((uintptr_t)7) /* these bits of a link count */

struct bundle {
	struct envelope *next; /* link to what is older; in the place of an envelope's own */
	uint32_t live;         /* owner: envelopes not freed yet */
	alignas(32) struct envelope at[BUNDLE_ENVELOPES];
};

_Static_assert(sizeof(struct bundle) == 256, "four cache lines");

/** How many envelopes of the bundle are taken; 0: the link is to an envelope that stands alone. Not for INBOX_ words.
 */
static inline uint32_t link_count(const struct envelope *link)
{
	return (uint32_t)((uintptr_t)link & BUNDLE_COUNT);
}

static inline struct bundle *link_bundle(const struct envelope *link)
{
	return (struct bundle *)((uintptr_t)link & ~BUNDLE_COUNT);
}

/** Where a link keeps the next one, whatever it is to. */
static inline struct envelope **link_next(struct envelope *link)
{
	return (struct envelope **)((uintptr_t)link & ~BUNDLE_COUNT);
}

/** It will be read soon. */
static inline void link_prefetch(const struct envelope *link)
{
	uintptr_t at = (uintptr_t)link & ~BUNDLE_COUNT;
	if (link_count(link) == 0)
		__builtin_prefetch((const void *)at);
	else
		for (size_t line = 0; line < sizeof(struct bundle); line += 64)
			__builtin_prefetch((const void *)(at + line));
}

/** The same link with one more envelope taken. */
static inline struct envelope *link_more(const struct envelope *link)
{
	return (struct envelope *)((uintptr_t)link + 1);
}

static inline struct bundle *bundle_of(const struct envelope *e)
{
	return (struct bundle *)((uintptr_t)e & ~(uintptr_t)(sizeof(struct bundle) - 1));
}

/** Write a message into an envelope that was taken. */
static inline void bundle_write(struct envelope *e, uint32_t generation, tr_value message)
{
	e->kind = ENV_MESSAGE;
	e->flags = ENV_BUNDLED;
	e->value = message;
	__atomic_store_n(&e->generation, generation, __ATOMIC_RELEASE); /* pairs with bundle_await */
}

/** Is this part of a bundle that lives on without it? */
static inline bool bundle_has_more(const struct envelope *e)
{
	return e->kind == ENV_MESSAGE && (e->flags & ENV_BUNDLED) && bundle_of(e)->live > 1;
}

/** Owner: the envelope is free; true when it was the last of its bundle. */
static inline bool bundle_forget(struct envelope *e)
{
	__atomic_store_n(&e->generation, 0, __ATOMIC_RELAXED);
	return --bundle_of(e)->live == 0;
}

void bundle_await_slow(struct envelope *e);
/** Until its writer has written it. */
static inline void bundle_await(struct envelope *e)
{
	if (__builtin_expect(__atomic_load_n(&e->generation, __ATOMIC_ACQUIRE) == 0, 0))
		bundle_await_slow(e);
}

#endif
