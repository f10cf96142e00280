/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An explicit stack for walking nested values, so that their depth costs heap and not C stack (actors have little).
 * The frames begin inside the struct and move to the heap when they outgrow it.
 */
#ifndef TROUPE_VALUE_WALK_H
#define TROUPE_VALUE_WALK_H

#include <string.h>

#include <troupe/value.h>

#define WALK_INLINE 12

struct walk_frame {
	tr_value a;
	tr_value b;      /* walks over two values; else unused */
	size_t at;       /* next item or entry */
	uint32_t best;   /* compare: entry that decides so far, counted from 1 in a, then in b */
	int result;      /* compare: what it decides */
	const void *own; /* memory of this frame, for its user */
};

struct walk {
	struct walk_frame *frames;
	size_t n;
	size_t cap;
	struct walk_frame first[WALK_INLINE];
};

static inline void walk_init(struct walk *w)
{
	w->frames = w->first;
	w->n = 0;
	w->cap = WALK_INLINE;
}

static inline void walk_fini(struct walk *w)
{
	if (w->frames != w->first)
		tr_free(w->frames);
}

static inline struct walk_frame *walk_top(struct walk *w)
{
	return &w->frames[w->n - 1];
}

/* False when there is no memory. Moves the frames: pointers to them are void afterwards. */
static inline bool walk_push(struct walk *w, tr_value a, tr_value b)
{
	if (w->n == w->cap) {
		struct walk_frame *old = w->frames == w->first ? NULL : w->frames;
		struct walk_frame *bigger = tr_realloc(old, w->cap * 2 * sizeof(*bigger));
		if (bigger == NULL)
			return false;
		if (old == NULL)
			memcpy(bigger, w->first, sizeof(w->first));
		w->frames = bigger;
		w->cap *= 2;
	}
	w->frames[w->n++] = (struct walk_frame){.a = a, .b = b};
	return true;
}

#endif
